"""A history as it is read, line by line: what belongs together is put together, then judged.

A lineage is judged as a whole when nothing of it lives or is owed and nothing was heard of it
for `LATE` seconds, or at the end. Then it leaves memory (see `archive`). If it stirs again, it is
judged anew, and the later judgement counts. So memory holds what lives and what is owed, and a
long history is judged as a short one is.
"""

from collections.abc import Callable, Iterable
from math import inf
from typing import Any

from runall_harness.contract.clauses import clauses
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.history import (
    Answer,
    AnyLine,
    BadHistory,
    Call,
    Clock,
    End,
    Fault,
    Gone,
    Ledger,
    Line,
    Meta,
    Owed,
    Reproduction,
    Seen,
    Start,
    Witnessed,
)
from runall_harness.evidence.views import JobView

from .archive import Archive
from .check import Check, Finding, Kept, Of
from .concurrency import Crowds, ObservedStart
from .context import Context, Edit, name_in
from .deadlines import left_over
from .findings import Judgement
from .records import AbortRequest, Accepted, Attempt, Debt, Group, Lineage, Note, RunRecord
from .registry import BY_NAME, DEADLINES, GROUP_CHECKS, LINEAGE_CHECKS

# How long after a start a line may first tell of it, in seconds. Lines are otherwise in order.
LATE = 300.0
# What is over is looked for after so many lines, or twice as many as there are lineages.
SWEEP = 4096


