"""Paths of binaries: sanitised, inside of the cache."""

from dataclasses import replace
from pathlib import Path

import pytest

from architect.generated.models import AssetCategory
from architect.librarian.paths import cache_path_candidates, inside, snake_case
from architect.store import StoredAsset

ASSET = StoredAsset(
    id="507f1f77bcf86cd799439011",
    wire_id=1,
    name="Bunker Heavy 01",
    version=1,
    category=AssetCategory.ARCHITECTURE,
    subcategory="military",
    dna_json="{}",
    dna_hash="",
    cache_path="",
    created_at="",
    updated_at="",
)


def test_the_path_follows_the_specified_format() -> None:
    first = next(cache_path_candidates(ASSET))
    assert first == "geometry/architecture/military/bunker_heavy_01_439011.gve_bin"


def test_every_candidate_differs_and_the_last_has_the_whole_id() -> None:
    candidates = list(cache_path_candidates(ASSET))
    assert len(set(candidates)) == len(candidates) == 10
    assert candidates[-1].endswith(f"bunker_heavy_01_{ASSET.id}.gve_bin")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Windsor chair", "windsor_chair"),
        ("TinRobot2", "tin_robot2"),
        ("Größe  --  Ærø", "groe_r"),
        ("../../etc/passwd", "etc_passwd"),
        ("C:\\Windows\\con", "c_windows_con"),
        ("con", "con_"),
        ("COM1", "com1_"),
        ("лодка", "empty"),
        ("..", "empty"),
        ("\0\n/", "empty"),
        ("a" * 200, "a" * 64),
    ],
)
def test_names_become_plain_parts(text: str, expected: str) -> None:
    part = snake_case(text, "empty")
    assert part == expected
    assert set(part) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "..\\..\\x", "."])
def test_hostile_names_stay_inside(tmp_path: Path, name: str) -> None:
    hostile = replace(ASSET, name=name, subcategory=name)
    for candidate in cache_path_candidates(hostile):
        assert inside(tmp_path, candidate).parent.parent.parent == tmp_path / "geometry"


@pytest.mark.parametrize("relative", ["../x", "/etc/passwd", "a/../../x", "", "."])
def test_paths_outside_are_refused(tmp_path: Path, relative: str) -> None:
    with pytest.raises(ValueError, match="outside of the cache"):
        inside(tmp_path, relative)


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "cache" / "geometry").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="outside of the cache"):
        inside(tmp_path / "cache", "geometry/prop/x.gve_bin")
