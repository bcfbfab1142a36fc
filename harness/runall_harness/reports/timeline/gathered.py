"""Reads the lines of a history once, and keeps what a time line is made of, in its own clock."""

from collections.abc import Iterable
from typing import Any

from runall_harness.checks.job_traces import root_of
from runall_harness.evidence.facts import Execution, Proof
from runall_harness.evidence.history import (
    AnyLine,
    Exit,
    Fault,
    Judged,
    Lead,
    Meta,
    Owed,
    Role,
    Seen,
    Start,
    Step,
    Witnessed,
)
from runall_harness.evidence.views import JobView

CANARY = "canary"


class HistoryParts:
    """The lines of a history by kind, each with its number from 1 where a proof may name it."""

    def __init__(self, lines: Iterable[AnyLine]) -> None:
        self.meta: Meta | None = None
        self.nodes: dict[str, str] = {}
        self.node_lines: list[tuple[int, Start | Exit | Lead | Fault]] = []
        self.executions: dict[str, Execution] = {}
        self.execution_lines: dict[str, list[int]] = {}
        self.roles: dict[str, Role] = {}
        self.seen: list[tuple[int, Seen]] = []
        self.roots: dict[str, str] = {}
        self.steps: list[tuple[int, Step]] = []
        self.owed: list[tuple[int, Owed]] = []
        self.judged: Judged | None = None
        self.end = self.began = 0.0
        for number, line in enumerate(lines, start=1):
            self.began = line.at if number == 1 else self.began
            self.end = max(self.end, line.at)
            if take := TAKES.get(type(line)):
                take(self, number, line)

    def take_meta(self, _: int, line: Meta) -> None:
        self.meta = self.meta or line

    def take_start(self, number: int, line: Start) -> None:
        self.nodes[line.node] = self.nodes.get(line.node) or line.role
        self.node_lines.append((number, line))

    def take_node_line(self, number: int, line: Any) -> None:
        node = line.proof.node if isinstance(line, Fault) else line.node
        self.nodes.setdefault(node, "")
        self.node_lines.append((number, line))

    def take_execution(self, number: int, line: Witnessed) -> None:
        run = line.execution
        self.nodes.setdefault(run.node, "")
        self.executions[run.id] = run
        self.execution_lines.setdefault(run.id, []).append(number)
        self.roles[run.id] = self.roles[run.job] = line.role or self.roles.get(run.job, "")

    def take_seen(self, number: int, line: Seen) -> None:
        self.seen.append((number, line))
        job = line.job
        before = self.roots.get(job.predecessor, job.predecessor)
        self.roots[job.id] = before if before and job.root == job.id else job.root

    def take_step(self, number: int, line: Step) -> None:
        self.steps.append((number, line))

    def take_owed(self, number: int, line: Owed) -> None:
        self.owed.append((number, line))

    def take_judged(self, _: int, line: Judged) -> None:
        self.judged = line

    @property
    def faults(self) -> list[tuple[int, Proof]]:
        return [(n, line.proof) for n, line in self.node_lines if isinstance(line, Fault)]

    @property
    def zero(self) -> float:
        """The first fault; where there is none, when the first job began to run."""
        faults = [proof.at for _, proof in self.faults if proof.kind != "clock"]
        runs = [run.started_at for run in self.executions.values()]
        return min(faults or runs or [self.began])

    def root_of(self, run: Execution) -> str:
        """The first attempt of its lineage, as the scheduler shows it, or as the job was told."""
        return self.roots.get(run.job) or root_of(run)

    def role_of(self, job: JobView) -> str:
        """The role of a job: that of its executions, or what its event's name gives away."""
        known = self.roles.get(job.id) or self.roles.get(job.root, "")
        return known or (CANARY if job.event.startswith(f"{CANARY}-") else "")


TAKES: dict[type, Any] = {
    Meta: HistoryParts.take_meta,
    Start: HistoryParts.take_start,
    Exit: HistoryParts.take_node_line,
    Lead: HistoryParts.take_node_line,
    Fault: HistoryParts.take_node_line,
    Witnessed: HistoryParts.take_execution,
    Seen: HistoryParts.take_seen,
    Step: HistoryParts.take_step,
    Owed: HistoryParts.take_owed,
    Judged: HistoryParts.take_judged,
}
