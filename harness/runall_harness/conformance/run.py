"""The results of an order: one for each case, the report, and the exit code."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

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

from .case_result import CaseResult
from .order import Order
from .run_report import (
    CaseReport,
    Report,
    SystemReport,
    describe,
    make_report,
    report_case,
    unknown,
)


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

    @property
    def exit_code(self) -> int:
        """The worst of all cases; 130 after an interruption, as shells expect it."""
        if self.interrupted:
            return 130
        if self.troubles:
            return CANNOT_RUN
        return self.judge(self.report().cases)

    def judge(self, cases: Sequence[CaseReport]) -> int:
        """The exit code of these cases, strict or not, as was ordered."""
        required = self.lacks() if self.order.strict else {}
        return worst([exit_code(case.verdict for case in cases), *required.values()])

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
        report = make_report(system, self.rig, self.duration, cases)
        return msgspec.structs.replace(report, verdict=self.word(WORDS[self.judge(cases)]))

    def not_run(self) -> tuple[Verdict, str]:
        """The verdict and the message of a case that never started."""
        why = "interrupted" if self.interrupted else "; ".join(self.troubles)
        verdict = Verdict.SKIPPED if self.interrupted else Verdict.ERROR
        return verdict, f"not run: {why or 'pytest never came to it'}"

    def word(self, verdict: str) -> str:
        """The verdict of the run: that of its cases, unless it could not end as it should."""
        if self.troubles:
            return WORDS[CANNOT_RUN]
        cut_short = self.interrupted and verdict == WORDS[CONFORMANT]
        return WORDS[INCONCLUSIVE] if cut_short else verdict


def unmet(order: Order) -> SystemReport:
    """The report of a system that no case has met: at least its name."""
    try:
        return describe(order.wanted().find("processes"))
    except KitCannotRun:
        return unknown(order.system, order.policy)
