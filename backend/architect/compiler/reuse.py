"""An unchanged recipe compiles once: its binary gets the new version and nothing else."""

import asyncio
import logging
from pathlib import Path

import gve_native

from architect.compiler.build import Build
from architect.generated.models import CompileResult
from architect.librarian.assets import AssetLibrarian
from architect.librarian.stamp import Stamp, read_stamp
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
    return binary if await asyncio.to_thread(_intact, path, binary) else None


async def find_equal(store: Store, build: Build, build_key: str) -> list[StoredBinary]:
    """Binaries of the same content under another version or of another asset, own ones first."""
    found = await store.find_binaries(build_key)
    return sorted(found, key=lambda binary: binary.asset_id != build.asset.id)


def restamp(librarian: AssetLibrarian, build: Build, binary: StoredBinary) -> bool:
    """Writes a binary to the build's target under the build's asset and version.

    Blocks. False if it cannot be read any more.
    """
    source = librarian.resolve(binary.cache_path)
    if read_stamp(source) != Stamp.now(binary.wire_id, binary.version):
        return False
    try:
        gve_native.restamp(
            source,
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


def _intact(path: Path, binary: StoredBinary) -> bool:
    try:
        gve_native.verify(path)
    except (gve_native.AssetFileError, OSError):
        return False
    return read_stamp(path) == Stamp.now(binary.wire_id, binary.version)
