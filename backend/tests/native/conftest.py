"""Recipes and fields for the tests of the native module."""

import json
from pathlib import Path
from typing import Any

import gve_native
import pytest

LIBRARY = sorted((Path(__file__).parents[3] / "assets" / "library").glob("*.gve.json"))

# A turned oak table top with a hollow steel vase on it: faces, creases, walls, two materials.
STILL_LIFE: dict[str, Any] = {
    "op": "union",
    "children": [
        {
            "op": "translate",
            "offset": [0, -0.45, 0],
            "child": {"op": "box", "half_extents": [0.6, 0.05, 0.5], "material": "WOOD_OAK"},
        },
        {
            "op": "subtract",
            "children": [
                {"op": "cylinder", "radius": 0.3, "half_height": 0.4},
                {
                    "op": "translate",
                    "offset": [0, 0.1, 0],
                    "child": {"op": "cylinder", "radius": 0.24, "half_height": 0.4},
                },
            ],
        },
    ],
}


def recipe(root: dict[str, Any], **metadata: Any) -> str:
    """A recipe around a shape; steel where the shape names no material."""
    head = {"name": "Test", "version": 3, "category": "Prop", "material_spec": "ASTM_A36"}
    return json.dumps({"metadata": head | metadata, "root_node": root})


@pytest.fixture(scope="session")
def text() -> str:
    return recipe(STILL_LIFE)


@pytest.fixture(scope="session")
def field(text: str) -> gve_native.Field:
    return gve_native.Field(text)


@pytest.fixture(scope="session")
def heavy() -> gve_native.Field:
    """A field that takes seconds to bake finely."""
    return gve_native.Field(next(p for p in LIBRARY if "gear" in p.name).read_text())
