"""Stage 6: everything into one file."""

from dataclasses import dataclass

import gve_native
import numpy as np
from numpy.typing import NDArray

from architect.compiler.build import Build
from architect.compiler.stages.math_jit import Lowered
from architect.compiler.tools import Progress


@dataclass(frozen=True, slots=True)
class Parts:
    """What the earlier stages made."""

    lowered: Lowered
    volume: gve_native.Volume
    shell: gve_native.Shell
    splats: gve_native.Splats
    splats_trained: bool
    embedding: NDArray[np.float32] | None


def run(build: Build, progress: Progress, parts: Parts) -> None:
    """Writes the binary to `build.target`; atomic."""
    del progress  # Milliseconds.
    gve_native.write_asset(
        build.target,
        build.asset.dna_json,
        parts.lowered.field,
        parts.volume,
        parts.shell,
        parts.splats,
        parts.lowered.mass_json,
        asset_id=build.asset.wire_id,
        version=build.asset.version,
        embedding=parts.embedding,
        splats_trained=parts.splats_trained,
        warnings=build.warnings,
    )
