"""Reads a history line by line, groups its lines by lineage, and judges each lineage.

A lineage is judged as a whole when nothing of it lives or is owed and no line was about it for
`LATE` seconds, or at the end. Then it leaves memory (see `archive`). If a later line is about it,
it is judged again, and the later judgement counts. So memory holds only what lives or is owed, and
a long history is judged like a short one.
"""

from collections.abc import Callable
from math import inf
from typing import Any

from runall_harness.contract.clauses import clauses
from runall_harness.contract.verdicts import BrokenClause, Verdict
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.history import (
    Answer,
    AnyLine,
    BadHistory,
    Call,
    Clock,
    Exit,
    Fault,
    Judged,
    Lead,
    Ledger,
    Line,
    Meta,
    Minute,
    Owed,
    Seen,
    Start,
    Step,
    Witnessed,
)

from .case_verdict import STEPS, CaseVerdict
from .check import Check, Finding, Kept, Of
from .concurrency import ConcurrencyChecks, ObservedStart
from .context import Context, Edit, name_in
from .deadlines import left_over, open_questions
from .lineage_index import LineageIndex, slot_of, slot_of_execution
from .records import (
    AbortRequest,
    Accepted,
    Attempt,
    Debt,
    Group,
    Judgement,
    Lineage,
    Note,
    RunRecord,
)
from .registry import BY_NAME, DEADLINES, GROUP_CHECKS, LINEAGE_CHECKS
from .schedule import ScheduleChecks

# How long a minute of the schedule lasts where nobody says otherwise; seconds.
A_MINUTE = 60.0
# A start may first be reported so many seconds later. Lines are otherwise in order.
LATE = 300.0
# Lineages that are over are looked for after so many lines, or twice the number of lineages.
SWEEP = 4096


