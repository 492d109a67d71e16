"""Stage 2: from the field to a distance volume."""

import logging

import gve_native

from architect.compiler.build import Build
from architect.compiler.stages.math_jit import Lowered
from architect.compiler.tools import Progress

_LOG = logging.getLogger(__name__)


def run(build: Build, progress: Progress, lowered: Lowered) -> gve_native.Volume:
    """Samples the field; what the volume lacks becomes the compile's warnings."""
    volume = _bake(build, progress, lowered)
    build.warnings.extend(volume.warnings)
    return volume


def _bake(build: Build, progress: Progress, lowered: Lowered) -> gve_native.Volume:
    """Samples by PyTorch on a CUDA device, natively everywhere else."""
    resolution = build.options.volume_resolution
    if lowered.graph is not None and build.tools.device != "cpu":
        from architect.math_jit.volume import bake_volume

        try:
            volume = bake_volume(lowered.graph, lowered.field, resolution, progress, build.cancel)
        except (gve_native.Cancelled, gve_native.BakeError):
            raise
        # PyTorch: out of memory, a lost device.
        except Exception as error:
            _LOG.exception("the volume of asset %s cannot be baked by PyTorch", build.asset.id)
            build.fall_back("the volume was baked on the CPU", error)
        else:
            build.device = build.tools.device
            return volume
    return gve_native.bake_volume(lowered.field, resolution, progress, build.cancel)
