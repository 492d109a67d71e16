"""One SQLite connection on a thread of its own."""

import asyncio
import contextlib
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from architect.errors import StoreCorruptError, StoreInUseError, StoreUnavailableError
from architect.store.schema import APPLICATION_ID, SCHEMA_VERSION, TABLES

T = TypeVar("T")


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Everything inside is stored as a whole, or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # Nothing is left to roll back if SQLite has done it already.
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


class SqliteThread:
    """Runs work on the one connection, one piece after another.

    The connection keeps the file locked for as long as it is open, so that no second process
    compiles into the same cache; the operating system frees the lock of a process that dies.
    """

    def __init__(self, path: Path) -> None:
        """Takes the store's file; `open` opens it."""
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Opens the file, creates the tables of a new one, and checks an old one.

        Raises:
            StoreInUseError: another process has it open.
            StoreCorruptError: it is damaged, no store, or of a newer Architect.
            StoreUnavailableError: it cannot be opened for another reason.

        """
        try:
            self._connection = await self._submit(self._connect)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Runs `work` on the connection's thread.

        Raises:
            StoreUnavailableError: SQLite reports an error.

        """
        connection = self._connection
        if connection is None:
            raise StoreUnavailableError(f"the store {self._path} is closed")
        try:
            return await self._submit(lambda: work(connection))
        except sqlite3.DatabaseError as error:
            raise self._explain(error) from error

    async def close(self) -> None:
        """Closes the file; harmless if it is closed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await self._submit(connection.close)
        self._thread.shutdown(wait=False)

    async def _submit(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _connect(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, timeout=0.5, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise StoreUnavailableError(
                f"the store {self._path} cannot be opened: {error}"
            ) from error
        try:
            self._prepare(connection)
        except sqlite3.DatabaseError as error:
            connection.close()
            raise self._explain(error) from error
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        # A save that was answered survives a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # The exclusive lock is taken by the first transaction and kept.
        with transaction(connection):
            application_id = _pragma(connection, "application_id")
            version = _pragma(connection, "user_version")
            if application_id == 0 and version == 0 and not _has_tables(connection):
                for statement in TABLES.split(";"):
                    connection.execute(statement)
                connection.execute("INSERT INTO about VALUES (?)", (secrets.token_hex(16),))
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                application_id, version = APPLICATION_ID, SCHEMA_VERSION
        if application_id != APPLICATION_ID:
            raise StoreCorruptError(
                f"{self._path} is a SQLite file, but not a store of the Architect"
            )
        if version != SCHEMA_VERSION:
            raise StoreCorruptError(
                f"the store {self._path} has schema version {version}; "
                f"this Architect reads version {SCHEMA_VERSION}"
            )
        problems = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
        if problems != ["ok"]:
            raise StoreCorruptError(f"the store {self._path} is damaged: {problems[0]}")

    def _explain(self, error: sqlite3.DatabaseError) -> StoreUnavailableError:
        name = getattr(error, "sqlite_errorname", "") or ""
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return StoreInUseError(f"the store {self._path} is in use by another process")
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return StoreCorruptError(f"the store {self._path} is damaged: {error}")
        return StoreUnavailableError(f"the store {self._path} does not answer: {error}")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
