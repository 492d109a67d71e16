"""The views of the exact field that splats are trained on."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import gve_native
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_GOLDEN_ANGLE_RAD = math.pi * (3.0 - math.sqrt(5.0))
_FIRST_AZIMUTH_RAD = 1.7
"""Turns the views away from the held-out ones, which start at 0.4."""
_VERTICAL_FOV_RAD = 0.7


@dataclasses.dataclass(frozen=True)
class Targets:
    """Pictures of the field in the flat look."""

    cameras: NDArray[np.float32]
    """One row of ten numbers for each view; see `gve_native.rasterize`."""
    pictures: NDArray[np.float32]
    """Linear colour over the background, and coverage: (views, side, side, 4)."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures."""
        return self.pictures.shape[2], self.pictures.shape[1]


def cameras(field: gve_native.Field, count: int) -> NDArray[np.float32]:
    """Cameras spread evenly about the field, none of them a held-out one: (count, 10)."""
    index = np.arange(count)
    angles = np.empty((count, 2), np.float32)
    angles[:, 0] = np.remainder(_GOLDEN_ANGLE_RAD * index + _FIRST_AZIMUTH_RAD, math.tau)
    angles[:, 1] = np.arcsin(1.0 - 2.0 * (index + 0.5) / count)
    return gve_native.frame_cameras(field, angles, _VERTICAL_FOV_RAD)


def draw(
    field: gve_native.Field,
    count: int,
    side: int,
    samples_per_side: int,
    progress: Callable[[float, str], None] | None,
    cancel: gve_native.CancelToken | None,
) -> Targets:
    """Draws `count` square views, `side` pixels high."""
    views = cameras(field, count)
    pictures = gve_native.render_views(
        field,
        views,
        (side, side),
        samples_per_side=samples_per_side,
        progress=progress,
        cancel=cancel,
    )
    return Targets(views, pictures)
