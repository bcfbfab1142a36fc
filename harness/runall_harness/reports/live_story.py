"""Shows one case while it runs: who holds the job, what happens to it, and by which clause.

It hears the history of the case grow, so it tells what the case does, and has no story of its own.
Each turn is a line that stays. On a terminal the servers and the job stand below, and change.
"""

import time
from collections.abc import Callable, Iterator
from functools import singledispatchmethod

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from runall_harness.conformance.run import Display
from runall_harness.conformance.run_report import CaseResult
from runall_harness.contract.clauses import clause_text
from runall_harness.contract.verdicts import Verdict
from runall_harness.evidence.history import (
    Answer,
    AnyLine,
    Call,
    Fault,
    History,
    Judged,
    Lead,
    Ledger,
    Meta,
    Owed,
    Seen,
    Start,
    Step,
    Witnessed,
)
from runall_harness.evidence.views import JobView
from runall_harness.scenario.calls import role_of

from .case_progress import mark, remark
from .progress import Progress

LIMBO = "RA-10.1"
ENDS = {Verdict.PASS: "The promise was kept.", Verdict.FAIL: "The promise was broken."}
# What a fault has made of its node, where it takes it away or brings it back.
FATES = {"kill": "killed", "stop": "stopped", "cut": "cut off", "pause": "frozen", "crash": "dead"}
MENDED = ("join", "unpause")
STATES = {"up": "green", "killed": "bold red", "dead": "bold red", "stopped": "yellow"}
# What a job reports of itself. One that was killed reports nothing; the fault says it.
REPORTED = {
    "running": "runs",
    "completed": "has completed",
    "failed": "has failed",
    "terminated": "got SIGTERM",
}
LIT = "bold yellow"
HELD = ("starting", "running", "stopping")


