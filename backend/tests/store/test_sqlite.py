"""The store: what it hands out, what it refuses, and what survives."""

import asyncio
import json
import multiprocessing
import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from harness import recipe

from architect.errors import (
    AssetNotFoundError,
    StoreCorruptError,
    StoreInUseError,
    StoreUnavailableError,
    VersionConflictError,
)
from architect.generated.models import (
    AssetCategory,
    CompilePriority,
    CompileResult,
    CompileState,
)
from architect.store import AssetDraft, CompileJob, Finished, SqliteStore, StoredBinary

pytestmark = pytest.mark.anyio
JOB = CompileJob(asset_id="", version=0)


def draft(name: str = "Ball", subcategory: str | None = None) -> AssetDraft:
    category = AssetCategory.PROP
    return AssetDraft(name, category, subcategory, json.dumps(recipe(name)), f"hash of {name}")


@pytest.fixture
async def store(tmp_path: Path) -> Any:
    store = await SqliteStore.open(tmp_path / "store.sqlite3")
    yield store
    await store.close()


async def test_ids_count_up_and_are_not_given_twice(store: SqliteStore) -> None:
    first = await store.create_asset(draft(), JOB)
    second = await store.create_asset(draft(), JOB)
    await store.delete_asset(second.id)
    third = await store.create_asset(draft(), JOB)
    assert [first.wire_id, second.wire_id, third.wire_id] == [1, 2, 3]
    assert len({first.id, second.id, third.id}) == 3
    assert first.version == 1


async def test_a_save_counts_the_version_and_writes_it_into_the_recipe(store: SqliteStore) -> None:
    asset = await store.create_asset(draft(), JOB)
    for version in (2, 3):
        saved = await store.update_asset(asset.id, draft("Big ball"), None, JOB)
        assert saved.version == version
        assert json.loads(saved.dna_json)["metadata"]["version"] == version
        assert await store.get_asset(asset.id) == saved
        assert await store.get_asset_by_wire_id(asset.wire_id) == saved
    assert saved.document().name == "Big ball"
    assert saved.created_at == asset.created_at


async def test_a_lost_race_is_a_conflict_with_both_versions(store: SqliteStore) -> None:
    asset = await store.create_asset(draft(), JOB)
    racers = [store.update_asset(asset.id, draft(f"Ball {n}"), 1, JOB) for n in range(8)]
    results = await asyncio.gather(*racers, return_exceptions=True)
    lost = [one for one in results if isinstance(one, VersionConflictError)]
    assert len(lost) == 7
    assert {(one.expected, one.current) for one in lost} == {(1, 2)}
    with pytest.raises(AssetNotFoundError):
        await store.update_asset("0" * 24, draft(), None, JOB)


async def test_the_subcategory_stays_when_it_is_left_out(store: SqliteStore) -> None:
    asset = await store.create_asset(draft(), JOB)
    assert asset.subcategory == "general"
    saved = await store.update_asset(asset.id, draft(subcategory="toys"), None, JOB)
    assert saved.subcategory == "toys"
    assert (await store.update_asset(asset.id, draft(), None, JOB)).subcategory == "toys"


async def test_assets_of_one_name_do_not_share_a_path(store: SqliteStore) -> None:
    store._ids.next_id = iter(["a" * 18 + "123456", "b" * 18 + "123456"]).__next__  # type: ignore[method-assign]
    first, second = [await store.create_asset(draft(), JOB) for _ in range(2)]
    assert first.cache_path == "geometry/prop/general/ball_123456.gve_bin"
    assert second.cache_path == "geometry/prop/general/ball_bb123456.gve_bin"


async def test_a_path_is_taken_while_an_old_binary_lies_there(store: SqliteStore) -> None:
    ids = ["a" * 18 + "123456", "b" * 18 + "123456"]
    store._ids.next_id = iter(ids).__next__  # type: ignore[method-assign]
    first = await store.create_asset(draft(), JOB)
    await store.finish(Finished(JOB_OF(first.id), binary(first.id, first.cache_path)))
    await store.update_asset(first.id, draft("Renamed"), None, JOB)
    second = await store.create_asset(draft(), JOB)
    assert second.cache_path != first.cache_path


def JOB_OF(asset_id: str, version: int = 1, **options: Any) -> CompileJob:  # noqa: N802
    return CompileJob(asset_id=asset_id, version=version, **options)


def binary(asset_id: str, path: str = "p", version: int = 1, key: str = "key") -> StoredBinary:
    result = CompileResult(success=True, compile_time_sec=1.0, version=version)
    return StoredBinary(asset_id, 1, version, key, path, result, bytes(384 * 4))


async def test_lists_are_filtered_and_in_pages(store: SqliteStore) -> None:
    for name in ("Oak chair", "oak TABLE", "Lamp", "Größe"):
        await store.create_asset(draft(name), JOB)

    async def names(**options: Any) -> list[str]:
        page = {"category": None, "name": None, "after": 0, "limit": 10, **options}
        return [one.name for one in await store.list_assets(**page)]

    assert await names() == ["Oak chair", "oak TABLE", "Lamp", "Größe"]
    assert await names(name="OAK") == ["Oak chair", "oak TABLE"]
    assert await names(name="grösse") == ["Größe"]
    assert await names(name="%") == []
    assert await names(after=1, limit=2) == ["oak TABLE", "Lamp"]
    assert await names(category=AssetCategory.WEAPON) == []


