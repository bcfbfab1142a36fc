"""Counts a session's verdicts apart, and keeps one that claims nothing from looking green.

pytest has fewer outcomes than there are verdicts. To it a case that is unsupported or skipped is a
skip, and a run of skips alone is a success; to the kit it is none: it claims nothing. Each case
carries its verdict with its last report, so that this works also where the cases run in other
processes (pytest-xdist), and a JUnit file has the verdict as a property. Every pytest run of the
environment loads this module, so it loads nothing.
"""

from typing import Any

import pytest

PROPERTY = "runall"


class VerdictCount:
    """Counts the verdicts of a session's cases, and may turn its exit status into a failure."""

    def __init__(self) -> None:
        self.verdicts: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            self.verdicts += [
                str(value) for name, value in report.user_properties if name == PROPERTY
            ]

    @property
    def claims_nothing(self) -> bool:
        from runall_harness.contract.verdicts import Verdict

        nothing = {Verdict.UNSUPPORTED, Verdict.SKIPPED, Verdict.ERROR}
        return bool(self.verdicts) and nothing >= {*self.verdicts}

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a session that has cases and claims nothing."""
        if self.verdicts and self.claims_nothing and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self.verdicts:
            return
        from runall_harness.contract.verdicts import Verdict

        from .run_report import count_verdicts

        counts = count_verdicts(map(Verdict, self.verdicts))
        counted = ", ".join(f"{n} {verdict}" for verdict, n in counts.items() if n)
        nothing = "; no case was judged, so this run claims nothing, and has failed"
        ending = f"{nothing}; next step: see the reasons with -rs" if self.claims_nothing else ""
        terminalreporter.write_line(f"Run All: {counted}{ending}", red=self.claims_nothing)
