"""Makes one binary: the six stages in order, or an earlier binary used again."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Concatenate, ParamSpec, TypeVar

import gve_native

from architect.compiler import reuse
from architect.compiler.build import Build
from architect.compiler.errors import CompileCancelledError, CompileFailedError
from architect.compiler.progress import CompileListener, NoListener, StageProgress
from architect.compiler.request import BuildOptions
from architect.compiler.stages import (
    indexing,
    math_jit,
    shell_gen,
    splat_train,
    volume_bake,
    writing,
)
from architect.compiler.tools import Progress, Tools
from architect.generated.models import (
    CompileProgress,
    CompileRequest,
    CompileResult,
    CompileStage,
    CompileState,
    StageReport,
)
from architect.librarian.assets import AssetLibrarian
from architect.store import CompileJob, Finished, Store, StoredBinary

T = TypeVar("T")
P = ParamSpec("P")

MESSAGES = {
    CompileStage.MATH_JIT: "Lowering the recipe",
    CompileStage.VOLUME_BAKE: "Baking the distance volume",
    CompileStage.SHELL_GEN: "Dual contouring",
    CompileStage.SPLAT_TRAIN: "Seeding splats",
    CompileStage.INDEXING: "Embedding the description",
    CompileStage.WRITING: "Writing the file",
}
"""What each stage says of itself when it begins."""


class AssetCompiler:
    """Compiles stored assets. Stages run on threads of its own, never on the event loop."""

    def __init__(
        self,
        store: Store,
        librarian: AssetLibrarian,
        tools: Tools,
        *,
        workers: int = 1,
        progress_interval_secs: float = 0.1,
    ) -> None:
        """Takes how many compiles may run side by side."""
        self._store = store
        self._librarian = librarian
        self._tools = tools
        self._progress_interval_secs = progress_interval_secs
        self._threads = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="compile")

    def close(self) -> None:
        """Ends the threads once they have nothing to do."""
        self._threads.shutdown(wait=False)

    async def compile(
        self,
        request: CompileRequest,
        *,
        listener: CompileListener | None = None,
        cancel: gve_native.CancelToken | None = None,
    ) -> CompileResult:
        """Compiles an asset's current version and puts the binary in its place.

        Raises:
            AssetNotFoundError: there is no asset of this id.
            CompileFailedError: the asset cannot be compiled.
            CompileCancelledError: `cancel` was set, or a newer version was saved in between.

        """
        started = time.monotonic()
        asset = await self._librarian.find(request.asset_id)
        job = CompileJob.of(request, asset.version)
        build = Build(
            asset=asset,
            options=BuildOptions.of_job(job, can_train=self._tools.trainer.can_train),
            tools=self._tools,
            target=self._librarian.staging_path(asset),
            cancel=cancel or gve_native.CancelToken(),
        )
        run = _Run(self, build, job, listener or NoListener(), started)
        try:
            return await run.run()
        except gve_native.Cancelled as error:
            raise CompileCancelledError from error
        except (gve_native.RecipeError, gve_native.BakeError, gve_native.AssetFileError) as error:
            raise CompileFailedError(str(error)) from error
        except OSError as error:
            raise CompileFailedError(f"the binary cannot be written: {error}") from error
        except MemoryError as error:
            raise CompileFailedError("there is not enough memory for this compile") from error
        finally:
            build.target.unlink(missing_ok=True)


class _Run:
    """One call of `AssetCompiler.compile`."""

    def __init__(
        self,
        compiler: AssetCompiler,
        build: Build,
        job: CompileJob,
        listener: CompileListener,
        started: float,
    ) -> None:
        self._store = compiler._store
        self._librarian = compiler._librarian
        self._threads = compiler._threads
        self._interval_secs = compiler._progress_interval_secs
        self._build = build
        self._job = job
        self._listener = listener
        self._started = started
        self._reports: list[StageReport] = []
        self._path = str(self._librarian.cache_path(build.asset))
        self._build_key = build.options.build_key(build.asset.dna_hash)

    async def run(self) -> CompileResult:
        if not self._job.force_recompile:
            reused = await self._reuse()
            if reused is not None:
                return reused
        return await self._make()

    async def _reuse(self) -> CompileResult | None:
        build = self._build
        current = await reuse.find_current(self._store, self._librarian, build, self._build_key)
        if current is not None:
            self._listener.started(build.asset, [])
            return await self._confirm(current)
        for equal in await reuse.find_equal(self._store, build, self._build_key):
            if await self._restamp(equal):
                self._listener.started(build.asset, [CompileStage.WRITING])
                self._tell(CompileStage.WRITING, 1.0)
                result = reuse.reused_result(
                    equal.result, self._path, build.asset.version, self._elapsed_secs()
                )
                return await self._commit(result, equal.embedding, self._build_key)
        return None

    async def _restamp(self, equal: StoredBinary) -> bool:
        if equal.asset_id == self._build.asset.id:
            return await self._thread(reuse.restamp, self._librarian, self._build, equal)
        # Another asset's binary may be replaced or deleted meanwhile; own compiles never overlap.
        async with self._librarian.changes:
            if await self._store.get_binary(equal.asset_id) != equal:
                return False
            return await self._thread(reuse.restamp, self._librarian, self._build, equal)

    async def _confirm(self, binary: StoredBinary) -> CompileResult:
        """Ends a compile whose binary is in its place already."""
        result = reuse.reused_result(
            binary.result, self._path, self._build.asset.version, self._elapsed_secs()
        )
        async with self._librarian.changes:
            self._check_cancelled()
            if not await self._store.finish(Finished(self._complete(result))):
                raise CompileCancelledError
            self._listener.completed(self._build.asset, result, binary.embedding)
        return result

    async def _make(self) -> CompileResult:
        build = self._build
        self._listener.started(build.asset, list(CompileStage))
        lowered = await self._stage(CompileStage.MATH_JIT, math_jit.run)
        volume = await self._stage(CompileStage.VOLUME_BAKE, volume_bake.run, lowered)
        shell = await self._stage(CompileStage.SHELL_GEN, shell_gen.run, lowered)
        splats = await self._stage(CompileStage.SPLAT_TRAIN, splat_train.run, lowered)
        embedding = await self._stage(CompileStage.INDEXING, indexing.run)
        trained = splats.report.trained
        parts = writing.Parts(lowered, volume, shell, splats.splats, trained, embedding)
        await self._stage(CompileStage.WRITING, writing.run, parts)
        result = CompileResult(
            success=True,
            binary_path=self._path,
            compile_time_sec=self._elapsed_secs(),
            version=build.asset.version,
            stages=self._reports,
            splats=splats.report,
            device=build.device,
            warnings=build.warnings,
        )
        stored = None if embedding is None else embedding.astype("<f4").tobytes()
        return await self._commit(result, stored, "" if build.degraded else self._build_key)

    async def _commit(
        self, result: CompileResult, embedding: bytes | None, build_key: str
    ) -> CompileResult:
        asset = self._build.asset
        binary = StoredBinary(
            asset_id=asset.id,
            wire_id=asset.wire_id,
            version=asset.version,
            build_key=build_key,
            cache_path=asset.cache_path,
            result=result,
            embedding=embedding,
        )
        async with self._librarian.changes:
            self._check_cancelled()
            if not await self._librarian.commit_binary(
                asset,
                self._build.target,
                Finished(self._complete(result), binary),
                lambda: self._listener.completed(asset, result, embedding),
            ):
                raise CompileCancelledError
        return result

    async def _stage(
        self,
        stage: CompileStage,
        run: Callable[Concatenate[Build, Progress, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        self._check_cancelled()
        begun = time.monotonic()
        self._tell(stage, 0.0)
        progress = StageProgress(
            stage, self._interval_secs, lambda p: self._listener.progressed(self._build.asset, p)
        )
        made = await self._thread(run, self._build, progress, *args, **kwargs)
        self._check_cancelled()
        self._tell(stage, 1.0, progress.message)
        self._reports.append(StageReport(stage=stage, seconds=time.monotonic() - begun))
        return made

    async def _thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs blocking work; when the caller is cancelled, stops the work and waits for it."""
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._threads, lambda: work(*args, **kwargs))
        try:
            # Waiting for it, unlike awaiting it, leaves it alone when the waiting is cancelled.
            await asyncio.wait([future])
        except asyncio.CancelledError:
            self._build.cancel.cancel()
            await asyncio.wait([future])
            future.exception()  # It counts as seen.
            raise
        return future.result()

    def _complete(self, result: CompileResult) -> CompileJob:
        return replace(self._job, state=CompileState.COMPLETE, result=result)

    def _tell(self, stage: CompileStage, share: float, message: str = "") -> None:
        message = message or MESSAGES[stage]
        progress = CompileProgress(stage=stage, progress=share, message=message)
        self._listener.progressed(self._build.asset, progress)

    def _check_cancelled(self) -> None:
        if self._build.cancel.cancelled:
            raise CompileCancelledError

    def _elapsed_secs(self) -> float:
        return time.monotonic() - self._started
