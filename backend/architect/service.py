"""The Architect: its parts put together, and what one change sets off in all of them."""

import asyncio
import logging
import threading
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from architect.compiler.compiler import AssetCompiler
from architect.compiler.queue import LocalQueue
from architect.compiler.scheduler import CompileScheduler, status_of
from architect.compiler.tools import Tools
from architect.errors import (
    AssetNotFoundError,
    CompileNotFoundError,
    InvalidRequestError,
    NotCompiledError,
    StartupError,
)
from architect.events import EventBus
from architect.generated import models
from architect.generated.models import (
    CacheStatus,
    CompileProgress,
    CompileRequest,
    CompileResult,
    CompileStage,
    CompileState,
    CompileStatus,
    SearchHit,
)
from architect.index import EmbedderUnavailableError, SearchIndex
from architect.librarian.assets import AssetLibrarian, Save
from architect.protocol.hub import Hub
from architect.settings import Settings
from architect.store import CompileJob, SqliteStore, Store, StoredAsset

_LOG = logging.getLogger(__name__)

T = TypeVar("T")


class Architect:
    """One running Architect. Made by `start`; belongs to one event loop."""

    def __init__(self, settings: Settings, store: Store, tools: Tools) -> None:
        """Puts the parts together; `start` also sets them going."""
        self.settings = settings
        self.store = store
        self.tools = tools
        self.materials = tools.materials
        self.librarian = AssetLibrarian(store, settings.cache_root)
        self.bus = EventBus(settings.subscriber_queue_events)
        self.hub = Hub(settings, self._find_binary)
        self.compiler = AssetCompiler(
            store,
            self.librarian,
            tools,
            workers=settings.compile_workers,
            progress_interval_secs=settings.progress_interval_secs,
        )
        self.scheduler = CompileScheduler(
            store, self.librarian, self.compiler, LocalQueue(), _Announcer(self)
        )
        self.index = SearchIndex()
        self._changes: set[asyncio.Task[Any]] = set()

    @classmethod
    async def start(cls, settings: Settings, tools: Tools | None = None) -> "Architect":
        """Opens the store and goes on with what was left unfinished.

        Raises:
            StoreUnavailableError: the store is in use, corrupt or cannot be opened.
            StartupError: the cache cannot be used, or the device is not there.

        """
        store = await SqliteStore.open(settings.store_path)
        try:
            if tools is None:
                tools = await asyncio.to_thread(Tools.find, settings)
            architect = cls(settings, store, tools)
            try:
                architect.librarian.prepare_cache()
            except OSError as error:
                raise StartupError(
                    f"the cache {settings.cache_root} cannot be used: {error}"
                ) from error
            for asset_id, embedding in await store.embeddings():
                architect.index.put(asset_id, embedding)
            await architect.scheduler.start(settings.compile_workers)
            architect.warm_up()
        except BaseException:
            await store.close()
            raise
        return architect

    def warm_up(self) -> None:
        """Loads the sentence model in the background; a compile that needs it waits for it."""

        def load() -> None:
            try:
                self.tools.embedder.load()
            except EmbedderUnavailableError as error:
                _LOG.warning("search is not possible: %s", error)

        threading.Thread(target=load, name="warm-up", daemon=True).start()

    async def stop(self) -> None:
        """Finishes changes under way, stops compiles (the next start repeats them), closes."""
        if self._changes:
            await asyncio.wait(self._changes)
        await self.scheduler.stop()
        self.bus.close()
        self.compiler.close()
        await self.store.close()

    async def save(self, save: Save) -> StoredAsset:
        """Stores an asset, announces the new version at once, and lines its compile up.

        Raises:
            AssetNotFoundError: there is no asset of this id.
            VersionConflictError: the expected version is not the stored one.

        """
        return await self._whole(self._save(save))

    async def _save(self, save: Save) -> StoredAsset:
        async with self.librarian.changes:
            asset = await self.librarian.save_asset(save)
            if save.asset_id is None:
                self.bus.publish(models.AssetCreated(asset_id=asset.id, name=asset.name))
            else:
                self.bus.publish(models.AssetUpdated(asset_id=asset.id, version=asset.version))
            self.hub.version_bump(asset.wire_id, asset.version)
            await self.scheduler.submit(replace(save.job, asset_id=asset.id, version=asset.version))
        return asset

    async def delete(self, asset_id: str) -> None:
        """Deletes an asset with its binary and ends its compile.

        Raises:
            AssetNotFoundError: there is no asset of this id.

        """
        await self._whole(self._delete(asset_id))

    async def _delete(self, asset_id: str) -> None:
        async with self.librarian.changes:
            asset = await self.librarian.delete_asset(asset_id)
            await self.scheduler.forget(asset_id)
            self.index.remove(asset_id)
            self.bus.publish(models.AssetDeleted(asset_id=asset_id))
            self.hub.deleted(asset.wire_id, asset.version)

    async def request_compile(self, request: CompileRequest) -> CompileStatus:
        """Lines up a compile of an asset's current version.

        One that waits or runs already and would make the same is left alone.

        Raises:
            AssetNotFoundError: there is no asset of this id.

        """
        return await self._whole(self._request_compile(request))

    async def _request_compile(self, request: CompileRequest) -> CompileStatus:
        async with self.librarian.changes:
            asset = await self.librarian.find(request.asset_id)
            job = CompileJob.of(request, asset.version)
            return await self._line_up(job)

    async def _line_up(self, job: CompileJob) -> CompileStatus:
        active, status = self.scheduler.job(job.asset_id), self.scheduler.status(job.asset_id)
        if active is not None and status is not None and active.active:
            # One that is forced makes what one that is not would make.
            forced = job.force_recompile or active.force_recompile
            wanted = replace(job, state=active.state, force_recompile=forced)
            same = replace(active, priority=job.priority) == wanted
            urgent = active.state is CompileState.QUEUED and job.priority > active.priority
            if same and not urgent:
                return status
        if not await self.store.put_job(job):
            raise AssetNotFoundError(job.asset_id)
        return await self.scheduler.submit(job)

    async def cancel_compile(self, asset_id: str) -> CompileStatus:
        """Cancels an asset's compile, if one waits or runs, and says where it stands.

        Raises:
            AssetNotFoundError: there is no asset of this id.
            CompileNotFoundError: it has never been compiled.

        """
        return await self._whole(self._cancel_compile(asset_id))

    async def _cancel_compile(self, asset_id: str) -> CompileStatus:
        async with self.librarian.changes:
            await self.scheduler.cancel(asset_id)
        return await self.compile_status(asset_id)

    async def compile_status(self, asset_id: str) -> CompileStatus:
        """Where an asset's newest compile stands.

        Raises:
            AssetNotFoundError: there is no asset of this id.
            CompileNotFoundError: it has never been compiled.

        """
        await self.librarian.find(asset_id)
        status = self.scheduler.status(asset_id)
        if status is not None:
            return status
        job = await self.store.get_job(asset_id)
        if job is None:
            raise CompileNotFoundError(asset_id)
        return status_of(job)

    async def search(self, text: str, limit: int) -> list[SearchHit]:
        """The assets whose descriptions are closest to a text, best first.

        Raises:
            InvalidRequestError: the sentence model is not there.

        """
        try:
            vector = await asyncio.to_thread(self.tools.embedder.embed, text)
        except EmbedderUnavailableError as error:
            raise InvalidRequestError(f"search is not possible: {error}") from error
        nearest = self.index.nearest(vector, limit)
        summaries = await self.store.summaries([asset_id for asset_id, _ in nearest])
        return [
            SearchHit(asset=summaries[asset_id], score=score)
            for asset_id, score in nearest
            if asset_id in summaries
        ]

    async def open_binary(self, asset_id: str) -> tuple[StoredAsset, Path]:
        """An asset with the place of its binary, which is of the asset's version.

        The caller holds `librarian.changes` until it has opened the file.

        Raises:
            AssetNotFoundError: there is no asset of this id.
            NotCompiledError: there is no binary of the current version.

        """
        asset = await self.librarian.find(asset_id)
        report = await self.librarian.cache_report(asset)
        if report.status is not CacheStatus.VALID:
            raise NotCompiledError(asset.id, asset.version)
        return asset, Path(report.binary_path)

    async def _find_binary(self, wire_id: int, version: int) -> Path | None:
        asset = await self.store.get_asset_by_wire_id(wire_id)
        if asset is None or asset.version != version:
            return None
        return self.librarian.cache_path(asset)

    async def _whole(self, change: Coroutine[Any, Any, T]) -> T:
        """Carries a change to its end, even if whoever asked for it hangs up."""
        task = asyncio.create_task(change)
        self._changes.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._changes.discard(task)
        if not task.cancelled():
            task.exception()  # It counts as seen, if nobody waits for it any more.


