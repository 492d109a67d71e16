"""Stage 2: from the field to a distance volume."""

import gve_native

from architect.compiler.build import Build
from architect.compiler.stages.math_jit import Lowered
from architect.compiler.tools import Progress


def run(build: Build, progress: Progress, lowered: Lowered) -> gve_native.Volume:
    """Samples the field: natively, or by PyTorch on a CUDA device."""
    resolution = build.options.volume_resolution
    if lowered.evaluate is None:
        return gve_native.bake_volume(lowered.field, resolution, progress, build.cancel)
    return gve_native.bake_volume_with(
        lowered.field, resolution, lowered.evaluate, progress, build.cancel
    )
