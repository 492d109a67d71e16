"""The embedded store: one SQLite file in WAL mode, recipes as JSON text."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from architect.clock import now_rfc3339
from architect.errors import (
    AssetNotFoundError,
    InvalidRequestError,
    StoreUnavailableError,
    VersionConflictError,
)
from architect.generated.models import (
    AssetCategory,
    AssetSummary,
    CompilePriority,
    CompileResult,
    CompileState,
)
from architect.ids import IdSource
from architect.librarian.paths import DEFAULT_SUBCATEGORY, cache_path_candidates
from architect.limits import MAX_VERSION, MAX_WIRE_ID
from architect.store.base import AssetDraft, CompileJob, Finished, StoredAsset, StoredBinary
from architect.store.connection import SqliteThread, transaction

_ASSET = (
    "id, wire_id, name, version, category, subcategory, dna, dna_hash, cache_path, "
    "created_at, updated_at"
)
_ASSET_FIELDS = _ASSET.replace("dna,", "dna_json,").split(", ")
_SUMMARY = "id, wire_id, name, version, category, subcategory, updated_at"
_JOB = (
    "asset_id, version, priority, force_recompile, splat_iterations, volume_resolution, "
    "state, result"
)
_BINARY = (
    "binaries.asset_id, assets.wire_id, binaries.version, build_key, binaries.cache_path, "
    "result, embedding"
)


class SqliteStore:
    """Implements `Store`. Made by `open`."""

    def __init__(self, thread: SqliteThread) -> None:
        """Takes an open connection's thread."""
        self._thread = thread
        self._ids = IdSource()

    @classmethod
    async def open(cls, path: Path) -> "SqliteStore":
        """Opens or creates the store and locks out other processes.

        Raises:
            StoreInUseError: another process has it open.
            StoreCorruptError: it is damaged, no store, or of a newer Architect.
            StoreUnavailableError: it cannot be opened for another reason.

        """
        thread = SqliteThread(path)
        await thread.open()
        return cls(thread)

    async def close(self) -> None:
        """Writes everything out and lets the next process in."""
        await self._thread.close()

    async def store_id(self) -> str:
        """Random, made with the store."""
        query = "SELECT store_id FROM about"
        return await self._thread.run(lambda c: str(c.execute(query).fetchone()[0]))

    async def create_asset(self, draft: AssetDraft, job: CompileJob) -> StoredAsset:
        """Stores a new asset at version 1 together with its compile."""

        def work(connection: sqlite3.Connection) -> StoredAsset:
            with transaction(connection):
                wire_id = _next_wire_id(connection)
                now = now_rfc3339()
                asset = StoredAsset(
                    id=self._ids.next_id(),
                    wire_id=wire_id,
                    name=draft.name,
                    version=1,
                    category=draft.category,
                    subcategory=draft.subcategory or DEFAULT_SUBCATEGORY,
                    dna_json=_with_version(draft.dna_json, 1),
                    dna_hash=draft.dna_hash,
                    cache_path="",
                    created_at=now,
                    updated_at=now,
                )
                asset = replace(asset, cache_path=_free_path(connection, asset))
                _write_asset(connection, asset)
                _write_job(connection, replace(job, asset_id=asset.id, version=1))
                return asset

        return await self._thread.run(work)

    async def update_asset(
        self, asset_id: str, draft: AssetDraft, expected_version: int | None, job: CompileJob
    ) -> StoredAsset:
        """Stores the next version together with its compile."""

        def work(connection: sqlite3.Connection) -> StoredAsset:
            with transaction(connection):
                stored = _read_asset(connection, "id = ?", asset_id)
                if stored is None:
                    raise AssetNotFoundError(asset_id)
                if expected_version is not None and expected_version != stored.version:
                    raise VersionConflictError(expected_version, stored.version)
                if stored.version >= MAX_VERSION:
                    raise InvalidRequestError(f"asset {asset_id} has no version left to count to")
                version = stored.version + 1
                asset = replace(
                    stored,
                    name=draft.name,
                    version=version,
                    category=draft.category,
                    subcategory=draft.subcategory or stored.subcategory,
                    dna_json=_with_version(draft.dna_json, version),
                    dna_hash=draft.dna_hash,
                    updated_at=now_rfc3339(),
                )
                asset = replace(asset, cache_path=_free_path(connection, asset))
                _write_asset(connection, asset)
                _write_job(connection, replace(job, asset_id=asset.id, version=version))
                return asset

        return await self._thread.run(work)

    async def delete_asset(self, asset_id: str) -> StoredAsset:
        """Forgets an asset, its compile and its binary."""

        def work(connection: sqlite3.Connection) -> StoredAsset:
            with transaction(connection):
                stored = _read_asset(connection, "id = ?", asset_id)
                if stored is None:
                    raise AssetNotFoundError(asset_id)
                connection.execute("DELETE FROM assets WHERE id = ?", (asset_id,))
                return stored

        return await self._thread.run(work)

    async def get_asset(self, asset_id: str) -> StoredAsset | None:
        """The asset with this document id."""
        return await self._thread.run(lambda c: _read_asset(c, "id = ?", asset_id))

    async def get_asset_by_wire_id(self, wire_id: int) -> StoredAsset | None:
        """The asset with this wire id."""
        return await self._thread.run(lambda c: _read_asset(c, "wire_id = ?", wire_id))

    async def list_assets(
        self, *, category: AssetCategory | None, name: str | None, after: int, limit: int
    ) -> list[AssetSummary]:
        """Assets in the order of their wire ids, from the one behind `after` on."""
        conditions, values = ["wire_id > ?"], [str(after)]
        if category is not None:
            conditions.append("category = ?")
            values.append(category.value)
        if name:
            conditions.append("instr(name_folded, ?) > 0")
            values.append(name.casefold())
        # The conditions are the constants above; what comes from outside is bound.
        query = (
            f"SELECT {_SUMMARY} FROM assets WHERE {' AND '.join(conditions)} "  # noqa: S608
            "ORDER BY wire_id LIMIT ?"
        )

        def work(connection: sqlite3.Connection) -> list[AssetSummary]:
            return [_summary(row) for row in connection.execute(query, (*values, limit))]

        return await self._thread.run(work)

    async def summaries(self, asset_ids: Sequence[str]) -> dict[str, AssetSummary]:
        """The summaries of some assets, by id."""

        def work(connection: sqlite3.Connection) -> dict[str, AssetSummary]:
            query = f"SELECT {_SUMMARY} FROM assets WHERE id = ?"  # noqa: S608
            found = (connection.execute(query, (one,)).fetchone() for one in asset_ids)
            return {row[0]: _summary(row) for row in found if row is not None}

        return await self._thread.run(work)

    async def put_job(self, job: CompileJob) -> bool:
        """Stores or replaces the compile of an asset's current version."""

        def work(connection: sqlite3.Connection) -> bool:
            with transaction(connection):
                if _read_version(connection, job.asset_id) != job.version:
                    return False
                _write_job(connection, job)
                return True

        return await self._thread.run(work)

    async def get_job(self, asset_id: str) -> CompileJob | None:
        """The asset's newest compile."""

        def work(connection: sqlite3.Connection) -> CompileJob | None:
            query = f"SELECT {_JOB} FROM jobs WHERE asset_id = ?"  # noqa: S608
            row = connection.execute(query, (asset_id,)).fetchone()
            return None if row is None else _job(row)

        return await self._thread.run(work)

    async def unfinished_jobs(self) -> list[CompileJob]:
        """Compiles that have not ended, in the order in which they were stored."""

        def work(connection: sqlite3.Connection) -> list[CompileJob]:
            query = f"SELECT {_JOB} FROM jobs WHERE state IN (?, ?) ORDER BY sequence"  # noqa: S608
            states = (CompileState.QUEUED.value, CompileState.RUNNING.value)
            return [_job(row) for row in connection.execute(query, states)]

        return await self._thread.run(work)

    async def finish(self, finished: Finished) -> bool:
        """Records how a compile ended, and its binary if it made one."""
        job, binary = finished.job, finished.binary

        def work(connection: sqlite3.Connection) -> bool:
            with transaction(connection):
                if _read_version(connection, job.asset_id) != job.version:
                    return False
                _write_job(connection, job)
                if binary is not None:
                    connection.execute(
                        "INSERT OR REPLACE INTO binaries VALUES (?, ?, ?, ?, ?, ?)",
                        (
                            binary.asset_id,
                            binary.version,
                            binary.build_key,
                            binary.cache_path,
                            binary.result.model_dump_json(),
                            binary.embedding,
                        ),
                    )
                return True

        return await self._thread.run(work)

    async def get_binary(self, asset_id: str) -> StoredBinary | None:
        """What is known about an asset's binary."""
        found = await self._binaries("binaries.asset_id = ?", asset_id)
        return found[0] if found else None

    async def find_binaries(self, build_key: str) -> list[StoredBinary]:
        """Binaries of this content, of whatever asset."""
        return await self._binaries("build_key = ?", build_key)

    async def embeddings(self) -> list[tuple[str, bytes]]:
        """Document id and embedding of every asset that has one."""

        def work(connection: sqlite3.Connection) -> list[tuple[str, bytes]]:
            query = "SELECT asset_id, embedding FROM binaries WHERE embedding IS NOT NULL"
            return connection.execute(query).fetchall()

        return await self._thread.run(work)

    async def _binaries(self, condition: str, value: str) -> list[StoredBinary]:
        query = (
            f"SELECT {_BINARY} FROM binaries JOIN assets ON assets.id = binaries.asset_id "  # noqa: S608
            f"WHERE {condition} LIMIT 8"
        )

        def work(connection: sqlite3.Connection) -> list[StoredBinary]:
            rows = connection.execute(query, (value,)).fetchall()
            return [
                StoredBinary(
                    asset_id=asset_id,
                    wire_id=wire_id,
                    version=version,
                    build_key=build_key,
                    cache_path=cache_path,
                    result=CompileResult.model_validate_json(result),
                    embedding=embedding,
                )
                for asset_id, wire_id, version, build_key, cache_path, result, embedding in rows
            ]

        return await self._thread.run(work)


