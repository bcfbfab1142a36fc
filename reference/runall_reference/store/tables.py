"""What both stores have in common: the order of a commit, the guard, encoding and versions.

Records are read as they were written, field by field: to pass over a field would lose it with the
next commit. So whatever changes a record raises `SCHEMA`. A store of an earlier version is read,
and gets this version's number with the first commit, which takes the lease; until then the earlier
release goes on with it. A later one is refused by its number (RA-13.1): at the start, and when the
records are read, as another server may have raised it meanwhile.

A store has one table for each kind of record; a row has a place that keeps the order of creation,
the record's key, and its body as JSON. The rules are here, once; each store implements the
abstract methods at the end of this class for its database.

The epoch alone would let a takeover go wrong: a backup reads the records, the old primary wakes
and commits once more under the old epoch, and the backup takes the lease without that change in
its records. So a store that has loaded refuses to write after anybody else has: those records are
read again first. The same holds for a commit that was given up as unknown and arrives later.
"""

import abc
import contextlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import ClassVar, Self

import msgspec

from runall_reference.brain.record_set import Change, Drop, Put
from runall_reference.brain.records import Lease, Record

from .base import CommitFailed, LeaseLost, StoreError, ignore_row

SCHEMA = 2
LEASE_KEY = "primary"

encode = msgspec.json.Encoder().encode


class TableStore(abc.ABC):
    """A store of tables. `place` names it in errors; `mark` is the count at the last load."""

    failures: ClassVar[tuple[type[Exception], ...]]

    def __init__(self, place: str, kinds: Sequence[type[Record]]) -> None:
        self.place, self.kinds = place, tuple(kinds)
        self.leased = Lease in self.kinds
        self.mark: int | None = None
        self.written_by = SCHEMA

    @classmethod
    def open(cls, place: str, kinds: Sequence[type[Record]]) -> Self:
        """Open the store there, or make it. Raises `StoreError` with the next step."""
        store = cls(place, kinds)
        try:
            with store.failing(StoreError):
                store.prepare()
        except BaseException:
            store.close()
            raise
        return store

    def load(self) -> list[Record]:
        with self.failing(StoreError), self.reading():
            self.mark = self.standing()[0]
            self.check_version()
            return [record for kind in self.kinds for record in self.load_kind(kind)]

    def load_kind(self, kind: type[Record]) -> Iterator[Record]:
        decode = msgspec.json.Decoder(kind).decode
        for key, body in self.rows(kind.table):
            with self.naming(kind, key):
                record = decode(body)
            yield record

    def lease(self) -> Lease | None:
        with self.failing(StoreError):
            return self.decoded(self.lease_body())

    def decoded(self, lease: str | bytes | None) -> Lease | None:
        """The lease that this body holds, or None. Raises `StoreError` if it can't be read."""
        with self.naming(Lease, LEASE_KEY):
            return None if lease is None else msgspec.json.decode(lease, type=Lease)

    def commit(
        self, change: Change, guard: int | None, written: Callable[[int], None] = ignore_row
    ) -> None:
        """Write a change at once (RA-3.2), if the lease still has the guard's epoch (RA-9.1)."""
        if change:
            with self.failing(CommitFailed), self.writing():
                self.check(guard)
                if self.written_by < SCHEMA:
                    self.set_version()
                self.write(change, written)
            self.written_by = SCHEMA
        elif guard is not None:
            with self.failing(CommitFailed):
                self.check_lease(guard, self.lease_body())

    def check(self, guard: int | None) -> None:
        """Raise unless this store may write, as `commit` says. Nobody else can write meanwhile."""
        mark, lease = self.standing()
        if guard is None:
            return
        self.check_lease(guard, lease)
        if self.mark not in (None, mark):
            raise CommitFailed(
                f"{self.place}: another primary has written since the records were read, "
                "so nothing was written",
                "a daemon reads them again by itself; if it ended over this, start it again",
            )

    def check_lease(self, guard: int, body: str | bytes | None) -> None:
        lease = self.decoded(body)
        epoch = lease.epoch if lease else 0
        if epoch != guard:
            raise LeaseLost(guard, epoch)

    def check_version(self) -> None:
        """Raise `StoreError` for the tables of a later version of this program."""
        self.written_by = self.version()
        if self.written_by > SCHEMA:
            raise StoreError(
                f"{self.place} has schema version {self.written_by}; this program knows {SCHEMA}",
                "start the newer version that wrote it",
            )

    def write(self, change: Change, written: Callable[[int], None]) -> None:
        for rows, one in enumerate(change):
            if rows:
                written(rows)
            match one:
                case Put(record):
                    self.put(record.table, record.key, encode(record))
                case Drop(table, key):
                    self.drop(table, key)

    @contextlib.contextmanager
    def naming(self, kind: type[Record], key: str) -> Generator[None]:
        """Raise `StoreError` with the record's name when it can't be read."""
        try:
            yield
        except msgspec.MsgspecError as error:
            raise StoreError(
                f"{self.place}: record {key!r} of {kind.table} can't be read: {error}",
                "restore the records from a copy, or start the version that wrote them",
            ) from error

    @contextlib.contextmanager
    def failing(self, as_kind: type[StoreError]) -> Generator[None]:
        """Turn the database's errors into ours."""
        try:
            yield
        except self.failures as error:
            raise as_kind(f"the store {self.place}: {error}".strip(), self.hint(error)) from error

    @abc.abstractmethod
    def prepare(self) -> None:
        """Make the tables that are missing, or refuse the store. What is there stays as it is."""

    @abc.abstractmethod
    def version(self) -> int:
        """The version of the schema that the tables have."""

    @abc.abstractmethod
    def set_version(self) -> None:
        """Give the tables the number `SCHEMA`, inside `writing`."""

    @abc.abstractmethod
    def reading(self) -> AbstractContextManager[object]:
        """A transaction in which all reads see one instant."""

    @abc.abstractmethod
    def writing(self) -> AbstractContextManager[object]:
        """A transaction that writes all or nothing: whatever is raised inside rolls it back."""

    @abc.abstractmethod
    def standing(self) -> tuple[int, str | bytes | None]:
        """A number that changes when anybody else commits, and the lease's body.

        Inside `writing` it also keeps everybody else from committing.
        """

    @abc.abstractmethod
    def lease_body(self) -> str | bytes | None:
        """The lease's body, or None."""

    @abc.abstractmethod
    def rows(self, table: str) -> Iterable[tuple[str, str | bytes]]:
        """Keys and bodies, in the order of creation."""

    @abc.abstractmethod
    def put(self, table: str, key: str, body: bytes) -> None:
        """Insert a row at the end, or change its body where it is."""

    @abc.abstractmethod
    def drop(self, table: str, key: str) -> None:
        """Delete a row, if it is there."""

    @abc.abstractmethod
    def hint(self, error: Exception) -> str:
        """The next step after one of `failures`."""

    @abc.abstractmethod
    def close(self) -> None:
        """Give the files or the connection back. Safe to call twice."""
