"""A conformance run: pytest, in this process, over the feature folder, and what came of it.

pytest runs the same items as in plain `pytest features`, so there is no second runner that could
disagree with it. It is kept from everything that could make one machine's run differ from
another's: no settings file, no other plugin, no options from the environment. Its exit status is
only believed when it says that something went wrong; the verdicts of the cases decide.
"""

import os
import signal
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import msgspec
import pytest

from runall_harness.contract.cases import Case, feature_folder
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
from runall_harness.systems import REFERENCE, SystemChoice, read_options
from runall_harness.systems.base import System, Timings

from .case_result import Ended, not_run
from .pytest_session import SESSION
from .run_report import CaseReport, Report, SystemReport, make_report, unknown

# What pytest may end with when the cases themselves say all that there is to say.
SPOKEN = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED)


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a user asked for. `out` is None to keep the traces of failures only.

    `jobs` is how many cases may run at once; None for what suits the rig and the machine.
    `known_failures` is a file; `strict` counts extended clauses as required. `options` are words
    like NAME=VALUE; `image` is what the docker rig runs the nodes in.
    """

    cases: Sequence[Case]
    rig: str = "auto"
    system: str = REFERENCE
    policy: str = ""
    options: Sequence[str] = ()
    image: str | None = None
    repeat: int = 1
    jobs: int | None = None
    out: Path | None = None
    base_image: str | None = None
    store_url: str | None = None
    known_failures: Path | None = None
    strict: bool = False

    def expected(self) -> list[Case]:
        """Every case that has to be run, each of its repeats too."""
        repeats = range(1, self.repeat + 1)
        return [again(case, number) for case in self.cases for number in repeats]

    @property
    def wanted(self) -> SystemChoice:
        """The system under test. Raises `KitCannotRun` for an option that is badly written."""
        return SystemChoice(
            name=self.system,
            policy=self.policy,
            store=self.store_url,
            image=self.image or "",
            options=read_options(self.options),
        )

    def arguments(self, rig: str = "") -> list[str]:
        """The command line of pytest, on another rig than was asked for if that is given."""
        folder = feature_folder()
        # No settings file of any folder above applies. The root is not the folder itself: the
        # fixtures of a conftest in the root would not win over those of a plugin.
        alone = ["-c", os.devnull, "--rootdir", str(folder.parent), "--confcutdir", str(folder)]
        plugins = [
            "--disable-plugin-autoload",
            "-p",
            "pytest_bdd.plugin",
            "-p",
            "runall_harness.conformance.pytest_plugin",
        ]
        quiet = ["-p", "no:terminal", "-p", "no:cacheprovider", "--import-mode=importlib"]
        own = ["--runall-rig", rig or self.rig, "--runall-system", self.system]
        own += ["--runall-policy", self.policy, "--runall-repeat", str(self.repeat)]
        own += ["--runall-out", str(self.out)] if self.out else []
        own += [f"--runall-set={word}" for word in self.options]
        own += ["--runall-base-image", self.base_image] if self.base_image else []
        own += ["--runall-image", self.image] if self.image else []
        own += ["--runall-store-url", self.store_url] if self.store_url else []
        own += [f"--runall-known-failures={self.known_failures}"] if self.known_failures else []
        own += [f"--runall-cases={case.id}" for case in self.cases]
        return [str(folder), *alone, *plugins, *quiet, *own]


class Display(Protocol):
    """Whoever shows how a run gets on."""

    def say(self, line: str) -> None:
        """The rig says what was chosen, or what takes a moment."""
        ...

    def started(self, case: Case) -> None:
        """A case begins."""
        ...

    def ended(self, ended: Ended) -> None:
        """A case is over."""
        ...


@dataclass
class Run:
    """What came of an order. `troubles` are those of the kit itself; `duration` is seconds."""

    order: Order
    rig: str
    ended: dict[str, Ended] = field(default_factory=dict[str, Ended])
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
        """The exit code of these cases, by the order's own measure."""
        required = self.lacks() if self.order.strict else {}
        return worst([exit_code(case.verdict for case in cases), *required.values()])

    def lacks(self) -> dict[str, int]:
        """The unsupported cases, by id, each with what it means where all is required."""
        able = set(self.system.capabilities if self.system else ())
        return {
            case.id: strict_code(declared=able.issuperset(case.needs))
            for case in self.order.expected()
            if case.id in self.ended and self.ended[case.id].verdict == Verdict.UNSUPPORTED
        }

    def report(self) -> Report:
        """The report. A case that was expected and did not run is told, never left out."""
        why = "interrupted" if self.interrupted else "; ".join(self.troubles)
        verdict = Verdict.SKIPPED if self.interrupted else Verdict.ERROR
        missing = f"not run: {why or 'pytest never came to it'}"
        cases = [
            self.ended[case.id].report()
            if case.id in self.ended
            else not_run(case, verdict, missing)
            for case in self.order.expected()
        ]
        system = self.system or unmet(self.order)
        report = make_report(system, self.rig, self.duration, cases)
        return msgspec.structs.replace(report, verdict=self.word(WORDS[self.judge(cases)]))

    def word(self, verdict: str) -> str:
        """The verdict of the run: that of its cases, unless it could not end as it should."""
        if self.troubles:
            return WORDS[CANNOT_RUN]
        cut_short = self.interrupted and verdict == WORDS[CONFORMANT]
        return WORDS[INCONCLUSIVE] if cut_short else verdict


