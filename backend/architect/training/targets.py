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
_SCOUT_SIDE = 64
"""Side of the pictures that tell how much of a picture the field covers."""
_SIDES = (192.0, 352.0)
_SIZE_FACTORS = (0.8, 1.0, 1.25)


@dataclasses.dataclass(frozen=True)
class Targets:
    """Pictures of the field in the flat look."""

    cameras: NDArray[np.float32]
    """One row of ten numbers for each view; see `gve_native.rasterize`."""
    pictures: list[NDArray[np.float32]]
    """Linear colour over the background, and coverage, of each view: (side, side, 4)."""

    def side(self, view: int) -> int:
        """Width and height of a picture."""
        return len(self.pictures[view])


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
    covered: int,
    samples_per_side: int,
    progress: Callable[[float, str], None],
    cancel: gve_native.CancelToken | None,
) -> Targets:
    """Draws `count` square views in which the field covers about `covered` pixels each.

    A sword fills little of its picture: so its pictures are larger. They have several sizes, lest
    the splats fit the pixels of one.
    """
    views = cameras(field, count)
    scouts = np.ascontiguousarray(views[:: max(1, count // 6)])
    scouted = gve_native.render_views(
        field, scouts, (_SCOUT_SIDE, _SCOUT_SIDE), samples_per_side=1, cancel=cancel
    )
    share = max(float(scouted[..., 3].mean()), 1e-3)
    sides = [
        round(min(max(math.sqrt(covered / share), _SIDES[0]), _SIDES[1]) * factor)
        for factor in _SIZE_FACTORS
    ]
    pictures: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * count
    for number, side in enumerate(sides):
        chosen = range(number, count, len(sides))
        if not chosen:
            continue
        drawn = gve_native.render_views(
            field,
            np.ascontiguousarray(views[chosen.start :: chosen.step]),
            (side, side),
            samples_per_side=samples_per_side,
            progress=_part(progress, number, len(sides)),
            cancel=cancel,
        )
        for view, picture in zip(chosen, drawn, strict=True):
            pictures[view] = picture
    return Targets(views, pictures)


def _part(
    progress: Callable[[float, str], None], number: int, parts: int
) -> Callable[[float, str], None]:
    return lambda share, message: progress((number + share) / parts, message)
