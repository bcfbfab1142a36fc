"""What became of one case while it runs: its verdict so far, its facts, and what was saved.

A case has three phases to pytest (setup, call, teardown), and each can go wrong. The verdict of
the call stands unless the kit itself broke: whatever could not be set up or cleared away is an
error, and an error never turns into anything better.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from runall_harness.checks.job_outcome import JobOutcome
from runall_harness.checks.job_traces import root_of
from runall_harness.contract.cases import Case
from runall_harness.contract.verdicts import (
    Inconclusive,
    Unsupported,
    Verdict,
    Violation,
    verdict_of,
)

from .known_failures import Declared
from .run_report import CaseReport, ExecutionReport, FaultReport, report_execution, report_fault

if TYPE_CHECKING:
    from runall_harness.scenario.cluster import Cluster

# What a reader will want to look into.
TROUBLE = (Verdict.FAIL, Verdict.UNEXPECTED_PASS, Verdict.INCONCLUSIVE, Verdict.ERROR)


@dataclass
class Ended:
    """One case, from its start to its end. Times are seconds; `folder` holds what was saved.

    `known` is there if the case was declared as failing.
    """

    case: Case
    folder: Path
    known: Declared | None = None
    started: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    verdict: Verdict = Verdict.PASS
    error: BaseException | None = None
    message: str = ""
    detail: str = ""
    called: bool = False
    recovery_s: float | None = None
    deadline_s: float | None = None
    job_outcome: JobOutcome | None = None
    faults: list[FaultReport] = field(default_factory=list[FaultReport])
    executions: list[ExecutionReport] = field(default_factory=list[ExecutionReport])
    history: Path | None = None
    logs: list[Path] = field(default_factory=list[Path])

    @property
    def violation(self) -> Violation | None:
        """The broken clause, if that is what happened."""
        return self.error if isinstance(self.error, Violation) else None

    @property
    def turned(self) -> Verdict:
        """The verdict so far, in the light of what was declared."""
        return self.known.turn(self.verdict) if self.known else self.verdict

    def note(self, phase: str, error: BaseException | None) -> None:
        """Take in how a phase ended: the first trouble gives the verdict, unless worse follows."""
        self.called = self.called or phase == "call"
        verdict = verdict_in(phase, error)
        if error is None or (self.error is not None and verdict != Verdict.ERROR):
            return
        told = tell(error) if phase == "call" else f"{phase}: {tell(error)}"
        self.message = f"{self.message}\n{told}".strip()
        self.verdict, self.error = verdict, self.error or error

    def cut_short(self, error: BaseException) -> None:
        """The whole run was interrupted in the middle of this case."""
        self.verdict, self.error, self.message = Verdict.SKIPPED, error, "interrupted"

    def observe(self, cluster: "Cluster") -> None:
        """Take what the report needs from a cluster, before it is closed."""
        self.recovery_s, self.deadline_s = cluster.recovery_s, cluster.deadline_s
        self.faults = [report_fault(proof) for proof in cluster.faults]
        self.executions = [report_execution(e, root_of) for e in cluster.executions()]
        # What a harness saw that broke says nothing of the scheduler.
        self.job_outcome = None if self.verdict == Verdict.ERROR else cluster.job_outcome()

    def save(self, cluster: "Cluster") -> None:
        """Write the history, and one log for each node, into the case's folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "history.jsonl"
        cluster.end_history()
        cluster.history.save(path)
        self.history = path
        for node, text in cluster.logs().items():
            log = self.folder / f"{node}.log"
            log.write_text(text, "utf-8")
            self.logs.append(log)

    def finish(self) -> None:
        """The last phase is over: nothing that never ran may look as if it had passed."""
        self.seconds = time.monotonic() - self.started
        if self.error is None and not self.called:
            self.verdict, self.message = Verdict.ERROR, "the scenario was never called"
        if self.known:
            self.verdict = self.turned
            self.message = self.known.tell(self.verdict, self.message)
        if self.detail and self.verdict in TROUBLE:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / "failure.txt"
            path.write_text(self.detail, "utf-8")
            self.logs.append(path)

    def report(self) -> CaseReport:
        """The case as the report tells it."""
        after = self.job_outcome
        return CaseReport(
            id=self.case.id,
            feature=self.case.feature,
            scenario=self.case.scenario,
            trigger=self.case.trigger,
            clauses=list(self.case.clauses),
            verdict=self.verdict,
            message=self.message,
            outcome=after.outcome if after else None,
            within_s=after.within_s if after else None,
            together_s=after.together_s if after else None,
            recovery_s=self.recovery_s,
            deadline_s=self.deadline_s,
            faults=self.faults,
            executions=self.executions,
            history=str(self.history) if self.history else None,
        )


def verdict_in(phase: str, error: BaseException | None) -> Verdict:
    """The verdict of a phase: only the call can break a clause, or leave it open."""
    if isinstance(error, pytest.skip.Exception):
        return Verdict.SKIPPED
    verdict = verdict_of(error)
    expected = (Unsupported, Inconclusive) if phase == "setup" else (Unsupported,)
    if phase == "call" or error is None or isinstance(error, expected):
        return verdict
    return Verdict.ERROR


def tell(error: BaseException) -> str:
    """An error in words: the kit's own say it all, others need their type."""
    if isinstance(error, BaseExceptionGroup):  # of a teardown in which several things broke
        group = cast("BaseExceptionGroup[BaseException]", error)
        return "\n".join(dict.fromkeys(map(tell, group.exceptions)))
    text = str(error).strip()
    if verdict_of(error) != Verdict.ERROR or "next step:" in text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def not_run(case: Case, verdict: Verdict, message: str) -> CaseReport:
    """The report of a case that never started."""
    ended = Ended(case=case, folder=Path(), verdict=verdict, message=message)
    return ended.report()
