"""The cases, collected by pytest once: any of them can then be run, as often as wanted.

To collect takes a second, and a case in virtual time a thirtieth of one. So a process that tries
many mutants keeps one session open, and plants one bug after the other while it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from runall_harness.conformance.pytest_run import Listener, call_pytest
from runall_harness.conformance.pytest_session import SESSION
from runall_harness.conformance.run import Display, Order, Run
from runall_harness.conformance.run_report import CaseResult
from runall_harness.contract.cases import Case, load_cases
from runall_harness.contract.errors import KitCannotRun


class CollectedCases(Listener):
    """An open session: it lasts until `play`, which is given this, has returned."""

    def __init__(self, run: Run, play: Callable[["CollectedCases"], None]) -> None:
        super().__init__(run, Display())
        self.play = play
        self.items: dict[str, pytest.Item] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Play in the place of pytest's own loop, which runs each item once."""
        if session.testsfailed:
            return False
        by_node = session.config.stash[SESSION].by_node
        self.items = {by_node[item].id: item for item in session.items}
        self.play(self)
        return True

    def run_case(self, case: Case) -> CaseResult:
        """Run one case to its end. Another one is named as the next: so the rig stays."""
        item = self.items[case.id]
        other = next((each for each in self.items.values() if each is not item), None)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=other)
        return self.run.results[case.id]

    def keep_in(self, folder: Path) -> None:
        """Save the traces of the cases that are run from now on in that folder."""
        assert self.session is not None
        cases = self.session.config.stash[SESSION]
        cases.options = replace(cases.options, out=folder)


def collect(
    play: Callable[[CollectedCases], None],
    cases: Sequence[Case] | None = None,
    rig: str = "simulated",
) -> None:
    """Collect these cases or all, and play with them. Raises `KitCannotRun` on trouble."""
    order = Order(cases=load_cases() if cases is None else cases, rig=rig)
    run = Run(order, order.rig)
    call_pytest(run, CollectedCases(run, play))
    if run.interrupted:
        raise KeyboardInterrupt
    if run.troubles:
        raise KitCannotRun("; ".join(run.troubles), f"run `runall conform --rig {rig}`")
