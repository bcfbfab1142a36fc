"""What a user asked for, and its results: one for each case, the report, and the exit code."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from runall_harness.contract.cases import Case
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.verdicts import (
    CANNOT_RUN,
    CONFORMANT,
    INCONCLUSIVE,
    WORDS,
    Verdict,
    exit_code,
    strict_code,
    worst,
)
from runall_harness.evidence.history import History
from runall_harness.host.kit_fingerprint import this_kit

from .run_options import RunOptions
from .run_report import (
    CaseReport,
    CaseResult,
    Report,
    SystemReport,
    describe,
    make_report,
    report_case,
    unknown,
)


@dataclass(frozen=True, kw_only=True)
class Order(RunOptions):
    """The cases to run, and how.

    `jobs` is how many cases may run at once; None for what suits the rig and the machine. `strict`
    counts extended clauses as required. `chosen` are the words that chose these cases among all.
    """

    cases: Sequence[Case]
    jobs: int | None = None
    strict: bool = False
    chosen: Sequence[str] = ()

    def expected(self) -> list[Case]:
        """Every case that has to be run, each of its repeats too."""
        numbers = range(1, self.repeat + 1)
        return [repeated(case, number) for case in self.cases for number in numbers]


def repeated(case: Case, number: int) -> Case:
    """The case under the id of its repeat, whose number counts from 1."""
    return case if number == 1 else msgspec.structs.replace(case, id=f"{case.id}#{number}")


class Display:
    """Shows how a run gets on. This one shows nothing, for runs of which only the report counts."""

    def say(self, line: str) -> None:
        """The rig says what was chosen, or what takes a moment."""

    def started(self, case: Case) -> None:
        """A case begins, before its cluster is made."""

    def follow(self, history: History) -> None:
        """The cluster of a case is about to be made, and its history grows from now on."""

    def ended(self, result: CaseResult) -> None:
        """A case is over."""


@dataclass
class Run:
    """The results by case. `troubles` are those of the kit itself; `duration` is in seconds.

    `rig` is the one that was taken, as soon as that is known.
    """

    order: Order
    rig: str
    results: dict[str, CaseResult] = field(default_factory=dict[str, CaseResult])
    troubles: list[str] = field(default_factory=list[str])
    system: SystemReport | None = None
    duration: float = 0.0
    interrupted: bool = False
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def command(self) -> list[str]:
        """The words of a command that runs cases as these were run, without a choice of cases."""
        words = ["runall", "conform", "--rig", self.rig, *self.order.shown_words()]
        return words + ["--strict"] * self.order.strict

    @property
    def exit_code(self) -> int:
        """The worst of all cases; 130 after an interruption, as shells expect it."""
        return 130 if self.interrupted else self.judge(self.report().cases)

    def judge(self, cases: Sequence[CaseReport]) -> int:
        """What these cases mean, strict or not, as was ordered, unless the run was cut short."""
        if self.troubles:
            return CANNOT_RUN
        required = self.lacks() if self.order.strict else {}
        code = worst([exit_code(case.verdict for case in cases), *required.values()])
        return INCONCLUSIVE if self.interrupted and code == CONFORMANT else code

    def lacks(self) -> dict[str, int]:
        """The unsupported cases, by id, each with what it means where all is required."""
        able = set(self.system.capabilities if self.system else ())
        return {
            case.id: strict_code(declared=able.issuperset(case.needs))
            for case in self.order.expected()
            if case.id in self.results
            and self.results[case.id].report.verdict == Verdict.UNSUPPORTED
        }

    def report(self) -> Report:
        """The report. A case that was expected and did not run is in it, never left out."""
        cases = [
            self.results[case.id].report
            if case.id in self.results
            else report_case(case, *self.not_run())
            for case in self.order.expected()
        ]
        system = self.system or unmet(self.order)
        report = make_report(
            system,
            self.rig,
            self.duration,
            cases,
            kit=this_kit(),
            began=self.began.isoformat(timespec="seconds"),
            command=self.command,
            chosen=list(self.order.chosen),
        )
        return msgspec.structs.replace(report, verdict=WORDS[self.judge(cases)])

    def not_run(self) -> tuple[Verdict, str]:
        why = "interrupted" if self.interrupted else "; ".join(self.troubles)
        verdict = Verdict.SKIPPED if self.interrupted else Verdict.ERROR
        return verdict, f"not run: {why or 'pytest never came to it'}"


def unmet(order: Order) -> SystemReport:
    """The report of a system that no case has met: at least its name."""
    try:
        return describe(order.find("processes"))
    except KitCannotRun:
        return unknown(order.system, order.policy)
