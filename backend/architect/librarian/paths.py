"""Where binaries lie: `{type}/{category}/{subcategory}/{snake_name}_{last 6 of id}.gve_bin`."""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from architect.generated.models import AssetType

if TYPE_CHECKING:
    from architect.store.base import StoredAsset

DEFAULT_SUBCATEGORY = "general"
"""The second level of an asset that names none."""
STAGING = ".staging"
"""Folder below the cache's root for binaries that are not finished."""

_LONGEST_PART = 64
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)")


def snake_case(text: str, empty: str) -> str:
    """A text as a file name's part: `a` to `z`, digits and single underscores, at most 64.

    Accents go, other scripts go, capitals within a word start a new one. `empty` stands in when
    nothing is left. Names that Windows keeps to itself get an underscore.
    """
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    part = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_LONGEST_PART].rstrip("_") or empty
    return f"{part}_" if _RESERVED.fullmatch(part) else part


def cache_path_candidates(asset: "StoredAsset") -> Iterator[str]:
    """The paths an asset's binary may take, best first, below the cache's root.

    The first has the last six digits of the id. The others have more of it, for assets whose name
    and last digits are the same.
    """
    folder = PurePosixPath(
        AssetType.GEOMETRY.value,
        snake_case(asset.category.value, "prop"),
        snake_case(asset.subcategory, DEFAULT_SUBCATEGORY),
    )
    name = snake_case(asset.name, "asset")
    for digits in range(6, len(asset.id) + 1, 2):
        yield str(folder / f"{name}_{asset.id[-digits:]}.gve_bin")


def inside(root: Path, relative: str) -> Path:
    """The path below the root that a stored, relative path names.

    Raises:
        ValueError: it would lie elsewhere, through `..` or a link.

    """
    root = root.resolve()
    path = (root / relative).resolve()
    if not path.is_relative_to(root) or path == root:
        raise ValueError(f"{relative!r} lies outside of the cache {root}")
    return path
