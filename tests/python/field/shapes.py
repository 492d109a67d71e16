"""The primitives of a DNA recipe as solids: faces, box, slope and growth.

written from docs/dna.md alone

Points are arrays of shape (N, 3) in metres, distances arrays of shape (N,) in metres, negative
inside. A solid is one face, or several that `corner` puts together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Piece = Callable[[Array], Array]
Node = dict[str, Any]
TINY = 1e-300


class Box(NamedTuple):
    """An axis-aligned box, corners of shape (3,) in metres; sides may be infinite."""

    lo: Array
    hi: Array

    @property
    def half(self) -> Array:
        """Half sizes, shape (3,)."""
        return (self.hi - self.lo) / 2

    @property
    def longest(self) -> float:
        """The longest side in metres."""
        return float(np.max(self.hi - self.lo))

    def padded(self, by: float | Array) -> Box:
        """The box grown by `by` metres to all sides, a number or one per axis."""
        return Box(self.lo - by, self.hi + by)

    def radius(self) -> float:
        """How far the box reaches from the y axis, in metres."""
        reach = np.maximum(np.abs(self.lo), np.abs(self.hi))
        return math.hypot(reach[0], reach[2])

    def distance(self, points: Array) -> Array:
        """Signed distances of points (N, 3) to the box."""
        sides = np.maximum(self.lo - points, points - self.hi)
        return corner(*sides.T)


class Face(NamedTuple):
    """A field of its own, and whether its gradient jumps where the solid has a surface."""

    piece: Piece
    creased: bool = False


@dataclass(frozen=True)
class Solid:
    """A primitive about the origin: `faces` joined by `corner`, and the facts `B`, `L` and `g`."""

    faces: tuple[Face, ...]
    box: Box
    slope: float = 1.0
    growth: float = 1.0
    exact: bool = True


def box_about(half: Sequence[float] | Array) -> Box:
    """The box about the origin with half sizes (3,)."""
    sides = np.asarray(half, dtype=float)
    return Box(-sides, sides)


def corner(*parts: Array) -> Array:
    """The distance to the common part of sides at right angles to each other, each (N,)."""
    if len(parts) == 1:
        return parts[0]
    sides = np.stack(parts)
    outside = np.sqrt(np.sum(np.maximum(sides, 0) ** 2, axis=0))
    return outside + np.minimum(np.max(sides, axis=0), 0)


def from_axis(points: Array) -> Array:
    """Distances of points (N, 3) from the y axis, (N,)."""
    return np.hypot(points[:, 0], points[:, 2])


def slab(axis: int, half: float) -> Face:
    """What lies within plus and minus `half` along an axis."""
    return Face(lambda p: np.abs(p[:, axis]) - half)


def sphere(node: Node, _true: bool) -> Solid:
    """A ball."""
    radius = float(node["radius"])
    return ball(radius)


def ball(radius: float) -> Solid:
    """A ball of a radius in metres."""
    return Solid((Face(lambda p: np.linalg.norm(p, axis=1) - radius),), box_about([radius] * 3))


def ellipsoid(node: Node, true: bool) -> Solid:
    """An ellipsoid; `true` asks for the distance that it has below an offset."""
    radii = np.asarray(node["radii"], dtype=float)
    if radii.min() == radii.max():
        return ball(float(radii[0]))
    field = true_ellipsoid if true else plain_ellipsoid
    face = Face(lambda p: field(p, radii))
    return Solid((face,), box_about(radii), 1.4, float(radii.min() / radii.max()), False)


def ellipsoid_scales(points: Array, radii: Array) -> tuple[Array, Array]:
    """`k` and `k / l` of the document at points (N, 3), each (N,); at the origin `k / l` is `a`."""
    k = np.linalg.norm(points / radii, axis=1)
    low = np.linalg.norm(points / radii**2, axis=1)
    ratio = np.divide(k, low, out=np.full_like(k, radii.min()), where=low > 0)
    return k, ratio


def plain_ellipsoid(points: Array, radii: Array) -> Array:
    """The field of an ellipsoid that no offset stands above."""
    k, ratio = ellipsoid_scales(points, radii)
    small, large = radii.min(), radii.max()
    e = (k - 1) * np.maximum(ratio, small)
    s = (k - 1) * small
    t = small**2 / (4 * large)
    return np.clip(e, np.minimum(-t, s), np.maximum(t, s))


def true_ellipsoid(points: Array, radii: Array) -> Array:
    """The distance to an ellipsoid below an offset: the nearest normal is found in two steps."""
    k, ratio = ellipsoid_scales(points, radii)
    small, large = radii.min(), radii.max()
    normal = ellipsoid_normal(points, radii, (k - 1) * ratio**2)
    s = (k - 1) * small
    low = np.maximum(np.minimum(1.4 * s, -(small**2) / (4 * large)), -0.7 * small)
    reach = np.linalg.norm(radii * normal, axis=1)
    return np.maximum(np.sum(normal * points, axis=1) - reach, low)


def ellipsoid_normal(points: Array, radii: Array, guess: Array) -> Array:
    """Unit normals (N, 3) at the surface points nearest to `points`, from a `guess` (N,)."""
    fall = np.argsort(-radii, kind="stable")
    r, p = radii[fall], points[:, fall]
    rp = r * p
    bounds = [
        guess,
        np.linalg.norm(rp, axis=1) - r[0] ** 2,
        np.linalg.norm(rp[:, 1:], axis=1) - r[1] ** 2,
        np.full(len(p), -0.95 * r[2] ** 2),
    ]
    t0 = np.max(bounds, axis=0)
    u = rp / (t0[:, None] + r**2)
    w = u / (t0[:, None] + r**2)
    size, uw = np.linalg.norm(u, axis=1), np.maximum(np.sum(u * w, axis=1), TINY)
    step = (size - 1) * size**2 / uw
    bend = (size * np.linalg.norm(w, axis=1) / uw) ** 2 - 1
    t1 = t0 + step * (1 + (size - 1) * bend)
    normal = points / (t1[:, None] + radii**2)
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    return normal / np.maximum(length, TINY)


def box(node: Node, _true: bool) -> Solid:
    """A box with sharp edges."""
    half = np.asarray(node["half_extents"], dtype=float)
    return Solid(tuple(slab(i, half[i]) for i in range(3)), box_about(half))


def rounded_box(node: Node, _true: bool) -> Solid:
    """A box with round edges, the rounding within its size."""
    half, radius = np.asarray(node["half_extents"], dtype=float), float(node["radius"])
    face = Face(lambda p: corner(*(np.abs(p) - (half - radius)).T) - radius, True)
    return Solid((face,), box_about(half))


def cylinder(node: Node, _true: bool) -> Solid:
    """A cylinder about the y axis."""
    radius, height = float(node["radius"]), float(node["half_height"])
    faces = (Face(lambda p: from_axis(p) - radius), slab(1, height))
    return Solid(faces, box_about([radius, height, radius]))


def capsule(node: Node, _true: bool) -> Solid:
    """A cylinder about the y axis with half balls for ends."""
    radius, height = float(node["radius"]), float(node["half_height"])

    def field(p: Array) -> Array:
        y = p[:, 1] - np.clip(p[:, 1], -height, height)
        return np.hypot(from_axis(p), y) - radius

    return Solid((Face(field),), box_about([radius, height + radius, radius]))


def cone(node: Node, _true: bool) -> Solid:
    """A cone about the y axis, both ends cut flat."""
    bottom, top = float(node["radius_bottom"]), float(node["radius_top"])
    height = float(node["half_height"])
    return lathed([[0, -height], [bottom, -height], [top, height], [0, height]])


def torus(node: Node, _true: bool) -> Solid:
    """A ring about the y axis."""
    major, minor = float(node["major_radius"]), float(node["minor_radius"])
    face = Face(lambda p: np.hypot(from_axis(p) - major, p[:, 1]) - minor)
    return Solid((face,), box_about([major + minor, minor, major + minor]))


def plane(node: Node, _true: bool) -> Solid:
    """Everything behind a plane."""
    normal = np.asarray(node["normal"], dtype=float)
    normal = normal / np.linalg.norm(normal)
    offset = float(node.get("offset", 0))
    half_space = box_about([math.inf] * 3)
    along = np.flatnonzero(normal)
    if len(along) == 1:
        side = half_space.hi if normal[along[0]] > 0 else half_space.lo
        side[along[0]] = offset * normal[along[0]]
    return Solid((Face(lambda p: p @ normal - offset),), half_space)


def hexagonal_prism(node: Node, _true: bool) -> Solid:
    """A prism with six equal sides about the y axis, two of them facing along x."""
    apothem, height = float(node["apothem"]), float(node["half_height"])
    outer = apothem * 2 / math.sqrt(3)
    angles = np.arange(6) * math.pi / 3 + math.pi / 6
    corners = outer * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    sides = Face(lambda p: polygon(p[:, 0], p[:, 2], corners), True)
    return Solid((sides, slab(1, height)), box_about([apothem, height, outer]))


def extruded_polygon(node: Node, _true: bool) -> Solid:
    """A polygon in the x-y plane, extruded along z."""
    corners, depth = np.asarray(node["points"], dtype=float), float(node["half_depth"])
    sides = Face(lambda p: polygon(p[:, 0], p[:, 1], corners), True)
    bounds = Box(np.append(corners.min(axis=0), -depth), np.append(corners.max(axis=0), depth))
    return Solid((sides, slab(2, depth)), bounds)


def revolved_polygon(node: Node, _true: bool) -> Solid:
    """A polygon turned about the y axis."""
    return lathed(node["points"])


def lathed(points: Sequence[Sequence[float]]) -> Solid:
    """A profile of corners `[distance from the axis, height]` turned about the y axis."""
    corners = np.asarray(points, dtype=float)
    on_axis = (corners[:, 0] == 0) & (np.roll(corners[:, 0], -1) == 0)
    face = Face(lambda p: polygon(from_axis(p), p[:, 1], corners, on_axis), True)
    reach, (low, high) = corners[:, 0].max(), (corners[:, 1].min(), corners[:, 1].max())
    return Solid((face,), Box(np.array([-reach, low, -reach]), np.array([reach, high, reach])))


def polygon(x: Array, y: Array, corners: Array, unbounded: Array | None = None) -> Array:
    """Signed distances of (x, y), each (N,), to a polygon of `corners` (M, 2).

    Edges marked in `unbounded` (M,) count for what is inside, but not for the distance.
    """
    square = np.full(len(x), np.inf)
    inside = np.zeros(len(x), dtype=bool)
    for i, ((ax, ay), (bx, by)) in enumerate(
        zip(corners, np.roll(corners, -1, axis=0), strict=True)
    ):
        ex, ey = bx - ax, by - ay
        across = (ay > y) != (by > y)
        if ey != 0:
            inside ^= across & (x < ax + (y - ay) * ex / ey)
        length = ex * ex + ey * ey
        if length == 0 or (unbounded is not None and unbounded[i]):
            continue
        share = np.clip(((x - ax) * ex + (y - ay) * ey) / length, 0, 1)
        square = np.minimum(square, (x - ax - share * ex) ** 2 + (y - ay - share * ey) ** 2)
    return np.where(inside, -1.0, 1.0) * np.sqrt(square)
