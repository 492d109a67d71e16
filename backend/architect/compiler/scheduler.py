"""Which compile runs when, what a newer save does to an older compile, and who is told."""

import asyncio
import logging
import time
from dataclasses import dataclass, field, replace
from typing import Protocol

import gve_native

from architect.compiler.compiler import AssetCompiler
from architect.compiler.errors import CompileCancelledError, CompileFailedError
from architect.compiler.queue import CompileQueue, Ticket
from architect.errors import AssetNotFoundError
from architect.generated.models import (
    CompilePriority,
    CompileProgress,
    CompileRequest,
    CompileResult,
    CompileStage,
    CompileState,
    CompileStatus,
)
from architect.librarian.assets import AssetLibrarian
from architect.store import CompileJob, Finished, Store, StoredAsset

_LOG = logging.getLogger(__name__)


class CompileObserver(Protocol):
    """Is told what becomes of compiles; called on the event loop, never for superseded ones."""

    def compile_started(self, asset: StoredAsset, stages: list[CompileStage]) -> None:
        """A compile begins with these stages to come."""

    def compile_progressed(self, asset: StoredAsset, progress: CompileProgress) -> None:
        """It is this far."""

    def compile_completed(
        self, asset: StoredAsset, result: CompileResult, embedding: bytes | None
    ) -> None:
        """Its binary is in its place; the embedding is 384 little-endian f32."""

    def compile_failed(self, asset: StoredAsset, version: int, error: str) -> None:
        """It ended without a binary; `error` says why."""


@dataclass(slots=True, eq=False)
class _Entry:
    """A compile that waits or runs."""

    ticket: Ticket
    job: CompileJob
    cancel: gve_native.CancelToken = field(default_factory=gve_native.CancelToken)
    progress: CompileProgress | None = None
    begun: float | None = None
    """When it began, on the monotonic clock in seconds."""
    superseded: bool = False
    """Whether a newer compile of the asset has taken its place; then nobody hears of it."""
    stopping: bool = False
    """Whether the Architect is about to end; then the compile is repeated by the next one."""


