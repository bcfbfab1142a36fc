"""Records in one SQLite file: a table for each kind, a row for each record.

WAL with synchronous FULL: a commit that returned survives a power cut. A row's place in its
table is its rowid, so records load in the order of their creation, and an update keeps its place.
"""

import contextlib
import sqlite3
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path

from runall_reference.brain.records import Record

from .base import StoreError
from .tables import LEASE_KEY, SCHEMA, TableStore

# Marks a file as ours, so that a database of another program is never written into.
APPLICATION = 0x52554E41
BUSY_SECONDS = 1.0


class SqliteStore(TableStore):
    """A store in a file of its own. Make one with `SqliteStore.open`."""

    failures = (sqlite3.Error, OSError)

    def __init__(self, place: str, kinds: Sequence[type[Record]]) -> None:
        path = Path(place)
        super().__init__(str(path), kinds)
        with self.failing(StoreError):
            path.parent.mkdir(parents=True, exist_ok=True)
            # Opened in one thread and used in another, never in two at once.
            self.db = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )

    def prepare(self) -> None:
        self.check_owner()
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        # Only if something is missing: whoever has the file open takes this for another's commit.
        if not {kind.table for kind in self.kinds} <= self.tables():
            with self.writing():
                self.make_tables()

    def make_tables(self) -> None:
        if not self.tables():
            self.set_version()
        for kind in self.kinds:
            self.db.execute(
                f"CREATE TABLE IF NOT EXISTS {kind.table} "
                "(key TEXT PRIMARY KEY, body BLOB NOT NULL)"
            )
        self.db.execute(f"PRAGMA application_id = {APPLICATION}")

    def tables(self) -> set[str]:
        return {name for (name,) in self.db.execute("SELECT name FROM sqlite_master")}

    def check_owner(self) -> None:
        """Raise `StoreError` for a later version's file, and for another program's."""
        if self.tables() and self.number("PRAGMA application_id") != APPLICATION:
            raise StoreError(
                f"{self.place} is a database of another program",
                "name a file that does not exist yet, or one that this program made",
            )
        self.check_version()

    def version(self) -> int:
        return self.number("PRAGMA user_version")

    def set_version(self) -> None:
        self.db.execute(f"PRAGMA user_version = {SCHEMA}")

    def number(self, query: str) -> int:
        return self.db.execute(query).fetchone()[0]

    @contextlib.contextmanager
    def transaction(self, begin: str) -> Generator[None]:
        """A transaction that does all or nothing: whatever is raised inside rolls it back."""
        with self.db:
            self.db.execute(begin)
            yield

    def reading(self) -> contextlib.AbstractContextManager[None]:
        """A transaction to read in: in WAL it sees the state at its first read."""
        return self.transaction("BEGIN")

    def writing(self) -> contextlib.AbstractContextManager[None]:
        """A transaction to write in: it keeps all other writers out from the first moment."""
        return self.transaction("BEGIN IMMEDIATE")

    def standing(self) -> tuple[int, bytes | None]:
        """A number that other connections' commits change and our own do not; and the lease."""
        lease = self.lease_body()  # a read first: the number is that of the state last read
        return self.number("PRAGMA data_version"), lease

    def lease_body(self) -> bytes | None:
        if not self.leased:
            return None
        query = "SELECT body FROM lease WHERE key = ?"
        row = self.db.execute(query, (LEASE_KEY,)).fetchone()
        return row[0] if row else None

    def rows(self, table: str) -> Iterable[tuple[str, bytes]]:
        return self.db.execute(f"SELECT key, body FROM {table} ORDER BY rowid")  # noqa: S608 - a constant

    def put(self, table: str, key: str, body: bytes) -> None:
        self.db.execute(
            f"INSERT INTO {table} (key, body) VALUES (?, ?) "  # noqa: S608 - a constant
            "ON CONFLICT (key) DO UPDATE SET body = excluded.body",
            (key, body),
        )

    def drop(self, table: str, key: str) -> None:
        self.db.execute(f"DELETE FROM {table} WHERE key = ?", (key,))  # noqa: S608 - a constant

    def hint(self, error: Exception) -> str:
        name = getattr(error, "sqlite_errorname", "SQLITE_CANTOPEN")
        hints = (hint for prefix, hint in HINTS.items() if name.startswith(prefix))
        return next(hints, "look at the file and its disk")

    def close(self) -> None:
        self.db.close()


HINTS = {
    "SQLITE_NOTADB": "name another file; this one is not a database",
    "SQLITE_CANTOPEN": "make the folder writable for this user, or name another with --data",
    "SQLITE_READONLY": "make the file and its folder writable for this user",
    "SQLITE_FULL": "free some space on that disk",
    "SQLITE_IOERR": "look at the disk: the system reported an error",
    "SQLITE_BUSY": "end the other program that holds the file",
    "SQLITE_CORRUPT": "restore the file from a copy",
}
