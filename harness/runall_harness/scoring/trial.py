"""How one mutant is tried: by the scenarios, all of them, in virtual time and in this process.

The cases that show the mutant's clause come first, then all others. A case kills the mutant when
it fails by the clause that the mutant breaks. One that fails by another clause is told, and does
not count: a bug that is found for the wrong reason is found by luck. An error of a case, or
evidence that did not come, is no kill at all.
"""

import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runall_harness.conformance.case_result import CaseResult
from runall_harness.conformance.order import Order
from runall_harness.conformance.pytest_run import Listener, call_pytest
from runall_harness.conformance.run import Run
from runall_harness.contract.cases import Case
from runall_harness.contract.verdicts import Verdict
from runall_harness.mutants.mutant import Mutant, lying
from runall_harness.reports.case_progress import Silent

REFERENCE = "reference"


class Kill(msgspec.Struct, frozen=True, kw_only=True):
    """What killed a mutant: a case or a check, the clause that it named, and how soon.

    `seconds` are those since the trial began, and `after` is how many cases had been run by then,
    this one included; for the explorer, how many steps its story has.
    """

    by: str
    clause: str
    seconds: float
    after: int


class Trial(msgspec.Struct, kw_only=True):
    """How a mutant, or the reference, came through the cases.

    `verdicts` has what each case ended with, and for one that failed the clause instead. `kills`
    are those by the mutant's own clauses, in their order; `others` counts failures by a clause of
    somebody else's. `troubles` are those of the kit: such a trial proves nothing.
    """

    name: str
    verdicts: dict[str, str] = {}
    kills: list[Kill] = []
    others: dict[str, int] = {}
    troubles: list[str] = []
    seconds: float = 0.0

    @property
    def killed(self) -> bool:
        """Whether the bug was found, by the clause that it breaks."""
        return bool(self.kills)

    @property
    def passed(self) -> bool:
        """Whether every case went well and nothing was found: what is asked of the reference."""
        red = set(self.verdicts.values()) - {Verdict.PASS.value}
        return not (self.troubles or red or self.kills)


class Watch(Listener):
    """Hears how the cases end, and stops them once the mutant is dead, if that is enough."""

    def __init__(self, run: Run, trial: Trial, mutant: Mutant | None, *, first: bool) -> None:
        super().__init__(run, Silent())
        self.trial, self.mutant, self.first = trial, mutant, first
        self.began = time.monotonic() - trial.seconds

    @pytest.hookimpl(optionalhook=True)
    def pytest_runall_case_ended(self, result: CaseResult) -> None:
        """Take it in."""
        super().pytest_runall_case_ended(result)
        trial, broken, case = self.trial, result.violation, result.report
        clause = broken.clause if broken else ""
        trial.verdicts[case.id] = clause or case.verdict.value
        if self.mutant is None or not clause:
            return
        if clause not in self.mutant.clauses:
            trial.others[clause] = trial.others.get(clause, 0) + 1
            return
        seconds = round(time.monotonic() - self.began, 3)
        after = len(trial.verdicts)
        trial.kills.append(Kill(by=case.id, clause=clause, seconds=seconds, after=after))
        if self.first and self.session is not None:
            self.session.shouldstop = "it is dead"

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """That a dead mutant's cases are stopped is no trouble."""
        if not (self.first and self.trial.killed):
            super().pytest_keyboard_interrupt(excinfo)


def try_scenarios(
    mutant: Mutant | None, cases: Sequence[Case], *, first: bool = False, out: Path | None = None
) -> Trial:
    """Run these cases over a mutant, or over the honest reference (None).

    With `first`, no further than to its death. `out` keeps the histories and logs of all cases.
    """
    trial = Trial(name=mutant.name if mutant else REFERENCE)
    clauses = mutant.clauses if mutant else frozenset[str]()
    own = [case for case in cases if clauses & {*case.clauses}]
    others = [case for case in cases if not clauses & {*case.clauses}]
    with ExitStack() as stack:
        kept = out or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="runall-")))
        stack.enter_context(lying(mutant))
        for some in (own, others):
            if some and not (first and trial.killed) and not trial.troubles:
                run_some(mutant, some, trial, first=first, out=kept)
    lost = len(cases) - len(trial.verdicts)
    if lost and not trial.troubles and not (first and trial.killed):
        trial.troubles.append(f"{lost} cases were never run")
    return trial


def run_some(mutant: Mutant | None, cases: Sequence[Case], trial: Trial, **how: Any) -> None:
    """Run some cases over what is planted, and add what comes of them to the trial."""
    policy = mutant.policy if mutant else "reference"
    order = Order(cases=cases, rig="simulated", policy=policy, out=how["out"])
    run = Run(order, order.rig)
    began = time.monotonic()
    call_pytest(run, Watch(run, trial, mutant, first=how["first"]))
    trial.seconds += time.monotonic() - began
    trial.troubles += run.troubles + ["interrupted"] * run.interrupted
