"""What the checks judge: executions, attempts, lineages, and the lineages of one slot.

A lineage is judged as a whole, by functions that read like its clauses. It is kept as long as
anything of it lives or is owed; `evaluation` decides that, and `archive` keeps what is over.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import compress
from typing import TypeVar

import msgspec
from runall_reference.brain.timing import local_minute

from runall_harness.contract.verdicts import BrokenClause
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.history import Owed
from runall_harness.evidence.views import JobView, LedgerView

T = TypeVar("T")
# An execution shows that it lives by its beats, so a shorter overlap (in seconds) proves nothing.
BEAT = 0.15
NONE: frozenset[str] = frozenset()
# How far the system's own clock may be from that of the rig, where nobody set it; seconds.
CLOCKS = 0.1
# How long an order, or an edit, may be under way before it is surely taken in; seconds.
UNDER_WAY = 1.0
# How many lines are named by which a clause was found kept.
SAMPLE = 6


def last_sign(execution: Execution) -> float:
    """The latest time at which an execution surely still lived; seconds."""
    return execution.ended_at or max(execution.beat_at, execution.started_at)


def minute_words(now: float) -> str:
    """A logical time as people read it: the day and the minute, in UTC."""
    return f"{local_minute(int(now // 60), 'UTC'):%Y-%m-%d %H:%M} UTC"


class Reported(msgspec.Struct):
    """Something that the lines `first` to `last` report."""

    first: int
    last: int

    @property
    def lines(self) -> tuple[int, ...]:
        return (self.first, self.last)


class RunRecord(Reported):
    """An execution as it was last reported."""

    execution: Execution

    @property
    def job(self) -> str:
        return self.execution.job

    @property
    def node(self) -> str:
        return self.execution.node

    @property
    def started_at(self) -> float:
        """When it started, by the witness's clock in seconds."""
        return self.execution.started_at

    @property
    def seen(self) -> float:
        """The latest time at which it surely still lived; seconds."""
        return last_sign(self.execution)

    def __str__(self) -> str:
        """The execution as messages name it: job, node, and how it ended."""
        return f"{self.job} on {self.node} ({self.execution.how})"


class Ending(msgspec.Struct, frozen=True):
    """An end of an attempt as a line shows it; `state` is not final if the end was undone."""

    state: str
    finalized_at: float
    at: float
    line: int


class Attempt(Reported):
    """A job as it was last shown. `ends` has an entry for each end that was shown, in order."""

    view: JobView
    ends: list[Ending] = []

    @property
    def over(self) -> float:
        """When it was finalized, by the system's clock, or first shown to be; seconds."""
        return self.ends[0].finalized_at or self.ends[0].at

    def show(self, view: JobView, at: float, line: int) -> None:
        self.view, self.last = view, line
        if view.final or self.ends:
            last = self.ends[-1] if self.ends else None
            if last is None or (last.state, last.finalized_at) != (view.state, view.finalized_at):
                self.ends.append(Ending(view.state, view.finalized_at, at, line))


class Accepted(msgspec.Struct, frozen=True):
    """A manual run that the system accepted: when it was asked for and answered, in seconds.

    `known` are the lines that had told of a job of its id before it was asked for.
    """

    called_at: float
    answered_at: float
    lines: tuple[int, ...]
    known: tuple[int, ...] = ()


class AbortRequest(msgspec.Struct, frozen=True):
    """A user's abort of a job; `answered_at` (seconds) is None if no answer came."""

    job: str
    answered_at: float | None
    lines: tuple[int, ...]


class Note(msgspec.Struct, frozen=True):
    """A line of the system's ledger, and the line of the history that shows it."""

    entry: LedgerView
    line: int


class Debt(msgspec.Struct, frozen=True):
    """Something that the system owes, and the line that says so."""

    owed: Owed
    line: int

    @property
    def since(self) -> float:
        """The time from which it is owed; seconds."""
        return self.owed.at if self.owed.since is None else self.owed.since

    @property
    def due(self) -> float:
        """The promised instant: what comes later, and until `until`, decides nothing; seconds."""
        return self.owed.until if self.owed.due is None else self.owed.due


class Judgement(msgspec.Struct):
    """Findings about a part of a history, which can be added to a total and taken out again.

    `counted` is by check and clause.
    """

    counted: dict[tuple[str, str], int] = {}
    broken: list[BrokenClause[int]] = []

    def add_to(self, total: "Judgement") -> None:
        for key, count in self.counted.items():
            total.counted[key] = total.counted.get(key, 0) + count
        total.broken += self.broken

    def take_from(self, total: "Judgement") -> None:
        """Take this part out of the total, because it will be judged again."""
        for key, count in self.counted.items():
            total.counted[key] -= count
        for broken in self.broken:
            total.broken.remove(broken)


