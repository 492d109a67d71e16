"""Repeats of a DNA recipe: hard unions of copies on a grid or about the y axis.

written from docs/dna.md alone

Few copies all count; of many only the own one of a point and its neighbours do.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from field.ops import (
    Leaf,
    Sample,
    Sampler,
    Shape,
    box_around,
    hard_union,
    rotate,
    sample_mapped,
    translate,
)
from field.shapes import Array, Box, Piece

ALLOWED = 1 + 1e-5  # a child may be this much wider than its cell
SEARCHED = 1 / 1000  # of the cell, how closely a child's reach is searched
MOST_BOXES = 200_000  # of one round of a search

Measure = Callable[[Array], Array]
Bound = Callable[[Array, Array], Array]


def few(child: Shape, fits: bool) -> int:
    """Up to how many copies all of them count."""
    if not fits:
        return 64
    return 2 if child.exact else 16


def nearest_cells(u: Array) -> tuple[Array, Array]:
    """The own cell of `u` (N,), in cells from the first one's beginning, and the neighbour."""
    own = np.floor(u)
    return own, np.where(u - own >= 0.5, own + 1, own - 1)


def union_sampler(copies: Sequence[Sampler]) -> Sampler:
    """The hard union of samplers."""
    return lambda points, leaf: hard_union([copy(points, leaf) for copy in copies])


# On a grid


def linear_repeat(child: Shape, counts: Sequence[int], spacing: Sequence[float]) -> Shape:
    """Copies on a grid centred on the origin, `spacing` (3,) metres apart."""
    steps = [
        [(i - (n - 1) / 2) * s if n > 1 else 0.0 for i in range(n)]
        for n, s in zip(counts, spacing, strict=True)
    ]
    ends = [translate(child, end).box for end in ([s[0] for s in steps], [s[-1] for s in steps])]
    fits = all(
        fits_about_zero(child.box.lo[i], child.box.hi[i], spacing[i])
        for i in range(3)
        if counts[i] > 1
    )
    if math.prod(counts) <= few(child, fits):
        sampler = union_sampler([translate(child, by).sample for by in itertools.product(*steps)])
    else:
        middles = [cell_middle(child, i, counts[i], spacing[i]) for i in range(3)]
        sampler = grid_sampler(child, counts, spacing, middles)
    return replace(child, sample=sampler, box=box_around(ends), bare=False)


def fits_about_zero(first: float, last: float, spacing: float) -> bool:
    """Whether what reaches from `first` to `last` fits a cell about 0, all in metres."""
    return max(-first, last) <= spacing / 2 * ALLOWED


def cell_middle(child: Shape, axis: int, count: int, spacing: float) -> float:
    """`m`: what the cells stand about along an axis, metres."""
    first, last = child.box.lo[axis], child.box.hi[axis]
    if count == 1 or fits_about_zero(first, last, spacing):
        return 0.0
    if not child.tight:
        first, last = searched_reach(child, axis, spacing * SEARCHED)
        if fits_about_zero(first, last, spacing):
            return 0.0
    return float(first + last) / 2


def grid_sampler(
    child: Shape, counts: Sequence[int], spacing: Sequence[float], middles: Sequence[float]
) -> Sampler:
    """The own copy of each point and its neighbours along each axis."""

    def choices(points: Array, axis: int) -> list[Array]:
        n, width = counts[axis], spacing[axis]
        if n == 1:
            return [np.zeros(len(points))]
        own = np.clip(np.floor(u := (points[:, axis] - middles[axis]) / width + n / 2), 0, n - 1)
        near = np.clip(np.where(u - own >= 0.5, own + 1, own - 1), 0, n - 1)
        return [(i - (n - 1) / 2) * width for i in (own, near)]

    def sample(points: Array, leaf: Leaf) -> Sample:
        cells = itertools.product(*(choices(points, axis) for axis in range(3)))
        return hard_union([shifted(child, np.stack(by, axis=1), points, leaf) for by in cells])

    return sample


def shifted(child: Shape, by: Array, points: Array, leaf: Leaf) -> Sample:
    """The copy that stands at `by` (N, 3), for each point one of its own."""
    return sample_mapped(child.sample, lambda p: p - by, points, leaf)


# About the axis