class Listener:
    """Hears from the plugin how the cases of a run end, and from pytest what went wrong."""

    def __init__(self, run: Run, display: Display) -> None:
        self.run, self.display = run, display
        self.session: pytest.Session | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Remember the session: it may have to be stopped."""
        self.session = session

    @pytest.hookimpl(optionalhook=True)
    def pytest_runall_said(self, line: str) -> None:
        """Pass on."""
        self.display.say(line)

    @pytest.hookimpl(optionalhook=True)
    def pytest_runall_case_started(self, case: Case) -> None:
        """Pass on."""
        self.display.started(case)

    @pytest.hookimpl(optionalhook=True)
    def pytest_runall_case_ended(self, ended: Ended) -> None:
        """Keep it. Without a rig no other case can run either, so that is the end."""
        assert self.session is not None
        cases = self.session.config.stash[SESSION]
        self.run.system = describe(cases.system) if cases.system else None
        if cases.rig is not None:
            self.run.rig = cases.rig.name
        elif isinstance(ended.error, KitCannotRun):
            self.run.troubles.append(str(ended.error))
            self.session.shouldfail = "no rig"
        self.run.ended[ended.case.id] = ended
        self.display.ended(ended)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that cannot be imported is trouble."""
        if report.failed:
            self.run.troubles.append(report.longreprtext)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Ctrl-C, or pytest gave up: it tells both in the same way."""
        if isinstance(excinfo.value, pytest.Session.Interrupted | pytest.exit.Exception):
            self.run.troubles.append(str(excinfo.value))
        else:
            self.run.interrupted = True

    def pytest_internalerror(self, excrepr: Any) -> None:
        """Some code of pytest itself, or of a plugin, broke."""
        self.run.troubles.append(str(excrepr))


def carry_out(order: Order, display: Display) -> Run:
    """Run the cases of an order. Never raises for what happens in a case."""
    run = Run(order, order.rig)
    began = time.monotonic()
    call_pytest(run, order.arguments(), Listener(run, display))
    run.duration = time.monotonic() - began
    return run


def call_pytest(run: Run, arguments: list[str], *plugins: object) -> None:
    """Have pytest run the cases; what it says beside their verdicts goes into the run."""
    with clean_environment(), terminated_as_interrupted():
        status = pytest.main(arguments, plugins=list(plugins))
    if status not in SPOKEN and not run.troubles:
        run.troubles.append(f"pytest ended with {status}; its own words are on standard error")


def describe(system: System) -> SystemReport:
    """The system under test, in its own words."""
    return SystemReport(
        name=system.name,
        version=system.version,
        policy=system.policy,
        merged=system.merged,
        image=system.image,
        capabilities=sorted(system.capabilities),
        timings=stated(system.timings),
        options=dict(system.in_force),
    )


def stated(timings: Timings) -> dict[str, float]:
    """What a system states of its own speed; no limit is no statement."""
    told: dict[str, float] = msgspec.structs.asdict(timings)
    return {name: round(seconds, 3) for name, seconds in told.items() if isfinite(seconds)}


def unmet(order: Order) -> SystemReport:
    """A system of which no case came to know more: at least its name."""
    try:
        return describe(order.wanted.find("processes"))
    except KitCannotRun:
        return unknown(order.system, order.policy)


def again(case: Case, number: int) -> Case:
    """The case under the id of its repeat."""
    return case if number == 1 else msgspec.structs.replace(case, id=f"{case.id}#{number}")


@contextmanager
def clean_environment() -> Generator[None, None, None]:
    """Keep the user's pytest options out."""
    kept = {name: os.environ.pop(name, None) for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")}
    try:
        yield
    finally:
        os.environ.update({name: value for name, value in kept.items() if value is not None})


@contextmanager
def terminated_as_interrupted() -> Generator[None, None, None]:
    """Let SIGTERM end a run as Ctrl-C does: with everything removed that was made."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
