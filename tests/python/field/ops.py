"""Operators of a DNA recipe: combinations, moves, offsets, and the tree node `Shape`.

written from docs/dna.md alone

A sampler takes points (N, 3) in the node's own space, in metres, and a leaf, and returns distances
(N,) in metres and part numbers (N,). The leaf evaluates each piece, a field that is left when
minima, maxima and corners are taken apart; `plain` just calls it. Below an offset, deformations
pass other leaves down.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from field.shapes import Array, Box, Piece, Solid, corner

Parts = NDArray[np.int64]
Sample = tuple[Array, Parts]
Leaf = Callable[[Piece, Array, bool], Array]
Sampler = Callable[[Array, Leaf], Sample]


@dataclass(frozen=True)
class Shape:
    """A node: its sampler and the facts `B`, `L` and `g` that go up the tree.

    `exact`: a true distance outside. `tight`: the box touches the shape on all sides.
    `bare`: a primitive that was only moved, turned or scaled.
    """

    sample: Sampler
    box: Box
    slope: float = 1.0
    growth: float = 1.0
    exact: bool = False
    tight: bool = False
    bare: bool = False

    def distance(self, points: Array) -> Array:
        """The field at points (N, 3), metres."""
        return self.sample(points, plain)[0]


@dataclass(frozen=True)
class Blend:
    """A seam: `smooth` or `chamfer`, and its radius in metres."""

    kind: str
    radius: float


def plain(piece: Piece, points: Array, _creased: bool) -> Array:
    """The leaf that leaves pieces as they are."""
    return piece(points)


def primitive(solid: Solid, part: int) -> Shape:
    """A solid as a node of one part."""

    def sample(points: Array, leaf: Leaf) -> Sample:
        sides = [leaf(face.piece, points, face.creased) for face in solid.faces]
        return corner(*sides), np.full(len(points), part)

    return Shape(sample, solid.box, solid.slope, solid.growth, solid.exact, True, True)


def whole(inner: Callable[[Array], Sample], creased: bool = True) -> Sampler:
    """A sampler that leaves see as one piece."""

    def sample(points: Array, leaf: Leaf) -> Sample:
        distance, part = inner(points)
        if leaf is plain:
            return distance, part
        return leaf(lambda x: inner(x)[0], points, creased), part

    return sample


def sample_mapped(child: Sampler, forward: Piece, points: Array, leaf: Leaf) -> Sample:
    """The child at `forward(points)`, its pieces seen from the space of `points`."""
    if leaf is plain:
        return child(forward(points), plain)

    def inner(piece: Piece, _points: Array, creased: bool) -> Array:
        return leaf(lambda x: piece(forward(x)), points, creased)

    return child(forward(points), inner)


def mapped(child: Shape, forward: Piece) -> Sampler:
    """A sampler of the child at moved points, for maps that keep lengths."""
    return lambda points, leaf: sample_mapped(child.sample, forward, points, leaf)


# Combinations


def hard_union(samples: Sequence[Sample]) -> Sample:
    """The smallest distance and its part, the first where they tie."""
    distance, part = samples[0]
    for other, its_part in samples[1:]:
        part = np.where(other < distance, its_part, part)
        distance = np.minimum(distance, other)
    return distance, part


def smooth_fold(fields: Sequence[Array], radius: float) -> Array:
    """Smooth union of fields (N,), in their order."""
    a = fields[0]
    for b in fields[1:]:
        h = np.maximum(radius - np.abs(a - b), 0)
        a = np.minimum(a, b) - h * h / (4 * radius)
    return a


def chamfer_fold(fields: Sequence[Array], radius: float) -> Array:
    """Chamfered union of fields (N,), in their order."""
    a = fields[0]
    for b in fields[1:]:
        a = np.minimum(np.minimum(a, b), (a + b - radius) / math.sqrt(2))
    return a


class Combination:
    """`union`, `intersect` and `subtract` as a union of children with signs.

    `sign` (-1 for intersections) turns the result, `signs` the children before.
    """

    def __init__(self, op: str, children: Sequence[Shape], blend: Blend | None) -> None:
        """A combination; with one child there is nothing to blend."""
        self.op, self.children = op, children
        self.blend = blend if len(children) > 1 else None
        self.sign = 1.0 if op == "union" else -1.0
        self.signs = [
            self.sign if i == 0 or op != "subtract" else 1.0 for i in range(len(children))
        ]

    def sample(self, points: Array, leaf: Leaf) -> Sample:
        """Distances and parts, the children's pieces through `leaf`."""
        samples = [
            (sign * d, part)
            for sign, (d, part) in zip(
                self.signs, (c.sample(points, leaf) for c in self.children), strict=True
            )
        ]
        distance, part = hard_union(samples)
        if self.op == "subtract":
            part = samples[0][1]
        if self.blend is not None:
            distance = self.seamed([d for d, _ in samples], points, leaf)
        return self.sign * distance, part

    def seamed(self, fields: Sequence[Array], points: Array, leaf: Leaf) -> Array:
        """The signed children's fields, each (N,), with seams."""
        assert self.blend is not None
        if self.blend.kind == "smooth":
            return smooth_fold(fields, self.blend.radius)
        if leaf is plain:
            return chamfer_fold(fields, self.blend.radius)
        result = fields[0]
        for i in range(1, len(fields)):
            seam = leaf(lambda x, upto=i: self.chamfer_piece(x, upto), points, True)
            result = np.minimum(np.minimum(result, fields[i]), seam)
        return result

    def chamfer_piece(self, points: Array, last: int) -> Array:
        """The bevel between the first `last` children and the next one, a piece of its own."""
        fields = [
            s * c.distance(points)
            for s, c in zip(self.signs[: last + 1], self.children[: last + 1], strict=True)
        ]
        radius = self.blend.radius if self.blend else 0.0
        return (chamfer_fold(fields[:-1], radius) + fields[-1] - radius) / math.sqrt(2)


