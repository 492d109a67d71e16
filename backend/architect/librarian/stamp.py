"""What a binary says of itself: whether it is what a compile would make now."""

from dataclasses import dataclass
from pathlib import Path

import gve_native


@dataclass(frozen=True, slots=True)
class Stamp:
    """The parts of a binary that decide whether it is current, apart from the recipe."""

    asset_id: int
    version: int
    format_version: int
    compiler_version: str

    @classmethod
    def now(cls, asset_id: int, version: int) -> "Stamp":
        """What a compile of this version would write."""
        return cls(asset_id, version, gve_native.FORMAT_VERSION, gve_native.COMPILER_VERSION)


def read_stamp(path: Path) -> Stamp | None:
    """The stamp of a binary, from its first bytes; nothing if there is no readable one. Blocks."""
    if not path.exists():
        return None
    try:
        header, compiler_version = gve_native.read_stamp(path)
    except (gve_native.AssetFileError, OSError):
        return None
    return Stamp(header.asset_id, header.version, header.format_version, compiler_version)
