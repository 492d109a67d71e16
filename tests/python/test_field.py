"""The field as `docs/dna.md` describes it beside the one that is baked.

The package `field` was written from that page alone, without the code that it is compared with:
where the two differ, one of them, or the page, is wrong.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import field
import gve_native
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
RECIPES = sorted([*ROOT.glob("docs/dna/*.gve.json"), *ROOT.glob("assets/library/*.gve.json")])
POINTS = 2000
TOLERANCE = 2e-6
"""Of the size: single precision, through the longest chains of operations of these recipes."""
RANDOM = 8
MOST_NODES = 40
"""Random recipes that are looked at, and how large they are: the page's reader is slow."""


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A node and all nodes below it."""
    yield node
    below = [*node.get("children", []), *(node[k] for k in ("child", "from", "to") if k in node)]
    for child in below:
        yield from nodes(child)


def is_uneven(node: dict[str, Any]) -> bool:
    """Whether the node's own field is lowered in another form below an offset."""
    smooth = (node.get("blend") or {}).get("kind") == "smooth"
    return smooth or node["op"] in ("ellipsoid", "twist", "bend", "taper", "displace")


def has_measured_offset(recipe: dict[str, Any]) -> bool:
    """Whether an offset stands above something uneven.

    Which of the page's forms such a node gets depends on how long and how steep each comes out, and
    its bound is measured: the page cannot tell its values, only its surface.
    """
    offsets = (node for node in nodes(recipe["root_node"]) if node["op"] in ("round", "shell"))
    return any(is_uneven(node) for offset in offsets for node in nodes(offset))


def points_about(bounds: Any, seed: int) -> np.ndarray:
    """Points in and around a box, as the baker takes them."""
    low, high = (np.clip(np.array(side, np.float64), -2.0, 2.0) for side in bounds)
    size = high - low
    share = np.random.default_rng(seed).random((POINTS, 3))
    return (low - 0.1 * size.max() + share * (size + 0.2 * size.max())).astype(np.float32)


def check(text: str) -> None:
    """Compares distances and materials; only the surface where the page tells no more."""
    native, page = gve_native.Field(text), field.read(text)
    points = points_about(native.bounds, seed=len(text))
    size = float((points.max(axis=0) - points.min(axis=0)).max())
    baked, described = native.distances(points), page.distances(points.astype(np.float64))
    if has_measured_offset(json.loads(text)):
        clear = np.abs(described) > 0.01 * size
        assert np.mean((baked < 0)[clear] == (described < 0)[clear]) > 0.995
        return
    # A chain of roundings now and then comes out on the other side of a fold.
    assert np.quantile(np.abs(baked - described), 0.995) <= TOLERANCE * size
    names = np.array([material["spec_id"] for material in json.loads(native.materials)])
    same = names[native.material_indices(points)] == page.materials(points.astype(np.float64))
    # Where parts are equally near, roundings decide.
    assert np.mean(same) > 0.99


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.name.split(".")[0])
def test_the_page_describes_the_baked_field(path: Path) -> None:
    check(path.read_text())


def test_random_recipes_are_as_described() -> None:
    path = os.environ.get("GVE_ROUNDTRIP")
    if path is None:
        pytest.skip("GVE_ROUNDTRIP is not set; `cargo xtask roundtrip run` sets it")
    compared = 0
    for recipe in sorted((Path(path) / "rust").glob("*.gve.json")):
        text = recipe.read_bytes().decode()
        if '"plane"' in text or len(list(nodes(json.loads(text)["root_node"]))) > MOST_NODES:
            continue
        try:
            check(text)
        except gve_native.RecipeError:
            # Random trees may hold what cannot be made, such as copies that overlap.
            continue
        except AssertionError as error:
            raise AssertionError(f"{recipe.name}: {error}") from error
        compared += 1
        if compared == RANDOM:
            break
    assert compared == RANDOM