class _Announcer:
    """Tells both sockets what becomes of compiles."""

    def __init__(self, architect: Architect) -> None:
        self._architect = architect

    def compile_started(self, asset: StoredAsset, stages: list[CompileStage]) -> None:
        self._architect.bus.publish(models.CompileStarted(asset_id=asset.id, stages=stages))

    def compile_progressed(self, asset: StoredAsset, progress: CompileProgress) -> None:
        self._architect.bus.publish(
            models.CompileProgressed(
                asset_id=asset.id, stage=progress.stage, progress=progress.progress
            )
        )
        self._architect.hub.progress(asset.wire_id, asset.version, progress)

    def compile_completed(
        self, asset: StoredAsset, result: CompileResult, embedding: bytes | None
    ) -> None:
        if embedding is None:
            self._architect.index.remove(asset.id)
        else:
            self._architect.index.put(asset.id, embedding)
        path = result.binary_path or ""
        self._architect.bus.publish(models.CompileComplete(asset_id=asset.id, binary_path=path))
        self._architect.hub.ready(asset.wire_id, asset.version)

    def compile_failed(self, asset: StoredAsset, version: int, error: str) -> None:
        self._architect.bus.publish(models.CompileFailed(asset_id=asset.id, error=error))
        self._architect.hub.invalid(asset.wire_id, version, error)
