"""How one mutant is tried in this process: by the scenarios in virtual time, and by the explorer.

The cases that show the mutant's clause come first, then all others. docs/mutants.md says what
counts as a kill.
"""

import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import msgspec
import pytest

from runall_harness.conformance.pytest_run import Listener, call_pytest
from runall_harness.conformance.run import Display, Order, Run
from runall_harness.conformance.run_report import CaseResult
from runall_harness.contract.cases import Case, select
from runall_harness.contract.verdicts import Verdict
from runall_harness.explorer.hunt import hunt
from runall_harness.mutants import Mutant, daemon, planted
from runall_harness.systems.reference.system import Reference

REFERENCE = "reference"


class MutantKill(msgspec.Struct, frozen=True, kw_only=True):
    """What killed a mutant: a case or a check, the clause that it named, and how soon.

    `seconds` are those since the trial began. `after` is how many cases had been run by then, this
    one included; for the explorer it is the number of steps in its story.
    """

    by: str
    clause: str
    seconds: float
    after: int

    @property
    def explored(self) -> bool:
        return self.by.startswith("explorer")

    @property
    def how_soon(self) -> str:
        unit = "step" if self.explored else "case"
        return f"{self.after} {unit}{'s' * (self.after != 1)}, {self.seconds:.2f} s"


class Trial(msgspec.Struct, kw_only=True):
    """The results of all cases and of the explorer for one mutant, or for the reference.

    `verdicts` holds the verdict of each case, or the broken clause of one that failed. `kills` are
    failures by the mutant's own clauses, in their order; `others` counts failures by each other
    clause. `troubles` are errors of the kit: a trial that has any proves nothing.
    """

    name: str
    verdicts: dict[str, str] = {}
    kills: list[MutantKill] = []
    others: dict[str, int] = {}
    troubles: list[str] = []
    seconds: float = 0.0

    @property
    def killed(self) -> bool:
        return bool(self.kills)

    @property
    def passed(self) -> bool:
        """Whether every case passed and nothing was found, as the reference must."""
        red = set(self.verdicts.values()) - {Verdict.PASS.value}
        return not (self.troubles or red or self.kills)

    @property
    def line(self) -> str:
        if self.troubles:
            return f"{self.name}: the kit could not judge"
        if self.name == REFERENCE:
            return f"{self.name}: {'passes everything' if self.passed else 'FAILS'}"
        if not self.kills:
            return f"{self.name}: nothing killed it"
        kill = self.kills[0]
        return f"{self.name}: {kill.clause} after {kill.how_soon}: {kill.by}"


class TrialListener(Listener):
    """Adds the result of each case to a trial; with `first`, ends the run at the first kill."""

    def __init__(self, run: Run, trial: Trial, mutant: Mutant | None, *, first: bool) -> None:
        super().__init__(run, Display())
        self.trial, self.mutant, self.first = trial, mutant, first
        self.began = time.monotonic() - trial.seconds

    @pytest.hookimpl(optionalhook=True)
    def pytest_runall_case_ended(self, result: CaseResult) -> None:
        super().pytest_runall_case_ended(result)
        trial, broken, case = self.trial, result.violation, result.report
        clause = broken.clause if broken else ""
        trial.verdicts[case.id] = clause or case.verdict.value
        if self.mutant is None or not clause:
            return
        if clause not in self.mutant.clauses:
            trial.others[clause] = trial.others.get(clause, 0) + 1
            return
        seconds, after = round(time.monotonic() - self.began, 3), len(trial.verdicts)
        trial.kills.append(MutantKill(by=case.id, clause=clause, seconds=seconds, after=after))
        if self.first and self.session is not None:
            self.session.shouldstop = "it is dead"

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Ignore the end of the run at the first kill; any other interruption is trouble."""
        if not (self.first and self.trial.killed):
            super().pytest_keyboard_interrupt(excinfo)


def try_scenarios(
    mutant: Mutant | None, cases: Sequence[Case], *, first: bool = False, out: Path | None = None
) -> Trial:
    """Run these cases against a mutant, or against the unchanged reference (None).

    With `first`, stop at the first kill. `out` keeps the histories and logs of all cases. A bug of
    real daemons is tried on processes, by the cases that it names and up to the first kill.
    """
    trial = Trial(name=mutant.name if mutant else REFERENCE)
    clauses = mutant.clauses if mutant else frozenset[str]()
    own = [case for case in cases if clauses & {*case.clauses}]
    others = [case for case in cases if not clauses & {*case.clauses}]
    if mutant is not None and mutant.real:
        first, own, others = True, select(own, mutant.cases), []
    with ExitStack() as stack:
        kept = out or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="runall-")))
        stack.enter_context(planted(mutant))
        if mutant is not None and mutant.real:
            stack.enter_context(patch.object(Reference, "module", daemon(mutant.name)))
        for some in (own, others):
            if some and not (first and trial.killed) and not trial.troubles:
                run_cases(mutant, some, trial, first=first, out=kept)
    missing = len(own) + len(others) - len(trial.verdicts)
    if missing and not trial.troubles and not (first and trial.killed):
        trial.troubles.append(f"{missing} cases were never run")
    return trial


def run_cases(
    mutant: Mutant | None, cases: Sequence[Case], trial: Trial, *, first: bool, out: Path
) -> None:
    policy = mutant.policy if mutant else "reference"
    rig = "processes" if mutant and mutant.real else "simulated"
    order = Order(cases=cases, rig=rig, policy=policy, out=out)
    run = Run(order, order.rig)
    began = time.monotonic()
    call_pytest(run, TrialListener(run, trial, mutant, first=first))
    trial.seconds += time.monotonic() - began
    trial.troubles += run.troubles + ["interrupted"] * run.interrupted


def try_explorer(mutant: Mutant | None, trial: Trial, *, budget: float, seed: int) -> None:
    """Let the explorer look for a story for at most `budget` seconds, and add what it finds.

    It looks for stories that break the mutant's own clauses; in the unchanged reference (None),
    for any.
    """
    began = time.monotonic()
    with planted(mutant):
        found = hunt(budget_s=budget, seed=seed, clauses=mutant.clauses if mutant else frozenset())
    trial.seconds += time.monotonic() - began
    if found is not None:
        kill = MutantKill(
            by=f"explorer: {found.check}",
            clause=found.clause,
            seconds=round(found.seconds, 3),
            after=len(found.found.moves),
        )
        trial.kills.append(kill)