def _next_wire_id(connection: sqlite3.Connection) -> int:
    query = "UPDATE counters SET value = value + 1 WHERE name = 'wire_id' RETURNING value"
    wire_id = int(connection.execute(query).fetchone()[0])
    if wire_id >= MAX_WIRE_ID:
        raise StoreUnavailableError("the store has handed out all wire ids")
    return wire_id


def _with_version(dna_json: str, version: int) -> str:
    dna = json.loads(dna_json)
    dna["metadata"]["version"] = version
    return json.dumps(dna, ensure_ascii=False, separators=(",", ":"))


def _free_path(connection: sqlite3.Connection, asset: StoredAsset) -> str:
    """The first of the asset's possible paths where no other asset has, or still has, a binary."""
    query = (
        "SELECT 1 FROM assets WHERE cache_path = :path AND id <> :id "
        "UNION ALL SELECT 1 FROM binaries WHERE cache_path = :path AND asset_id <> :id"
    )
    for path in cache_path_candidates(asset):
        if connection.execute(query, {"path": path, "id": asset.id}).fetchone() is None:
            return path
    raise StoreUnavailableError(f"no path is free for asset {asset.id}")


def _write_asset(connection: sqlite3.Connection, asset: StoredAsset) -> None:
    # An upsert, because replacing the row would delete the asset's job and binary with it.
    connection.execute(
        "INSERT INTO assets (wire_id, id, name, name_folded, version, category, subcategory, dna, "
        "dna_hash, cache_path, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_folded = excluded.name_folded, "
        "version = excluded.version, category = excluded.category, "
        "subcategory = excluded.subcategory, dna = excluded.dna, dna_hash = excluded.dna_hash, "
        "cache_path = excluded.cache_path, updated_at = excluded.updated_at",
        (
            asset.wire_id,
            asset.id,
            asset.name,
            asset.name.casefold(),
            asset.version,
            asset.category.value,
            asset.subcategory,
            asset.dna_json,
            asset.dna_hash,
            asset.cache_path,
            asset.created_at,
            asset.updated_at,
        ),
    )


