"""What a run says at its end, to people: the table, and each failure with all that it takes to act.

A failure is told in the clause's own words, with what was expected and seen, where the traces
lie, and the command that runs that case again, alone.
"""

import os
import shlex
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from runall_harness.conformance.case_result import TROUBLE, Ended
from runall_harness.conformance.run import Run
from runall_harness.conformance.run_report import CaseReport, Report, unsteady
from runall_harness.contract.case_ids import base_id
from runall_harness.contract.verdicts import Verdict
from runall_harness.systems.postgres_schemas import read_server

from .case_progress import mark, recovery


def print_closing(console: Console, run: Run) -> None:
    """The failures, the unsteady cases, the table, and the last word."""
    report = run.report()
    for ended in run.ended.values():
        if ended.verdict in TROUBLE:
            print_trouble(console, run, ended)
    print_reasons(console, run)
    for case, counts in unsteady(report.cases).items():
        told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
        say(console, f"unsteady: {case}: {told}", "bold yellow")
    for trouble in run.troubles:
        say(console, f"\nThe kit could not run: {trouble}", "bold magenta")
    system = report.system
    policy = f", policy {system.policy}" if system.policy else ""
    about = f"{system.name} {system.version}{policy}, on the {report.rig} rig"
    say(console, f"\n{about}")
    console.print(closing_table(console, report))
    if slowest := slowest_recovery(report):
        say(console, f"slowest recovery: {slowest.id}", "dim")
    if run.interrupted:
        say(console, f"Interrupted: {len(run.ended)} of {len(report.cases)} cases were begun.")


def print_trouble(console: Console, run: Run, ended: Ended) -> None:
    """One case that did not go well."""
    console.print()
    head = mark(ended.verdict, console)
    head.append(f" {ended.case.id}", "bold default")
    console.print(head, soft_wrap=True)
    for name, text in facts(run, ended):
        first, *others = text.splitlines() or [""]
        say(console, "\n".join([f"  {name:9} {first}", *(" " * 12 + line for line in others)]))


def facts(run: Run, ended: Ended) -> Iterator[tuple[str, str]]:
    """What is known of a case that did not go well, as names and texts."""
    if broken := ended.violation:
        yield "clause", f"{broken.clause} {broken.sentence}"
        yield "expected", broken.expected
        yield "seen", broken.seen
        # A teardown that broke as well has added its own lines.
        if ended.message != str(broken):
            yield "then", ended.message.removeprefix(str(broken)).strip()
    else:
        yield "because", ended.message
    if ended.job_outcome:
        yield "outcome", str(ended.job_outcome)
    yield "scenario", ended.case.place
    if ended.history:
        yield "history", str(ended.history)
    if ended.logs:
        yield "logs", f"{ended.folder}: {', '.join(log.name for log in ended.logs)}"
    yield "again", command_for(run, ended)


def command_for(run: Run, ended: Ended) -> str:
    """The command that runs this case again, alone."""
    order = run.order
    words = ["runall", "conform", "--rig", run.rig, "--scenario", base_id(ended.case.id)]
    words += ["--system", order.system] if order.system != "reference" else []
    words += ["--known-failures", str(order.known_failures)] if order.known_failures else []
    words += ["--strict"] if order.strict else []
    words += ["--policy", order.policy] if order.policy else []
    words += [word for option in order.options for word in ("--set", option)]
    words += ["--image", order.image] if order.image else []
    words += ["--base-image", order.base_image] if order.base_image else []
    named = order.store_url if order.store_url != os.environ.get("RUNALL_STORE_URL") else None
    words += ["--store-url", read_server(named).shown] if named else []
    words += ["--repeat", str(order.repeat)] if order.repeat > 1 else []
    return shlex.join(words)


def print_reasons(console: Console, run: Run) -> None:
    """What was not judged or may fail, and why: one line for each reason."""
    reasons: dict[str, int] = {}
    for ended in run.ended.values():
        if ended.verdict in (Verdict.UNSUPPORTED, Verdict.SKIPPED, Verdict.KNOWN_FAILURE):
            reason = ended.message.removeprefix("setup: ").partition("\n")[0]
            line = f"{ended.verdict}: {reason}"
            reasons[line] = reasons.get(line, 0) + 1
    if reasons:
        console.print()
    for line, count in reasons.items():
        say(console, f"{line} ({count} case{'s' if count > 1 else ''})")
    if run.order.strict and (lacks := len(run.lacks())):
        say(console, f"strict: what is unsupported counts too ({lacks} case{'s' * (lacks > 1)})")


def closing_table(console: Console, report: Report) -> Table:
    """Verdicts and their numbers, the slowest recovery, and the time that all of it took."""
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
