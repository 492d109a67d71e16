"""Assets, and the binaries that belong to them."""

import asyncio
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from architect.errors import AssetNotFoundError
from architect.generated.models import AssetDocument, CacheReport, CacheStatus
from architect.librarian.paths import STAGING, inside
from architect.librarian.recipe import CheckedRecipe
from architect.librarian.stamp import Stamp, read_stamp
from architect.store import AssetDraft, CompileJob, Finished, Store, StoredAsset

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Save:
    """What a save consists of; the recipe is checked already."""

    recipe: CheckedRecipe
    job: CompileJob
    """The compile that follows; its asset and version are filled in by the store."""
    asset_id: str | None = None
    """`None` makes a new asset."""
    subcategory: str | None = None
    """Goes before the recipe's own."""
    expected_version: int | None = None


class AssetLibrarian:
    """The one that stores assets and knows where their binaries are.

    `changes` is held by whoever changes an asset and tells others about it, so that everybody
    hears of changes in the order in which they were stored. It belongs to one event loop.
    """

    def __init__(self, store: Store, cache_root: Path) -> None:
        """Takes the store and the folder of the binaries."""
        self._store = store
        self.cache_root = cache_root
        self.changes = asyncio.Lock()

    def prepare_cache(self) -> None:
        """Makes the cache's folders and removes what a killed process left unfinished."""
        staging = self.cache_root / STAGING
        if staging.exists():
            shutil.rmtree(staging)
        staging.mkdir(parents=True)

    def staging_path(self, asset: StoredAsset) -> Path:
        """Where a binary is written before it takes its place."""
        return self.cache_root / STAGING / f"{asset.id}_{asset.version}.gve_bin"

    async def save_asset(self, save: Save) -> StoredAsset:
        """Stores a new asset, or the next version of one, together with the compile to make.

        Raises:
            AssetNotFoundError: there is no asset of this id.
            VersionConflictError: the expected version is not the stored one.

        """
        draft = AssetDraft(
            name=save.recipe.name,
            category=save.recipe.category,
            subcategory=save.subcategory or save.recipe.subcategory,
            dna_json=save.recipe.dna_json,
            dna_hash=save.recipe.dna_hash,
        )
        if save.asset_id is None:
            return await self._store.create_asset(draft, save.job)
        return await self._store.update_asset(save.asset_id, draft, save.expected_version, save.job)

    async def load_asset(self, asset_id: str) -> AssetDocument:
        """The document of an asset.

        Raises:
            AssetNotFoundError: there is no asset of this id.

        """
        return (await self.find(asset_id)).document()

    async def find(self, asset_id: str) -> StoredAsset:
        """An asset as it is stored, without parsing its recipe.

        Raises:
            AssetNotFoundError: there is no asset of this id.

        """
        asset = await self._store.get_asset(asset_id)
        if asset is None:
            raise AssetNotFoundError(asset_id)
        return asset

    async def find_by_wire_id(self, wire_id: int) -> StoredAsset:
        """An asset by its number in the binary protocol.

        Raises:
            AssetNotFoundError: there is no asset of this id.

        """
        asset = await self._store.get_asset_by_wire_id(wire_id)
        if asset is None:
            raise AssetNotFoundError(wire_id)
        return asset

    async def delete_asset(self, asset_id: str) -> StoredAsset:
        """Forgets an asset and removes its binary; gives what was stored.

        Raises:
            AssetNotFoundError: there is no asset of this id.

        """
        binary = await self._store.get_binary(asset_id)
        asset = await self._store.delete_asset(asset_id)
        paths = {asset.cache_path} | ({binary.cache_path} if binary else set())
        await asyncio.to_thread(self._remove, paths)
        return asset

    def _resolve_cache_path(self, asset: StoredAsset) -> Path:
        return inside(self.cache_root, asset.cache_path)

    def cache_path(self, asset: StoredAsset) -> Path:
        """Where the asset's binary is or would be."""
        return self._resolve_cache_path(asset)

    def resolve(self, relative: str) -> Path:
        """A stored path below the cache's root as a whole one."""
        return inside(self.cache_root, relative)

    async def check_cache_validity(self, asset_id: str) -> CacheStatus:
        """Whether an asset's binary matches what is stored.

        Raises:
            AssetNotFoundError: there is no asset of this id.

        """
        return (await self.cache_report(await self.find(asset_id))).status

    async def cache_report(self, asset: StoredAsset) -> CacheReport:
        """The same with the versions that were compared. A file that cannot be read is missing.

        One of the stored version is stale all the same if it is of another format version, or was
        made by another compiler version: it may come out differently now.
        """
        path = self._resolve_cache_path(asset)
        stamp = await asyncio.to_thread(read_stamp, path)
        if stamp is None or stamp.asset_id != asset.wire_id:
            stamp, status = None, CacheStatus.MISSING
        elif stamp == Stamp.now(asset.wire_id, asset.version):
            status = CacheStatus.VALID
        else:
            status = CacheStatus.STALE
        return CacheReport(
            status=status,
            version=asset.version,
            file_version=None if stamp is None else stamp.version,
            binary_path=str(path),
        )

    async def commit_binary(
        self, asset: StoredAsset, staged: Path, finished: Finished, announce: Callable[[], None]
    ) -> bool:
        """Puts a finished binary in its place, records it, and calls `announce`.

        The caller holds `changes`. False, and nothing done, if the asset is gone or has a newer
        version: nobody is to see this binary any more.
        """
        current = await self._store.get_asset(asset.id)
        if current is None or current.version != asset.version:
            return False
        previous = await self._store.get_binary(asset.id)
        target = self._resolve_cache_path(current)
        await asyncio.to_thread(_move, staged, target)
        if not await self._store.finish(finished):
            return False
        if previous is not None and previous.cache_path != current.cache_path:
            await asyncio.to_thread(self._remove, {previous.cache_path})
        announce()
        return True

    def _remove(self, relative_paths: set[str]) -> None:
        """Removes binaries that nothing refers to any more; one that stays does no harm."""
        for relative in relative_paths:
            try:
                inside(self.cache_root, relative).unlink(missing_ok=True)
            except (OSError, ValueError) as error:
                _LOG.warning("an old binary cannot be removed: %s", error)


def _move(staged: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    staged.replace(target)