class Evaluation:
    """The history so far. `take` takes in a line; `finish` judges what is left.

    `sweep` is the least number of lines between two searches for what is over.
    """

    def __init__(self, sweep: int = SWEEP) -> None:
        self.context = Context()
        self.number = self.executions = self.interruptions = 0
        self.total, self.case = Judgement(), CaseVerdict()
        self.open: list[BrokenClause[int]] = []
        self.index = LineageIndex(self.total)
        self.calls: dict[int, tuple[int, Call, tuple[str, Edit] | None]] = {}
        self.concurrency = ConcurrencyChecks(self.context, self.record)
        self.schedule = ScheduleChecks(self.context, self.record)
        self._sweep, self._next = sweep, sweep
        self._due: dict[bool, dict[frozenset[str], tuple[Check[Any], ...]]] = {}
        self._takes: dict[type[Line], Callable[[Any], None]] = {
            Meta: self.begin,
            Call: self.call,
            Answer: self.answer,
            Fault: lambda line: self.context.hurt(line.proof, self.number),
            Start: lambda line: self.context.start(line.node, line.role, line.at),
            Exit: lambda line: self.context.exit(line.node, line.at),
            Lead: lambda line: self.schedule.lead(line, self.number),
            Minute: lambda line: self.schedule.clock.take(line),
            Clock: lambda line: self.context.set_clock(line.at),
            Witnessed: self.witness,
            Seen: self.show,
            Ledger: self.note,
            Owed: self.owe,
            Step: lambda line: self.case.begin(line, self.number),
            Judged: self.end_case,
        }

    def take(self, line: AnyLine) -> None:
        """Take in the next line. Raises `BadHistory`."""
        self.number += 1
        if self.number == 1 and type(line) is not Meta:
            raise BadHistory(1, "a history begins with a `meta` line: what was judged, and where")
        if take := self._takes.get(type(line)):  # no check reads the other kinds
            take(line)
        if line.at > self.context.now:
            self.context.now = line.at
        if self.number >= self._next:
            self.put_away()

    def begin(self, line: Meta) -> None:
        """Take in what the system declares. Raises `BadHistory` unless it is the first line."""
        if self.number > 1:
            raise BadHistory(self.number, "`meta` is the first line, and only the first")
        self.context.capabilities = frozenset(line.capabilities)
        self.context.grace, self.context.lag = line.grace, line.lag
        self.context.timings = line.timings
        self.schedule.clock.minute = line.timings.get("minute", A_MINUTE)
        self._due.clear()

    def call(self, line: Call) -> None:
        """Take in a call: the settings that it gives may hold from now on. Raises `BadHistory`."""
        if line.number in self.calls:
            raise BadHistory(self.number, f"call {line.number} was made before, and is unanswered")
        if line.verb == "abort":
            self.context.aborting.add(name_in(line, "job", self.number))
        self.calls[line.number] = self.number, line, self.context.edit(line, self.number)

    def answer(self, line: Answer) -> None:
        """Take in the answer to a call. Raises `BadHistory` if there is no such call."""
        if line.number not in self.calls:
            raise BadHistory(self.number, f"an answer to call {line.number}, which nobody made")
        number, call, edit = self.calls.pop(line.number)
        lines = (number, self.number)
        if edit is not None:
            self.context.settle(*edit, line.outcome, line.at, self.number)
        elif call.verb == "abort" and line.outcome == "refused":
            self.context.aborting.discard(name_in(call, "job", number))
        elif call.verb == "abort":
            answered = line.at if line.outcome == "done" else None
            self.abort(call, answered, lines)
        elif call.verb == "run" and line.outcome == "done" and isinstance(line.value, str):
            lineage = self.index.lineage(line.value)
            known = lineage.known_before(line.value, number)
            lineage.accepted[line.value] = Accepted(call.at, line.at, lines, known)
            lineage.latest = line.at

    def abort(self, call: Call, answered: float | None, lines: tuple[int, ...]) -> None:
        """Take in a user's abort of a job; `answered` is seconds, or None without an answer."""
        job = name_in(call, "job", lines[0])
        lineage = self.index.lineage(job)
        lineage.aborts.append(AbortRequest(job, answered, lines))
        lineage.latest = call.at if answered is None else answered

    def witness(self, line: Witnessed) -> None:
        execution = line.execution
        lineage = self.index.lineages.get(execution.job)
        if lineage is None or execution.id not in lineage.runs:
            root, slot = execution.claims.get("JOB_ROOT", ""), slot_of_execution(execution)
            lineage = self.index.lineage(execution.job, root, slot)
        if run := lineage.runs.get(execution.id):
            run.execution, run.last = execution, self.number
        else:
            self.add_run(lineage, line)
        lineage.latest = line.at
        self.hold_against_faults(execution, lineage)

    def hold_against_faults(self, run: Execution, lineage: Lineage) -> None:
        """Note a fault that an execution outlived, and who ran beside it: it proves nothing."""
        if fault := self.context.outlived(run):
            others = "; ".join(str(other) for id, other in lineage.runs.items() if id != run.id)
            said = f"the {fault.kind} of {fault.node} did not end {run.job} ({run.id}): it lived on"
            last = max(run.beat_at, run.ended_at or 0.0)
            beside = f", beside {others}" if others else ""
            self.context.escaped[run.id] = f"{said} for {last - fault.at:.1f} s{beside}"

    def add_run(self, lineage: Lineage, line: Witnessed) -> None:
        """Add an execution that is reported for the first time. Raises `BadHistory`."""
        execution = line.execution
        if (late := max(line.at, self.context.now) - execution.started_at) > LATE:
            why = f"it tells of a start {late:.0f} s ago; {LATE:.0f} s at most"
            raise BadHistory(self.number, why)
        self.executions += 1
        self.schedule.serve(slot_of_execution(execution), self.number)
        run = lineage.runs[execution.id] = RunRecord(self.number, self.number, execution)
        self.concurrency.starts.append(ObservedStart(run, lineage))
        if (tagged := self.context.tagged.get(execution.tag)) is not None:
            tagged.append(run)

    def show(self, line: Seen) -> None:
        job = line.job
        lineage = self.index.lineages.get(job.id)
        attempt = lineage.attempts.get(job.id) if lineage else None
        if lineage is None or attempt is None:
            lineage = self.index.lineage(job.id, job.root, slot_of(job))
            attempt = lineage.attempts.get(job.id)
            if attempt is None:
                attempt = lineage.attempts[job.id] = Attempt(self.number, self.number, job)
                self.schedule.serve(slot_of(job), self.number)
        attempt.show(job, line.at, self.number)
        self.schedule.show(job, line.at, self.number)
        lineage.latest = line.at
        self.context.jobs_shown = True
        self.interruptions += job.state == "interrupted"
        if job.limbo or job.id in self.concurrency.events[job.event].limbo:
            self.concurrency.show(job, line.at, self.number)

    def note(self, line: Ledger) -> None:
        self.context.ledger_shown = True
        for entry in line.entries:
            lineage = self.index.lineage(entry.job, entry.root)
            if all(note.entry.number != entry.number for note in lineage.notes):
                lineage.notes.append(Note(entry, self.number))
                lineage.latest = line.at

    def owe(self, line: Owed) -> None:
        """Take in what is owed for one job, one event, or all. Raises `BadHistory`."""
        if line.what == "slots" and not line.event:
            raise BadHistory(self.number, "`owed` slots need an event")
        if not line.job and line.what not in ("rest", "slots"):
            raise BadHistory(self.number, f"an `owed` {line.what} needs a job")
        if line.clause and line.clause not in clauses():
            raise BadHistory(self.number, f"the specification has no clause {line.clause}")
        debt = Debt(line, self.number)
        if not line.job:
            self.schedule.debts.append(debt)
        if line.what != "slots":
            debts = self.index.lineage(line.job).debts if line.job else self.context.debts
            debts.append(debt)
        if (
            line.tag
            and line.tag not in self.context.tagged
            and "lineage" not in self.context.capabilities
        ):
            runs = (run for one in self.index.lineages.values() for run in one.runs.values())
            self.context.tagged[line.tag] = [run for run in runs if run.execution.tag == line.tag]

    def end_case(self, line: Judged) -> None:
        """Take in what the steps came to. Raises `BadHistory` for a clause that nobody wrote."""
        if strange := {*line.clauses, line.clause} - {"", *clauses()}:
            raise BadHistory(self.number, f"the specification has no clause {min(strange)}")
        if line.verdict == Verdict.FAIL and not line.clause:
            raise BadHistory(self.number, "a failure needs the clause that is broken")
        self.case.end(line, self.number)

    def samples(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """For each check and clause, the steps of a case included, some lines that were judged."""
        steps = {(STEPS, clause): self.case.lines for clause in self.case.kept}
        broken = [*self.total.broken, *self.case.broken()]
        found = {(one.check, one.clause): one.lines for one in broken}
        return {key: tuple(n) for key, n in self.context.samples.lines.items()} | found | steps

    def record(self, name: str, found: Finding) -> None:
        """Record a finding by the name of its check, if that check applies."""
        if (check := BY_NAME[name]).needs <= self.context.capabilities:
            check.record(found, self.total, self.context)

    def put_away(self) -> None:
        """Judge the starts of long ago, and archive the groups that are over."""
        until = self.context.now - LATE
        self.concurrency.judge_until(until)
        groups = self.index.groups()
        if over := [each for each in groups if all(self.over(one, each, until) for one in each)]:
            self.index.archive.put(self.leave(group) for group in over)
        self._next = self.number + self._sweep * max(1, 2 * len(self.index.lineages) // SWEEP)

    def over(self, lineage: Lineage, group: Group, until: float) -> bool:
        """Whether nothing of a lineage lives or is owed, and no line was about it lately."""
        if lineage.latest > until or not lineage.ended():
            return False
        if lineage.debts and any(debt.owed.until > until for debt in lineage.debts):
            return False
        if lineage.accepted.keys() - lineage.attempts.keys():
            return False
        states = {one.view.state for one in lineage.attempts.values()}
        if "bounds" in self.context.capabilities and "interrupted" in states and not lineage.notes:
            return False  # the ledger has still to show the interruption
        lineage.sort()
        return left_over(lineage, group, self.context) is None

    def leave(self, group: Group) -> tuple[set[str], Group]:
        """Judge a group and take it out of memory; return its names and the group."""
        group[0].judgement = self.judge(group)
        group[0].judgement.add_to(self.total)
        return self.index.remove(group)

    def judge(self, group: Group) -> Judgement:
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
        """The checks that apply to the system and to a lineage with these traits."""
        known = self._due.setdefault(checks is GROUP_CHECKS, {})
        if traits not in known:
            known[traits] = tuple(
                check
                for check in checks
                if check.needs <= self.context.capabilities and check.given in traits | {""}
            )
        return known[traits]

    def finish(self) -> None:
        """Judge the groups still in memory: no more lines will come."""
        self.concurrency.judge_until(inf, last=True)
        self.schedule.finish()
        for group in self.index.groups():
            self.judge(group).add_to(self.total)
            self.open += open_questions(group, self.context)
        for debt in self.context.debts:
            if debt.owed.until <= self.context.now:
                kept = Kept(debt.owed.clause or "RA-1.1", (debt,))
                DEADLINES.record(kept, self.total, self.context)
        self.index.archive.close()
