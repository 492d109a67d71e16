"""The repository interface and its records."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from architect.generated.models import (
    AssetCategory,
    AssetDocument,
    AssetSummary,
    AssetType,
    CompilePriority,
    CompileRequest,
    CompileResult,
    CompileState,
)


@dataclass(frozen=True, slots=True)
class AssetDraft:
    """What a save brings along: everything that the store does not hand out itself."""

    name: str
    category: AssetCategory
    subcategory: str | None
    """`None` leaves it as it is, or `general` for a new asset."""
    dna_json: str
    """The checked recipe; the store writes the new version into its metadata."""
    dna_hash: str
    """Hash of the recipe's content, whatever its version."""


@dataclass(frozen=True, slots=True)
class StoredAsset:
    """A stored asset; the recipe stays the text that was checked."""

    id: str
    wire_id: int
    name: str
    version: int
    category: AssetCategory
    subcategory: str
    dna_json: str
    dna_hash: str
    cache_path: str
    """Where its binary belongs: a path below the cache's root, parts joined by `/`."""
    created_at: str
    updated_at: str

    def document(self) -> AssetDocument:
        """The document with its recipe parsed."""
        return AssetDocument.model_validate_json(self.document_json())

    def document_json(self) -> str:
        """The document as JSON, with the recipe exactly as it is stored."""
        head = {
            "id": self.id,
            "wire_id": self.wire_id,
            "type": AssetType.GEOMETRY.value,
            "name": self.name,
            "version": self.version,
            "meta": {"category": self.category.value, "subcategory": self.subcategory},
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
        return json.dumps(head, ensure_ascii=False)[:-1] + ', "dna": ' + self.dna_json + "}"


@dataclass(frozen=True, slots=True)
class CompileJob:
    """A compile that is to be made, runs, or has ended. Each asset has at most one."""

    asset_id: str
    version: int
    priority: CompilePriority = CompilePriority.NORMAL
    force_recompile: bool = False
    splat_iterations: int | None = None
    volume_resolution: int | None = None
    state: CompileState = CompileState.QUEUED
    result: CompileResult | None = None

    @classmethod
    def of(cls, request: CompileRequest, version: int) -> "CompileJob":
        """What a request asks for, of this version of its asset."""
        return cls(
            asset_id=request.asset_id,
            version=version,
            priority=request.priority,
            force_recompile=request.force_recompile,
            splat_iterations=request.splat_iterations,
            volume_resolution=request.volume_resolution,
        )

    @property
    def active(self) -> bool:
        """Whether it has yet to end."""
        return self.state in (CompileState.QUEUED, CompileState.RUNNING)


@dataclass(frozen=True, slots=True)
class StoredBinary:
    """What is known about an asset's newest binary."""

    asset_id: str
    wire_id: int
    version: int
    """The version in its header."""
    build_key: str
    """Hash of everything that decides its content, so that equal keys mean equal content."""
    cache_path: str
    """Where it is: a path below the cache's root."""
    result: CompileResult
    """What the compile that made it ended with."""
    embedding: bytes | None = field(default=None, repr=False)
    """384 little-endian f32, or nothing if the text could not be embedded."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What one ended compile changes; stored as a whole or not at all."""

    job: CompileJob
    binary: StoredBinary | None = None


class Store(Protocol):
    """What the Architect asks of a database. Every method is atomic.

    All raise `StoreUnavailableError` when the database does not answer.
    """

    async def store_id(self) -> str:
        """Random, made with the store: tells a store that was reset from one that was reopened."""

    async def create_asset(self, draft: AssetDraft, job: CompileJob) -> StoredAsset:
        """Stores a new asset at version 1 together with its compile.

        `job`'s asset and version are filled in.
        """

    async def update_asset(
        self, asset_id: str, draft: AssetDraft, expected_version: int | None, job: CompileJob
    ) -> StoredAsset:
        """Stores the next version together with its compile, which replaces an older one.

        Raises:
            AssetNotFoundError: nothing has this id.
            VersionConflictError: `expected_version` is given and not the stored one.

        """

    async def delete_asset(self, asset_id: str) -> StoredAsset:
        """Forgets an asset, its compile and its binary; gives what was stored.

        Raises:
            AssetNotFoundError: nothing has this id.

        """

    async def get_asset(self, asset_id: str) -> StoredAsset | None:
        """The asset with this document id."""

    async def get_asset_by_wire_id(self, wire_id: int) -> StoredAsset | None:
        """The asset with this wire id."""

    async def list_assets(
        self, *, category: AssetCategory | None, name: str | None, after: int, limit: int
    ) -> list[AssetSummary]:
        """Assets in the order of their wire ids, from the one behind `after` on.

        `name` is looked for anywhere in an asset's name, upper or lower case.
        """

    async def summaries(self, asset_ids: Sequence[str]) -> dict[str, AssetSummary]:
        """The summaries of some assets, by id; ids that are gone are left out."""

    async def put_job(self, job: CompileJob) -> bool:
        """Stores or replaces an asset's compile.

        False, and nothing stored, if the asset is gone or has another version.
        """

    async def get_job(self, asset_id: str) -> CompileJob | None:
        """The asset's newest compile."""

    async def unfinished_jobs(self) -> list[CompileJob]:
        """Compiles that have not ended, in the order in which they were stored."""

    async def finish(self, finished: Finished) -> bool:
        """Records how a compile ended, and its binary if it made one.

        False, and nothing stored, if the asset is gone or has a newer version by now.
        """

    async def get_binary(self, asset_id: str) -> StoredBinary | None:
        """What is known about an asset's binary."""

    async def find_binaries(self, build_key: str) -> list[StoredBinary]:
        """Binaries of this content, of whatever asset; a few at most."""

    async def embeddings(self) -> list[tuple[str, bytes]]:
        """Document id and embedding of every asset that has one."""

    async def close(self) -> None:
        """Writes everything out and lets the next process in."""
