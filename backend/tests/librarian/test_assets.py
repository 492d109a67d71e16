"""The asset librarian by itself: the methods that the specification names."""

import struct
from pathlib import Path
from typing import Any

import gve_native
import pytest
from harness import as_json, recipe

from architect.compiler.compiler import AssetCompiler
from architect.compiler.tools import Tools
from architect.errors import AssetNotFoundError
from architect.generated.models import CacheStatus, CompilePriority, CompileRequest
from architect.librarian.assets import AssetLibrarian, Save
from architect.librarian.recipe import check_recipe
from architect.store import CompileJob, SqliteStore, StoredAsset

GOLDEN = Path(__file__).resolve().parents[3] / "tests" / "golden"

pytestmark = pytest.mark.anyio


def _crc32c(data: bytes) -> bytes:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


def _of_another_compiler(path: Path) -> bytes:
    """A binary as another release would have written it, its checksums right."""
    data = bytearray(path.read_bytes())
    name = gve_native.COMPILER_VERSION.encode()
    at = data.index(name)
    data[at : at + len(name)] = b"x" * len(name)
    # The metadata is the first section; its entry stands at byte 80 (docs/format.md).
    offset, size = struct.unpack_from("<II", data, 88)
    data[96:100] = _crc32c(bytes(data[offset : offset + size]))
    (sections,) = struct.unpack_from("<I", data, 64)
    data[60:64] = bytes(4)
    data[60:64] = _crc32c(bytes(data[: 80 + 24 * sections]))
    return bytes(data)


def _of_format_version_1(asset: StoredAsset) -> bytes:
    """A binary that was written before there was format version 2."""
    data = bytearray((GOLDEN / "v1" / "minimal.gve_bin").read_bytes())
    struct.pack_into("<QI", data, 8, asset.wire_id, asset.version)
    data[60:64] = bytes(4)
    data[60:64] = _crc32c(bytes(data))
    return bytes(data)


async def test_save_load_compile_and_delete(tmp_path: Path, tools: Tools) -> None:
    store = await SqliteStore.open(tmp_path / "store.sqlite3")
    librarian = AssetLibrarian(store, tmp_path / "cache")
    librarian.prepare_cache()
    compiler = AssetCompiler(store, librarian, tools)

    def save(**options: Any) -> Save:
        checked = check_recipe(as_json(recipe()))
        return Save(checked, CompileJob(asset_id="", version=0), **options)

    asset = await librarian.save_asset(save())
    document = await librarian.load_asset(asset.id)
    assert (document.id, document.version, document.name) == (asset.id, 1, "Ball")
    assert await librarian.check_cache_validity(asset.id) is CacheStatus.MISSING
    request = CompileRequest(
        asset_id=asset.id,
        priority=CompilePriority.IMMEDIATE,
        splat_iterations=0,
        volume_resolution=16,
    )
    result = await compiler.compile(request)
    assert result.success
    assert result.binary_path == str(librarian._resolve_cache_path(asset))
    assert await librarian.check_cache_validity(asset.id) is CacheStatus.VALID
    stored = await librarian.find(asset.id)
    path = Path(result.binary_path)
    for stale in (_of_another_compiler(path), _of_format_version_1(stored)):
        path.write_bytes(stale)
        gve_native.verify(path)
        report = await librarian.cache_report(stored)
        assert (report.status, report.file_version) == (CacheStatus.STALE, 1)
    # It is not taken for what a compile would make either.
    result = await compiler.compile(request)
    assert result.success
    assert not result.reused
    assert await librarian.check_cache_validity(asset.id) is CacheStatus.VALID
    await librarian.save_asset(save(asset_id=asset.id, expected_version=1))
    assert await librarian.check_cache_validity(asset.id) is CacheStatus.STALE
    await librarian.delete_asset(asset.id)
    assert result.binary_path is not None
    assert not Path(result.binary_path).exists()
    for gone in (librarian.load_asset, librarian.check_cache_validity, librarian.delete_asset):
        with pytest.raises(AssetNotFoundError):
            await gone(asset.id)
    compiler.close()
    await store.close()
