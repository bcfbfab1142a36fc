"""A disk in memory: what was committed survives the death of the node that wrote it."""

from runall_reference.brain.record_set import Change, Drop, Put, RecordSet
from runall_reference.brain.records import Lease, Record
from runall_reference.store import LeaseLost


class Unavailable(Exception):
    """The store is out of reach."""


class Disk:
    """The store of one brain. Its commits are atomic, like those of the real stores."""

    def __init__(self) -> None:
        self._records = RecordSet()
        self.commits = 0

    def load(self) -> list[Record]:
        return [record for table in self._records.tables.values() for record in table.values()]

    def load_kinds(self, *kinds: type[Record]) -> list[Record]:
        return [record for kind in kinds for record in self._records.all(kind).values()]

    def tables(self) -> dict[str, list[Record]]:
        """The tables that are not empty."""
        tables = self._records.tables.items()
        return {name: list(table.values()) for name, table in tables if table}

    def lease(self) -> Lease | None:
        return self._records.get(Lease, "primary")

    def commit(self, change: Change, guard: int | None = None) -> None:
        """Write one step's change, if the lease's epoch is still `guard`. Raises `LeaseLost`."""
        lease = self.lease()
        epoch = lease.epoch if lease else 0
        if guard not in (None, epoch):
            raise LeaseLost(guard, epoch)
        self.commits += bool(change)
        for write in change:
            match write:
                case Put(record):
                    self._records.tables.setdefault(record.table, {})[record.key] = record
                case Drop(table, key):
                    del self._records.tables[table][key]