def combine(op: str, children: Sequence[Shape], blend: Blend | None) -> Shape:
    """`union`, `intersect` or `subtract` of children, with facts; a smooth one is one piece."""
    node = Combination(op, children, blend)
    smooth = node.blend is not None and node.blend.kind == "smooth"
    sampler = whole(lambda p: node.sample(p, plain)) if smooth else node.sample
    plain_union = op == "union" and node.blend is None
    return Shape(
        sampler,
        combined_box(op, children, node.blend),
        combined_slope(children, node.blend),
        combined_growth(op, children),
        exact=plain_union and all(c.exact for c in children),
        tight=plain_union and all(c.tight for c in children),
    )


def box_around(boxes: Sequence[Box]) -> Box:
    """The smallest box about boxes."""
    return Box(np.min([b.lo for b in boxes], axis=0), np.max([b.hi for b in boxes], axis=0))


def combined_box(op: str, children: Sequence[Shape], blend: Blend | None) -> Box:
    """`B` of a combination."""
    boxes = [c.box for c in children]
    if op == "subtract":
        return boxes[0]
    if op == "intersect":
        return Box(np.max([b.lo for b in boxes], axis=0), np.min([b.hi for b in boxes], axis=0))
    if blend is None:
        return box_around(boxes)
    sink = 0.0
    for _ in children[1:]:
        sink = sink + (1 - sink) ** 2 / 4 if blend.kind == "smooth" else (1 + sink) / 2
    return box_around([c.box.padded(blend.radius * sink / c.growth) for c in children])


def combined_slope(children: Sequence[Shape], blend: Blend | None) -> float:
    """`L` of a combination."""
    slope = children[0].slope
    for child in children[1:]:
        seam = (slope + child.slope) / math.sqrt(2)
        chamfered = blend is not None and blend.kind == "chamfer"
        slope = max(slope, child.slope, seam if chamfered else 0)
    return slope


def combined_growth(op: str, children: Sequence[Shape]) -> float:
    """`g` of a combination."""
    if op == "subtract":
        return children[0].growth
    growth = min(c.growth for c in children)
    return growth / math.sqrt(min(len(children), 3)) if op == "intersect" else growth


def morph(start: Shape, end: Shape, factor: float) -> Shape:
    """A mix of two fields; at 0 and 1 it is one of them."""
    if factor in (0, 1):
        return end if factor else start

    def inner(points: Array) -> Sample:
        (a, part_a), (b, part_b) = start.sample(points, plain), end.sample(points, plain)
        return (1 - factor) * a + factor * b, part_a if factor < 0.5 else part_b

    slope = (1 - factor) * start.slope + factor * end.slope
    growth = min(start.growth, end.growth)
    return Shape(whole(inner), box_around([start.box, end.box]), slope, growth)


