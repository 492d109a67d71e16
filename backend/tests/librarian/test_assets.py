"""The asset librarian by itself: the methods that the specification names."""

from pathlib import Path
from typing import Any

import pytest
from harness import as_json, recipe

from architect.compiler.compiler import AssetCompiler
from architect.compiler.tools import Tools
from architect.errors import AssetNotFoundError
from architect.generated.models import CacheStatus, CompilePriority, CompileRequest
from architect.librarian.assets import AssetLibrarian, Save
from architect.librarian.recipe import check_recipe
from architect.store import CompileJob, SqliteStore

pytestmark = pytest.mark.anyio


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
    await librarian.save_asset(save(asset_id=asset.id, expected_version=1))
    assert await librarian.check_cache_validity(asset.id) is CacheStatus.STALE
    await librarian.delete_asset(asset.id)
    assert not Path(result.binary_path).exists()
    for gone in (librarian.load_asset, librarian.check_cache_validity, librarian.delete_asset):
        with pytest.raises(AssetNotFoundError):
            await gone(asset.id)
    compiler.close()
    await store.close()
