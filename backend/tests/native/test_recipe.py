"""Recipes, their findings and their hash."""

import hashlib
import json
import pickle

import gve_native
import pytest

from .conftest import STILL_LIFE, recipe


def test_a_checked_recipe_comes_back_as_rust_writes_it(text: str) -> None:
    canonical = gve_native.check_recipe(text)
    assert json.loads(canonical)["metadata"]["name"] == "Test"
    assert gve_native.check_recipe(canonical) == canonical
    assert gve_native.Field(text).dna_json == canonical


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ("{", "$", "line 1, column 1"),
        ('{"metadata": 3}', "$.metadata", "expected"),
        (recipe({"op": "sphere", "radius": -1}), "$.root_node.radius", "-1"),
        (recipe({"op": "sphere", "radios": 1}), "$.root_node.radios", "radius"),
        (recipe({"op": "spere", "radius": 1}), "$.root_node.op", "sphere"),
        # What only lowering can tell.
        (recipe({"op": "plane", "normal": [0, 1, 0], "offset": 0}), "$.root_node", "no end"),
    ],
)
def test_a_finding_has_its_json_path(text: str, path: str, says: str) -> None:
    for read in (gve_native.check_recipe, gve_native.Field):
        with pytest.raises(gve_native.RecipeError) as caught:
            read(text)
        paths = [found for found, _ in caught.value.violations]
        assert path in paths
        assert says in str(caught.value)
        assert isinstance(caught.value, ValueError)


def test_all_findings_come_together() -> None:
    children = [{"op": "sphere", "radius": -1.0}, {"op": "box", "half_extents": [1, -1, 1]}]
    with pytest.raises(gve_native.RecipeError) as caught:
        gve_native.check_recipe(recipe({"op": "union", "children": children}))
    assert [path for path, _ in caught.value.violations] == [
        "$.root_node.children[0].radius",
        "$.root_node.children[1].half_extents[1]",
    ]
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    assert again.violations == caught.value.violations


def test_the_hash_knows_what_is_said_and_not_how_or_when() -> None:
    root = {"op": "sphere", "radius": 0.5}
    first = gve_native.dna_hash(recipe(root))
    assert first == gve_native.dna_hash(recipe({"radius": 5e-1, "op": "sphere"}, version=9))
    assert first == gve_native.Field(recipe(root, version=2)).dna_hash
    assert first != gve_native.dna_hash(recipe({"op": "sphere", "radius": 0.25}))
    assert first != gve_native.dna_hash(recipe(root, name="Other"))
    assert len(first) == hashlib.sha256().digest_size * 2
    with pytest.raises(gve_native.RecipeError):
        gve_native.dna_hash("[]")


def test_materials_are_the_table() -> None:
    table = json.loads(gve_native.materials())
    codes = [material["spec_id"] for material in table]
    assert codes == sorted(codes)
    assert {"ASTM_A36", "WOOD_OAK"} <= set(codes)
    assert all(material["density_kg_m3"] > 0 for material in table)


def test_an_impact_is_symmetric() -> None:
    there = json.loads(gve_native.impact_properties("ASTM_A36", "WOOD_OAK"))
    assert there == json.loads(gve_native.impact_properties("WOOD_OAK", "ASTM_A36"))
    assert there["avg_resonance_freq"] > 0
    with pytest.raises(KeyError, match="UNOBTAINIUM"):
        gve_native.impact_properties("ASTM_A36", "UNOBTAINIUM")


def test_the_palette_holds_what_the_recipe_uses() -> None:
    palette = json.loads(gve_native.Field(recipe(STILL_LIFE)).materials)
    assert {material["spec_id"] for material in palette} == {"ASTM_A36", "WOOD_OAK"}
