"""The schema that editors use finds a mistake in a recipe and says where it stands."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[2]
EDITOR = json.loads((ROOT / "schema/gve.editor.schema.json").read_text())
MAIN = json.loads((ROOT / "schema/gve.schema.json").read_text())
VALIDATOR = Draft202012Validator(EDITOR)

BALL = {"op": "sphere", "radius": 1.0}


def recipe(node: object) -> dict[str, Any]:
    """A recipe with one node."""
    return {
        "$schema": "../schema/gve.editor.schema.json",
        "metadata": {"name": "test", "version": 1, "category": "Prop", "material_spec": "ASTM_A36"},
        "root_node": node,
    }


def nested(depth: int, leaf: object) -> object:
    """A leaf under as many unions."""
    node = leaf
    for _ in range(depth):
        node = {"op": "union", "children": [node]}
    return node


@pytest.mark.parametrize("schema", [EDITOR, MAIN], ids=["editor", "main"])
def test_the_schemas_are_schemas(schema: dict[str, Any]) -> None:
    """Both follow the dialect that they name."""
    Draft202012Validator.check_schema(schema)


def test_the_samples_satisfy_the_schema() -> None:
    """Every recipe of the library is right for the editor."""
    recipes = sorted((ROOT / "assets").rglob("*.gve.json"))
    for path in recipes:
        errors = list(VALIDATOR.iter_errors(json.loads(path.read_text())))
        assert not errors, f"{path}: {errors[0].json_path}: {errors[0].message}"


@pytest.mark.parametrize(
    ("node", "path", "words"),
    [
        ({"op": "spheer", "radius": 1.0}, "$.root_node.op", "'spheer' is not one of"),
        ({"op": "sphere"}, "$.root_node", "'radius' is a required property"),
        (
            {"op": "sphere", "radius": -1.0},
            "$.root_node.radius",
            "less than or equal to the minimum",
        ),
        ({"op": "sphere", "radius": "1"}, "$.root_node.radius", "is not of type 'number'"),
        ({**BALL, "raduis": 1.0}, "$.root_node", "'raduis' was unexpected"),
        ({**BALL, "material": "STEEL"}, "$.root_node.material", "'STEEL' is not one of"),
        (["sphere", 1.0], "$.root_node", "is not of type 'object'"),
        ({"radius": 1.0}, "$.root_node", "'op' is a required property"),
    ],
)
def test_a_mistake_deep_down_gives_one_error_at_its_place(
    node: object, path: str, words: str
) -> None:
    """Forty levels above the mistake add neither errors nor noticeable time."""
    depth = 40
    errors = list(VALIDATOR.iter_errors(recipe(nested(depth, node))))
    assert [(e.json_path, words in e.message) for e in errors] == [
        (path.replace("$.root_node", "$.root_node" + ".children[0]" * depth), True)
    ]


def test_every_material_of_the_table_is_offered() -> None:
    """The codes in the schema are those of the table."""
    table = json.loads((ROOT / "crates/gve_types/data/materials.json").read_text())
    assert EDITOR["$defs"]["Material"]["enum"] == sorted(r["spec"]["spec_id"] for r in table)


def test_every_operation_is_described() -> None:
    """What the editor shows while an `op` is typed."""
    op = EDITOR["$defs"]["DnaNode"]["properties"]["op"]
    assert len(op["enum"]) == len(set(op["enum"])) == len(op["enumDescriptions"])
    assert all(op["enumDescriptions"])
