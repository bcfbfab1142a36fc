"""What belongs together in a history, for the checks: executions, attempts, lineages, group.

A lineage is judged as a whole, by functions that read like its clauses. It is kept as long as
anything of it lives or is owed; `evaluation` decides that, and `archive` keeps what is over.
"""

from collections.abc import Callable, Iterator
from itertools import compress, pairwise
from typing import TypeVar

import msgspec

from runall_harness.evidence.facts import Execution
from runall_harness.evidence.history import Owed
from runall_harness.evidence.views import JobView, LedgerView

from .findings import Judgement

T = TypeVar("T")
# An execution is seen to live at its beats, so an overlap shorter than this is no proof of one.
BEAT = 0.15
NONE: frozenset[str] = frozenset()
# How long an order, or an edit, may be under way before it is surely taken in; seconds.
UNDER_WAY = 1.0


def last_sign(told: Execution) -> float:
    """When an execution surely still lived, at the latest that is known; seconds."""
    return told.ended_at or max(told.beat_at, told.started_at)


class RunRecord(msgspec.Struct):
    """An execution as it was told last, by the lines `first` to `last`."""

    execution: Execution
    first: int
    last: int

    @property
    def lines(self) -> tuple[int, ...]:
        """The lines that prove when it lived."""
        return (self.first, self.last)

    @property
    def job(self) -> str:
        """The id of its job."""
        return self.execution.job

    @property
    def node(self) -> str:
        """The name of the node that it ran on."""
        return self.execution.node

    @property
    def started_at(self) -> float:
        """When it started, by the witness's clock in seconds."""
        return self.execution.started_at

    @property
    def seen(self) -> float:
        """When it surely still lived, at the latest that is known."""
        return last_sign(self.execution)

    def __str__(self) -> str:
        """An execution in a few words."""
        return f"{self.job} on {self.node} ({self.execution.how})"


class Ending(msgspec.Struct, frozen=True):
    """An end of an attempt as the system showed it, in that line; not final if it was undone."""

    state: str
    finalized_at: float
    at: float
    line: int


class Attempt(msgspec.Struct):
    """A job as it was shown last. `ends` has an entry for each end that was shown, in order."""

    view: JobView
    first: int
    last: int
    ends: list[Ending] = []

    @property
    def lines(self) -> tuple[int, ...]:
        """The lines that first and last show it."""
        return (self.first, self.last)

    @property
    def over(self) -> float:
        """When it was finalized, by the system's clock, or first shown to be; seconds."""
        return self.ends[0].finalized_at or self.ends[0].at

    def show(self, view: JobView, at: float, line: int) -> None:
        """Take in what the system shows of it now."""
        self.view, self.last = view, line
        if view.final or self.ends:
            last = self.ends[-1] if self.ends else None
            if last is None or (last.state, last.finalized_at) != (view.state, view.finalized_at):
                self.ends.append(Ending(view.state, view.finalized_at, at, line))


class Accepted(msgspec.Struct, frozen=True):
    """A run that was asked for and promised, between these two times (seconds)."""

    called_at: float
    answered_at: float
    lines: tuple[int, ...]


class AbortRequest(msgspec.Struct, frozen=True):
    """A user's wish that a job ends; `answered_at` is None where nobody said that it was heard."""

    job: str
    answered_at: float | None
    lines: tuple[int, ...]


class Note(msgspec.Struct, frozen=True):
    """A line of the system's ledger, and the line of the history that shows it."""

    entry: LedgerView
    line: int


class Debt(msgspec.Struct, frozen=True):
    """What the system owes, and the line that says so."""

    owed: Owed
    line: int

    @property
    def since(self) -> float:
        """From when on it counts, seconds."""
        return self.owed.at if self.owed.since is None else self.owed.since


