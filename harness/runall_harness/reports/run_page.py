"""Tells the report of a run as a page: what was tested, and each case with its saved evidence."""

import shlex
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from runall_harness.checks import examine
from runall_harness.conformance.run_report import TROUBLE, CaseReport, Report
from runall_harness.contract.cases import Case, base_id, load_cases
from runall_harness.contract.verdicts import BrokenClause, Verdict
from runall_harness.contract.words import (
    ENGLISH,
    language,
    say,
    say_example,
    say_scenario,
    translated,
)
from runall_harness.evidence.history import AnyLine, BadHistory, load

from .case_progress import recovery, remark
from .page import Entry, Page, entry_of
from .page.model import Log
from .summary import tested as what_was_tested
from .timeline import Measured

# Of so many cases in trouble the page holds the end of each log; of the others it names the files.
TOLD, TAIL = 40, 4_000
JUDGED = (Verdict.FAIL, Verdict.KNOWN_FAILURE, Verdict.UNEXPECTED_PASS)


def page_of(report: Report, folder: Path, files: Sequence[str] = ()) -> Page:
    """The page of a run; its paths count from the folder. `files` are others to be linked."""
    told = {case.id for case in [c for c in report.cases if c.verdict in TROUBLE][:TOLD]}
    return Page(
        title=what_was_tested(report),
        about=say("Is a job run again when its server dies or restarts under it?"),
        verdict=report.verdict,
        tested=list(tested(report)),
        settings=list(settings(report)),
        again=shlex.join([*report.command, *report.chosen]),
        notes=list(notes(report)),
        files=[(name, name) for name in files],
        entries=[entry(report, case, folder, tails=case.id in told) for case in report.cases],
        command=shlex.join(report.command),
    )


def tested(report: Report) -> Iterator[tuple[str, str]]:
    system = report.system
    yield say("system"), f"{system.name} {system.version}"
    yield from [(say("policy"), system.policy)] if system.policy else []
    yield say("rig"), report.rig
    yield from [(say("image"), system.image)] if system.image else []
    yield from [(say("kit"), report.kit)] if report.kit else []
    yield from [(say("began"), report.began)] if report.began else []
    yield say("took"), say("{} s", f"{report.duration_s:.1f}")
    took = [case for case in report.cases if case.recovery_s is not None]
    if slowest := max(took, key=lambda case: case.recovery_s or 0.0, default=None):
        yield say("slowest recovery"), recovery(slowest.recovery_s, slowest.deadline_s)


def settings(report: Report) -> Iterator[tuple[str, str]]:
    system = report.system
    yield from system.options.items()
    for name, value in system.timings.items():
        yield say("states {}", name), say("{} s", f"{value:g}")
    yield say("capabilities"), ", ".join(system.capabilities) or say("none")
    yield from [(say("merges"), system.merged)] if system.merged else []


def notes(report: Report) -> Iterator[str]:
    if unjudged := report.summary.get(Verdict.UNSUPPORTED, 0):
        yield say("{} cases say nothing: the system or the rig can't show them.", unjudged)


def entry(report: Report, case: CaseReport, folder: Path, *, tails: bool) -> Entry:
    lines = saved(case, folder)
    broken = examine(lines).violations if case.verdict in JUDGED else ()
    again = shlex.join([*report.command, "--scenario", base_id(case.id)])
    return entry_of(
        lines,
        broken,
        Measured(recovery_s=case.recovery_s, deadline_s=case.deadline_s),
        id=case.id,
        title=say_scenario(case.scenario),
        verdict=case.verdict.value,
        group=case.feature,
        column=case.trigger,
        how=told_apart(case.id),
        note=remark(case),
        message=message_of(case, broken),
        clauses=case.clauses,
        history=case.history or "",
        place=case.place,
        again=again if tails and report.command else "",
        logs=[log_of(log, folder, tail=tails) for log in case.logs],
    )


def told_apart(name: str) -> str:
    """What tells a case from others of its scenario: trigger, row of examples and repeat."""
    return translated(", ").join(filter(None, parts_of(name)))


def parts_of(name: str) -> Iterator[str]:
    row, _, repeat = name.rpartition("/")[2].partition("#")
    trigger, _, rest = row.partition("-")
    yield translated(trigger)
    by_id = examples(language())
    yield from by_id.get(base_id(name)) or [rest.replace("-", " ")]
    yield say("run {}", repeat) if repeat else ""


@cache
def examples(spoken: str) -> dict[str, list[str]]:
    """The row of examples of each case by its id, in another language than English."""
    if spoken == ENGLISH:
        return {}
    return {case.id: say_example(row_of(case)) for case in load_cases()}


def row_of(case: Case) -> dict[str, str]:
    return {column: value for column, value in case.example.items() if column != "trigger"}


def saved(case: CaseReport, folder: Path) -> Sequence[AnyLine]:
    """The history of a case; empty where none was saved, or none can be read."""
    if not case.history:
        return ()
    try:
        return load(folder / case.history)
    except (OSError, BadHistory):
        return ()


def message_of(case: CaseReport, broken: Sequence[BrokenClause[int]]) -> str:
    """What the message says beside the findings."""
    text = case.message
    for one in broken:
        text = text.replace(str(one), "")
    return text.strip()


def log_of(path: str, folder: Path, *, tail: bool) -> Log:
    """A log; its end is in the page where that is asked for and the file is there."""
    try:
        text = (folder / path).read_text("utf-8", "replace")[-TAIL:] if tail else ""
    except OSError:
        text = ""
    name = Path(path)
    node = name.stem if name.suffix == ".log" else say("the harness")
    return Log(node=node, href=path, tail=text)
