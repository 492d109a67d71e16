"""Stage 4: splats, seeded from the field and trained against views of it."""

import logging
import math
from dataclasses import dataclass

import gve_native

from architect.compiler.build import Build
from architect.compiler.stages.math_jit import Lowered
from architect.compiler.tools import Progress
from architect.generated.models import SplatReport

_LOG = logging.getLogger(__name__)
_SEEDING = 0.1
"""The share of the stage that seeding takes when training follows."""


@dataclass(frozen=True, slots=True)
class SplatResult:
    """Splats with what became of them."""

    splats: gve_native.Splats
    report: SplatReport


def run(build: Build, progress: Progress, lowered: Lowered) -> SplatResult:
    """Seeds splats, and trains them unless that is not asked for or not possible."""
    iterations, trainer = build.options.splat_iterations, build.tools.trainer
    reason = trainer.reason if not trainer.can_train else None
    if iterations == 0:
        reason = "no training was asked for"
    trains = reason is None

    def seeding(share: float, message: str) -> None:
        progress(share * (_SEEDING if trains else 1.0), message)

    seeds = gve_native.seed_splats(lowered.field, build.tools.splat_count, seeding, build.cancel)
    build.warnings.extend(seeds.warnings)
    if not trains:
        if iterations > 0:
            build.warnings.append(f"splats were seeded but not trained: {reason}")
        return _untrained(seeds, reason)
    try:
        trained = trainer.train(
            lowered.field,
            seeds,
            iterations,
            progress=lambda share, message: progress(_SEEDING + share * (1 - _SEEDING), message),
            cancel=build.cancel,
        )
    except gve_native.Cancelled:
        raise
    # PyTorch fails in many ways (a broken driver, a missing operator, memory); none of them is a
    # reason to leave the asset without a binary.
    except Exception as error:
        _LOG.exception("training the splats of asset %s failed", build.asset.id)
        build.fall_back("splats were seeded but not trained", error)
        return _untrained(seeds, f"training failed: {type(error).__name__}")
    build.warnings.extend(trained.warnings)
    if trained.device != "cpu":
        build.device = trained.device
    report = SplatReport(
        count=len(trained.splats),
        trained=trained.trained,
        iterations=trained.iterations,
        psnr_before_db=_finite(trained.psnr_before_db),
        psnr_after_db=_finite(trained.psnr_after_db),
        reason=None if trained.trained else "; ".join(trained.warnings) or "training did not help",
    )
    return SplatResult(trained.splats, report)


def _untrained(seeds: gve_native.Splats, reason: str | None) -> SplatResult:
    report = SplatReport(count=len(seeds), trained=False, iterations=0, reason=reason)
    return SplatResult(seeds, report)


def _finite(decibels: float) -> float | None:
    """Two equal pictures have no ratio that JSON could carry."""
    return decibels if math.isfinite(decibels) else None