class Evaluation:
    """The history so far. `take` takes a line in; `finish` judges what is left.

    `sweep` is the least number of lines between two looks for what is over.
    """

    def __init__(self, sweep: int = SWEEP) -> None:
        self.context = Context()
        self.number = self.executions = self.interruptions = 0
        self.lineages: dict[str, Lineage] = {}
        self.slots: dict[str, Group] = {}
        self.calls: dict[int, tuple[int, Call, tuple[str, Edit] | None]] = {}
        self.archive = Archive()
        self.crowds = Crowds(self.context, self.tell)
        self.total = Judgement()
        self._sweep, self._next = sweep, sweep
        self._due: dict[bool, dict[frozenset[str], tuple[Check[Any], ...]]] = {}
        self._takes: dict[type[Line], Callable[[Any], None]] = {
            Meta: self.begin,
            Call: self.call,
            Answer: self.answer,
            Fault: self.fault,
            Start: self.start,
            Witnessed: self.witness,
            Seen: self.show,
            Ledger: self.note,
            Owed: self.owe,
            Clock: self.set_clock,
            End: self.end,
            Reproduction: self.skip,
            Gone: self.skip,
        }

    def take(self, line: AnyLine) -> None:
        """Take in the next line. Raises `BadHistory`."""
        self.number += 1
        if self.number == 1 and type(line) is not Meta:
            raise BadHistory(1, "a history begins with a `meta` line: what was judged, and where")
        self._takes[type(line)](line)
        if line.at > self.context.now:
            self.context.now = line.at
        if self.number >= self._next:
            self.put_away()

    # ---------------------------------------------------------------- what lines say
    def begin(self, line: Meta) -> None:
        """The first line says what the system declares."""
        if self.number > 1:
            raise BadHistory(self.number, "`meta` is the first line, and only the first")
        self.context.meet(line)
        self._due.clear()

    def call(self, line: Call) -> None:
        """Something was asked; what it may set counts from now on."""
        if line.number in self.calls:
            raise BadHistory(self.number, f"call {line.number} was made before, and is unanswered")
        if line.verb == "abort":
            name_in(line, "job", self.number)
        self.calls[line.number] = self.number, line, self.context.edit(line, self.number)

    def answer(self, line: Answer) -> None:
        """The system answered."""
        if line.number not in self.calls:
            raise BadHistory(self.number, f"an answer to call {line.number}, which nobody made")
        number, call, edit = self.calls.pop(line.number)
        lines = (number, self.number)
        if edit is not None:
            self.context.settle(*edit, line.outcome, line.at, self.number)
        elif call.verb == "abort" and line.outcome != "refused":
            answered = line.at if line.outcome == "done" else None
            self.wish(call, answered, lines)
        elif call.verb == "run" and line.outcome == "done" and isinstance(line.value, str):
            lineage = self.lineage(line.value)
            lineage.accepted[line.value] = Accepted(call.at, line.at, lines)
            lineage.latest = line.at

    def wish(self, call: Call, answered: float | None, lines: tuple[int, ...]) -> None:
        """A user wanted a job to end."""
        job = name_in(call, "job", lines[0])
        lineage = self.lineage(job)
        lineage.aborts.append(AbortRequest(job, answered, lines))
        lineage.latest = call.at if answered is None else answered

    def fault(self, line: Fault) -> None:
        """Something was broken or mended."""
        self.context.hurt(line.proof, self.number)

    def start(self, line: Start) -> None:
        """A node was started."""
        self.context.start(line.node, line.role, line.at)

    def set_clock(self, line: Clock) -> None:
        """A clock was set."""
        self.context.set_clock(line.at)

    def end(self, _: End) -> None:
        """Everything was told until now."""

    def skip(self, _: Reproduction | Gone) -> None:
        """How the history came about proves nothing; what is shown no more was shown."""

    def witness(self, line: Witnessed) -> None:
        """A job told what it does."""
        told = line.execution
        lineage = self.lineages.get(told.job)
        run = lineage.runs.get(told.id) if lineage else None
        if lineage is None or run is None:
            lineage = self.meet(line)
        else:
            run.execution, run.last = told, self.number
        lineage.latest = line.at

    def meet(self, line: Witnessed) -> Lineage:
        """An execution is told of, perhaps for the first time."""
        told, claims = line.execution, line.execution.claims
        lineage = self.lineage(told.job, claims.get("JOB_ROOT", ""), slot_told(told))
        if run := lineage.runs.get(told.id):
            run.execution, run.last = told, self.number
            return lineage
        if (late := max(line.at, self.context.now) - told.started_at) > LATE:
            why = f"it tells of a start {late:.0f} s ago; {LATE:.0f} s at most"
            raise BadHistory(self.number, why)
        self.executions += 1
        run = lineage.runs[told.id] = RunRecord(told, self.number, self.number)
        self.crowds.starts.append(ObservedStart(run, lineage))
        if (tagged := self.context.tagged.get(told.tag)) is not None:
            tagged.append(run)
        return lineage

    def show(self, line: Seen) -> None:
        """The system shows a job."""
        job = line.job
        lineage = self.lineages.get(job.id)
        attempt = lineage.attempts.get(job.id) if lineage else None
        if lineage is None or attempt is None:
            lineage = self.lineage(job.id, job.root, slot_of(job))
            attempt = lineage.attempts.get(job.id)
            if attempt is None:
                attempt = lineage.attempts[job.id] = Attempt(job, self.number, self.number)
        attempt.show(job, line.at, self.number)
        lineage.latest = line.at
        self.context.jobs_shown = True
        self.interruptions += job.state == "interrupted"
        if job.limbo or job.id in self.crowds.crowd(job.event).limbo:
            self.crowds.show(job, line.at, self.number)

    def note(self, line: Ledger) -> None:
        """The system's ledger was looked at."""
        self.context.ledger_shown = True
        for entry in line.entries:
            lineage = self.lineage(entry.job, entry.root)
            if all(note.entry.number != entry.number for note in lineage.notes):
                lineage.notes.append(Note(entry, self.number))
                lineage.latest = line.at

    def owe(self, line: Owed) -> None:
        """Something is owed, by one job or by all."""
        if not line.job and line.what != "rest":
            raise BadHistory(self.number, f"an `owed` {line.what} needs a job")
        if line.clause and line.clause not in clauses():
            raise BadHistory(self.number, f"the specification has no clause {line.clause}")
        debts = self.lineage(line.job).debts if line.job else self.context.debts
        debts.append(Debt(line, self.number))
        if line.tag and line.tag not in self.context.tagged and not self.context.links:
            runs = (run for one in self.lineages.values() for run in one.runs.values())
            self.context.tagged[line.tag] = [run for run in runs if run.execution.tag == line.tag]

    # ---------------------------------------------------------------- what belongs together
    def lineage(self, job: str, root: str = "", slot: str = "") -> Lineage:
        """The lineage of a job: what is known by its own name, and by that of its root."""
        lineage = self.find(job)
        if root and root != job:
            known, lineage = lineage, self.find(root)
            if lineage is None:
                lineage = known or Lineage(root)
                lineage.root = root
            elif known is not None and known is not lineage:
                self.unite(lineage, known)
        elif lineage is None:
            lineage = Lineage(root or job)
        self.lineages[job] = self.lineages[lineage.root] = lineage
        if slot and lineage.slot != slot:
            self.serve(lineage, slot)
        return lineage

    def find(self, name: str) -> Lineage | None:
        """The lineage that goes by that name, if need be from the archive."""
        if name not in self.lineages and self.archive.held and (group := self.archive.take(name)):
            self.restore(group)
        return self.lineages.get(name)

    def restore(self, group: Group) -> None:
        """Take a group back into memory, and take back what was said of it."""
        for lineage in group:
            for name in lineage.names():
                self.lineages[name] = lineage
        if group[0].judgement:
            group[0].judgement.take_from(self.total)
            group[0].judgement = None
        if group[0].slot:
            self.slots[group[0].slot] = group

    def unite(self, one: Lineage, other: Lineage) -> None:
        """Two lineages have turned out to be one."""
        one.absorb(other)
        for name in other.names():
            self.lineages[name] = one
        self.leave_slot(other)

    def serve(self, lineage: Lineage, slot: str) -> None:
        """A lineage serves that slot of the schedule; perhaps others have."""
        if (
            slot not in self.slots
            and self.archive.held
            and (group := self.archive.take(slot_name(slot)))
        ):
            self.restore(group)
        self.leave_slot(lineage)
        lineage.slot = slot
        self.slots.setdefault(slot, []).append(lineage)

    def leave_slot(self, lineage: Lineage) -> None:
        """A lineage serves no slot any more, as far as is known."""
        if slot := lineage.slot:
            self.slots[slot] = [one for one in self.slots[slot] if one is not lineage]
            if not self.slots[slot]:
                del self.slots[slot]
            lineage.slot = ""

    def groups(self) -> Iterable[Group]:
        """All that is in memory, each lineage once."""
        seen: set[int] = set()
        for lineage in list(self.lineages.values()):
            group = self.slots[lineage.slot] if lineage.slot else [lineage]
            if id(group[0]) not in seen:
                seen.add(id(group[0]))
                yield group

    # ---------------------------------------------------------------- judging
    def tell(self, check: str, finding: Finding) -> None:
        """Take in what was found out about one start among others."""
        if (made := BY_NAME[check]).needs <= self.context.capabilities:
            made.tell(finding, self.total)

    def put_away(self) -> None:
        """Judge what began long ago, and put on the archive what is over."""
        until = self.context.now - LATE
        self.crowds.sweep(until)
        over = [
            group for group in self.groups() if all(self.over(one, group, until) for one in group)
        ]
        if over:
            self.archive.put(self.leave(group) for group in over)
        self._next = self.number + self._sweep * max(1, 2 * len(self.lineages) // SWEEP)

    def over(self, lineage: Lineage, group: Group, until: float) -> bool:
        """Whether nothing of a lineage lives, is owed, or was heard of lately."""
        if lineage.latest > until or not lineage.ended():
            return False
        if lineage.debts and any(debt.owed.until > until for debt in lineage.debts):
            return False
        if self.untold(lineage) or (lineage.accepted.keys() - lineage.attempts.keys()):
            return False
        lineage.sort()
        return left_over(lineage, group, self.context) is None

    def untold(self, lineage: Lineage) -> bool:
        """Whether the ledger, where there is one, has still to tell of an interruption."""
        if "bounds" not in self.context.capabilities or lineage.notes:
            return False
        return any(a.view.state == "interrupted" for a in lineage.attempts.values())

    def leave(self, group: Group) -> tuple[set[str], Group]:
        """Judge a group, and take it out of memory: its names, and all of it."""
        judgement = self.judge(group)
        judgement.add_to(self.total)
        group[0].judgement = judgement
        names = {name for lineage in group for name in lineage.names()}
        for name in names:
            del self.lineages[name]
        if slot := group[0].slot:
            del self.slots[slot]
            names.add(slot_name(slot))
        return names, group

    def judge(self, group: Group) -> Judgement:
        """Run every check over a group."""
        judgement, context = Judgement(), self.context
        traits = general = context.traits()
        for lineage in group:
            lineage.sort()
            own = lineage.traits() | general
            traits |= own
            for check in self.due(LINEAGE_CHECKS, own):
                check.run(lineage, context, judgement)
        for check in self.due(GROUP_CHECKS, traits):
            check.run(group, context, judgement)
        return judgement

    def due(self, checks: tuple[Check[Of], ...], traits: frozenset[str]) -> tuple[Check[Of], ...]:
        """Those checks that are owed, and have something to judge where there are these traits."""
        known = self._due.setdefault(checks is GROUP_CHECKS, {})
        if traits not in known:
            known[traits] = tuple(
                check
                for check in checks
                if check.needs <= self.context.capabilities and check.given in traits | {""}
            )
        return known[traits]

    def finish(self) -> None:
        """Judge all that is left: nothing more will be told."""
        self.crowds.sweep(inf, last=True)
        for group in self.groups():
            self.judge(group).add_to(self.total)
        for debt in self.context.debts:
            if debt.owed.until <= self.context.now:
                BY_NAME[DEADLINES].tell(Kept(debt.owed.clause or "RA-1.1"), self.total)
        self.archive.close()


def slot_of(job: JobView) -> str:
    """The slot that a job serves, by its event and logical time; empty for none."""
    return f"{job.event}@{job.now:.0f}" if job.cause == "schedule" else ""


def slot_told(told: Execution) -> str:
    """The same of an execution, by what the scheduler told it."""
    event = told.claims.get("JOB_EVENT", "")
    if not event or told.claims.get("JOB_SOURCE") != "":
        return ""
    try:
        return f"{event}@{float(told.now):.0f}"
    except ValueError:
        return f"{event}@{told.now}"


def slot_name(slot: str) -> str:
    """The name of a slot on the archive, which is no name of any job."""
    return f"\0{slot}"
