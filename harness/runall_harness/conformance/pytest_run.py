"""The run of an order in this process: pytest over the feature folder.

pytest runs the same items as in plain `pytest features`, so there is no second runner that could
disagree with it. It is kept from everything that could make one machine's run differ from
another's: no settings file, no other plugin, no options from the environment. Its exit status is
only believed when it says that something went wrong; the verdicts of the cases decide.
"""

import os
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from runall_harness.contract.cases import Case, feature_folder
from runall_harness.evidence.history import History
from runall_harness.host.interruptions import terminated_as_interrupted

from .pytest_session import SESSION
from .run import Display, Order, Run
from .run_report import CaseResult, describe

# What pytest may end with when the cases themselves say all that there is to say.
EXPECTED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED)
PLUGINS = ("pytest_bdd.plugin", "runall_harness.conformance.pytest_plugin")
NOT_WANTED = ("no:terminal", "no:cacheprovider")


def carry_out(order: Order, display: Display) -> Run:
    """Run the cases of an order. Never raises for what happens in a case."""
    run = Run(order, order.rig)
    began = time.monotonic()
    call_pytest(run, Listener(run, display))
    run.duration = time.monotonic() - began
    return run


def call_pytest(run: Run, *listeners: object, more: Sequence[str] = ()) -> None:
    """Have pytest run the cases of a run's order, with `more` words on its command line.

    What pytest says beside the verdicts goes into the run.
    """
    with clean_environment(), terminated_as_interrupted():
        status = pytest.main([*command_line(run.order), *more], plugins=list(listeners))
    if status not in EXPECTED and not run.troubles:
        run.troubles.append(f"pytest ended with {status}; its own words are on standard error")


def command_line(order: Order) -> list[str]:
    folder = feature_folder()
    # No settings file of any folder above applies. The root is not the folder itself: the
    # fixtures of a conftest in the root would not win over those of a plugin.
    alone = ["-c", os.devnull, "--rootdir", str(folder.parent), "--confcutdir", str(folder)]
    plugins = [word for name in (*PLUGINS, *NOT_WANTED) for word in ("-p", name)]
    how = ["--disable-plugin-autoload", *plugins, "--import-mode=importlib"]
    cases = [f"--runall-cases={case.id}" for case in order.cases]
    return [str(folder), *alone, *how, *order.pytest_words(), *cases]


class Listener:
    """Hears from the plugin how the cases of a run end, and from pytest what went wrong."""

    def __init__(self, run: Run, display: Display) -> None:
        self.run, self.display = run, display
        self.session: pytest.Session | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self.session = session

    @pytest.hookimpl(optionalhook=True)
    def pytest_runall_said(self, line: str) -> None:
        self.display.say(line)

    @pytest.hookimpl(optionalhook=True)
    def pytest_runall_case_started(self, case: Case) -> None:
        self.display.started(case)

    @pytest.hookimpl(optionalhook=True)
    def pytest_runall_history_began(self, history: History) -> None:
        self.display.follow(history)

    @pytest.hookimpl(optionalhook=True)
    def pytest_runall_case_ended(self, result: CaseResult) -> None:
        """Keep and show it. Without a rig no other case can run either, so that is the end."""
        assert self.session is not None
        cases = self.session.config.stash[SESSION]
        self.run.system = describe(cases.system) if cases.system else None
        if cases.rig is not None:
            self.run.rig = cases.rig.name
        elif result.trouble:
            self.run.troubles.append(result.trouble)
            self.session.shouldfail = "no rig"
        self.run.results[result.report.id] = result
        self.display.ended(result)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.run.troubles.append(report.longreprtext)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Ctrl-C, or pytest gave up: this hook is called for both."""
        if isinstance(excinfo.value, pytest.Session.Interrupted | pytest.exit.Exception):
            self.run.troubles.append(str(excinfo.value))
        else:
            self.run.interrupted = True

    def pytest_internalerror(self, excrepr: Any) -> None:
        self.run.troubles.append(str(excrepr))


@contextmanager
def clean_environment() -> Generator[None]:
    kept = {name: os.environ.pop(name, None) for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")}
    try:
        yield
    finally:
        os.environ.update({name: value for name, value in kept.items() if value is not None})
