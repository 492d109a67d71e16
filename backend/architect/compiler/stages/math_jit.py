"""Stage 1: from the recipe to a field that can be evaluated."""

from collections.abc import Callable
from dataclasses import dataclass

import gve_native
import numpy as np
from numpy.typing import NDArray

from architect.compiler.build import Build
from architect.compiler.tools import Progress

Evaluate = Callable[[NDArray[np.float32]], NDArray[np.float32]]

_MASS_RESOLUTION = 64
"""Cells along the longest side of the grid that the solid is weighed on, as `gve bake` takes."""


@dataclass(frozen=True, slots=True)
class Lowered:
    """The recipe as a field."""

    field: gve_native.Field
    mass_json: str
    """What it weighs."""
    evaluate: Evaluate | None
    """Distances by PyTorch on the CUDA device; `None` leaves them to the native evaluator."""


def run(build: Build, progress: Progress) -> Lowered:
    """Lowers the recipe, and makes a PyTorch graph of it where PyTorch is there."""
    field = gve_native.Field(build.asset.dna_json)
    progress(0.3, "Weighing")
    mass_json = gve_native.weigh(field, _MASS_RESOLUTION)
    evaluate = None
    return Lowered(field, mass_json, evaluate)
