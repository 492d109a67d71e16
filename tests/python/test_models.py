"""The generated models have the specification's forms and refuse what Rust refuses."""

import inspect
import json
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from architect.generated import models
from architect.generated.models import (
    AssetCategory,
    AssetDna,
    AudioPatch,
    CompilePriority,
    CompileRequest,
    CompileStage,
    EventEnvelope,
    MaterialRecord,
    MessageType,
    Sphere,
)

ROOT = Path(__file__).parents[2]

SPECIFIED = """
class AssetCategory(str, Enum):
    ARCHITECTURE = "Architecture"
    WEAPON = "Weapon"
    VEHICLE = "Vehicle"
    PROP = "Prop"
    CHARACTER = "Character"

class AssetMetadata(BaseModel):
    name: str
    version: int
    category: AssetCategory
    material_spec: Optional[str] = None
"""


def recipe(**root_node: Any) -> dict[str, Any]:
    """A recipe with one node."""
    return {
        "metadata": {"name": "test", "version": 1, "category": "Prop", "material_spec": "ASTM_A36"},
        "root_node": root_node or {"op": "sphere", "radius": 1.0},
    }


def test_the_classes_read_as_the_specification_writes_them() -> None:
    """`AssetCategory` and `AssetMetadata`, word for word."""
    found = inspect.getsource(AssetCategory) + inspect.getsource(models.AssetMetadata)
    assert found.split() == SPECIFIED.split()


def test_the_header_says_that_the_file_is_generated() -> None:
    """The first line is the specification's."""
    assert Path(models.__file__).read_text().splitlines()[0] == "# Auto-generated - DO NOT EDIT"


def test_enums_have_the_names_and_values_of_the_specification() -> None:
    """Stages are text, priorities and message types are numbers."""
    assert issubclass(CompileStage, Enum)
    assert CompileStage.MATH_JIT.value == "Building SDF graph"
    assert [stage.name for stage in CompileStage] == [
        "MATH_JIT",
        "VOLUME_BAKE",
        "SHELL_GEN",
        "SPLAT_TRAIN",
        "INDEXING",
        "WRITING",
    ]
    assert issubclass(CompilePriority, IntEnum)
    assert [(p.name, int(p)) for p in CompilePriority] == [
        ("LOW", 0),
        ("NORMAL", 1),
        ("HIGH", 2),
        ("IMMEDIATE", 3),
    ]
    assert issubclass(MessageType, IntEnum)
    assert int(MessageType.VERSION_BUMP) == 0x04
    assert int(MessageType.CANCEL_COMPILE) == 0x12


def test_defaults_are_those_of_rust() -> None:
    """What is left out gets the value that the schema names."""
    schema = json.loads((ROOT / "schema/gve.schema.json").read_text())
    default = schema["$defs"]["AssetDna"]["properties"]["audio_patch"]["default"]
    dna = AssetDna.model_validate_json(json.dumps(recipe()), strict=True)
    assert dna.audio_patch == AudioPatch.model_validate(default)
    assert dna.dna_version == 1
    assert CompileRequest(asset_id="0").priority is CompilePriority.NORMAL


def test_names_that_python_cannot_write_survive() -> None:
    """`$schema` and `from` come and go under their JSON names."""
    ball = {"op": "sphere", "radius": 1.0}
    source = recipe(op="morph", factor=0.5, **{"from": ball}, to=ball)
    source["$schema"] = "../schema/gve.editor.schema.json"
    dumped = AssetDna.model_validate(source).model_dump(exclude_none=True)
    assert dumped["$schema"] == source["$schema"]
    assert dumped["root_node"]["from"] == ball


@pytest.mark.parametrize(
    ("node", "place"),
    [
        ({"op": "spheer", "radius": 1.0}, ("root_node",)),
        ({"op": "sphere"}, ("root_node", "sphere", "radius")),
        ({"op": "sphere", "radius": -1.0}, ("root_node", "sphere", "radius")),
        ({"op": "sphere", "radius": "1"}, ("root_node", "sphere", "radius")),
        ({"op": "sphere", "radius": float("nan")}, ("root_node", "sphere", "radius")),
        ({"op": "sphere", "radius": float("inf")}, ("root_node", "sphere", "radius")),
        ({"op": "sphere", "radius": 1.0, "raduis": 1.0}, ("root_node", "sphere", "raduis")),
        (
            {"op": "union", "children": [{"op": "box", "half_extents": [1.0, 1.0]}]},
            ("root_node", "union", "children", 0, "box", "half_extents", 2),
        ),
        (["sphere", 1.0], ("root_node",)),
        (None, ("root_node",)),
    ],
)
def test_mistakes_are_refused_where_they_stand(node: object, place: tuple[str | int, ...]) -> None:
    """One error, with the path of the offender."""
    source = {**recipe(), "root_node": node}
    with pytest.raises(ValidationError) as caught:
        AssetDna.model_validate_json(json.dumps(source), strict=True)
    errors = caught.value.errors()
    assert [error["loc"] for error in errors] == [place]


def test_constructed_models_are_checked_too() -> None:
    """A model that Python builds itself obeys the same bounds."""
    with pytest.raises(ValidationError):
        Sphere(radius=float("nan"))
    with pytest.raises(ValidationError):
        Sphere(radius=0.0)
    with pytest.raises(ValidationError):
        CompileRequest(asset_id="0", volume_resolution=4)


def test_the_material_table_fits_its_model() -> None:
    """The table that ships is readable for Python as it stands."""
    text = (ROOT / "crates/gve_types/data/materials.json").read_text()
    records = TypeAdapter(list[MaterialRecord]).validate_json(text, strict=True)
    assert len(records) >= 20
    assert all(record.sources for record in records)


def test_events_are_told_apart_by_their_type() -> None:
    """The envelope names its payload."""
    adapter: TypeAdapter[EventEnvelope] = TypeAdapter(EventEnvelope)
    event = adapter.validate_python(
        {
            "type": "compile:failed",
            "payload": {"asset_id": "0", "error": "no disk"},
            "timestamp": "2026-01-01T00:00:00Z",
        }
    )
    assert isinstance(event, models.CompileFailedEvent)
    with pytest.raises(ValidationError):
        adapter.validate_python({"type": "compile:failed", "payload": {}, "timestamp": ""})
