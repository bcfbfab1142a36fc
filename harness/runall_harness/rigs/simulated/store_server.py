"""The server of the primaries' store in virtual time: a node that can be hurt like any other.

Its disk survives its death. While it does not answer, no primary can read or write. What it had
been given when it was frozen it writes when it goes on, although nobody waits for that any more.
"""

from contextlib import suppress

from runall_reference.brain.record_set import Change
from runall_reference.store import LeaseLost

from .disk import Disk
from .process import Process


class StoreServer:
    """The server of a store. `late` are the commits that it was given while it was frozen."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.boots = 0
        self.up = self.frozen = self.cut = self.locked = False
        # It runs no jobs; a kill of a node asks for them.
        self.processes: dict[str, Process] = {}
        self.late: list[tuple[Change, int | None]] = []

    @property
    def answers(self) -> bool:
        """Whether a primary can read and write."""
        return self.up and not (self.frozen or self.cut or self.locked)

    def start(self) -> None:
        self.up, self.boots = True, self.boots + 1

    def refuse(self, change: Change, guard: int | None) -> None:
        """Take a commit whose answer will not come; it is lost, unless the server is frozen."""
        if self.frozen:
            self.late.append((change, guard))

    def die(self, *, orphans: bool = False) -> None:
        del orphans
        self.up = self.frozen = False
        self.late = []

    def drain(self) -> None:
        self.die()

    def terminate_all(self) -> None:
        self.die()

    def unfreeze(self) -> None:
        """Go on after a freeze: what arrived meanwhile is written now, if its lease still holds."""
        self.frozen, late, self.late = False, self.late, []
        for change, guard in late:
            with suppress(LeaseLost):
                self.disk.commit(change, guard)

    def mend(self) -> None:
        self.cut = False
