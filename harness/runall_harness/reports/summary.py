"""Prints the end of a run for people: the table, and each failure with its next step.

A failure has the clause's sentence, what was expected and seen, the folder of the traces, and the
command that runs this case alone.
"""

import shlex
from collections.abc import Iterator

from rich.cells import set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from runall_harness.conformance.run import Run
from runall_harness.conformance.run_report import TROUBLE, CaseReport, CaseResult, Report, unsteady
from runall_harness.contract.cases import Case, base_id, load_cases
from runall_harness.contract.verdicts import Verdict
from runall_harness.contract.words import say, say_clause

from .case_progress import count_reasons, mark, recovery
from .progress import print_plain


def print_summary(console: Console, run: Run) -> None:
    report = run.report()
    for case in run.order.expected():
        result = run.results.get(case.id)
        if result and result.report.verdict in TROUBLE:
            print_trouble(console, run, case, result)
    print_reasons(console, run)
    for name, counts in unsteady(report.cases).items():
        counted = ", ".join(f"{count} {say(verdict)}" for verdict, count in counts.items())
        print_plain(console, say("unsteady: {}: {}", name, counted), "bold yellow")
    for trouble in run.troubles:
        print_plain(console, "\n" + say("The kit could not run: {}", trouble), "bold magenta")
    print_plain(console, "\n" + tested(report))
    console.print(summary_table(console, report))
    if slowest := slowest_recovery(report):
        print_plain(console, say("slowest recovery: {}", slowest.id), "dim")
    if scope := scope_of(run):
        print_plain(console, scope)
    if run.interrupted:
        begun, asked = len(run.results), len(report.cases)
        print_plain(console, say("Interrupted: {} of {} cases were begun.", begun, asked))


def tested(report: Report) -> str:
    """What was tested, and where."""
    system = report.system
    if system.policy:
        name = "{} {}, policy {}, on the {} rig"
        return say(name, system.name, system.version, system.policy, report.rig)
    return say("{} {}, on the {} rig", system.name, system.version, report.rig)


def scope_of(run: Run) -> str:
    """What a run of some cases says nothing about; empty for a run of the whole suite."""
    judged = {case.id for case in run.order.cases}
    left = [case for case in load_cases() if case.id not in judged]
    if not left:
        return ""
    if len(judged) == 1:
        words = (
            "The verdict is about the one case that ran; {} more of the suite were not asked for."
        )
        return say(words, len(left))
    words = "The verdict is about the {} cases that ran; {} more of the suite were not asked for."
    return say(words, len(judged), len(left))


def print_trouble(console: Console, run: Run, case: Case, result: CaseResult) -> None:
    console.print()
    head = mark(result.report.verdict, console)
    head.append(f" {case.id}", "bold default")
    console.print(head, soft_wrap=True)
    for name, text in facts(run, case, result):
        first, *others = text.splitlines() or [""]
        head = f"  {set_cell_size(say(name), 9)} {first}"
        print_plain(console, "\n".join([head, *(" " * 12 + line for line in others)]))


def facts(run: Run, case: Case, result: CaseResult) -> Iterator[tuple[str, str]]:
    report = result.report
    if broken := result.violation:
        yield "clause", f"{broken.clause} {say_clause(broken.clause)}"
        yield "expected", broken.expected
        yield "seen", broken.seen
        # An error of the teardown adds its own lines.
        if report.message != str(broken):
            yield "then", report.message.removeprefix(str(broken)).strip()
    else:
        yield "because", report.message
    if report.job_outcome:
        yield "outcome", report.job_outcome.said()
    yield "scenario", case.place
    if report.history:
        yield "history", report.history
    if result.logs:
        yield "logs", f"{result.folder}: {', '.join(log.name for log in result.logs)}"
    yield "again", command_for(run, case)


def command_for(run: Run, case: Case) -> str:
    return shlex.join([*run.command, "--scenario", base_id(case.id)])


def print_reasons(console: Console, run: Run) -> None:
    cases = [result.report for result in run.results.values()]
    unjudged = (Verdict.UNSUPPORTED, Verdict.SKIPPED, Verdict.KNOWN_FAILURE)
    if reasons := count_reasons(cases, unjudged):
        print_plain(console, "\n" + "\n".join(reasons))
    if run.order.strict and (lacks := len(run.lacks())):
        print_plain(console, say("strict: what is unsupported counts too (cases: {})", lacks))


def summary_table(console: Console, report: Report) -> Table:
    table = Table(show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for verdict, count in report.summary.items():
        if count:
            table.add_row(mark(verdict, console), str(count))
    if slowest := slowest_recovery(report):
        table.add_row(say("slowest recovery"), recovery(slowest.recovery_s, slowest.deadline_s))
    table.add_row(say("wall time"), say("{} s", f"{report.duration_s:.1f}"))
    table.add_section()
    table.add_row(say("verdict"), Text(say(report.verdict), "bold"))
    return table


def slowest_recovery(report: Report) -> CaseReport | None:
    recovered = [case for case in report.cases if case.recovery_s is not None]
    return max(recovered, key=lambda case: case.recovery_s or 0.0, default=None)
