"""The reference's store in a file: another process, this one, holds the lock that writers need."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from runall_harness.evidence.facts import Proof
from runall_harness.rigs.base import NodeSpec

from ..stores import MENDED_BY, UNLOCK_SECONDS, proven


class LockedFile:
    """The file of the primaries' records, which is one of `paths`. `now` is the site's clock."""

    spec: NodeSpec | None = None

    def __init__(self, paths: Sequence[Path], now: Callable[[], float]) -> None:
        self.paths, self.now = paths, now
        self.holder: sqlite3.Connection | None = None

    def hurt(self, fault: str) -> Proof:
        """Take the lock, and see that nobody else can have it."""
        try:
            self.holder = self.connection()
            self.holder.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            return proven(fault, self.now(), False, f"the lock can't be had: {error}")
        at = self.now()
        free, words = self.try_to_write(0.0)
        return proven(fault, at, not free, f"this process holds the lock; for others: {words}")

    def mend(self, fault: str) -> Proof:
        assert self.holder is not None, "it was locked"
        at = self.now()
        self.holder.close()
        free, words = self.try_to_write(UNLOCK_SECONDS)
        return proven(MENDED_BY[fault], at, free, f"the lock was given back; for others: {words}")

    def try_to_write(self, within: float) -> tuple[bool, str]:
        """Whether another connection gets the lock within so many seconds, and what it says."""
        with closing(self.connection(within)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                return False, str(error)
        return True, "it can be had"

    def connection(self, within: float = UNLOCK_SECONDS) -> sqlite3.Connection:
        # Named by a URL, so that a file that is not there is no new one.
        path = next(filter(Path.exists, self.paths), self.paths[-1])
        place = f"{path.as_uri()}?mode=rw"
        return sqlite3.connect(place, uri=True, timeout=within, isolation_level=None)
