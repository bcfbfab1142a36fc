"""What a daemon asks of a store, and the errors of a store.

A store keeps the records of one node; a primary's store also keeps the lease, and refuses every
change of a primary that no longer holds it. SQLite is one store; PostgreSQL, which several machines
can share, is the other.
"""

from collections.abc import Callable
from typing import Protocol

from runall_reference.brain.record_set import Change
from runall_reference.brain.records import Lease, Record


def ignore_row(rows: int) -> None:
    """Do nothing after a row: nobody asked."""
    del rows


class StoreError(Exception):
    """A store can't be used. `cause` says why, `hint` is the operator's next step."""

    def __init__(self, cause: str, hint: str) -> None:
        super().__init__(f"{cause}\n  next step: {hint}")
        self.cause, self.hint = cause, hint


class CommitFailed(StoreError):
    """It is not known whether the change was committed: discard the brain, and load again.

    Also raised where certainly nothing was written (a full disk, records that another primary has
    changed): the brain then knows what the store does not, so it is discarded as well.
    """


class LeaseLost(Exception):
    """Another primary has taken the lease: nothing of the change was written."""

    def __init__(self, guard: int, epoch: int) -> None:
        super().__init__(f"the lease is at epoch {epoch}, and this primary's is {guard}")
        self.guard, self.epoch = guard, epoch


class Store(Protocol):
    """The records of one node on a disk."""

    def load(self) -> list[Record]:
        """All records of one instant, within each table in the order of their creation.

        Raises `StoreError` when one can't be read.
        """
        ...

    def lease(self) -> Lease | None:
        """The stored lease alone, which a backup watches; None where nobody ever led.

        Raises `StoreError` when it can't be read; a store that said so is closed and opened anew.
        """
        ...

    def commit(
        self, change: Change, guard: int | None, written: Callable[[int], None] = ignore_row
    ) -> None:
        """Write a change as one transaction, on the disk when this returns.

        `written` is called between two rows, with the number of those that were given to the
        database. A crash there must leave nothing of the change (RA-3.2).

        With a `guard` it is written only if the stored lease has that epoch (0: there is none),
        and only if nobody else has written since this store loaded its records. Raises
        `LeaseLost` for the first, and `CommitFailed` for the second and when the outcome is
        unknown.
        """
        ...

    def close(self) -> None:
        """Close the files or the connection. Safe to call twice."""
        ...
