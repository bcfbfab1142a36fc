"""All records in memory, and the change that one step makes to them."""

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar, cast

from .records import Record

R = TypeVar("R", bound=Record)


class Put(NamedTuple):
    """Write this version of a record."""

    record: Record


class Drop(NamedTuple):
    """Remove the record of that key from that table."""

    table: str
    key: str


Change = tuple[Put | Drop, ...]


class RecordSet:
    """Tables of records by key, and what the current step has written so far."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.tables: dict[str, dict[str, Record]] = {}
        self._change: list[Put | Drop] = []
        for record in records:
            self.tables.setdefault(record.table, {})[record.key] = record

    def all(self, kind: type[R]) -> dict[str, R]:
        """The table of that kind of record, by key; to be read, never written."""
        return cast(dict[str, R], self.tables.setdefault(kind.table, {}))

    def get(self, kind: type[R], key: str) -> R | None:
        return self.all(kind).get(key)

    def put(self, record: Record) -> None:
        self.tables.setdefault(record.table, {})[record.key] = record
        self._change.append(Put(record))

    def drop(self, record: Record) -> None:
        del self.tables[record.table][record.key]
        self._change.append(Drop(record.table, record.key))

    def take_change(self) -> Change:
        """Take what this step wrote, in order; the next step starts with an empty change."""
        change, self._change = tuple(self._change), []
        return change


class Step(NamedTuple):
    """What a brain answers to one input.

    `change` is committed first, as one transaction, and only if the lease's epoch is still
    `guard` (None: whatever the lease). Then `actions` are carried out in order, and `reply` is
    given to whoever asked.
    """

    change: Change = ()
    actions: tuple[Any, ...] = ()
    reply: Any = None
    guard: int | None = None
