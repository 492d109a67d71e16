"""What is to be compiled, and what makes two compiles the same."""

import hashlib
import json
from dataclasses import dataclass
from importlib import metadata

import gve_native

from architect import VERSION
from architect.limits import DEFAULT_SPLAT_ITERATIONS, DEFAULT_VOLUME_RESOLUTION
from architect.store import CompileJob

COMPILER_VERSION = (
    f"architect {VERSION}, gve_native {metadata.version('gve_native')}, "
    f"{gve_native.COMPILER_VERSION}, format {gve_native.FORMAT_VERSION}"
)
"""When it changes, recipes may come out differently, and are compiled again."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """Everything beside the recipe that decides a binary's content."""

    volume_resolution: int
    """Cells of the volume and the shell, as `gve_bake::BakeOptions` counts them."""
    splat_iterations: int
    """Training iterations that were asked for."""
    can_train: bool
    """Whether splats can be trained here at all."""

    @classmethod
    def of_job(cls, job: CompileJob, *, can_train: bool) -> "BuildOptions":
        """A job's overrides, or the defaults in their place."""
        resolution, iterations = job.volume_resolution, job.splat_iterations
        return cls(
            volume_resolution=DEFAULT_VOLUME_RESOLUTION if resolution is None else resolution,
            splat_iterations=DEFAULT_SPLAT_ITERATIONS if iterations is None else iterations,
            can_train=can_train,
        )

    def build_key(self, dna_hash: str) -> str:
        """Hash of everything that decides the content; binaries of equal keys are equal."""
        parts = [
            COMPILER_VERSION,
            dna_hash,
            self.volume_resolution,
            self.splat_iterations,
            self.can_train or self.splat_iterations == 0,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
