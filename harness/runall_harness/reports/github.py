"""Says what a run found in the words of GitHub Actions: annotations, a summary, outputs.

The words are those of https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from runall_harness.conformance.run_report import TROUBLE, CaseReport, Report
from runall_harness.contract.cases import Case, base_id
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.verdicts import Verdict

from .run_folder import BADGE, REPORT
from .summary_markdown import summary_markdown

# GitHub shows no more annotations of a step than these; the summary has all cases.
MOST = 10
# Their longest text that is shown whole.
LONGEST = 4_000
HINT = "run it in a step of GitHub Actions, or leave out --github"


def annotations(report: Report, cases: Sequence[Case], workspace: Path) -> Iterator[str]:
    """A line for each case that is not well, the worst first, at the place of its scenario."""
    places = {case.id: case for case in cases}
    found = [case for case in report.cases if case.verdict in TROUBLE]
    found.sort(key=lambda case: TROUBLE.index(case.verdict))
    for case in found[:MOST]:
        yield annotation(case, places.get(base_id(case.id)), workspace)


def annotation(report: CaseReport, case: Case | None, workspace: Path) -> str:
    word = "warning" if report.verdict is Verdict.INCONCLUSIVE else "error"
    title = f"{report.verdict}: {report.id}"
    place = f"file={quoted(file_of(case, workspace))},line={case.line}," if case else ""
    return f"::{word} {place}title={quoted(title)}::{escaped(report.message[:LONGEST])}"


def file_of(case: Case, workspace: Path) -> str:
    """A file of the checkout by its path there, and one of the kit as reports show it."""
    path = Path(case.file)
    if path.is_relative_to(workspace):
        return str(path.relative_to(workspace))
    return case.shown_place.rpartition(":")[0]


def escaped(text: str) -> str:
    """The text of a command, in one line; no line of it can be a command of its own."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def quoted(value: str) -> str:
    """A property of a command, whose ends are `:` and `,`."""
    return escaped(value).replace(":", "%3A").replace(",", "%2C")


def outputs(report: Report, folder: Path | None) -> dict[str, str]:
    """What later steps can read of this one, by name."""
    files = {"report": REPORT, "badge": BADGE} if folder else {}
    return {"verdict": report.verdict} | {name: f"{folder}/{file}" for name, file in files.items()}


def write_step(
    report: Report, folder: Path | None, environment: Mapping[str, str] = os.environ
) -> None:
    """Append the summary and the outputs to the files of the step. Raises `KitCannotRun`."""
    lines = "".join(f"{name}={value}\n" for name, value in outputs(report, folder).items())
    for name, text in (("GITHUB_STEP_SUMMARY", summary_markdown(report)), ("GITHUB_OUTPUT", lines)):
        if not environment.get(name):
            raise KitCannotRun(f"{name} names no file", HINT)
        with Path(environment[name]).open("a", encoding="utf-8") as file:
            file.write(text)