# Moves


def translate(child: Shape, offset: Sequence[float]) -> Shape:
    """The child moved by `offset` (3,) metres."""
    by = np.asarray(offset, dtype=float)
    box = Box(child.box.lo + by, child.box.hi + by)
    return replace(child, sample=mapped(child, lambda p: p - by), box=box)


def rotation(axis: Sequence[float], angle: float) -> Array:
    """The right-handed rotation matrix (3, 3); near quarter turns are made exact."""
    x, y, z = np.asarray(axis, dtype=float) / np.linalg.norm(axis)
    quarters = angle / (math.pi / 2)
    near = round(quarters)
    if abs(quarters - near) <= 1e-6:
        c, s = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[near % 4]
    else:
        c, s = math.cos(angle), math.sin(angle)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    along = np.outer([x, y, z], [x, y, z])
    return c * np.eye(3) + s * cross + (1 - c) * along


def rotate(child: Shape, axis: Sequence[float], angle: float) -> Shape:
    """The child turned about an axis through the origin, by `angle` radians."""
    matrix = rotation(axis, angle)
    with np.errstate(invalid="ignore"):
        ends = np.stack([matrix * child.box.lo, matrix * child.box.hi])
    ends = np.where(matrix == 0, 0, ends)
    box = Box(np.sum(ends.min(axis=0), axis=1), np.sum(ends.max(axis=0), axis=1))
    straight = bool(np.all(np.sort(np.abs(matrix), axis=1)[:, 1] < 1e-9))
    sampler = mapped(child, lambda p: p @ matrix)
    return replace(child, sample=sampler, box=box, tight=child.tight and straight)


def scale(child: Shape, factor: float) -> Shape:
    """The child `factor` times as large."""

    def sample(points: Array, leaf: Leaf) -> Sample:
        def inner(piece: Piece, _points: Array, creased: bool) -> Array:
            return leaf(lambda x: factor * piece(x / factor), points, creased) / factor

        distance, part = child.sample(points / factor, plain if leaf is plain else inner)
        return factor * distance, part

    return replace(child, sample=sample, box=Box(child.box.lo * factor, child.box.hi * factor))


def mirror(child: Shape, axis: int, offset: float) -> Shape:
    """The child's half beyond `offset` metres along an axis, and its image."""

    def forward(points: Array) -> Array:
        folded = points.copy()
        folded[:, axis] = np.abs(points[:, axis] - offset) + offset
        return folded

    lo, hi = child.box.lo.copy(), child.box.hi.copy()
    kept = bool(lo[axis] >= offset)
    hi[axis] = max(hi[axis], offset)
    lo[axis] = 2 * offset - hi[axis]
    exact, tight = child.exact and kept, child.tight and kept
    return replace(
        child, sample=mapped(child, forward), box=Box(lo, hi), exact=exact, tight=tight, bare=False
    )


def elongate(child: Shape, half: Sequence[float]) -> Shape:
    """The child cut at the origin and pulled apart by half gaps (3,) in metres."""
    gap = np.asarray(half, dtype=float)
    sampler = mapped(child, lambda p: p - np.clip(p, -gap, gap))
    return replace(child, sample=sampler, box=child.box.padded(gap), exact=False, bare=False)


# Offsets


def grown(child: Shape, radius: float) -> Shape:
    """`round`: the child grown by `radius` metres."""

    def inner(points: Array) -> Sample:
        distance, part = child.sample(points, plain)
        return distance - radius, part

    box = child.box.padded(radius / child.growth)
    tight = child.tight and child.exact
    return replace(child, sample=whole(inner), box=box, tight=tight, bare=False)


def shell(child: Shape, thickness: float) -> Shape:
    """A wall of `thickness` metres about the child's surface."""

    def inner(points: Array) -> Sample:
        distance, part = child.sample(points, plain)
        return np.abs(distance) - thickness / 2, part

    box = child.box.padded(thickness / 2 / child.growth)
    exact = child.bare and child.exact
    return replace(child, sample=whole(inner), box=box, exact=exact, tight=exact, bare=False)
