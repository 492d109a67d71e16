"""Training as the compiler calls it: measure, train, measure again, keep the better."""

from __future__ import annotations

import dataclasses
import math
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import gve_native

from architect.training.availability import availability

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor, Future

PREFIXES = (8,)
"""Splats are also drawn as their first eighth, which must not become worse."""
_TOLERATED_PREFIX_LOSS_DB = 0.1

# Shares of the whole that the parts take, for the progress.
_JUDGING, _DRAWING = 0.12, 0.3


@dataclasses.dataclass(frozen=True, slots=True)
class TrainedSplats:
    """Splats with what became of them."""

    splats: gve_native.Splats
    """The trained splats, or the seeds where training did not help."""
    trained: bool
    """Whether they are trained."""
    iterations: int
    """How many were run."""
    psnr_before_db: float
    """Mean of the seeds over the held-out views."""
    psnr_after_db: float
    """The same of `splats`."""
    device: str
    """Where training ran: `cpu` or `cuda`."""
    warnings: list[str]
    """What the designer should know."""


class TrainingError(Exception):
    """Training cannot run here."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Quality:
    psnr_db: float
    silhouette_iou: float
    prefixes_db: tuple[float, ...]


def train(
    field: gve_native.Field,
    seeds: gve_native.Splats,
    iterations: int,
    *,
    progress: Callable[[float, str], None] | None = None,
    cancel: gve_native.CancelToken | None = None,
    device: str | None = None,
) -> TrainedSplats:
    """Trains splats; blocks. With 0 iterations it only measures them.

    What comes back is never worse on the held-out views than the seeds. A GPU that runs out of
    memory or fails is replaced by the CPU.

    Raises:
        TrainingError: PyTorch cannot be used, or there is no such device.
        gve_native.Cancelled: `cancel` was cancelled.
        ValueError: `iterations` is negative.

    """
    if iterations < 0:
        raise ValueError(f"iterations: expected 0 or more, found {iterations}")
    report = _Report(progress, cancel)
    baseline = _Baseline(field, seeds, cancel)
    if iterations == 0:
        psnr = baseline.measured(report.part(0.0, _JUDGING))[1].psnr_db
        return TrainedSplats(seeds, False, 0, psnr, psnr, device or "cpu", [])
    chosen, warnings = _chosen(device), list[str]()
    rest = report
    if chosen == "cpu":
        baseline.measured(report.part(0.0, _JUDGING))
        rest = report.after(_JUDGING)

    from architect.training import optimiser

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="judge") as aside:
        # While a GPU trains, the processor has the time to judge the seeds.
        control = (rest, cancel, lambda: baseline.begin(aside))
        try:
            trained = optimiser.optimise(field, seeds, iterations, chosen, *control)
        except optimiser.DEVICE_ERRORS as error:
            if chosen == "cpu":
                raise
            why = "ran out of memory" if isinstance(error, optimiser.OutOfMemoryError) else "failed"
            warnings.append(
                f"the GPU {why} while training splats; they were trained on the CPU instead"
            )
            chosen = "cpu"
            optimiser.release_memory()
            trained = optimiser.optimise(field, seeds, iterations, chosen, *control)
        views, before = baseline.measured()
    after = _judge(views, trained)
    report(1.0, "Splats trained")
    loss = _loss(before, after)
    if loss is not None:
        warnings.append(
            f"training did not make the splats better ({loss}); they are as they were seeded"
        )
        psnr = before.psnr_db
        return TrainedSplats(seeds, False, iterations, psnr, psnr, chosen, warnings)
    return TrainedSplats(trained, True, iterations, before.psnr_db, after.psnr_db, chosen, warnings)


def _chosen(device: str | None) -> str:
    """The device that was asked for, or else the best one."""
    found = availability()
    if not found.can_train:
        raise TrainingError(found.reason)
    if device not in (None, "cpu", "cuda"):
        raise TrainingError(f"device: expected 'cpu' or 'cuda', found {device!r}")
    if device == "cuda" and found.device != "cuda":
        raise TrainingError(found.reason or "there is no CUDA device")
    return device or found.device


class _Baseline:
    """The held-out views and what the seeds are worth on them, measured once."""

    def __init__(
        self,
        field: gve_native.Field,
        seeds: gve_native.Splats,
        cancel: gve_native.CancelToken | None,
    ) -> None:
        self._field, self._seeds, self._cancel = field, seeds, cancel
        self._known: tuple[gve_native.HeldOutViews, _Quality] | None = None
        self._coming: Future[tuple[gve_native.HeldOutViews, _Quality]] | None = None

    def begin(self, aside: Executor) -> None:
        """Measures on another thread, if that has not been done."""
        if self._known is None and self._coming is None:
            self._coming = aside.submit(self._measure, None)

    def measured(
        self, progress: Callable[[float, str], None] | None = None
    ) -> tuple[gve_native.HeldOutViews, _Quality]:
        """Waits for the other thread, or measures on this one."""
        if self._known is None:
            coming = self._coming
            self._known = self._measure(progress) if coming is None else coming.result()
        return self._known

    def _measure(
        self, progress: Callable[[float, str], None] | None
    ) -> tuple[gve_native.HeldOutViews, _Quality]:
        views = gve_native.HeldOutViews(self._field, progress=progress, cancel=self._cancel)
        return views, _judge(views, self._seeds)


def _judge(views: gve_native.HeldOutViews, splats: gve_native.Splats) -> _Quality:
    def mean(values: list[float]) -> float:
        return math.fsum(values) / len(values)

    psnr_db, iou = views.compare(splats)
    prefixes = (views.compare(splats, max(1, len(splats) // part))[0] for part in PREFIXES)
    return _Quality(mean(psnr_db), iou, tuple(mean(values) for values in prefixes))


def _loss(before: _Quality, after: _Quality) -> str | None:
    """What became worse, for people; None if nothing did."""
    # Written so that a NaN counts as worse.
    if not after.psnr_db > before.psnr_db:
        return f"{before.psnr_db:.2f} dB before, {after.psnr_db:.2f} dB after"
    for part, old, new in zip(PREFIXES, before.prefixes_db, after.prefixes_db, strict=True):
        if not new >= old - _TOLERATED_PREFIX_LOSS_DB:
            return f"the first 1/{part} of them: {old:.2f} dB before, {new:.2f} dB after"
    return None


class _Report:
    """Hands progress on, from parts of the work that each count from 0 to 1."""

    def __init__(
        self,
        progress: Callable[[float, str], None] | None,
        cancel: gve_native.CancelToken | None,
        start: float = 0.0,
    ) -> None:
        self._progress, self._cancel, self._start = progress, cancel, start

    def __call__(self, share: float, message: str) -> None:
        if self._cancel is not None and self._cancel.cancelled:
            raise gve_native.Cancelled("cancelled")
        if self._progress is not None:
            self._progress(self._start + (1.0 - self._start) * share, message)

    def after(self, start: float) -> _Report:
        return _Report(self._progress, self._cancel, start)

    def part(self, start: float, end: float) -> Callable[[float, str], None]:
        return lambda share, message: self(start + (end - start) * share, message)
