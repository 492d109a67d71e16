"""`.gve_bin` files, written and read."""

import json
import struct
import threading
from pathlib import Path

import gve_native
import numpy as np
import pytest

from .conftest import LIBRARY, STILL_LIFE, recipe

Stages = tuple[gve_native.Volume, gve_native.Shell, gve_native.Splats, str]


def stages(field: gve_native.Field, resolution: int = 32, count: int = 2000) -> Stages:
    return (
        gve_native.bake_volume(field, resolution),
        gve_native.generate_shell(field, resolution),
        gve_native.seed_splats(field, count),
        gve_native.weigh(field),
    )


@pytest.fixture(scope="module")
def made(field: gve_native.Field) -> Stages:
    return stages(field)


@pytest.fixture
def asset(tmp_path: Path, text: str, field: gve_native.Field, made: Stages) -> Path:
    path = tmp_path / "asset.gve_bin"
    gve_native.write_asset(path, text, field, *made, asset_id=42, version=12)
    return path


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.name.split(".")[0])
def test_stage_by_stage_gives_the_bytes_of_the_whole_bake(path: Path, tmp_path: Path) -> None:
    text = path.read_text()
    field = gve_native.Field(text)
    parts = stages(field, 24, 1500)
    weighing = json.loads(parts[3])["warnings"]
    warnings = [*field.warnings, *weighing, *parts[1].warnings]
    target = tmp_path / "a.gve_bin"
    length = gve_native.write_asset(
        target, text, field, *parts, asset_id=5, version=7, warnings=warnings
    )
    whole = gve_native.bake(text, volume_resolution=24, splat_count=1500, asset_id=5, version=7)
    assert target.read_bytes() == whole
    assert length == len(whole)
    metadata = json.loads(gve_native.read_metadata(target))
    assert metadata["dna_hash"] == gve_native.dna_hash(text)
    assert metadata["mass"]["mass_kg"] > 0


