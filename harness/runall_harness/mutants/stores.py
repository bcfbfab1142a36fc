"""Bugs that an outage of the store shows (chapter 13), in the brains and in what surrounds them."""

import contextlib
from typing import Any

from runall_reference.brain.primary import Standby
from runall_reference.brain.record_set import Change
from runall_reference.brain.worker import Worker
from runall_reference.daemon.primary_runner import PrimaryRunner
from runall_reference.store import CommitFailed
from runall_reference.store.sqlite import SqliteStore

from .mutant import FROM_THE_RULE, mutant
from .planting import Plant

OUTAGE = "a queue whose store was away"


@mutant(source="Celery, whose store was away", clause="RA-13.2", also=("RA-3.4", "RA-2.11"))
def told_is_kept(plant: Plant) -> None:
    """A worker drops a result once it has told it, and whoever heard it could not write it down."""
    original = Worker.beat

    @plant.method(Worker)
    def beat(self: Any) -> None:
        original(self)
        for run in self.runs() if self.linked else ():
            if run.how and run.key not in self.unsure:
                self.records.drop(run)


@mutant(source=OUTAGE, clause="RA-13.2", also=("RA-9.2",))
def needs_a_restart(plant: Plant) -> None:
    """A primary that has lost its store once leads no more until somebody starts it again."""
    original = Standby.may_lead

    @plant.method(Standby)
    def may_lead(self: Any, lease: Any, now: float) -> bool:
        free = not getattr(self, "has_led", False) and original(self, lease, now)
        self.has_led = free or getattr(self, "has_led", False)
        return free


# ---------------------------------------------------------------------------- real daemons
@mutant(source=OUTAGE, clause="RA-13.2", cases="store/a-job-on-a-worker-goes-on-*/manual-locked")
def ends_with_its_store(plant: Plant) -> None:
    """A primary ends when its store is away, and nobody starts it again."""

    async def recover(self: PrimaryRunner) -> None:
        raise RuntimeError(f"{self.node} has lost its store")

    plant(PrimaryRunner, "recover", recover)


@mutant(
    source=FROM_THE_RULE,
    clause="RA-13.2",
    also=("RA-12.2",),
    cases="store/a-run-is-asked-for-*-dies-*/manual-locked",
)
def answers_without_its_store(plant: Plant) -> None:
    """A commit that fails is passed over: the primary accepts what it keeps in its memory alone."""
    original = SqliteStore.commit

    def commit(self: SqliteStore, change: Change, guard: int | None, *more: Any) -> None:
        with contextlib.suppress(CommitFailed):
            original(self, change, guard, *more)

    plant(SqliteStore, "commit", commit)