class CompileScheduler:
    """Runs compiles by priority, one of each asset at a time.

    What changes the line (`submit`, `cancel`, `forget`) is called with the librarian's `changes`
    held, so that a compile's place in it agrees with what is stored.
    """

    def __init__(
        self,
        store: Store,
        librarian: AssetLibrarian,
        compiler: AssetCompiler,
        queue: CompileQueue,
        observer: CompileObserver,
    ) -> None:
        """Takes who is told."""
        self._store = store
        self._librarian = librarian
        self._compiler = compiler
        self._queue = queue
        self._observer = observer
        self._newest: dict[str, _Entry] = {}
        self._running: dict[str, _Entry] = {}
        self._numbers = 0
        self._workers: list[asyncio.Task[None]] = []

    async def start(self, workers: int) -> None:
        """Lines up what an earlier Architect left unfinished, and begins."""
        async with self._librarian.changes:
            for job in await self._store.unfinished_jobs():
                await self.submit(replace(job, state=CompileState.QUEUED))
        self._workers = [asyncio.create_task(self._work()) for _ in range(workers)]

    async def stop(self) -> None:
        """Stops what runs; the next Architect repeats it."""
        for entry in self._newest.values():
            entry.stopping = True
            entry.cancel.cancel()
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers = []

    async def submit(self, job: CompileJob) -> CompileStatus:
        """Lines a stored job up; it takes the place of an older compile of its asset."""
        older = self._newest.get(job.asset_id)
        if older is not None:
            older.superseded = True
            older.cancel.cancel()
            if await self._queue.remove(older.ticket):
                # What somebody waits for does not get less urgent by being saved again.
                priority = max(job.priority, older.job.priority)
                job = replace(job, priority=CompilePriority(priority))
        self._numbers += 1
        entry = _Entry(Ticket(job.asset_id, self._numbers), job)
        self._newest[job.asset_id] = entry
        if job.asset_id not in self._running:
            await self._queue.put(entry.ticket, job.priority)
        return _status(entry)

    async def cancel(self, asset_id: str) -> bool:
        """Ends an asset's compile; false if none waits or runs. A running one ends a bit later."""
        entry = self._newest.get(asset_id)
        if entry is None:
            return False
        entry.cancel.cancel()
        if self._running.get(asset_id) is not entry:
            await self._queue.remove(entry.ticket)
            await self._end(entry, CompileState.CANCELLED, "the compile was cancelled")
        return True

    async def forget(self, asset_id: str) -> None:
        """Ends the compile of an asset that is gone; nobody is told."""
        entry = self._newest.pop(asset_id, None)
        if entry is not None:
            entry.superseded = True
            entry.cancel.cancel()
            await self._queue.remove(entry.ticket)

    def status(self, asset_id: str) -> CompileStatus | None:
        """Where an asset's compile stands, if it waits or runs."""
        entry = self._newest.get(asset_id)
        return None if entry is None else _status(entry)

    def job(self, asset_id: str) -> CompileJob | None:
        """An asset's compile, if it waits or runs."""
        entry = self._newest.get(asset_id)
        return None if entry is None else entry.job

    async def _work(self) -> None:
        while True:
            ticket = await self._queue.get()
            try:
                await self._run(ticket)
            except asyncio.CancelledError:
                raise
            # The store does not answer, or a fault of ours: the next compile may still go well.
            except Exception:
                _LOG.exception("the compile of asset %s broke off", ticket.asset_id)

    async def _run(self, ticket: Ticket) -> None:
        async with self._librarian.changes:
            entry = self._newest.get(ticket.asset_id)
            if entry is None or entry.ticket != ticket:
                return
            entry.job = replace(entry.job, state=CompileState.RUNNING)
            # Not stored: a job that is stored as queued is repeated just the same.
            self._running[ticket.asset_id] = entry
        try:
            await self._compile(entry)
        finally:
            await self._leave(entry)

    async def _leave(self, entry: _Entry) -> None:
        """Lets the compile run that has been waiting for this one to stop."""
        asset_id = entry.ticket.asset_id
        del self._running[asset_id]
        if self._newest.get(asset_id) is entry:
            del self._newest[asset_id]
        follower = self._newest.get(asset_id)
        if follower is not None:
            await self._queue.put(follower.ticket, follower.job.priority)

    async def _compile(self, entry: _Entry) -> None:
        job = entry.job
        request = CompileRequest(
            asset_id=job.asset_id,
            priority=job.priority,
            force_recompile=job.force_recompile,
            splat_iterations=job.splat_iterations,
            volume_resolution=job.volume_resolution,
        )
        state, error = CompileState.FAILED, ""
        entry.begun = time.monotonic()
        try:
            await self._compiler.compile(
                request, listener=_Listener(entry, self._observer), cancel=entry.cancel
            )
            return
        except AssetNotFoundError:
            return
        except CompileCancelledError:
            state, error = CompileState.CANCELLED, "the compile was cancelled"
        except CompileFailedError as failure:
            error = str(failure)
        except asyncio.CancelledError:
            raise
        # A fault of ours: it is logged here, and the asset's watchers hear that it failed.
        except Exception as fault:
            _LOG.exception("compiling asset %s failed", job.asset_id)
            error = f"internal error: {type(fault).__name__}: {fault}"
        async with self._librarian.changes:
            await self._end(entry, state, error)

    async def _end(self, entry: _Entry, state: CompileState, error: str) -> None:
        """Records and tells how a compile ended without a binary."""
        if entry.superseded or entry.stopping:
            return
        asset_id = entry.job.asset_id
        if self._newest.get(asset_id) is entry:
            del self._newest[asset_id]
        elapsed_secs = 0.0 if entry.begun is None else time.monotonic() - entry.begun
        result = CompileResult(
            success=False, compile_time_sec=elapsed_secs, version=entry.job.version, error=error
        )
        entry.job = replace(entry.job, state=state, result=result)
        asset = await self._store.get_asset(asset_id)
        if asset is None or not await self._store.finish(Finished(entry.job)):
            return
        self._observer.compile_failed(asset, entry.job.version, error)


class _Listener:
    """Tells the observer about one compile for as long as it counts."""

    def __init__(self, entry: _Entry, observer: CompileObserver) -> None:
        self._entry = entry
        self._observer = observer

    def _counts(self) -> bool:
        return not (self._entry.superseded or self._entry.stopping)

    def started(self, asset: StoredAsset, stages: list[CompileStage]) -> None:
        if self._counts():
            self._observer.compile_started(asset, stages)

    def progressed(self, asset: StoredAsset, progress: CompileProgress) -> None:
        if self._counts() and not self._entry.cancel.cancelled:
            self._entry.progress = progress
            self._observer.compile_progressed(asset, progress)

    def completed(self, asset: StoredAsset, result: CompileResult, embedding: bytes | None) -> None:
        self._entry.job = replace(self._entry.job, state=CompileState.COMPLETE, result=result)
        self._observer.compile_completed(asset, result, embedding)


def _status(entry: _Entry) -> CompileStatus:
    return status_of(entry.job, entry.progress)


def status_of(job: CompileJob, progress: CompileProgress | None = None) -> CompileStatus:
    """A job as clients see it."""
    return CompileStatus(
        asset_id=job.asset_id,
        version=job.version,
        state=job.state,
        progress=progress if job.state is CompileState.RUNNING else None,
        result=job.result,
    )