async def test_a_save_is_stored_together_with_its_compile(store: SqliteStore) -> None:
    job = CompileJob("", 0, CompilePriority.HIGH, splat_iterations=0, volume_resolution=16)
    asset = await store.create_asset(draft(), job)
    stored = await store.get_job(asset.id)
    assert stored == CompileJob(asset.id, 1, CompilePriority.HIGH, False, 0, 16)
    await store.update_asset(asset.id, draft(), None, JOB)
    assert await store.unfinished_jobs() == [CompileJob(asset.id, 2)]


async def test_jobs_of_other_versions_change_nothing(store: SqliteStore) -> None:
    asset = await store.create_asset(draft(), JOB)
    await store.update_asset(asset.id, draft(), None, JOB)
    old = JOB_OF(asset.id, 1, state=CompileState.RUNNING)
    assert not await store.put_job(old)
    assert not await store.finish(Finished(old, binary(asset.id)))
    assert await store.get_job(asset.id) == JOB_OF(asset.id, 2)
    assert await store.get_binary(asset.id) is None
    assert not await store.put_job(JOB_OF("0" * 24))


async def test_an_ended_compile_is_stored_with_its_binary(store: SqliteStore) -> None:
    asset = await store.create_asset(draft(), JOB)
    made = binary(asset.id)
    done = JOB_OF(asset.id, state=CompileState.COMPLETE, result=made.result)
    assert await store.finish(Finished(done, made))
    assert await store.get_job(asset.id) == done
    assert await store.unfinished_jobs() == []
    assert await store.get_binary(asset.id) == made
    assert await store.find_binaries("key") == [made]
    assert await store.embeddings() == [(asset.id, made.embedding)]
    await store.delete_asset(asset.id)
    assert await store.get_job(asset.id) is None
    assert await store.find_binaries("key") == []


async def test_everything_is_there_after_reopening(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "s")
    asset = await store.create_asset(draft(), JOB)
    name = await store.store_id()
    await store.close()
    store = await SqliteStore.open(tmp_path / "s")
    assert await store.get_asset(asset.id) == asset
    assert await store.store_id() == name
    assert (await store.create_asset(draft(), JOB)).wire_id == 2
    await store.close()


async def test_a_second_opener_is_told_that_the_store_is_in_use(
    store: SqliteStore, tmp_path: Path
) -> None:
    with pytest.raises(StoreInUseError, match="in use by another process"):
        await SqliteStore.open(tmp_path / "store.sqlite3")
    await store.create_asset(draft(), JOB)  # The first one is none the worse.


async def test_a_file_that_is_no_database_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    path.write_bytes(b"no database at all, but long enough to be taken for one" * 100)
    with pytest.raises(StoreCorruptError, match=str(path)):
        await SqliteStore.open(path)
    assert path.read_bytes().startswith(b"no database")


async def test_a_damaged_store_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    store = await SqliteStore.open(path)
    for number in range(50):
        await store.create_asset(draft(f"Ball {number}"), JOB)
    await store.close()
    data = bytearray(path.read_bytes())
    data[4096 : len(data) // 2] = b"\x5a" * (len(data) // 2 - 4096)
    path.write_bytes(data)
    with pytest.raises(StoreCorruptError, match="damaged"):
        await SqliteStore.open(path)


async def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite3"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    with pytest.raises(StoreCorruptError, match="not a store"):
        await SqliteStore.open(path)
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
    other.close()


async def test_a_store_of_a_newer_architect_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    await (await SqliteStore.open(path)).close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(StoreCorruptError, match="schema version 99"):
        await SqliteStore.open(path)


async def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailableError, match="cannot be opened"):
        await SqliteStore.open(tmp_path / "file" / "store.sqlite3")


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "s")
    await store.close()
    with pytest.raises(StoreUnavailableError, match="closed"):
        await store.get_asset("0" * 24)


def _write_and_die(path: Path, saved: Any) -> None:
    async def write() -> None:
        store = await SqliteStore.open(path)
        asset = await store.create_asset(draft(), JOB)
        for _ in range(5):
            asset = await store.update_asset(asset.id, draft(), asset.version, JOB)
            saved.send(asset.version)
        os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(write())


async def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    reader, writer = multiprocessing.Pipe(duplex=False)
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_write_and_die, args=(tmp_path / "s", writer))
    process.start()
    await asyncio.to_thread(process.join)
    assert process.exitcode == -signal.SIGKILL
    versions = []
    while reader.poll():
        versions.append(reader.recv())
    store = await SqliteStore.open(tmp_path / "s")
    (asset,) = await store.list_assets(category=None, name=None, after=0, limit=10)
    assert asset.version == versions[-1] == 6
    await store.close()


async def test_a_transaction_that_fails_leaves_nothing_behind(store: SqliteStore) -> None:
    asset = await store.create_asset(draft(), JOB)
    with pytest.raises(OverflowError):
        await store.put_job(JOB_OF(asset.id, splat_iterations=1 << 80))
    assert await store.get_job(asset.id) == JOB_OF(asset.id)
    await store.update_asset(asset.id, draft(), 1, JOB)
