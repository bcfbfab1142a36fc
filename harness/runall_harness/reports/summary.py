"""Prints the end of a run for people: the table, and each failure with its next step.

A failure has the clause's sentence, what was expected and seen, the folder of the traces, and the
command that runs this case alone.
"""

import shlex
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from runall_harness.conformance.case_result import TROUBLE, CaseResult
from runall_harness.conformance.run import Run
from runall_harness.conformance.run_report import CaseReport, Report, unsteady
from runall_harness.contract.cases import Case, base_id
from runall_harness.contract.verdicts import Verdict

from .case_progress import mark, recovery


def print_summary(console: Console, run: Run) -> None:
    """Print the failures, the unsteady cases, the table, and the verdict of the run."""
    report = run.report()
    for case in run.order.expected():
        result = run.results.get(case.id)
        if result and result.report.verdict in TROUBLE:
            print_trouble(console, run, case, result)
    print_reasons(console, run)
    for name, counts in unsteady(report.cases).items():
        counted = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
        say(console, f"unsteady: {name}: {counted}", "bold yellow")
    for trouble in run.troubles:
        say(console, f"\nThe kit could not run: {trouble}", "bold magenta")
    system = report.system
    policy = f", policy {system.policy}" if system.policy else ""
    say(console, f"\n{system.name} {system.version}{policy}, on the {report.rig} rig")
    console.print(summary_table(console, report))
    if slowest := slowest_recovery(report):
        say(console, f"slowest recovery: {slowest.id}", "dim")
    if run.interrupted:
        say(console, f"Interrupted: {len(run.results)} of {len(report.cases)} cases were begun.")


def print_trouble(console: Console, run: Run, case: Case, result: CaseResult) -> None:
    """Print the facts of one case that did not pass."""
    console.print()
    head = mark(result.report.verdict, console)
    head.append(f" {case.id}", "bold default")
    console.print(head, soft_wrap=True)
    for name, text in facts(run, case, result):
        first, *others = text.splitlines() or [""]
        say(console, "\n".join([f"  {name:9} {first}", *(" " * 12 + line for line in others)]))


def facts(run: Run, case: Case, result: CaseResult) -> Iterator[tuple[str, str]]:
    """The facts of a case that did not pass, as names and texts."""
    report = result.report
    if broken := result.violation:
        yield "clause", f"{broken.clause} {broken.text}"
        yield "expected", broken.expected
        yield "seen", broken.seen
        # An error of the teardown adds its own lines.
        if report.message != str(broken):
            yield "then", report.message.removeprefix(str(broken)).strip()
    else:
        yield "because", report.message
    if report.job_outcome:
        yield "outcome", str(report.job_outcome)
    yield "scenario", case.place
    if report.history:
        yield "history", report.history
    if result.logs:
        yield "logs", f"{result.folder}: {', '.join(log.name for log in result.logs)}"
    yield "again", command_for(run, case)


def command_for(run: Run, case: Case) -> str:
    """The command that runs this case again, alone."""
    words = ["runall", "conform", "--rig", run.rig, "--scenario", base_id(case.id)]
    words += [*run.order.shown_words(), *["--strict"] * run.order.strict]
    return shlex.join(words)


def print_reasons(console: Console, run: Run) -> None:
    """Print why cases were not judged or may fail: one line for each reason."""
    reasons: dict[str, int] = {}
    for result in run.results.values():
        case = result.report
        if case.verdict in (Verdict.UNSUPPORTED, Verdict.SKIPPED, Verdict.KNOWN_FAILURE):
            reason = case.message.removeprefix("setup: ").partition("\n")[0]
            line = f"{case.verdict}: {reason}"
            reasons[line] = reasons.get(line, 0) + 1
    if reasons:
        console.print()
    for line, count in reasons.items():
        say(console, f"{line} ({count} case{'s' if count > 1 else ''})")
    if run.order.strict and (lacks := len(run.lacks())):
        say(console, f"strict: what is unsupported counts too ({lacks} case{'s' * (lacks > 1)})")


def summary_table(console: Console, report: Report) -> Table:
    """The table of verdicts and their numbers, the slowest recovery, and the time of the run."""
    table = Table(show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for verdict, count in report.summary.items():
        if count:
            table.add_row(mark(verdict, console), str(count))
    if slowest := slowest_recovery(report):
        table.add_row("slowest recovery", recovery(slowest.recovery_s, slowest.deadline_s))
    table.add_row("wall time", f"{report.duration_s:.1f} s")
    table.add_section()
    table.add_row("verdict", Text(report.verdict, "bold"))
    return table


def slowest_recovery(report: Report) -> CaseReport | None:
    """The case whose recovery took longest, if any recovered."""
    recovered = [case for case in report.cases if case.recovery_s is not None]
    return max(recovered, key=lambda case: case.recovery_s or 0.0, default=None)


def say(console: Console, line: str, style: str = "") -> None:
    """Print text as it is: no markup, no wrapping that would break a path or a command."""
    console.print(Text(line, style), soft_wrap=True)
