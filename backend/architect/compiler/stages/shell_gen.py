"""Stage 3: from the field to a mesh with sharp edges."""

import gve_native

from architect.compiler.build import Build
from architect.compiler.stages.math_jit import Lowered
from architect.compiler.tools import Progress


def run(build: Build, progress: Progress, lowered: Lowered) -> gve_native.Shell:
    """Dual contouring; the shell's warnings become the compile's."""
    shell = gve_native.generate_shell(
        lowered.field, build.options.volume_resolution, progress, build.cancel
    )
    build.warnings.extend(shell.warnings)
    return shell