class Lineage(msgspec.Struct):
    """All attempts at one job. `accepted` are the runs by hand of it that were promised.

    `slot` names the minute of the schedule that it serves; empty for a manual job. `latest` is
    the time of the last line about it. `judgement` is what the checks said when it was put away.
    """

    root: str
    slot: str = ""
    latest: float = 0.0
    runs: dict[str, RunRecord] = {}
    attempts: dict[str, Attempt] = {}
    accepted: dict[str, Accepted] = {}
    aborts: list[AbortRequest] = []
    notes: list[Note] = []
    debts: list[Debt] = []
    judgement: Judgement | None = None

    def sort(self) -> None:
        """Put executions in the order of their starts, and attempts in that of their numbers."""
        if len(self.runs) > 1:
            reorder(self.runs, lambda run: run.started_at)
        if len(self.attempts) > 1:
            reorder(self.attempts, lambda attempt: attempt.view.attempt)

    def absorb(self, other: "Lineage") -> None:
        """Take over all of another that has turned out to be the same."""
        self.slot, self.latest = self.slot or other.slot, max(self.latest, other.latest)
        self.runs |= other.runs
        self.attempts |= other.attempts
        self.accepted |= other.accepted
        self.aborts += other.aborts
        self.notes += other.notes
        self.debts += other.debts
        # Who still knows the other one sees from now on what this one sees.
        other.runs, other.attempts = self.runs, self.attempts

    def traits(self) -> frozenset[str]:
        """What there is to judge about it, besides that it ran and ended."""
        found: list[str] = []
        if len(self.runs) > 1 or len(self.attempts) > 1:
            found.append("rerun")
        told = self.accepted, self.aborts, self.notes, self.debts, self.slot
        if any(told):
            found += compress(("accepted", "abort", "note", "debt", "slot"), told)
        for attempt in self.attempts.values():
            if attempt.ends and attempt.ends[0].state == "interrupted":
                found.append("interruption")
        return frozenset(found) if found else NONE

    def ended(self) -> bool:
        """Whether every execution has ended, or its attempt has, and every attempt."""
        for attempt in self.attempts.values():
            if not attempt.view.final:
                return False
        for run in self.runs.values():
            if run.execution.ended_at is None and run.job not in self.attempts:
                return False
        return True

    def names(self) -> set[str]:
        """Every id by which a line may speak of it."""
        jobs = {run.job for run in self.runs.values()}
        return {self.root, *self.attempts, *self.accepted, *jobs}

    def pairs(self) -> Iterator[tuple[RunRecord, RunRecord]]:
        """Each execution with the one that started next."""
        return pairwise(self.runs.values())

    def reruns(self) -> Iterator[tuple[Attempt | None, Attempt]]:
        """Each attempt that stands for an interrupted one, with that one, if it was ever shown."""
        for attempt in self.attempts.values():
            if attempt.view.cause == "interrupted":
                yield self.attempts.get(attempt.view.predecessor), attempt

    def runs_of(self, job: str) -> list[RunRecord]:
        """The executions of one attempt."""
        return [run for run in self.runs.values() if run.job == job]

    def decided(self, run: RunRecord) -> float:
        """When the system had an execution started: what it handed out is under way for a while."""
        attempt, began = self.attempts.get(run.job), run.started_at
        return min(attempt.view.placed_at or began, began) if attempt else began

    def refused(self, job: str) -> Note | None:
        """The ledger's line that nothing follows on that attempt, if there is one."""
        return next((n for n in self.notes if n.entry.job == job and n.entry.refused), None)

    def event(self) -> str:
        """The event that it is an execution of; empty where nobody says."""
        for attempt in self.attempts.values():
            return attempt.view.event
        return next(
            (told for r in self.runs.values() if (told := r.execution.claims.get("JOB_EVENT"))), ""
        )


def reorder(kept: dict[str, T], key: Callable[[T], float]) -> None:
    """Put the entries of a dictionary in order, in place."""
    found = sorted(kept.items(), key=lambda one: key(one[1]))
    kept.clear()
    kept.update(found)


Group = list[Lineage]
"""What is judged together: a lineage, and the others that serve the same slot, if it has one."""


def proof(
    *of: RunRecord | Attempt | Accepted | AbortRequest | Note | Debt | Ending | int,
) -> tuple[int, ...]:
    """The numbers of the lines that tell of all these, in order."""
    found: set[int] = set()
    for one in of:
        if isinstance(one, int):
            found.add(one)
        elif isinstance(one, (Note, Debt, Ending)):
            found.add(one.line)
        else:
            found.update(one.lines)
    return tuple(sorted(found))
