"""The text that stands for a recipe."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from architect.librarian.materials import MaterialLibrarian

_LONGEST_LIST = 24
"""Names per line: the model reads some 250 words and the rest is dropped."""


def describe_recipe(dna_json: str, materials: MaterialLibrarian) -> str:
    """What a checked recipe is, in words: name, shelf, parts, materials, shapes.

    What tells most comes first.
    """
    dna = json.loads(dna_json)
    metadata = dna["metadata"]
    nodes = list(_nodes(dna["root_node"]))
    codes = [metadata.get("material_spec"), *(node.get("material") for node in nodes)]
    lines = [
        metadata["name"],
        " ".join(filter(None, (metadata["category"], dna.get("subcategory")))),
        _listed("parts", (node.get("name") for node in nodes)),
        _listed("made of", (materials.get_material(c).display_name for c in codes if c)),
        _listed("shapes", (node["op"] for node in nodes)),
    ]
    return ". ".join(filter(None, lines)).replace("_", " ")


def _listed(title: str, words: Iterable[str | None]) -> str:
    distinct = list(dict.fromkeys(filter(None, words)))[:_LONGEST_LIST]
    return f"{title}: {', '.join(distinct)}" if distinct else ""


def _nodes(root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A node and all below it, from the top and from the left."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        below = [*node.get("children", []), node.get("child"), node.get("from"), node.get("to")]
        waiting.extend(one for one in reversed(below) if isinstance(one, dict))
