"""Stage 1: from the recipe to a field that can be evaluated, natively and by PyTorch."""

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import gve_native

from architect import math_jit
from architect.compiler.build import Build
from architect.compiler.tools import Progress

if TYPE_CHECKING:
    from architect.math_jit.graph import SdfGraph

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lowered:
    """The recipe as a field."""

    field: gve_native.Field
    mass_json: str
    """What it weighs."""
    graph: "SdfGraph | None"
    """The same field as a PyTorch graph, checked against the interpreter."""


def run(build: Build, progress: Progress) -> Lowered:
    """Lowers the recipe, and makes a PyTorch graph of it where PyTorch is there."""
    field = gve_native.Field(build.asset.dna_json)
    progress(0.3, "Weighing")
    build.warnings.extend(field.warnings)
    mass_json = gve_native.weigh(field)
    build.warnings.extend(json.loads(mass_json)["warnings"])
    if not build.tools.torch:
        progress(0.9, "Lowered natively: PyTorch is not used here")
        return Lowered(field, mass_json, None)
    progress(0.6, "Building and checking the PyTorch graph")
    return Lowered(field, mass_json, _graph(build, field))


def _graph(build: Build, field: gve_native.Field) -> "SdfGraph | None":
    try:
        return math_jit.compile_field(field, device=build.tools.device)
    # A graph that is wrong, a device that is full: the native evaluator needs neither.
    except Exception as error:
        _LOG.exception("there is no PyTorch graph of asset %s", build.asset.id)
        build.fall_back("the field is evaluated natively", error)
        return None
