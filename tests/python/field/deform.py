"""Deformations of a DNA recipe, and the forms that fields take below an offset.

written from docs/dna.md alone

`offset` is the size in metres of the offsets above a node, in its own space, and 0 where there is
none. With one, a deformed child is evaluated piece by piece as `f / G`, `G` the length of the
gradient in the world.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from field.ops import Sample, Shape, mapped, plain, whole
from field.shapes import Array, Box, Piece

Core = Callable[[Array], Sample]
Metric = Callable[[Array, Array, Array], Array]

STEP = 1e-3  # of the offset, for gradients of smooth pieces
CREASE = 0.3  # of the offset, over which a gradient turns at a crease
MARGIN = 1.15  # of the offset, beyond the box of a deformation
FLOOR = 1e-3  # smallest gradient to divide by


def sigma(t: float) -> float:
    """The larger stretch of a shear by `t`."""
    return (t + math.sqrt(t * t + 4)) / 2


def gradient(piece: Piece, points: Array, step: float) -> Array:
    """Gradients (N, 3) of a field over `step` metres to both sides, to one where they cancel."""
    result = np.empty_like(points)
    middle = None
    for axis in range(3):
        by = np.zeros(3)
        by[axis] = step
        after, before = piece(points + by), piece(points - by)
        slope = (after - before) / (2 * step)
        if np.any(flat := (slope == 0) & (after != 0)):
            middle = piece(points) if middle is None else middle
            slope = np.where(flat, (after - middle) / step, slope)
        result[:, axis] = slope
    return result


def piecewise(child: Shape, place: Array, metric: Metric, offset: float) -> Sample:
    """The child at `place` (N, 3) in its space, below an offset each of its pieces over `G`."""
    if offset <= 0:
        return child.sample(place, plain)

    def leaf(piece: Piece, points: Array, creased: bool) -> Array:
        field = piece(points)
        normal = gradient(piece, points, offset * (CREASE / 2 if creased else STEP))
        return field / np.maximum(metric(field, normal, points), FLOOR)

    return child.sample(place, leaf)


def extended(core: Core, box: Box, slope: float) -> Core:
    """The field within a box, and its continuation outside at the given slope."""

    def field(points: Array) -> Sample:
        nearest = np.clip(points, box.lo, box.hi)
        away = np.linalg.norm(points - nearest, axis=1)
        inside, part = core(nearest)
        rise = np.multiply(away, slope, out=np.zeros_like(away), where=away > 0)
        return np.minimum(inside, 0) + np.hypot(rise, np.maximum(inside, 0)), part

    return field


def extended_below(core: Core, box: Box, offset: float) -> Core:
    """The continuation of twist and taper below an offset."""
    inner = extended(core, box.padded(MARGIN * offset), 1.0)

    def field(points: Array) -> Sample:
        distance, part = inner(points)
        to_box = box.distance(points)
        return np.maximum(distance, np.minimum(0.7 * to_box, 2 * to_box)), part

    return field


def deformed(core: Core, box: Box, slope: float, offset: float) -> Shape:
    """A twist or taper from its field within the box."""
    if offset > 0:
        return Shape(whole(extended_below(core, box, offset)), box, slope, 0.7)
    return Shape(whole(extended(core, box, slope)), box, slope, 1.0)


def twist(child: Shape, rate: float, offset: float) -> Shape:
    """The child twisted about the y axis by `rate` radians per metre."""
    if rate == 0:
        return child
    half = child.box.half[1]
    reach = 1.02 * child.box.radius()
    low, high = child.box.lo[1] - 0.02 * half, child.box.hi[1] + 0.02 * half
    box = Box(np.array([-reach, low, -reach]), np.array([reach, high, reach]))
    slope = sigma(math.sqrt(2) * reach * abs(rate)) * child.slope

    def metric(f: Array, n: Array, q: Array) -> Array:
        lever = n[:, 0] * q[:, 2] - n[:, 2] * q[:, 0]
        square = n[:, 0] ** 2 + n[:, 2] ** 2
        g2 = np.maximum(square + (n[:, 1] - rate * lever) ** 2, FLOOR**2)
        radial = n[:, 0] * q[:, 0] + n[:, 2] * q[:, 2]
        h = np.clip(rate**2 * f * radial / (2 * g2), -0.5, 0.5)
        return np.sqrt(square + (n[:, 1] - rate * lever * (1 + h)) ** 2)

    def core(p: Array) -> Sample:
        c, s = np.cos(rate * p[:, 1]), np.sin(rate * p[:, 1])
        x, z = p[:, 0] * c - p[:, 2] * s, p[:, 0] * s + p[:, 2] * c
        return piecewise(child, np.stack([x, p[:, 1], z], axis=1), metric, offset)

    return deformed(core, box, slope, offset)


@dataclass(frozen=True)
class Factors:
    """The factors of a taper along y: linear within plus and minus `half_height` metres."""

    half_height: float
    bottom: float
    top: float

    @property
    def slope(self) -> float:
        """Change of the factor per metre."""
        return (self.top - self.bottom) / (2 * self.half_height)

    def at(self, y: Array) -> Array:
        """The factors at heights y."""
        held = np.clip(y, -self.half_height, self.half_height)
        return (self.bottom + self.top) / 2 + held * self.slope

    def slope_at(self, y: Array, box: Box, fade: float) -> Array:
        """Slopes at heights (N,): past an end that the child's box exceeds they fade to 0."""
        above, below = y - self.half_height, -self.half_height - y
        past = np.zeros_like(y)
        if box.hi[1] > self.half_height:
            past = np.maximum(past, above)
        if box.lo[1] < -self.half_height:
            past = np.maximum(past, below)
        return self.slope * np.clip(1 - past / fade, 0, 1)


