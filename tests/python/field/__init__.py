"""A reader of DNA recipes, and the field that a recipe describes.

written from docs/dna.md alone

`read` takes a recipe as text or bytes. The field gives distances in metres (negative inside), parts
and materials at points of shape (N, 3) in metres, y up.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from field import deform, ops, shapes
from field import repeat as repeats
from field.ops import Blend, Shape
from field.shapes import Array, Box, Node, Solid


@dataclass(frozen=True)
class Part:
    """A part: the innermost node with a name above a primitive, and the material in effect there.

    Where no node has a name, `path` and `name` are None.
    """

    path: str | None
    name: str | None
    material: str


@dataclass
class PartTable:
    """Parts in the order in which the tree first shows them."""

    rows: dict[Part, int] = field(default_factory=dict)

    def number(self, part: Part) -> int:
        """The number of a part, a new one where it has none yet."""
        return self.rows.setdefault(part, len(self.rows))


@dataclass(frozen=True)
class Context:
    """What a node inherits; `offset` is the size of the offsets above, metres of its own space."""

    path: str
    material: str
    table: PartTable
    named: tuple[str, str] | None = None
    offset: float = 0.0

    def entered(self, node: Node) -> Context:
        """The context with what a node says of itself."""
        named = (self.path, node["name"]) if node.get("name") else self.named
        return replace(self, material=node.get("material") or self.material, named=named)

    def child(self, node: Node, key: str = "child") -> Shape:
        """The child under a key, built in this context."""
        return build(node[key], replace(self, path=f"{self.path}.{key}"))

    def below(self, offset: float) -> Context:
        """The context with another size of the offsets above."""
        return replace(self, offset=offset)

    def aside(self) -> Context:
        """The context of a child that leaves no parts behind."""
        return replace(self, table=PartTable())

    def children(self, node: Node) -> list[Shape]:
        """All children; of a `subtract` those after the first leave no parts behind."""
        made = []
        for i, child in enumerate(node["children"]):
            at = self.aside() if node["op"] == "subtract" and i > 0 else self
            made.append(build(child, replace(at, path=f"{self.path}.children[{i}]")))
        return made

    def part(self) -> int:
        """The number of the part that a primitive here belongs to."""
        path, name = self.named or (None, None)
        return self.table.number(Part(path, name, self.material))


Builder = Callable[[Node, Context], Shape]


def build(node: Node, above: Context) -> Shape:
    """The shape of a node."""
    return BUILDERS[node["op"]](node, above.entered(node))


def solid(make: Callable[[Node, bool], Solid]) -> Builder:
    """A builder of a primitive, moved to its centre."""

    def builder(node: Node, at: Context) -> Shape:
        shape = ops.primitive(make(node, at.offset > 0), at.part())
        return ops.translate(shape, node["center"]) if node.get("center") else shape

    return builder


def combination(node: Node, at: Context) -> Shape:
    """`union`, `subtract` and `intersect`."""
    op = node["op"]
    children = at.children(node)
    blend = (
        Blend(node["blend"]["kind"], float(node["blend"]["radius"])) if node.get("blend") else None
    )
    shape = ops.combine(op, children, blend)
    if blend is None or blend.kind != "smooth" or len(children) == 1:
        return shape
    return deform.steadied(shape, blend.radius, at.offset)


def morph(node: Node, at: Context) -> Shape:
    """`morph`; the side whose material does not show leaves no parts behind."""
    factor = float(node["factor"])
    first, second = (at, at.aside()) if factor < 0.5 else (at.aside(), at)
    start, end = first.child(node, "from"), second.child(node, "to")
    return ops.morph(start, end, factor)


def grown(node: Node, at: Context) -> Shape:
    """`round`."""
    radius = float(node["radius"])
    return ops.grown(at.below(at.offset + radius).child(node), radius)


def shell(node: Node, at: Context) -> Shape:
    """`shell`."""
    thickness = float(node["thickness"])
    return ops.shell(at.below(at.offset + thickness / 2).child(node), thickness)


def scale(node: Node, at: Context) -> Shape:
    """`scale`; offsets above are smaller in the child's space by the factor."""
    factor = float(node["factor"])
    return ops.scale(at.below(at.offset / factor).child(node), factor)


def mirror(node: Node, at: Context) -> Shape:
    """`mirror`."""
    return ops.mirror(at.child(node), "xyz".index(node["axis"]), float(node.get("offset", 0)))


