"""What the pytest plugin does once the feature folder is collected.

It ties each collected scenario to its compiled case, by place and never by name; runs only what
was asked for; lets the checks judge the history as a part of the case; and lets listeners know
how each case ended. `fixtures` has what the steps ask for.
"""

import inspect
import os
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from runall_harness.contract.cases import Case, base_id, foreign_features, load_cases
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.verdicts import (
    CANNOT_RUN,
    Inconclusive,
    Unsupported,
    Verdict,
    Violation,
    verdict_of,
)
from runall_harness.rigs.base import Rig
from runall_harness.rigs.faults import FAULTS, SITUATIONS, WHY, stand_apart
from runall_harness.rigs.run_names import new_run_id, share_of
from runall_harness.systems import file_of, read_options
from runall_harness.systems.base import System

from .exit_guard import PROPERTY
from .known_failures import Declared, Known, declarations
from .run import repeated
from .run_options import OPTIONS, RunOptions
from .run_report import TROUBLE
from .running_case import RunningCase, judged
from .step_lookup import StepLookup

Key = tuple[str, int, tuple[tuple[str, str], ...]]
ATTEMPT = "runall_attempt"
# The first: an async step never runs, and this warning is the only sign of it.
FILTERS = ("error::RuntimeWarning", "error::pytest.PytestUnraisableExceptionWarning")


class AsyncStep(KitCannotRun):
    """A step that would never run."""


