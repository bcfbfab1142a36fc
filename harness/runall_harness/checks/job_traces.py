"""What a history tells of one job, put together for `job_outcome`.

A rerun that the system links to its job is found by its lineage. A scheduled job that is run again
as a new one is found by the slot that it serves. A job that the harness started is found by its
tag. So an execution is found even if the scheduler forgets the link.
"""

from collections.abc import Iterable
from typing import NamedTuple

from runall_harness.evidence.facts import Execution
from runall_harness.evidence.history import (
    Answer,
    AnyLine,
    Call,
    Fault,
    Gone,
    Ledger,
    Owed,
    Seen,
    Witnessed,
)
from runall_harness.evidence.views import JobView

from .context import Context
from .job_outcome import Traces
from .lineage_index import slot_of, slot_of_execution


class About(NamedTuple):
    """The job in question: the root of its lineage, and its tag if the harness gave it one."""

    root: str
    tag: str = ""


class Gathered:
    """The lines of a history, sorted by kind while they are read."""

    def __init__(self, lines: Iterable[AnyLine]) -> None:
        self.runs: dict[str, Execution] = {}
        self.shown: dict[str, JobView] = {}
        self.once: dict[str, JobView] = {}
        self.asked: set[int] = set()
        self.accepted: list[str] = []
        self.refused: set[str] = set()
        self.owed: list[Owed] = []
        self.context = Context()
        self.now = 0.0
        for line in lines:
            self.take(line)
            self.now = max(self.now, line.at)

    def take(self, line: AnyLine) -> None:
        match line:
            case Witnessed(execution=run):
                self.runs[run.id] = run
            case Seen(job=view):
                self.shown[view.id] = self.once[view.id] = view
            case Gone(job=job):
                self.shown.pop(job, None)
            case _:
                self.note(line)

    def note(self, line: AnyLine) -> None:
        match line:
            case Call(verb="run", number=number):
                self.asked.add(number)
            case Answer(outcome="done", number=number, value=str(job)) if number in self.asked:
                self.accepted.append(job)
            case Ledger(entries=entries):
                self.refused |= {entry.root for entry in entries if entry.refused}
            case Owed(what="rerun"):
                self.owed.append(line)
            case Fault(proof=proof):
                self.context.hurt(proof, 0)
            case _:
                pass

    def traces(self, about: About, waited: float | None = None) -> Traces:
        """All that belongs to that job; `waited` (seconds) is for a run that nobody owed."""
        own = {view.id for view in self.once.values() if view.root == about.root} | {about.root}
        slots = {slot_of(view) for view in self.once.values() if view.id in own} - {""}
        runs = [
            run
            for run in self.runs.values()
            if run.job in own
            or root_of(run) in own
            or slot_of_execution(run) in slots
            or (about.tag and run.tag == about.tag)
        ]
        own |= {run.job for run in runs}
        shown = [v for v in self.shown.values() if v.id in own or slot_of(v) in slots]
        known = bool(own & (self.once.keys() | set(self.accepted)))
        return Traces(
            runs=runs,
            shown=shown,
            forgotten=known and not shown,
            waited=waited or self.waited(own),
            given_up=about.root in self.refused,
            frozen=self.context.freezes,
        )

    def waited(self, own: set[str]) -> float | None:
        """The length of the longest wait for a run of these jobs that is over, in seconds."""
        over = [one.until - one.at for one in self.owed if one.job in own and one.until <= self.now]
        return max(over, default=None)


def root_of(run: Execution) -> str:
    """The root that the scheduler names for an execution; its job where it names none."""
    return run.claims.get("JOB_ROOT") or run.job
