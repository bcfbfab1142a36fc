"""The summary of a run as Markdown: what a build server shows beside the run, or a person mails."""

import shlex
from collections.abc import Iterator

from runall_harness.conformance.run_report import TROUBLE, CaseReport, Report
from runall_harness.contract.cases import base_id
from runall_harness.contract.verdicts import Verdict
from runall_harness.contract.words import say, say_sentence

from .case_progress import MARKS, count_reasons, recovery
from .printable import in_code, in_markdown
from .summary import slowest_recovery, tested

# So many cases are told one by one: a build server cuts a longer page.
TOLD = 50
UNJUDGED = (Verdict.UNSUPPORTED, Verdict.SKIPPED, Verdict.KNOWN_FAILURE)


def summary_markdown(report: Report) -> str:
    return "\n".join(lines(report)) + "\n"


def lines(report: Report) -> Iterator[str]:
    yield from (f"# Run All: {say(report.verdict)}", "", in_markdown(tested(report)), "")
    yield from (f"| {say('verdict')} | {say('cases')} |", "|---|---:|")
    for verdict, count in report.summary.items():
        if count:
            yield f"| {MARKS[verdict][0]} {say(verdict)} | {count} |"
    yield ""
    if slowest := slowest_recovery(report):
        took = recovery(slowest.recovery_s, slowest.deadline_s)
        yield from (say("Slowest recovery: {}, {}", took, in_code(slowest.id)), "")
    yield from troubles(report)
    if reasons := count_reasons(report.cases, UNJUDGED):
        yield from (
            f"## {say('Not judged')}",
            "",
            *(f"- {in_markdown(each)}" for each in reasons),
            "",
        )
    yield from made(report)


def troubles(report: Report) -> Iterator[str]:
    found = [case for case in report.cases if case.verdict in TROUBLE]
    if found:
        yield from (f"## {say('What to look into')}", "")
    for case in found[:TOLD]:
        yield from trouble(report, case)
    if more := len(found) - TOLD:
        yield from [say("And {} more: see index.html.", more), ""] if more > 0 else []


def trouble(report: Report, case: CaseReport) -> Iterator[str]:
    yield f"- {MARKS[case.verdict][0]} **{say(case.verdict)}** {in_code(case.id)}"
    for line in case.message.splitlines():
        yield f"  {in_markdown(said(line))}  "
    if report.command:
        yield f"  {in_code(shlex.join([*report.command, '--scenario', base_id(case.id)]))}"


def said(line: str) -> str:
    """A line of a message, whose evidence stays as it is, in the user's language."""
    name, colon, text = line.strip().partition(": ")
    if name in ("expected", "seen"):
        name = say(name)
    return f"{name}{colon}{say_sentence(text)}"


def made(report: Report) -> Iterator[str]:
    if report.command:
        command = shlex.join([*report.command, *report.chosen])
        yield from (say("Again: {}", in_code(command)), "")
    if report.kit:
        yield say("Made by runall-kit {}, {}.", in_markdown(report.kit), report.began)