def test_the_same_recipe_gives_the_same_bytes_from_many_threads(text: str) -> None:
    found: list[bytes] = []
    bake = lambda: found.append(gve_native.bake(text, volume_resolution=24, splat_count=500))  # noqa: E731
    threads = [threading.Thread(target=bake) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_a_file_says_what_it_was_told(
    tmp_path: Path, text: str, field: gve_native.Field, made: Stages
) -> None:
    path = tmp_path / "asset.gve_bin"
    embedding = np.linspace(-1, 1, 384, dtype=np.float32)
    length = gve_native.write_asset(
        str(path),
        text,
        field,
        *made,
        asset_id=(1 << 53) - 1,
        version=(1 << 32) - 1,
        embedding=embedding,
        splats_trained=True,
        warnings=["worth telling"],
    )
    header = gve_native.read_header(path)
    assert (header.asset_id, header.version) == ((1 << 53) - 1, (1 << 32) - 1)
    assert header.file_bytes == length == path.stat().st_size
    assert header.splats_trained
    assert (header.format_version, header.refinement) == (gve_native.FORMAT_VERSION, 2)
    stamp, compiler_version = gve_native.read_stamp(path)
    assert (stamp.asset_id, stamp.version) == (header.asset_id, header.version)
    assert compiler_version == gve_native.COMPILER_VERSION
    assert header.splat_count == len(made[2])
    # An independent witness of the first fields.
    magic, format_version, _, asset_id, version = struct.unpack_from("<4sHHQI", path.read_bytes())
    assert (magic, format_version) == (b"GVE1", gve_native.FORMAT_VERSION)
    assert (asset_id, version) == (header.asset_id, header.version)
    metadata = json.loads(gve_native.read_metadata(path))
    np.testing.assert_array_equal(np.array(metadata["embedding"], np.float32), embedding)
    assert metadata["splats_trained"] is True
    assert metadata["warnings"] == ["worth telling"]
    gve_native.verify(path)


def test_a_new_version_holds_the_same(asset: Path, tmp_path: Path) -> None:
    target = tmp_path / "next.gve_bin"
    length = gve_native.restamp(asset, target, asset_id=43, version=13)
    header = gve_native.read_header(target)
    assert (header.asset_id, header.version, header.file_bytes) == (43, 13, length)
    assert gve_native.read_metadata(target) == gve_native.read_metadata(asset)
    old, new = asset.read_bytes(), target.read_bytes()
    # Only id and version differ, and the checksum.
    assert old[:8] == new[:8]
    assert old[20:60] == new[20:60]
    assert old[64:] == new[64:]
    gve_native.restamp(target, target, asset_id=42, version=12)
    assert target.read_bytes() == old


def test_damage_is_found(asset: Path, tmp_path: Path) -> None:
    good = asset.read_bytes()
    damaged = bytearray(good)
    damaged[len(good) // 2] ^= 1
    for name, content, says in [
        ("bit", bytes(damaged), "checksum"),
        ("short", good[:-1], "cut short"),
        ("long", good + b"x", "appended"),
        ("other", b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG"),
        ("empty", b"", "found"),
    ]:
        path = tmp_path / name
        path.write_bytes(content)
        for read in (gve_native.verify, gve_native.read_metadata):
            with pytest.raises(gve_native.AssetFileError, match=says) as caught:
                read(path)
            assert caught.value.path == str(path)
            assert str(path) in str(caught.value)
        target = tmp_path / "target"
        with pytest.raises(gve_native.AssetFileError):
            gve_native.restamp(path, target, asset_id=1, version=1)
        assert not target.exists()
    with pytest.raises(gve_native.AssetFileError) as caught:
        gve_native.read_header(tmp_path / "short")
    assert (caught.value.section, caught.value.offset) == ("header", 20)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    for read in (gve_native.read_header, gve_native.read_metadata, gve_native.verify):
        for path in (tmp_path / "nothing", tmp_path):
            with pytest.raises(gve_native.AssetFileError) as caught:
                read(path)
            assert caught.value.path == str(path)
            assert caught.value.section is None


def test_what_does_not_belong_together_is_refused(
    asset: Path, text: str, field: gve_native.Field, made: Stages
) -> None:
    before = asset.read_bytes()
    other = recipe({"op": "sphere", "radius": 1})

    def write(dna: str, mass: str, **more: object) -> None:
        stamp = {"asset_id": 1, "version": 1} | more
        gve_native.write_asset(asset, dna, field, *made[:3], mass, **stamp)  # type: ignore[arg-type]

    with pytest.raises(ValueError, match="not the recipe"):
        write(other, made[3])
    with pytest.raises(ValueError, match="weigh"):
        write(text, "{}")
    with pytest.raises(gve_native.AssetFileError, match="asset id"):
        write(text, made[3], asset_id=1 << 53)
    with pytest.raises(gve_native.AssetFileError, match="embedding"):
        write(text, made[3], embedding=np.array([np.nan], np.float32))
    with pytest.raises(OverflowError):
        write(text, made[3], version=-1)
    one_material = gve_native.Splats.from_arrays(
        **{
            name: getattr(made[2], name)
            for name in ("positions", "scales", "rotations", "colors", "normals_oct")
        },
        materials=np.full(len(made[2]), 9, np.uint8),
    )
    with pytest.raises(gve_native.AssetFileError, match="material of splat 0") as caught:
        gve_native.write_asset(
            asset, text, field, made[0], made[1], one_material, made[3], asset_id=1, version=1
        )
    assert caught.value.section == "splat"
    # Nothing was written, and nothing was left behind.
    assert asset.read_bytes() == before
    assert [path.name for path in asset.parent.iterdir()] == [asset.name]


def test_a_file_is_replaced_and_never_torn(
    asset: Path, text: str, field: gve_native.Field, made: Stages
) -> None:
    with asset.open("rb") as old:
        gve_native.write_asset(asset, text, field, *made, asset_id=42, version=13)
        assert struct.unpack_from("<I", old.read(), 16) == (12,)
    assert gve_native.read_header(asset).version == 13
    missing = asset.parent / "no" / "such" / "folder.gve_bin"
    with pytest.raises(gve_native.AssetFileError, match="temporary file"):
        gve_native.write_asset(missing, text, field, *made, asset_id=1, version=1)


def test_a_recipe_of_another_version_is_still_the_fields(
    tmp_path: Path, field: gve_native.Field, made: Stages
) -> None:
    saved_again = recipe(STILL_LIFE, version=99)
    path = tmp_path / "a.gve_bin"
    gve_native.write_asset(path, saved_again, field, *made, asset_id=1, version=99)
    assert gve_native.read_header(path).version == 99