class Lineage(msgspec.Struct):
    """All attempts at one job. `accepted` are its manual runs that the system accepted.

    `slot` names the minute of the schedule that it serves; empty for a manual job. `latest` is
    the time of the last line about it. `judgement` is what the checks found when it was archived.
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

    def known_before(self, job: str, line: int) -> tuple[int, ...]:
        """The lines before that one which tell of a job of that id."""
        told = [*self.accepted[job].lines] if job in self.accepted else []
        told += [attempt.first for name, attempt in self.attempts.items() if name == job]
        told += [run.first for run in self.runs.values() if run.job == job]
        return tuple(sorted(number for number in told if number < line))

    def sort(self) -> None:
        """Sort executions by their starts, and attempts by their numbers."""
        if len(self.runs) > 1:
            reorder(self.runs, lambda run: run.started_at)
        if len(self.attempts) > 1:
            reorder(self.attempts, lambda attempt: attempt.view.attempt)

    def absorb(self, other: "Lineage") -> None:
        self.slot, self.latest = self.slot or other.slot, max(self.latest, other.latest)
        self.runs |= other.runs
        self.attempts |= other.attempts
        self.accepted |= other.accepted
        self.aborts += other.aborts
        self.notes += other.notes
        self.debts += other.debts
        # Whatever still refers to the other lineage sees the same records from now on.
        other.runs, other.attempts = self.runs, self.attempts

    def traits(self) -> frozenset[str]:
        """The traits by which checks select lineages: what there is to judge about this one."""
        found: list[str] = []
        if len(self.runs) > 1 or len(self.attempts) > 1:
            found.append("rerun")
        parts = self.accepted, self.aborts, self.notes, self.debts, self.slot
        if any(parts):
            found += compress(("accepted", "abort", "note", "debt", "slot"), parts)
        for attempt in self.attempts.values():
            if attempt.ends and attempt.ends[0].state == "interrupted":
                found.append("interruption")
        return frozenset(found) if found else NONE

    def ended(self) -> bool:
        """Whether every attempt has ended, and every execution or its attempt has."""
        unseen = (run for run in self.runs.values() if run.job not in self.attempts)
        return all(attempt.view.final for attempt in self.attempts.values()) and not any(
            run.execution.ended_at is None for run in unseen
        )

    def names(self) -> set[str]:
        """Every id by which a line may refer to it."""
        jobs = {run.job for run in self.runs.values()}
        return {self.root, *self.attempts, *self.accepted, *jobs}

    def reruns(self) -> Iterator[tuple[Attempt | None, Attempt]]:
        """Each attempt that replaces an interrupted one, with that one if it was ever shown."""
        for attempt in self.attempts.values():
            if attempt.view.cause == "interrupted":
                yield self.attempts.get(attempt.view.predecessor), attempt

    def retries(self) -> Iterator[tuple[Attempt | None, Attempt]]:
        """Each attempt that tries a failed one again, with that one if it was ever shown."""
        for attempt in self.attempts.values():
            if attempt.view.cause == "retry":
                yield self.attempts.get(attempt.view.predecessor), attempt

    def kept_by(self, name: str) -> str:
        """The clause by which an attempt is the run that it stands for; empty for a rerun's own."""
        attempt = self.attempts.get(name)
        return "RA-11.7" if attempt and attempt.view.cause == "retry" else ""

    def follower(self, attempt: Attempt) -> Attempt | None:
        """The attempt that replaces an interrupted one."""
        name = attempt.view.id
        return next((one for _, one in self.reruns() if one.view.predecessor == name), None)

    def first_line(self) -> int:
        """The number of the first line that shows it, reports a run of it, or accepts it; or 0."""
        firsts = [one.first for one in (*self.runs.values(), *self.attempts.values())]
        return min((*firsts, *(one.lines[0] for one in self.accepted.values())), default=0)

    def runs_of(self, job: str) -> list[RunRecord]:
        return [run for run in self.runs.values() if run.job == job]

    def decided(self, run: RunRecord) -> float:
        """When the system ordered an execution; the order is under way for a while. Seconds."""
        attempt, began = self.attempts.get(run.job), run.started_at
        return min(attempt.view.placed_at or began, began) if attempt else began

    def refusals(self) -> list[Note]:
        """The ledger's lines by which nothing follows on an attempt."""
        return [note for note in self.notes if note.entry.refused]

    def event(self) -> str:
        """The event of its jobs; empty if neither the system nor a job names it."""
        for attempt in self.attempts.values():
            return attempt.view.event
        claims = (run.execution.claims.get("JOB_EVENT") for run in self.runs.values())
        return next(filter(None, claims), "")


def reorder(kept: dict[str, T], key: Callable[[T], float]) -> None:
    found = sorted(kept.items(), key=lambda one: key(one[1]))
    kept.clear()
    kept.update(found)


Group = list[Lineage]
"""Lineages that are judged as one: those that serve the same slot, or one without a slot."""


class Samples:
    """For each check and clause the lines by which it was first found kept, a few of them."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, str], list[int]] = {}

    def note(self, key: tuple[str, str], evidence: Iterable["Evidence"]) -> None:
        """Remember the lines of a finding, while few are known for that check and clause."""
        known = self.lines.setdefault(key, [])
        if len(known) < SAMPLE:
            new = [line for line in proof(*evidence) if line not in known]
            known += new[: SAMPLE - len(known)]


Evidence = Reported | Accepted | AbortRequest | Note | Debt | Ending | int | None


def proof(*of: Evidence) -> tuple[int, ...]:
    """The numbers of the lines that report all of these, in order."""
    found: set[int] = set()
    for one in of:
        if isinstance(one, int):
            found.add(one)
        elif isinstance(one, (Note, Debt, Ending)):
            found.add(one.line)
        elif one is not None:
            found.update(one.lines)
    return tuple(sorted(found))
