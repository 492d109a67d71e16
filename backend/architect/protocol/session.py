"""What the frames of a client set off."""

import asyncio

from architect.errors import ArchitectError
from architect.generated.models import (
    CacheStatus,
    CompileProgress,
    CompileRequest,
    CompileStage,
    CompileState,
    MessageType,
)
from architect.librarian.assets import Save
from architect.librarian.recipe import check_recipe
from architect.protocol.frame import Frame, progress_payload
from architect.protocol.hub import Client
from architect.protocol.outbox import Message
from architect.service import Architect
from architect.store import CompileJob, StoredAsset


class AssetSession:
    """Answers clients of `/ws/assets`."""

    def __init__(self, architect: Architect) -> None:
        """Takes who does the work."""
        self._architect = architect

    async def handle(self, client: Client, frame: Frame) -> None:
        """Does what a frame asks for; what is wrong with it is told to this client alone."""
        try:
            if frame.msg_type is MessageType.REQUEST_ASSET:
                await self._subscribe(client, frame)
            elif frame.msg_type is MessageType.CANCEL_COMPILE:
                asset = await self._architect.librarian.find_by_wire_id(frame.asset_id)
                await self._architect.cancel_compile(asset.id)
            elif frame.payload:
                await self._save(frame)
            else:
                asset = await self._architect.librarian.find_by_wire_id(frame.asset_id)
                await self._compile(asset)
        except ArchitectError as error:
            client.invalid(frame.asset_id, await self._version(frame.asset_id), str(error))

    async def _version(self, wire_id: int) -> int:
        """The stored version; 0 if there is none or the store does not answer."""
        try:
            return (await self._architect.librarian.find_by_wire_id(wire_id)).version
        except ArchitectError:
            return 0

    async def _subscribe(self, client: Client, frame: Frame) -> None:
        architect = self._architect
        # Nothing changes between the subscription and its answer, so that none is lost or doubled.
        async with architect.librarian.changes:
            asset = await architect.librarian.find_by_wire_id(frame.asset_id)
            client.subscriptions.add(asset.wire_id)
            report = await architect.librarian.cache_report(asset)
            if report.status is CacheStatus.VALID:
                client.send(Message(MessageType.ASSET_READY, asset.wire_id, asset.version))
                return
            status = architect.scheduler.status(asset.id)
        if status is None or status.state not in (CompileState.QUEUED, CompileState.RUNNING):
            await self._compile_again(client, asset)
            return
        progress = status.progress or CompileProgress(
            stage=CompileStage.MATH_JIT, progress=0.0, message="waiting"
        )
        payload = progress_payload(progress.stage, progress.progress)
        client.send(Message(MessageType.ASSET_PROGRESS, asset.wire_id, asset.version, payload))

    async def _compile_again(self, client: Client, asset: StoredAsset) -> None:
        """Says why there is no binary, or makes one if it has only got lost."""
        job = await self._architect.store.get_job(asset.id)
        ended = (CompileState.FAILED, CompileState.CANCELLED)
        if job is not None and job.version == asset.version and job.state in ended:
            error = job.result.error if job.result else None
            client.invalid(asset.wire_id, asset.version, error or "not compiled")
            return
        await self._compile(asset)

    async def _compile(self, asset: StoredAsset) -> None:
        last = await self._last_job(asset)
        await self._architect.request_compile(
            CompileRequest(
                asset_id=asset.id,
                splat_iterations=last.splat_iterations,
                volume_resolution=last.volume_resolution,
            )
        )

    async def _last_job(self, asset: StoredAsset) -> CompileJob:
        """Frames carry no overrides: an asset is compiled the way it was last asked for."""
        job = await self._architect.store.get_job(asset.id)
        return job or CompileJob(asset_id=asset.id, version=asset.version)

    async def _save(self, frame: Frame) -> None:
        architect = self._architect
        asset = await architect.librarian.find_by_wire_id(frame.asset_id)
        recipe = await asyncio.to_thread(check_recipe, frame.payload)
        last = await self._last_job(asset)
        await architect.save(
            Save(
                recipe=recipe,
                job=CompileJob(
                    asset_id=asset.id,
                    version=0,
                    splat_iterations=last.splat_iterations,
                    volume_resolution=last.volume_resolution,
                ),
                asset_id=asset.id,
                expected_version=frame.version or None,
            )
        )
