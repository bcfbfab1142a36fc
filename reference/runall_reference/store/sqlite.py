"""Records in one SQLite file: a table for each kind, a row for each record.

WAL with synchronous FULL: a commit that returned survives a power cut. A row's place in its
table is its rowid, so records load in the order of their creation, and an update keeps its place.
"""

import contextlib
import sqlite3
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import msgspec

from ..books import Change, Put
from ..records import Lease, Record
from .base import CommitFailed, LeaseLost, StoreError

SCHEMA = 1
# Marks a file as ours, so that a database of another program is never written into.
APPLICATION = 0x52554E41
BUSY_SECONDS = 1.0

encode = msgspec.json.Encoder().encode


class SqliteStore:
    """A store in a file of its own. Make one with `SqliteStore.open`."""

    def __init__(self, path: Path, kinds: Sequence[type[Record]], db: sqlite3.Connection) -> None:
        self.path, self.kinds, self.db = path, tuple(kinds), db

    @classmethod
    def open(cls, path: Path, kinds: Sequence[type[Record]]) -> "SqliteStore":
        """Open or create the file. Raises `StoreError` with the reason and the next step."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise unusable(path, error) from error
        store = cls(path, kinds, db)
        try:
            store.prepare()
        except BaseException as error:
            db.close()
            if isinstance(error, sqlite3.Error):
                raise unusable(path, error) from error
            raise
        return store

    def prepare(self) -> None:
        """Bring the file to this version's schema, or refuse it."""
        self.check_owner()
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        with self.transaction():
            for kind in self.kinds:
                self.db.execute(
                    f"CREATE TABLE IF NOT EXISTS {kind.table} "
                    "(key TEXT PRIMARY KEY, body BLOB NOT NULL)"
                )
            self.db.execute(f"PRAGMA user_version = {SCHEMA}")
            self.db.execute(f"PRAGMA application_id = {APPLICATION}")

    def check_owner(self) -> None:
        """Raise `StoreError` for a later version's file, and for another program's."""
        (version,) = self.db.execute("PRAGMA user_version").fetchone()
        (owner,) = self.db.execute("PRAGMA application_id").fetchone()
        (tables,) = self.db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and owner != APPLICATION:
            raise StoreError(
                f"{self.path} is a database of another program",
                "name a file that does not exist yet, or one that this program made",
            )
        if version > SCHEMA:
            raise StoreError(
                f"{self.path} has schema version {version}; this program knows {SCHEMA}",
                "start the newer version that wrote it",
            )

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """All or nothing. Anything that is raised inside rolls back."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.db.execute("COMMIT")
        except BaseException:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            raise

    def load(self) -> list[Record]:
        """All records, table by table, each in the order of creation."""
        try:
            return [record for kind in self.kinds for record in self.load_kind(kind)]
        except sqlite3.Error as error:
            raise unusable(self.path, error) from error

    def load_kind(self, kind: type[Record]) -> Iterator[Record]:
        """The records of one table."""
        decode = msgspec.json.Decoder(kind).decode
        rows = self.db.execute(f"SELECT key, body FROM {kind.table} ORDER BY rowid")  # noqa: S608 - a constant
        for key, body in rows:
            try:
                yield decode(body)
            except msgspec.MsgspecError as error:
                raise StoreError(
                    f"{self.path}: record {key!r} of {kind.table} can't be read: {error}",
                    "restore the file from a copy, or start the version that wrote it",
                ) from error

    def commit(self, change: Change, guard: int | None) -> None:
        """Write a change in one transaction, if the lease still has the guard's epoch."""
        try:
            if change:
                with self.transaction():
                    self.check_lease(guard)
                    self.write(change)
            else:
                self.check_lease(guard)
        except sqlite3.Error as error:
            known = unusable(self.path, error)
            raise CommitFailed(known.cause, known.hint) from error

    def check_lease(self, guard: int | None) -> None:
        """Raise `LeaseLost` unless the stored lease has that epoch."""
        if guard is None:
            return
        lease = self.stored_lease()
        epoch = lease.epoch if lease else 0
        if epoch != guard:
            raise LeaseLost(guard, epoch)

    def stored_lease(self) -> Lease | None:
        """The lease in the file. Raises `sqlite3.Error`."""
        row = self.db.execute("SELECT body FROM lease WHERE key = 'primary'").fetchone()
        return msgspec.json.decode(row[0], type=Lease) if row else None

    def lease(self) -> Lease | None:
        """The lease as it is stored now."""
        try:
            return self.stored_lease()
        except sqlite3.Error as error:
            raise unusable(self.path, error) from error

    def write(self, change: Change) -> None:
        """Carry out the puts and drops in their order."""
        for one in change:
            if isinstance(one, Put):
                record = one.record
                self.db.execute(
                    f"INSERT INTO {record.table} (key, body) VALUES (?, ?) "  # noqa: S608 - a constant
                    "ON CONFLICT (key) DO UPDATE SET body = excluded.body",
                    (record.key, encode(record)),
                )
            else:
                self.db.execute(f"DELETE FROM {one.table} WHERE key = ?", (one.key,))  # noqa: S608 - a constant

    def close(self) -> None:
        """Close the file."""
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


def unusable(path: Path, error: Exception) -> StoreError:
    """The error that SQLite or the system gave, in words with a next step."""
    name = getattr(error, "sqlite_errorname", "SQLITE_CANTOPEN")
    hints = (hint for prefix, hint in HINTS.items() if name.startswith(prefix))
    return StoreError(f"the store {path}: {error}", next(hints, "look at the file and its disk"))
