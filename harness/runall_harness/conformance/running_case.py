"""A case while it runs: its verdict so far, its facts, and what was saved of it.

A case has three phases to pytest (setup, call, teardown), and each can go wrong. The verdict of
the call stands unless the kit itself broke: whatever could not be set up or cleared away is an
error, and an error never turns into anything better.
"""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from runall_harness.contract.cases import Case
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.verdicts import (
    Inconclusive,
    Unsupported,
    Verdict,
    Violation,
    verdict_of,
)
from runall_harness.evidence.history import Judged

from .known_failures import Declared
from .run_report import TROUBLE, CaseResult, observed, report_case

if TYPE_CHECKING:
    from runall_harness.scenario.cluster import Cluster


@dataclass
class RunningCase:
    """One case, from its start to its end; `folder` holds what is saved of the run.

    `known` is there if the case was declared as failing. `observed` are fields of its report that
    the cluster knew, `detail` is what pytest has to say of a failure.
    """

    case: Case
    folder: Path
    known: Declared | None = None
    verdict: Verdict = Verdict.PASS
    error: BaseException | None = None
    message: str = ""
    detail: str = ""
    called: bool = False
    observed: dict[str, Any] = field(default_factory=dict[str, Any])
    history: Path | None = None
    logs: list[Path] = field(default_factory=list[Path])

    @property
    def never_ran(self) -> bool:
        """Whether nothing went wrong and the scenario was not called either: that is no success."""
        return self.error is None and not self.called

    @property
    def declared_verdict(self) -> Verdict:
        """The verdict so far, in the light of what was declared."""
        verdict = Verdict.ERROR if self.never_ran else self.verdict
        return self.known.turn(verdict) if self.known else verdict

    def note(self, phase: str, error: BaseException | None) -> None:
        """Take in how a phase ended: the first trouble gives the verdict, unless worse follows."""
        self.called = self.called or phase == "call"
        verdict = verdict_in(phase, error)
        if error is None or (self.error is not None and verdict != Verdict.ERROR):
            return
        words = in_words(error) if phase == "call" else f"{phase}: {in_words(error)}"
        self.message = f"{self.message}\n{words}".strip()
        self.verdict, self.error = verdict, self.error or error

    def cut_short(self, error: BaseException) -> None:
        self.verdict, self.error, self.message = Verdict.SKIPPED, error, "interrupted"

    def observe(self, cluster: "Cluster") -> None:
        """Take what the report needs from a cluster, before it is closed."""
        # If the harness broke, what it saw says nothing about the scheduler.
        judged = self.verdict != Verdict.ERROR
        self.observed = observed(cluster, cluster.job_outcome() if judged else None)

    @property
    def log_folder(self) -> Path:
        return self.folder.joinpath("logs", *self.case.id.split("/"))

    def save(self, cluster: "Cluster") -> None:
        cluster.end_history()
        self.history = self.folder.joinpath("histories", *f"{self.case.id}.jsonl".split("/"))
        cluster.history.save(self.history)
        for node, text in cluster.logs().items():
            self.write(f"{node}.log", text)

    def write(self, name: str, text: str) -> None:
        self.log_folder.mkdir(parents=True, exist_ok=True)
        path = self.log_folder / name
        path.write_text(text, "utf-8")
        self.logs.append(path)

    def finish(self) -> CaseResult:
        """The last phase is over: nothing that never ran may look as if it had passed."""
        if self.never_ran:
            self.verdict, self.message = Verdict.ERROR, "the scenario was never called"
        if self.known:
            self.verdict = self.declared_verdict
            self.message = self.known.message(self.verdict, self.message)
        if self.detail and self.verdict in TROUBLE:
            self.write("failure.txt", self.detail)
        history = str(self.history) if self.history else None
        kept = {"history": history, "logs": [str(log) for log in self.logs]}
        return CaseResult(
            report=report_case(self.case, self.verdict, self.message, **kept, **self.observed),
            violation=self.error.broken if isinstance(self.error, Violation) else None,
            trouble=str(self.error) if isinstance(self.error, KitCannotRun) else "",
            folder=self.log_folder,
            logs=tuple(self.logs),
        )


def judged(cluster: "Cluster", error: BaseException | None) -> Judged:
    """The line of the history that says what the steps of a case came to."""
    steps, verdict = cluster.history.steps, verdict_in("call", error)
    line: Any = partial(Judged, at=cluster.site.now(), verdict=verdict)
    if error is None:
        return line(clauses=cluster.case.clauses)
    if isinstance(error, Violation):
        broken = error.broken
        words = {"clause": broken.clause, "expected": broken.expected, "seen": broken.seen}
        return line(step=steps, **words)
    return line(step=steps, reason=in_words(error))


def verdict_in(phase: str, error: BaseException | None) -> Verdict:
    """The verdict of a phase: only the call can break a clause, or leave it open."""
    if isinstance(error, pytest.skip.Exception):
        return Verdict.SKIPPED
    verdict = verdict_of(error)
    expected = (Unsupported, Inconclusive) if phase == "setup" else (Unsupported,)
    if phase == "call" or error is None or isinstance(error, expected):
        return verdict
    return Verdict.ERROR


def in_words(error: BaseException) -> str:
    """An error in words: the kit's own say it all, others need their type."""
    if isinstance(error, BaseExceptionGroup):  # several things broke in one teardown
        group = cast("BaseExceptionGroup[BaseException]", error)
        return "\n".join(dict.fromkeys(map(in_words, group.exceptions)))
    text = str(error).strip()
    if verdict_of(error) != Verdict.ERROR or "next step:" in text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
