"""Materials, against the file that they come from."""

import json
from pathlib import Path

import pytest

from architect.errors import MaterialNotFoundError
from architect.librarian.materials import MaterialLibrarian

TABLE = Path(__file__).resolve().parents[3] / "crates" / "gve_types" / "data" / "materials.json"


def test_every_material_of_the_table_is_found() -> None:
    librarian = MaterialLibrarian.from_native()
    specs = {one["spec"]["spec_id"]: one["spec"] for one in json.loads(TABLE.read_text())}
    assert {one.spec_id for one in librarian.list_materials()} == set(specs)
    for spec_id, spec in specs.items():
        assert librarian.get_material(spec_id).density_kg_m3 == pytest.approx(spec["density_kg_m3"])


def test_audio_properties_are_the_materials_own() -> None:
    librarian = MaterialLibrarian.from_native()
    spec = librarian.get_material("WOOD_OAK")
    audio = librarian.get_audio_properties("WOOD_OAK")
    assert audio.damping == spec.damping_coefficient
    assert audio.resonance_range == (spec.resonance_freq_min_hz, spec.resonance_freq_max_hz)


def test_impacts_are_symmetric_means() -> None:
    librarian = MaterialLibrarian.from_native()
    specs = librarian.list_materials()
    for a in specs:
        for b in specs:
            pair = librarian.resolve_impact_pair(a.spec_id, b.spec_id)
            assert pair == librarian.resolve_impact_pair(b.spec_id, a.spec_id)
            bands = [
                one
                for spec in (a, b)
                for one in (spec.resonance_freq_min_hz, spec.resonance_freq_max_hz)
            ]
            assert pair.avg_resonance_freq == pytest.approx(sum(bands) / 4, rel=1e-6)
            damping = (a.damping_coefficient + b.damping_coefficient) / 2
            assert pair.combined_damping == pytest.approx(damping, rel=1e-6)


def test_an_unknown_code_is_named() -> None:
    librarian = MaterialLibrarian.from_native()
    with pytest.raises(MaterialNotFoundError, match="UNOBTAINIUM"):
        librarian.get_material("UNOBTAINIUM")
    with pytest.raises(MaterialNotFoundError, match="UNOBTAINIUM"):
        librarian.resolve_impact_pair("WOOD_OAK", "UNOBTAINIUM")
