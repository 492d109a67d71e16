"""An unchanged recipe compiles once: its binary gets the new version and nothing else."""

import asyncio
import logging

import gve_native

from architect.compiler.build import Build
from architect.generated.models import CompileResult
from architect.librarian.assets import AssetLibrarian
from architect.store import Store, StoredBinary

_LOG = logging.getLogger(__name__)


async def find_current(
    store: Store, librarian: AssetLibrarian, build: Build, build_key: str
) -> StoredBinary | None:
    """The binary that a compile would make, if it is in its place already."""
    binary = await store.get_binary(build.asset.id)
    if binary is None or binary.build_key != build_key or binary.version != build.asset.version:
        return None
    if binary.cache_path != build.asset.cache_path:
        return None
    path = librarian.resolve(binary.cache_path)
    return binary if await asyncio.to_thread(_intact, str(path), binary) else None


async def find_equal(store: Store, build: Build, build_key: str) -> list[StoredBinary]:
    """Binaries of the same content under another version or of another asset, own ones first."""
    found = await store.find_binaries(build_key)
    return sorted(found, key=lambda binary: binary.asset_id != build.asset.id)


def restamp(librarian: AssetLibrarian, build: Build, binary: StoredBinary) -> bool:
    """Writes a binary to the build's target under the build's asset and version.

    Blocks. False if it cannot be read any more.
    """
    try:
        gve_native.restamp(
            librarian.resolve(binary.cache_path),
            build.target,
            asset_id=build.asset.wire_id,
            version=build.asset.version,
        )
    except (gve_native.AssetFileError, OSError) as error:
        _LOG.warning("a binary cannot be used again: %s", error)
        return False
    return True


def reused_result(earlier: CompileResult, path: str, version: int, seconds: float) -> CompileResult:
    """What a compile ends with that used an earlier one's binary."""
    return earlier.model_copy(
        update={
            "binary_path": path,
            "version": version,
            "compile_time_sec": seconds,
            "reused": True,
            "stages": [],
        }
    )


def _intact(path: str, binary: StoredBinary) -> bool:
    try:
        gve_native.verify(path)
        header = gve_native.read_header(path)
    except (gve_native.AssetFileError, OSError):
        return False
    return (header.asset_id, header.version) == (binary.wire_id, binary.version)