def tapered_box(child: Box, factors: Factors) -> Box:
    """`B` of a taper."""
    ends = factors.at(np.array([child.lo[1], child.hi[1]]))
    scaled = np.stack([child.lo * ends[:, None], child.hi * ends[:, None]])
    lo, hi = scaled[0].min(axis=0), scaled[1].max(axis=0)
    lo[1], hi[1] = child.lo[1], child.hi[1]
    box = Box(lo, hi)
    return box.padded(0.02 * box.half)


def taper(child: Shape, factors: Factors, offset: float) -> Shape:
    """The child's cross-section scaled along y."""
    if factors.bottom == 1 and factors.top == 1:
        return child
    box = tapered_box(child.box, factors)
    k = abs(factors.slope)
    limit = 0.2 * child.box.longest
    smallest = float(np.min(factors.at(np.array([box.lo[1], box.hi[1]]))))
    extra = limit * k if k > 0 and smallest < 1 else 0.0
    reach = (child.box.radius() + limit / child.growth) * k if k > 0 else 0.0
    slope = max(1.0, sigma(reach) * child.slope + extra)

    def metric(f: Array, n: Array, q: Array) -> Array:
        y = q[:, 1]
        s, change = factors.at(y), factors.slope_at(y, child.box, MARGIN * offset)
        radial = n[:, 0] * q[:, 0] + n[:, 2] * q[:, 2]
        square = n[:, 0] ** 2 + n[:, 2] ** 2
        along = s * n[:, 1] - change * (radial - f * square)
        return np.sqrt(square + along**2) / s

    def core(p: Array) -> Sample:
        s = factors.at(p[:, 1])
        place = np.stack([p[:, 0] / s, p[:, 1], p[:, 2] / s], axis=1)
        if offset > 0:
            return piecewise(child, place, metric, offset)
        distance, part = child.sample(place, plain)
        return np.minimum(s, 1) * np.clip(distance, -limit, limit), part

    return deformed(core, box, slope, offset)


@dataclass(frozen=True)
class Sector:
    """The part of a ring that a bent box fills, about the bend's centre (0, `radius`)."""

    radius: float
    inner: float
    outer: float
    middle: float
    half: float
    box: Box

    def turned(self, points: Array) -> tuple[Array, Array]:
        """`X` and `Y`, each (N,): points seen from the centre, Y towards the sector's middle."""
        c, s = math.cos(self.middle), math.sin(self.middle)
        x, y = points[:, 0], self.radius - points[:, 1]
        return x * c - y * s, x * s + y * c

    def distance(self, points: Array) -> Array:
        """`b`: the largest distance to a side of the sector or of its box, (N,)."""
        x, y = self.turned(points)
        d = np.hypot(x, y)
        c, s = math.cos(self.half), math.sin(self.half)
        sides = [self.inner - d, d - self.outer, np.abs(x) * c - y * s]
        if c > 0:
            sides.append(self.inner * c - y)
        walls = np.maximum(self.box.lo - points, points - self.box.hi)
        return np.maximum(np.max(sides, axis=0), np.max(walls, axis=1))


def sector_about(child: Box, curvature: float) -> Sector:
    """The sector of a child's box bent by a positive curvature."""
    radius = 1 / curvature
    first, last = child.lo[0] / radius, child.hi[0] / radius
    if max(abs(first), abs(last)) <= math.pi / 2:
        middle, half = 0.0, max(abs(first), abs(last))
    else:
        middle, half = (first + last) / 2, (last - first) / 2
    inner, outer = radius - child.hi[1], radius - child.lo[1]
    quarter = math.pi / 2
    turns = range(math.ceil((middle - half) / quarter), math.floor((middle + half) / quarter) + 1)
    angles = np.array([middle - half, middle + half, *(i * quarter for i in turns)])
    rays = np.stack([np.sin(angles), -np.cos(angles)], axis=1)
    corners = np.concatenate([rays * inner, rays * outer])
    corners[:, 1] += radius
    box = Box(
        np.append(corners.min(axis=0), child.lo[2]), np.append(corners.max(axis=0), child.hi[2])
    )
    return Sector(radius, inner, outer, middle, half, box.padded(1e-6 * box.half))


def flipped(child: Shape) -> Shape:
    """The child with y negated."""
    sign = np.array([1.0, -1.0, 1.0])
    ends = np.stack([child.box.lo * sign, child.box.hi * sign])
    box = Box(ends.min(axis=0), ends.max(axis=0))
    return replace(child, sample=mapped(child, lambda p: p * sign), box=box)