class CaseSession:
    """The cases of one pytest session, and what became of them."""

    def __init__(self, config: pytest.Config, cases: Sequence[Case]) -> None:
        self.config, self.cases = config, cases
        self.run: str = option(config, "run") or new_run_id()
        self.options = RunOptions(
            **{field: option(config, each.name) for field, each in OPTIONS.items()}
        )
        read_options(self.options.options)  # a badly written one ends the run at once
        named, system = self.options.known_failures, file_of(self.options.system)
        where = declarations(named, system, self.options.policy)
        self.known = where.known([case.id for case in cases]) if where else Known({}, {})
        self.rig: Rig | None = None
        self.system: System | None = None
        self.said: list[str] = []
        self.running: dict[str, RunningCase] = {}
        self.by_node: dict[pytest.Item, Case] = {}
        self.collected = 0
        self.selected: list[pytest.Item] = []
        self.next: Case | None = None
        self.steps = StepLookup()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        times = self.options.repeat
        if times > 1 and template_of(metafunc.function) is not None:
            metafunc.fixturenames.append(ATTEMPT)
            metafunc.parametrize(ATTEMPT, range(1, times + 1), ids=lambda n: f"#{n}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Tie items to cases, check that no case is lost, and keep those that were asked for."""
        known = {key_of_case(case): case for case in self.cases}
        found = {item: key for item in items if (key := key_of_item(item)) is not None}
        strange = [item.nodeid for item, key in found.items() if key not in known]
        if strange:
            raise pytest.UsageError(f"collected, but not compiled from a feature file: {strange}")
        self.by_node = {
            item: repeated(known[key], params_of(item).get(ATTEMPT, 1))
            for item, key in found.items()
        }
        self.collected, self.selected = len(self.by_node), items
        self.check_complete(config.args)
        self.keep_selected(items)
        for item in self.by_node:
            for name in FILTERS:
                item.add_marker(pytest.mark.filterwarnings(name))
            assert isinstance(item, pytest.Function)
            # Asked for by no step: each case has a cluster, so that each is judged.
            item.fixturenames.insert(0, "cluster")

    def check_complete(self, args: Sequence[str]) -> None:
        """Every compiled case of a collected file must be an item. Raises `UsageError`."""
        collected = set(map(key_of_case, self.by_node.values()))
        files = {file for file, _, _ in collected}
        lost = [c for c in self.cases if c.file in files and key_of_case(c) not in collected]
        if lost and not any("::" in arg for arg in args):
            places = ", ".join(f"{case.id} ({case.place})" for case in lost)
            raise pytest.UsageError(
                f"{len(lost)} compiled cases were not collected by pytest: {places}"
            )

    def keep_selected(self, items: list[pytest.Item]) -> None:
        asked: set[str] = set(option(self.config, "cases"))
        if unknown := asked - {case.id for case in self.cases}:
            raise pytest.UsageError(f"--runall-cases names no case: {', '.join(sorted(unknown))}")
        out = [i for i, c in self.by_node.items() if asked and base_id(c.id) not in asked]
        self.config.hook.pytest_deselected(items=out)
        for item in out:
            del self.by_node[item]
        order = {key_of_case(case): number for number, case in enumerate(self.cases)}
        cases = sorted(self.by_node, key=lambda item: order[key_of_case(self.by_node[item])])
        items[:] = [item for item in items if item not in self.by_node and item not in out] + cases

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        case = self.by_node.get(item)
        if case is None:
            return (yield)
        self.next = self.by_node.get(nextitem) if nextitem else None
        running = self.running[item.nodeid] = RunningCase(
            case=case, folder=self.folder, known=self.known.of(base_id(case.id))
        )
        self.config.hook.pytest_runall_case_started(case=case)
        try:
            with self.steps.in_place():
                return (yield)
        except (KeyboardInterrupt, pytest.exit.Exception) as error:
            running.cut_short(error)
            raise
        finally:
            result = running.finish()
            del self.running[item.nodeid]
            self.config.hook.pytest_runall_case_ended(result=result)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """While this case runs, the rig may prepare what the next one needs."""
        if item in self.by_node and self.rig and self.next:
            # Whether each node of the next case needs a network interface of its own.
            own_hosts = bool(self.system and self.system.own_hosts)
            cuttable = stand_apart(self.next.tags, own_hosts=own_hosts)
            self.rig.prepare(self.next.id, cuttable=cuttable)

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        """Write down what the steps came to; when all went well, the checks can still fail it."""
        if pyfuncitem not in self.by_node:
            return (yield)
        cluster: Any = pyfuncitem.funcargs["cluster"]
        try:
            done = yield
        except BaseException as error:
            void = void_behind(cluster, error)
            cluster.history.add(judged(cluster, void or error))
            if void:
                raise void from error
            raise
        void = void_behind(cluster, None)
        cluster.history.add(judged(cluster, void))
        if void:
            raise void
        cluster.judge()
        return done

    def pytest_bdd_apply_tag(self, tag: str, function: Any) -> bool:
        """Make tags into marks: `-m partition` selects by them, and strict markers accept them."""
        getattr(pytest.mark, mark_of(tag))(function)
        return True

    def pytest_bdd_before_step_call(self, request: Any, step: Any, step_func: Any) -> None:
        """Write down that a step begins. Raises `AsyncStep` for one that would never run."""
        if inspect.iscoroutinefunction(step_func) or inspect.isasyncgenfunction(step_func):
            cause = f"the step {step.name!r} is async: it would never run, and seem to pass"
            raise AsyncStep(cause, "make it a plain function")
        cluster: Any = request.getfixturevalue("cluster")
        cluster.history.begin_step(cluster.site.now(), f"{step.keyword} {step.name}")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note how each phase ended; to plain pytest, an unsupported case is a skip."""
        report = yield
        running = self.running.get(item.nodeid)
        if running is None:
            return report
        error = call.excinfo.value if call.excinfo else None
        running.note(call.when, error)
        if error is not None:
            running.detail += f"{report.longreprtext}\n{report.capstdout}{report.capstderr}"
        if running.known and call.when == "call":
            report_declared(report, running.known, error)
        if isinstance(error, Unsupported):
            path, line, _ = item.location
            report.outcome = "skipped"
            report.longrepr = (path, line or 0, f"unsupported: {error}")
        if call.when == "teardown":
            report.user_properties.append((PROPERTY, str(running.declared_verdict)))
        return report

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say in plain pytest which rig was taken, and why; or that no case ran."""
        for line in filter(None, (foreign_features(), *self.said)):
            terminalreporter.write_line(line)
        if self.collected and not any(item in self.by_node for item in self.selected):
            line = f"Run All: none of the {self.collected} collected cases was selected"
            terminalreporter.write_line(line, yellow=True)

    @property
    def share(self) -> str:
        """The name of what this process makes: that of the run, unless workers share the run."""
        worker: str | None = option(self.config, "worker")
        return share_of(self.run, worker) if worker else self.run

    def say(self, line: str) -> None:
        self.said.append(line)
        self.config.hook.pytest_runall_said(line=line)

    def check_support(self, case: Case, rig: Rig, system: System) -> None:
        for need in case.needs:
            if need not in system.capabilities:
                raise Unsupported(f"the system does not declare the capability {need}")
        for tag in sorted(case.tags & (FAULTS | SITUATIONS)):
            if tag in system.cannot:
                raise Unsupported(f"{system.name} can't show {tag}: {system.cannot[tag]}")
        for fault in sorted(case.tags & FAULTS):
            if fault not in rig.abilities:
                why = f": {WHY[fault]}" if fault in WHY else ""
                raise Unsupported(f"the {rig.name} rig cannot show the fault {fault}{why}")

    def keeps(self, running: RunningCase) -> bool:
        return self.options.out is not None or running.declared_verdict in TROUBLE

    @property
    def folder(self) -> Path:
        """Where the traces of the run belong; made only when something is saved."""
        return self.options.out or Path("runall-out", self.run)


def void_behind(cluster: Any, error: BaseException | None) -> Inconclusive | None:
    """Why what the steps came to proves nothing, whatever they say; None where it counts."""
    if error is not None and not isinstance(error, Violation | Inconclusive):
        return None
    why: str = cluster.void() if isinstance(error, Violation) else cluster.forged()
    seen = f": {error}" if error else ""
    return Inconclusive(f"{why}; so nothing is proven here{seen}") if why else None


SESSION = pytest.StashKey[CaseSession]()


def join(config: pytest.Config, folder: Path) -> None:
    """Make the cases of that folder part of this pytest run, or end the run if they cannot be."""
    try:
        cases = load_cases(folder)
        session = CaseSession(config, cases)
    except KitCannotRun as error:
        # In its own words: an error in collection would be shown with the trace of pytest.
        pytest.exit(str(error), CANNOT_RUN)
    for mark in sorted({mark_of(tag) for case in cases for tag in case.tags}):
        config.addinivalue_line("markers", f"{mark}: a tag of the features")
    config.stash[SESSION] = session
    config.pluginmanager.register(session, "runall-session")


def report_declared(
    report: pytest.TestReport, known: Declared, error: BaseException | None
) -> None:
    """To plain pytest a known failure is an expected one, and strictly so."""
    turned = known.turn(verdict_of(error))
    if turned == Verdict.KNOWN_FAILURE:
        report.outcome = "skipped"
        report.wasxfail = f"reason: {known.reason}"
    elif turned == Verdict.UNEXPECTED_PASS:
        report.outcome = "failed"
        report.longrepr = known.message(Verdict.UNEXPECTED_PASS, "")


def mark_of(tag: str) -> str:
    """The mark of a tag: pytest takes what follows a colon for the mark's description."""
    return tag.replace(":", "_")


def option(config: pytest.Config, name: str) -> Any:
    return config.getoption(f"--runall-{name}")


def template_of(function: Any) -> Any:
    from pytest_bdd.scenario import scenario_wrapper_template_registry as registry

    try:
        return registry.get(function)
    except TypeError:  # not every callable can be looked up by a weak reference
        return None


def key_of_item(item: pytest.Item) -> Key | None:
    """Where an item's scenario is written, and its row; None for what is no scenario."""
    template = template_of(getattr(item, "obj", None))
    if template is None:
        return None
    row = params_of(item).get("_pytest_bdd_example", {})
    file = os.path.realpath(template.feature.filename)
    return file, template.line_number, tuple(sorted(row.items()))


def key_of_case(case: Case) -> Key:
    """Where a compiled case is written, and its row, as `key_of_item` has it."""
    return os.path.realpath(case.file), case.scenario_line, tuple(sorted(case.example.items()))


def params_of(item: pytest.Item) -> dict[str, Any]:
    callspec = getattr(item, "callspec", None)
    return callspec.params if callspec else {}
