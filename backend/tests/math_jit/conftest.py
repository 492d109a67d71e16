"""Recipes for the tests of the Math JIT."""

import json
from pathlib import Path
from typing import Any

LIBRARY = sorted((Path(__file__).parents[3] / "assets" / "library").glob("*.gve.json"))


def recipe(root: dict[str, Any]) -> str:
    """A steel recipe around a shape."""
    head = {"name": "Test", "version": 1, "category": "Prop", "material_spec": "ASTM_A36"}
    return json.dumps({"metadata": head, "root_node": root})
