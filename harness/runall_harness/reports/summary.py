"""Prints the end of a run for people: the table, and each failure with its next step.

A failure has the clause's sentence, what was expected and seen, the folder of the traces, and the
command that runs this case alone.
"""

import shlex
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from runall_harness.conformance.run import Run
from runall_harness.conformance.run_report import TROUBLE, CaseReport, CaseResult, Report, unsteady
from runall_harness.contract.cases import Case, base_id, load_cases
from runall_harness.contract.verdicts import Verdict

from .case_progress import count_reasons, mark, recovery
from .progress import say


def print_summary(console: Console, run: Run) -> None:
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
    if scope := scope_of(run):
        say(console, scope)
    if run.interrupted:
        say(console, f"Interrupted: {len(run.results)} of {len(report.cases)} cases were begun.")


def scope_of(run: Run) -> str:
    """What a run of some cases says nothing about; empty for a run of the whole suite."""
    judged = {case.id for case in run.order.cases}
    left = [case for case in load_cases() if case.id not in judged]
    if not left:
        return ""
    return (
        f"The verdict is about the {len(judged)} case{'s' * (len(judged) != 1)} that ran; "
        f"{len(left)} more of the suite were not asked for."
    )


def print_trouble(console: Console, run: Run, case: Case, result: CaseResult) -> None:
    console.print()
    head = mark(result.report.verdict, console)
    head.append(f" {case.id}", "bold default")
    console.print(head, soft_wrap=True)
    for name, text in facts(run, case, result):
        first, *others = text.splitlines() or [""]
        say(console, "\n".join([f"  {name:9} {first}", *(" " * 12 + line for line in others)]))


def facts(run: Run, case: Case, result: CaseResult) -> Iterator[tuple[str, str]]:
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
    words = ["runall", "conform", "--rig", run.rig, "--scenario", base_id(case.id)]
    words += [*run.order.shown_words(), *["--strict"] * run.order.strict]
    return shlex.join(words)


def print_reasons(console: Console, run: Run) -> None:
    cases = [result.report for result in run.results.values()]
    unjudged = (Verdict.UNSUPPORTED, Verdict.SKIPPED, Verdict.KNOWN_FAILURE)
    if reasons := count_reasons(cases, unjudged):
        say(console, "\n" + "\n".join(reasons))
    if run.order.strict and (lacks := len(run.lacks())):
        say(console, f"strict: what is unsupported counts too ({lacks} case{'s' * (lacks > 1)})")


def summary_table(console: Console, report: Report) -> Table:
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
    recovered = [case for case in report.cases if case.recovery_s is not None]
    return max(recovered, key=lambda case: case.recovery_s or 0.0, default=None)