class Situation:
    """Who is there and who holds what, by the lines of a history so far.

    `fault_at` is the time of the first fault, from which everybody counts; `now` that of the last
    line; `timeout` is after how long (seconds) the job of a server that stays away is given up.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, str] = {}
        self.jobs: dict[str, JobView] = {}
        self.began_at = self.now = self.timeout = 0.0
        self.fault_at: float | None = None
        self.leader = ""

    def take(self, line: AnyLine) -> None:
        self.now = line.at
        match line:
            case Meta():
                self.began_at = line.at
                self.timeout = line.timings.get("dead_job_timeout", 0.0)
            case Start():
                self.nodes[line.node] = "up"
            case Lead():
                self.leader = line.node
            case Seen(job=job) if role_of(job.event) != "canary":
                self.jobs[job.id] = job
            case Fault(proof=proof):
                self.hurt(proof.kind, proof.node, proof.at)
            case _:
                pass

    def hurt(self, kind: str, node: str, at: float) -> None:
        if kind in FATES:
            self.nodes[node] = FATES[kind]
            self.fault_at = self.fault_at or at
        elif kind in MENDED:
            self.nodes[node] = "up"

    def clock(self, at: float | None = None) -> str:
        """The time, from the first fault on, before that from the beginning of the case."""
        at = self.now if at is None else at
        if self.fault_at is None:
            return f"{at - self.began_at:7.1f} s"
        return f"{at - self.fault_at:+7.1f} s"

    def held_by(self, node: str) -> str:
        """The jobs that the system shows on a node, in words."""
        held = [job for job in list(self.jobs.values()) if job.node == node and job.state in HELD]
        return ", ".join(f"{job.id} {'in limbo' if job.limbo else job.state}" for job in held)


class LiveStory(Progress, Display):
    """A display of one case. `pause` is called before each step that does something."""

    def __init__(self, console: Console, pause: Callable[[], None] | None = None) -> None:
        self.situation = Situation()
        # When each job was first shown in limbo, on the clock of this process.
        self.missed: dict[str, float] = {}
        super().__init__(console, 1)
        self.pause = pause
        self.keyword = ""
        self.asked: dict[int, Call] = {}
        self.said_of: dict[str, str] = {}
        self.owed: set[tuple[str, str]] = set()
        self.result: CaseResult | None = None

    def follow(self, history: History) -> None:
        for line in history.lines:
            self.hear(line)
        history.listen(self.hear)

    def ended(self, result: CaseResult) -> None:
        self.result = result

    def hear(self, line: AnyLine) -> None:
        before = self.situation.fault_at
        self.situation.take(line)
        self.tell(line)
        if before is None and self.situation.fault_at is not None:
            self.turn("From here on, times count from the fault.", style="dim")

    def turn(self, words: str, clause: str = "", style: str = "") -> None:
        """Print what happened, with the clause that it is about and its sentence."""
        text = Text.assemble((f"{self.situation.clock()}  ", "dim"), (words, style))
        self.console.print(text, soft_wrap=True, highlight=False)
        if clause:
            self.rule(clause)

    def rule(self, clause: str) -> None:
        text = Text(" " * 11)
        text.append(clause, "bold cyan").append(f" {clause_text(clause)}", "cyan")
        self.console.print(text, soft_wrap=True, highlight=False)

    @singledispatchmethod
    def tell(self, line: AnyLine) -> None:
        """Print the turn that a line of the history is, if it is one."""

    @tell.register
    def tell_step(self, line: Step) -> None:
        keyword, _, rest = line.text.partition(" ")
        self.keyword = self.keyword if keyword in ("And", "But") else keyword
        self.console.print(Text.assemble((keyword, "bold magenta"), f" {rest}"), soft_wrap=True)
        # After the fault the scheduler is on its own, and deadlines run.
        if self.pause and self.keyword != "Then":
            self.say("  press Enter, and it is done")
            self.pause()

    @tell.register
    def tell_start(self, line: Start) -> None:
        self.turn(f"{line.node} starts")

    @tell.register
    def tell_lead(self, line: Lead) -> None:
        self.turn(f"{line.node} leads")

    @tell.register
    def tell_call(self, line: Call) -> None:
        self.asked[line.number] = line

    @tell.register
    def tell_answer(self, line: Answer) -> None:
        call = self.asked.pop(line.number)
        if call.verb != "run" or role_of(call.args["event"]) == "canary":
            return
        if line.outcome == "done":
            words = f"{call.args['source']} runs {call.args['event']} by hand: job {line.value}"
            self.turn(words, "RA-12.2")
        else:
            self.turn(f"the run of {call.args['event']} is not accepted: {line.value}", style="red")

    @tell.register
    def tell_seen(self, line: Seen) -> None:
        job = line.job
        words = "" if role_of(job.event) == "canary" else in_words(job)
        if words and words != self.said_of.get(job.id):
            self.said_of[job.id] = words
            if job.limbo:
                self.missed.setdefault(job.id, time.monotonic())
            self.turn(words, LIMBO if job.limbo else "", style_of(job))

    @tell.register
    def tell_witnessed(self, line: Witnessed) -> None:
        run = line.execution
        if line.role == "canary" or run.how not in REPORTED or self.said_of.get(run.id) == run.how:
            return
        self.said_of[run.id] = run.how
        self.turn(f"the job itself, on {run.node}: {run.job} {REPORTED[run.how]}")

    @tell.register
    def tell_fault(self, line: Fault) -> None:
        proof = line.proof
        words = f"{proof.kind} of {proof.node}: {proof.evidence}"
        self.turn(words, style="bold red" if proof.kind in FATES else "bold green")

    @tell.register
    def tell_owed(self, line: Owed) -> None:
        """Name what the system owes now, once for each clause and job."""
        if not line.clause or (line.clause, line.job) in self.owed:
            return
        self.owed.add((line.clause, line.job))
        self.turn(f"owed within {line.until - line.at:.1f} s:", line.clause, "dim")

    @tell.register
    def tell_ledger(self, line: Ledger) -> None:
        for entry in line.entries:
            words = f"the ledger: {entry.job}, {entry.what}: {entry.decision} {entry.detail}"
            self.turn(words.strip(), entry.clause)

    @tell.register
    def tell_judged(self, line: Judged) -> None:
        if line.clause:
            self.turn(f"expected: {line.expected}; seen: {line.seen}", line.clause, "bold red")

    def conclude(self) -> None:
        """Print the verdict of the case, and where its evidence is."""
        if self.result is None:
            return
        report = self.result.report
        text = mark(report.verdict, self.console)
        text.append(f"  {ENDS.get(report.verdict, report.message)}", "bold")
        if took := remark(report):
            text.append(f" ({took})", "default")
        self.console.print(Text("\n"), text, soft_wrap=True, highlight=False)
        if report.history:
            self.say(f"  history  {report.history}; runall check judges it again")

    def moving(self) -> RenderableType:
        table = Table("server", "is", "holds")
        for node, state in list(self.situation.nodes.items()):
            leads = " (leads)" if node == self.situation.leader and state == "up" else ""
            held = self.situation.held_by(node)
            table.add_row(node, Text(state + leads, STATES.get(state, "yellow")), held)
        return Group(table, *self.counts())

    def counts(self) -> Iterator[Text]:
        """A line for each job in limbo: when its server is given up."""
        for job in list(self.situation.jobs.values()):
            if job.limbo and job.state in HELD:
                passed = time.monotonic() - self.missed.get(job.id, time.monotonic())
                left = max(self.situation.timeout - passed, 0.0)
                yield Text(f"{job.id} is given up in {left:.1f} s, unless {job.node} is back", LIT)


def in_words(job: JobView) -> str:
    """What the system shows of a job."""
    if job.limbo and job.state in HELD:
        return f"{job.id} is in limbo: {job.node} is out of reach"
    again = f", in the place of {job.predecessor}" if job.predecessor else ""
    match job.state:
        case "waiting":
            return f"{job.id} waits{again}"
        case "starting":
            return f"{job.id} is sent to {job.node}{again}"
        case "running":
            return f"{job.id} runs on {job.node}{again}"
        case "stopping":
            return f"{job.id} is being stopped on {job.node}"
        case _:
            return (
                f"{job.id} {'is' if job.state in ('aborted', 'interrupted') else 'has'} {job.state}"
            )


def style_of(job: JobView) -> str:
    if job.limbo or job.state == "interrupted":
        return "yellow"
    return "green" if job.predecessor or job.state == "succeeded" else "blue"
