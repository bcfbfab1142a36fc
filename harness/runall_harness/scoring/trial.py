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

from runall_harness.conformance.run_report import CaseResult
from runall_harness.contract.cases import Case, select
from runall_harness.contract.verdicts import Verdict
from runall_harness.explorer.hunt import hunt
from runall_harness.mutants import Mutant, daemon, planted
from runall_harness.systems.reference.system import Reference

from .collected_cases import CollectedCases, collect

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


class CaseTrial:
    """Runs the cases against one mutant, or against the unchanged reference (None).

    The cases that show the mutant's clauses come first. With `first`, the first kill ends the
    trial; without `every`, it ends the trial of those that show other clauses.
    """

    def __init__(self, mutant: Mutant | None, *, first: bool, every: bool) -> None:
        self.mutant, self.first, self.every = mutant, first, every
        self.trial = Trial(name=mutant.name if mutant else REFERENCE)
        self.clauses = mutant.clauses if mutant else frozenset[str]()
        self.began = time.monotonic()

    def carry_out(self, collected: CollectedCases, cases: Sequence[Case]) -> Trial:
        own = [case for case in cases if self.clauses & {*case.clauses}]
        others = [case for case in cases if not self.clauses & {*case.clauses}]
        with planted(self.mutant):
            for case in own:
                if not (self.first and self.trial.killed):
                    self.take_in(collected.run_case(case))
            for case in others:
                if self.every or not self.trial.killed:
                    self.take_in(collected.run_case(case))
        self.trial.seconds = self.seconds()
        return self.trial

    def take_in(self, result: CaseResult) -> None:
        """Add the result of a case: a failure by a clause of the mutant is a kill."""
        trial, broken, case = self.trial, result.violation, result.report
        clause = broken.clause if broken else ""
        trial.verdicts[case.id] = clause or case.verdict.value
        if self.mutant is None or not clause:
            return
        if clause not in self.clauses:
            trial.others[clause] = trial.others.get(clause, 0) + 1
            return
        after = len(trial.verdicts)
        kill = MutantKill(by=case.id, clause=clause, seconds=self.seconds(), after=after)
        trial.kills.append(kill)

    def seconds(self) -> float:
        return round(time.monotonic() - self.began, 3)


def try_scenarios(
    mutant: Mutant | None,
    cases: Sequence[Case],
    *,
    first: bool = False,
    every: bool = True,
    out: Path | None = None,
) -> Trial:
    """Run these cases against a mutant, in a session of its own; see `CaseTrial`.

    `out` keeps the histories and logs of all cases. A bug of real daemons is tried on processes, by
    the cases that it names and up to the first kill.
    """
    trials: list[Trial] = []
    real = mutant is not None and mutant.real
    first = first or real
    if mutant is not None and real:
        cases = select([case for case in cases if mutant.clauses & {*case.clauses}], mutant.cases)

    def play(collected: CollectedCases) -> None:
        trials.append(try_collected(mutant, cases, collected, first=first, every=every, out=out))

    with ExitStack() as stack:
        if mutant is not None and real:
            stack.enter_context(patch.object(Reference, "module", daemon(mutant.name)[1:]))
        collect(play, cases, "processes" if real else "simulated")
    return trials[0]


def try_collected(
    mutant: Mutant | None,
    cases: Sequence[Case],
    collected: CollectedCases,
    *,
    first: bool,
    every: bool,
    out: Path | None,
) -> Trial:
    """The same with cases that have been collected already."""
    with ExitStack() as stack:
        kept = out or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="runall-")))
        collected.keep_in(kept)
        trial = CaseTrial(mutant, first=first, every=every and not first)
        return trial.carry_out(collected, cases)


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