def _write_job(connection: sqlite3.Connection, job: CompileJob) -> None:
    result = None if job.result is None else job.result.model_dump_json()
    connection.execute(
        f"INSERT OR REPLACE INTO jobs ({_JOB}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        (
            job.asset_id,
            job.version,
            int(job.priority),
            job.force_recompile,
            job.splat_iterations,
            job.volume_resolution,
            job.state.value,
            result,
        ),
    )


def _read_asset(
    connection: sqlite3.Connection, condition: str, value: str | int
) -> StoredAsset | None:
    query = f"SELECT {_ASSET} FROM assets WHERE {condition}"  # noqa: S608
    row = connection.execute(query, (value,)).fetchone()
    if row is None:
        return None
    asset = dict(zip(_ASSET_FIELDS, row, strict=True))
    return StoredAsset(**asset | {"category": AssetCategory(asset["category"])})


def _read_version(connection: sqlite3.Connection, asset_id: str) -> int | None:
    query = "SELECT version FROM assets WHERE id = ?"
    row = connection.execute(query, (asset_id,)).fetchone()
    return None if row is None else int(row[0])


def _summary(row: Sequence[object]) -> AssetSummary:
    names = ("id", "wire_id", "name", "version", "category", "subcategory", "updated_at")
    return AssetSummary.model_validate(dict(zip(names, row, strict=True)))


def _job(row: Sequence[object]) -> CompileJob:
    asset_id, version, priority, force, iterations, resolution, state, result = row
    return CompileJob(
        asset_id=str(asset_id),
        version=int(str(version)),
        priority=CompilePriority(int(str(priority))),
        force_recompile=bool(force),
        splat_iterations=None if iterations is None else int(str(iterations)),
        volume_resolution=None if resolution is None else int(str(resolution)),
        state=CompileState(state),
        result=None if result is None else CompileResult.model_validate_json(str(result)),
    )
