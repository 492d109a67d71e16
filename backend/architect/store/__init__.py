"""What the Architect remembers: assets, compile jobs, binaries.

`base` is the narrow interface, `sqlite` the embedded implementation. Another database is another
module beside it that passes the tests in `tests/store`.
"""

from architect.store.base import (
    AssetDraft,
    CompileJob,
    Finished,
    Store,
    StoredAsset,
    StoredBinary,
)
from architect.store.sqlite import SqliteStore

__all__ = [
    "AssetDraft",
    "CompileJob",
    "Finished",
    "SqliteStore",
    "Store",
    "StoredAsset",
    "StoredBinary",
]
