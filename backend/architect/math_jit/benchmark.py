"""Times the PyTorch graph against the native evaluator.

`python -m architect.math_jit.benchmark [RECIPE] [--json]`; the default recipe is the sample
library's sheep, whose wool is a smooth union of 64 primitives.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import gve_native
import numpy as np

from architect.math_jit import compile_field
from architect.math_jit.volume import bake_volume, same_bricks, volume_steps_apart

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

T = TypeVar("T")

_DEFAULT_RECIPE = Path(__file__).parents[3] / "assets" / "library" / "sheep.gve.json"


@dataclass(frozen=True, slots=True)
class JitBenchmark:
    """What was measured; seconds are the shortest of all rounds."""

    recipe: str
    device: str
    torch_threads: int
    cores: int
    resolution: int
    rounds: int
    points: int
    """Points of the dense grid: resolution³."""
    compile_seconds: float
    """Building the graph and checking it."""
    native_dense_seconds: float
    """The native evaluator at every point of the grid, nothing pruned."""
    torch_dense_seconds: float
    """The graph at the same points."""
    largest_difference_m: float
    """Between the two, over the whole grid."""
    native_volume_seconds: float
    """The sparse volume, natively."""
    torch_volume_seconds: float
    """The same volume with the graph's distances."""
    volume_f16_steps: int
    """Largest difference between the two volumes, in steps of half precision; -1 where they do not
    hold the same bricks."""


def run(
    recipe: Path = _DEFAULT_RECIPE, *, resolution: int = 128, rounds: int = 3, device: str = "cpu"
) -> JitBenchmark:
    """Measures one recipe."""
    import torch

    field = gve_native.Field(recipe.read_text(encoding="utf-8"))
    compile_seconds, graph = _time(1, lambda: compile_field(field, device=device))
    points = _grid(field, resolution)
    graph.distances(points[:4096])
    native_seconds, native = _time(rounds, lambda: field.distances(points))
    torch_seconds, found = _time(rounds, lambda: graph.distances(points))
    native_volume_seconds, native_volume = _time(
        rounds, lambda: gve_native.bake_volume(field, resolution)
    )
    volume_seconds, volume = _time(rounds, lambda: bake_volume(graph, field, resolution))
    return JitBenchmark(
        recipe=recipe.name,
        device=str(graph.device),
        torch_threads=torch.get_num_threads(),
        cores=os.cpu_count() or 1,
        resolution=resolution,
        rounds=rounds,
        points=len(points),
        compile_seconds=compile_seconds,
        native_dense_seconds=native_seconds,
        torch_dense_seconds=torch_seconds,
        largest_difference_m=float(np.abs(native - found).max()),
        native_volume_seconds=native_volume_seconds,
        torch_volume_seconds=volume_seconds,
        volume_f16_steps=(
            volume_steps_apart(native_volume, volume) if same_bricks(native_volume, volume) else -1
        ),
    )


def _grid(field: gve_native.Field, resolution: int) -> NDArray[np.float32]:
    low, high = np.array(field.bounds, np.float32)
    axes = [
        np.linspace(start, end, resolution, dtype=np.float32)
        for start, end in zip(low, high, strict=True)
    ]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def _time(rounds: int, work: Callable[[], T]) -> tuple[float, T]:
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        made = work()
        best = min(best, time.perf_counter() - start)
    return best, made


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m architect.math_jit.benchmark")
    parser.add_argument("recipe", nargs="?", type=Path, default=_DEFAULT_RECIPE)
    parser.add_argument("--resolution", type=int, default=128, help="points along each side")
    parser.add_argument("--rounds", type=int, default=3, help="the shortest is reported")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args(arguments)
    if options.rounds < 1 or options.resolution < 8:
        parser.error("--rounds must be 1 or more, --resolution 8 or more")
    try:
        measured = run(
            options.recipe,
            resolution=options.resolution,
            rounds=options.rounds,
            device=options.device,
        )
    except (OSError, ImportError, RuntimeError, gve_native.RecipeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(asdict(measured)))
    else:
        for name, value in asdict(measured).items():
            print(f"{name:<24} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