def polar_repeat(child: Shape, count: int) -> Shape:
    """`count` copies turned evenly about the y axis."""
    turns = [rotate(child, (0, 1, 0), 2 * math.pi * i / count) for i in range(count)]
    middle, half = box_directions(child.box)
    fits = half <= math.pi / count * ALLOWED
    if count <= few(child, fits):
        sampler = union_sampler([turn.sample for turn in turns])
    else:
        if not fits:
            middle = searched_direction(child, middle, 2 * math.pi / count * SEARCHED)
        sampler = ring_sampler(child, count, middle)
    box = box_around([turn.box for turn in turns])
    return replace(child, sample=sampler, box=box, tight=False, bare=False)


def box_directions(box: Box) -> tuple[float, float]:
    """The middle of a box's directions from the y axis and half their width, radians."""
    lo, hi = box
    x, z = (lo[0] + hi[0]) / 2, (lo[2] + hi[2]) / 2
    if not np.all(np.isfinite([x, z])):
        return 0.0, math.inf
    middle = math.atan2(x, z)
    if lo[0] <= 0 <= hi[0] and lo[2] <= 0 <= hi[2]:
        return middle, math.inf
    angles = [
        wrapped(math.atan2(cx, cz) - middle) for cx in (lo[0], hi[0]) for cz in (lo[2], hi[2])
    ]
    return middle + (min(angles) + max(angles)) / 2, (max(angles) - min(angles)) / 2


def wrapped(angle: float | Array) -> float | Array:
    """An angle within plus and minus half a turn, radians."""
    return (angle + math.pi) % (2 * math.pi) - math.pi


def ring_sampler(child: Shape, count: int, middle: float) -> Sampler:
    """The own copy of each point and its nearest neighbour about the axis."""
    width = 2 * math.pi / count

    def sample(points: Array, leaf: Leaf) -> Sample:
        u = (np.arctan2(points[:, 0], points[:, 2]) - middle) / width + 0.5
        cells = nearest_cells(u)
        return hard_union(
            [sample_mapped(child.sample, turned(cell * width), points, leaf) for cell in cells]
        )

    return sample


def turned(angle: Array) -> Piece:
    """The map (N, 3) to (N, 3) into the space of a copy turned by `angle` (N,) radians."""
    c, s = np.cos(angle), np.sin(angle)
    return lambda p: np.stack(
        [p[:, 0] * c - p[:, 2] * s, p[:, 1], p[:, 0] * s + p[:, 2] * c], axis=1
    )


# Reach of a child whose box says too much


def searched_reach(child: Shape, axis: int, tolerance: float) -> tuple[float, float]:
    """Where the child begins and ends along an axis, metres."""
    if not np.all(np.isfinite(child.box.half)):
        return float(child.box.lo[axis]), float(child.box.hi[axis])

    def far(sign: float) -> float:
        def value(centers: Array) -> Array:
            return sign * centers[:, axis]

        return farthest(child, value, lambda c, half: value(c) + half[axis], tolerance)

    return -far(-1.0), far(1.0)


def searched_direction(child: Shape, about: float, tolerance: float) -> float:
    """The middle of the child's directions from the axis, radians, searched near `about`."""
    if not np.all(np.isfinite(child.box.half)):
        return about

    def far(sign: float) -> float:
        def value(centers: Array) -> Array:
            return sign * wrapped(np.arctan2(centers[:, 0], centers[:, 2]) - about)

        def bound(centers: Array, half: Array) -> Array:
            away = np.hypot(centers[:, 0], centers[:, 2])
            reach = np.arcsin(np.minimum(np.hypot(half[0], half[2]) / np.maximum(away, 1e-300), 1))
            return np.where(reach < math.pi / 2, value(centers) + reach, math.pi)

        return farthest(child, value, bound, tolerance)

    return about + (far(1.0) - far(-1.0)) / 2


def farthest(child: Shape, value: Measure, bound: Bound, tolerance: float) -> float:
    """The largest `value` in the child, from above: boxes are halved while they may hold more.

    `value` takes points (N, 3), `bound` centres (N, 3) and half sizes (3,) of boxes.
    """
    centers, half = (child.box.lo + child.box.hi)[None] / 2, child.box.half
    best, top = -math.inf, math.inf
    signs = np.array(list(itertools.product((-0.5, 0.5), repeat=3)))
    while 0 < len(centers) * 8 <= MOST_BOXES and top - best > tolerance:
        centers, half = (centers[:, None] + signs * half).reshape(-1, 3), half / 2
        distance = child.distance(centers)
        inside = distance <= 0
        if inside.any():
            best = max(best, float(value(centers[inside]).max()))
        upper = bound(centers, half)
        kept = (distance <= child.slope * np.linalg.norm(half)) & (upper > best)
        centers = centers[kept]
        top = float(upper[kept].max()) if kept.any() else best
    return top