def bend(child: Shape, curvature: float, offset: float) -> Shape:
    """The child's x axis bent into an arc of `curvature` per metre, towards +y."""
    reach = np.max(np.abs([child.box.lo, child.box.hi]))
    if abs(curvature) * reach < 1e-7:
        return child
    if curvature < 0:
        return flipped(bend(flipped(child), -curvature, offset))
    sector = sector_about(child.box, curvature)
    gamma = math.sin(sector.half) if sector.half > math.pi / 2 else 1.0
    margin = min(sector.inner * gamma / 4, child.box.longest / 2)
    slope = child.slope * max(1.0, sector.radius / (sector.inner - margin))
    if offset > 0:
        margin = max(margin, min(MARGIN * offset, 0.6 * sector.inner * gamma))

    def metric(f: Array, n: Array, q: Array) -> Array:
        ratio = np.maximum(1 - (q[:, 1] - f * n[:, 1] / 2) * curvature, FLOOR)
        return np.sqrt((n[:, 0] / ratio) ** 2 + n[:, 1] ** 2 + n[:, 2] ** 2)

    def field(p: Array) -> Sample:
        x, y = sector.turned(p)
        along = sector.radius * (sector.middle + np.arctan2(x, y))
        place = np.stack([along, sector.radius - np.hypot(x, y), p[:, 2]], axis=1)
        c, part = piecewise(child, place, metric, offset)
        b = sector.distance(p)
        return np.minimum(np.maximum(c, b), np.maximum(margin, b)), part

    return Shape(whole(field), sector.box, slope, 1 / math.sqrt(3))


# Rough surfaces and seams


@dataclass(frozen=True)
class Pattern:
    """A `displace` pattern: of each octave the amplitude in metres and waves per metre, as 2π."""

    kind: str
    amplitudes: Sequence[float]
    waves: Sequence[float]

    def octaves(self, points: Array) -> list[Array]:
        """What each octave adds to the field, each (N,) metres."""
        return [
            a * PATTERNS[self.kind](points * k)
            for a, k in zip(self.amplitudes, self.waves, strict=True)
        ]

    def bump(self, points: Array) -> Array:
        """Half the mean second derivative, turned positive where the pattern is, (N,) per metre."""
        share = 3 if self.kind == "gyroid" else 2
        octaves = zip(self.octaves(points), self.waves, strict=True)
        return np.sum([m * k * k for m, k in octaves], axis=0) / share


def gyroid(p: Array) -> Array:
    """The winding pattern at scaled points (N, 3)."""
    (sx, sy, sz), (cx, cy, cz) = np.sin(p.T), np.cos(p.T)
    return (sx * cy + sy * cz + sz * cx) / 1.5


PATTERNS: dict[str, Piece] = {"gyroid": gyroid, "sine": lambda p: np.prod(np.sin(p), axis=1)}


def displacement(kind: str, amplitude: float, wavelength: float, octaves: int) -> Pattern:
    """The pattern of a `displace` node, amplitude and wavelength in metres."""
    shares = [0.5**i for i in range(octaves)]
    amplitudes = [amplitude * share / sum(shares) for share in shares]
    return Pattern(kind, amplitudes, [2 * math.pi / wavelength / share for share in shares])


def displace(child: Shape, pattern: Pattern, offset: float) -> Shape:
    """The child's surface moved in and out by a pattern."""

    def inner(points: Array) -> Sample:
        distance, part = child.sample(points, plain)
        return distance + np.sum(pattern.octaves(points), axis=0), part

    terms = list(zip(pattern.amplitudes, pattern.waves, strict=True))
    steep = sum(a * k for a, k in terms) * (1.1559 if pattern.kind == "gyroid" else 1)
    box = child.box.padded(sum(pattern.amplitudes) / child.growth)
    shape = Shape(whole(inner), box, child.slope + steep, child.growth)
    tightest = 1 / sum(a * k * k for a, k in terms)
    return steadied(shape, tightest, offset, pattern.bump)


def steadied(shape: Shape, tightest: float, offset: float, bump: Piece | None = None) -> Shape:
    """A rough or smoothly blended field as a distance below an offset.

    `tightest` is the surface's radius of curvature in metres, `bump` what a rough one adds to `G`.
    """
    if offset <= 0:
        return shape
    trust = 1 / (1 + (offset / tightest) ** 2)
    trust = 1.0 if trust > 0.9 else trust

    def inner(points: Array) -> Sample:
        field, part = shape.sample(points, plain)
        length = np.linalg.norm(gradient(shape.distance, points, STEP * offset), axis=1)
        held = np.clip(field, -1.75 * offset, 1.75 * offset)
        if bump is not None:
            length = length + held * bump(points)
        length = trust * length + 1 - trust
        if bump is not None or trust == 1:
            length = np.maximum(length, 0.4)
        return field + held * (1 / length - 1), part

    return replace(shape, sample=whole(inner))