def linear_repeat(node: Node, at: Context) -> Shape:
    """`linear_repeat`."""
    counts = [int(n) for n in node["counts"]]
    return repeats.linear_repeat(at.child(node), counts, [float(s) for s in node["spacing"]])


def taper(node: Node, at: Context) -> Shape:
    """`taper`."""
    factors = deform.Factors(
        float(node["half_height"]), float(node["scale_bottom"]), float(node["scale_top"])
    )
    return deform.taper(at.child(node), factors, at.offset)


def displace(node: Node, at: Context) -> Shape:
    """`displace`."""
    pattern = deform.displacement(
        node["pattern"],
        float(node["amplitude"]),
        float(node["wavelength"]),
        int(node.get("octaves", 1)),
    )
    return deform.displace(at.child(node), pattern, at.offset)


BUILDERS: dict[str, Builder] = {
    "sphere": solid(shapes.sphere),
    "ellipsoid": solid(shapes.ellipsoid),
    "box": solid(shapes.box),
    "rounded_box": solid(shapes.rounded_box),
    "cylinder": solid(shapes.cylinder),
    "capsule": solid(shapes.capsule),
    "cone": solid(shapes.cone),
    "torus": solid(shapes.torus),
    "plane": solid(shapes.plane),
    "hexagonal_prism": solid(shapes.hexagonal_prism),
    "extruded_polygon": solid(shapes.extruded_polygon),
    "revolved_polygon": solid(shapes.revolved_polygon),
    "union": combination,
    "subtract": combination,
    "intersect": combination,
    "shell": shell,
    "round": grown,
    "displace": displace,
    "morph": morph,
    "translate": lambda node, at: ops.translate(at.child(node), node["offset"]),
    "rotate": lambda node, at: ops.rotate(at.child(node), node["axis"], float(node["angle_rad"])),
    "scale": scale,
    "mirror": mirror,
    "linear_repeat": linear_repeat,
    "polar_repeat": lambda node, at: repeats.polar_repeat(at.child(node), int(node["count"])),
    "twist": lambda node, at: deform.twist(
        at.child(node), float(node["rate_rad_per_m"]), at.offset
    ),
    "bend": lambda node, at: deform.bend(at.child(node), float(node["curvature_per_m"]), at.offset),
    "taper": taper,
    "elongate": lambda node, at: ops.elongate(at.child(node), node["half_extents"]),
}


@dataclass(frozen=True)
class Field:
    """The field of a recipe: `bounds` is the box `B` of the root, in metres."""

    name: str
    root: Shape
    part_table: tuple[Part, ...]

    @property
    def bounds(self) -> Box:
        """A box that holds the shape, metres."""
        return self.root.box

    def distances(self, points: Array) -> Array:
        """The field at points (N, 3): metres, negative inside, (N,)."""
        return self.root.distance(np.asarray(points, dtype=float))

    def parts(self, points: Array) -> NDArray[np.int64]:
        """Rows of `part_table` at points (N, 3), (N,)."""
        return self.root.sample(np.asarray(points, dtype=float), ops.plain)[1]

    def materials(self, points: Array) -> NDArray[np.str_]:
        """Material codes at points (N, 3), (N,)."""
        return np.array([part.material for part in self.part_table])[self.parts(points)]


def read(recipe: str | bytes) -> Field:
    """The field of a recipe; a byte order mark before it is passed over."""
    text = (
        recipe.decode("utf-8-sig") if isinstance(recipe, bytes) else recipe.removeprefix("\ufeff")
    )
    document = json.loads(text)
    metadata, table = document["metadata"], PartTable()
    at = Context("$.root_node", metadata.get("material_spec") or "", table)
    root = build(document["root_node"], at)
    return Field(metadata["name"], root, tuple(table.rows))


def main(paths: list[str]) -> None:
    """Read the recipes at `paths` and print what random points within their bounds see."""
    random = np.random.default_rng(1)
    for path in paths:
        shape = read(Path(path).read_bytes())
        points = random.uniform(*shape.bounds, size=(200, 3))
        distances = shape.distances(points)
        assert np.isfinite(distances).all(), path
        materials = np.unique(shape.materials(points[distances < 0]))
        print(f"{path}: {np.mean(distances < 0):.0%} inside, {', '.join(materials)}")


if __name__ == "__main__":
    main(sys.argv[1:])
