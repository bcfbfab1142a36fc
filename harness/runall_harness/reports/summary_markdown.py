"""The summary of a run as Markdown: what a build server shows beside the run, or a person mails."""

import shlex
from collections.abc import Iterator

from runall_harness.conformance.run_report import TROUBLE, CaseReport, Report
from runall_harness.contract.cases import base_id
from runall_harness.contract.verdicts import Verdict

from .case_progress import MARKS, count_reasons, recovery
from .printable import in_code, in_markdown
from .summary import slowest_recovery

# So many cases are told one by one: a build server cuts a longer page.
TOLD = 50
UNJUDGED = (Verdict.UNSUPPORTED, Verdict.SKIPPED, Verdict.KNOWN_FAILURE)


def summary_markdown(report: Report) -> str:
    return "\n".join(lines(report)) + "\n"


def lines(report: Report) -> Iterator[str]:
    system = report.system
    policy = f", policy {system.policy}" if system.policy else ""
    about = f"{system.name} {system.version}{policy}, on the {report.rig} rig"
    yield from (f"# Run All: {report.verdict}", "", in_markdown(about), "")
    yield from ("| verdict | cases |", "|---|---:|")
    for verdict, count in report.summary.items():
        if count:
            yield f"| {MARKS[verdict][0]} {verdict} | {count} |"
    yield ""
    if slowest := slowest_recovery(report):
        took = recovery(slowest.recovery_s, slowest.deadline_s)
        yield from (f"Slowest recovery: {took}, {in_code(slowest.id)}", "")
    yield from troubles(report)
    if reasons := count_reasons(report.cases, UNJUDGED):
        yield from ("## Not judged", "", *(f"- {in_markdown(each)}" for each in reasons), "")
    yield from made(report)


def troubles(report: Report) -> Iterator[str]:
    found = [case for case in report.cases if case.verdict in TROUBLE]
    if found:
        yield from ("## What to look into", "")
    for case in found[:TOLD]:
        yield from trouble(report, case)
    if more := len(found) - TOLD:
        yield from [f"And {more} more: see index.html.", ""] if more > 0 else []


def trouble(report: Report, case: CaseReport) -> Iterator[str]:
    yield f"- {MARKS[case.verdict][0]} **{case.verdict}** {in_code(case.id)}"
    for line in case.message.splitlines():
        yield f"  {in_markdown(line)}  "
    if report.command:
        yield f"  {in_code(shlex.join([*report.command, '--scenario', base_id(case.id)]))}"


def made(report: Report) -> Iterator[str]:
    if report.command:
        yield from (f"Again: {in_code(shlex.join([*report.command, *report.chosen]))}", "")
    if report.kit:
        yield f"Made by runall-kit {in_markdown(report.kit)}, {report.began}."
