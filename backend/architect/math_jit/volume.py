"""Distance volumes from a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gve_native
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from architect.math_jit.graph import SdfGraph

TOLERANCE_F16_STEPS = 1
"""Steps of half precision that a stored distance may differ by from the native volume's.

A difference far below a step can still fall on the other side of where half precision rounds. On a
CPU both volumes are the same to the last bit.
"""


def bake_volume(
    graph: SdfGraph,
    field: gve_native.Field,
    resolution: int = 128,
    progress: Callable[[float, str], object] | None = None,
    cancel: gve_native.CancelToken | None = None,
) -> gve_native.Volume:
    """Bakes the volume of a field with the distances of its graph, on the graph's device.

    The graph is given the points of each level's bricks in turn. Which bricks are looked at, their
    parts, and how thick the thin ones are is found natively.

    Raises:
        gve_native.BakeError: the field cannot be baked at this resolution.
        gve_native.Cancelled: through the token.

    """
    return gve_native.bake_volume_with(
        field, resolution, graph.distances, progress, cancel, points_per_call=graph.slab_points
    )


def same_bricks(a: gve_native.Volume, b: gve_native.Volume) -> bool:
    """Whether two volumes store the same bricks at the same places, with the same parts."""
    return len(a.levels) == len(b.levels) and all(
        np.array_equal(x.cells[:, 0], y.cells[:, 0])
        and np.array_equal(x.scales, y.scales)
        and np.array_equal(x.parts, y.parts)
        for x, y in zip(a.levels, b.levels, strict=True)
    )


def volume_steps_apart(a: gve_native.Volume, b: gve_native.Volume) -> int:
    """The largest number of half-precision steps between two volumes of the same bricks."""
    pairs = zip(a.levels, b.levels, strict=True)
    return max(f16_steps_apart(x.distances, y.distances) for x, y in pairs)


def f16_steps_apart(a: NDArray[np.float16], b: NDArray[np.float16]) -> int:
    """The largest number of half-precision steps between two arrays of finite numbers."""
    steps = [_ordered(array) for array in (a, b)]
    return int(np.abs(steps[0] - steps[1]).max(initial=0))


def _ordered(array: NDArray[np.float16]) -> NDArray[np.int32]:
    """Numbers of single steps, so that neighbours differ by one; both zeros are 0."""
    bits = np.ascontiguousarray(array).view(np.uint16).astype(np.int32)
    return np.where(bits & 0x8000, -(bits & 0x7FFF), bits)
