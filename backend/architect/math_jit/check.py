"""The comparison of a graph with the plain interpreter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from architect.math_jit.errors import MathJitMismatchError

if TYPE_CHECKING:
    import gve_native
    from numpy.typing import NDArray

    from architect.math_jit.graph import SdfGraph

NEAR_POINTS = 1024
"""Points next to the surface that are compared."""
FAR_POINTS = 256
"""Points anywhere in and around the object that are compared."""
TOLERANCE_STEPS = 8
"""Steps of single precision, at the size of the largest coordinate, that distances may differ by.

Rounding a coordinate alone moves a distance by half a step. On a CPU the graph is exact; the
tolerance is for devices that round a division or a root differently.
"""

_SEED = 20_260
_NEWTON_STEPS = 6


def tolerance_m(field: gve_native.Field) -> float:
    """How far a graph may be from the interpreter, in metres."""
    reach = float(np.abs(np.array(field.bounds)).max())
    return TOLERANCE_STEPS * float(np.finfo(np.float32).eps) * reach * field.lipschitz


def sample_points(field: gve_native.Field) -> NDArray[np.float32]:
    """Points to compare at: mostly within a hundredth of the object's size from its surface.

    The same for the same field; shape (n, 3).
    """
    random = np.random.default_rng(_SEED)
    low, high = np.array(field.bounds, np.float32)
    size = high - low
    count = NEAR_POINTS + FAR_POINTS
    points: NDArray[np.float32] = low + size * random.random((count, 3), np.float32)
    near = points[:NEAR_POINTS]
    for _ in range(_NEWTON_STEPS):
        values = field.gradients(near)
        slopes, distances = values[:, :3], values[:, 3:]
        steepness = np.maximum((slopes * slopes).sum(axis=1, keepdims=True), 1e-6)
        near = np.clip(near - slopes * (distances / steepness), low - size, high + size)
        near = near.astype(np.float32)
    jitter = random.normal(0.0, 0.003, near.shape).astype(np.float32) * size.max()
    points[:NEAR_POINTS] = near + jitter
    points[NEAR_POINTS:] += size * random.uniform(-0.5, 0.5, (FAR_POINTS, 3)).astype(np.float32)
    return points


def check_graph(graph: SdfGraph, field: gve_native.Field) -> float:
    """Compares a graph with the interpreter of its field; returns the largest difference in metres.

    Raises:
        MathJitMismatchError: it is larger than `tolerance_m`; names the worst point.

    """
    points = sample_points(field)
    expected = field.interpret(points)
    found = graph.distances(points)
    differences = np.abs(found.astype(np.float64) - expected.astype(np.float64))
    differences[~np.isfinite(found)] = np.inf
    worst = int(np.argmax(differences))
    allowed = tolerance_m(field)
    if not differences[worst] <= allowed:
        x, y, z = points[worst].tolist()
        raise MathJitMismatchError(
            point=(x, y, z),
            expected=float(expected[worst]),
            found=float(found[worst]),
            tolerance_m=allowed,
            device=str(graph.device),
        )
    return float(differences[worst])
