"""`runall adapter`: the protocol of adapters, and a check of an adapter."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import format_option, schema_option

if TYPE_CHECKING:
    from runall_harness.systems.adapter_check.report import AdapterReport

FOLDER = click.Path(file_okay=False, path_type=Path)
SECONDS = click.FloatRange(min=0, min_open=True)
STYLES = {"pass": "green", "fail": "bold red", "inconclusive": "yellow", "unsupported": "dim"}

EPILOG = """\b
Examples:
  runall adapter check ./my-adapter
  runall adapter check --minute 0.25 --patience 5 node adapter.js
  runall adapter check --witness /shared/witness python3 -m mine.adapter --url http://sched:8080
  runall adapter check --format json ./my-adapter | jq '.rules[] | select(.verdict == "fail")'

  RUNALL_URLS=http://127.0.0.1:7070 RUNALL_TOKEN=$(cat p1/token) \\
    runall adapter check python3 -m runall_harness.systems.reference.adapter_program

\b
The scheduler must be running, and nothing is done to it but what COMMAND is asked to do: events
of names that begin with adapter-check- are created, run, and deleted. Options come before
COMMAND, which inherits the environment. docs/adapters.md explains how to write an adapter.

\b
Exit codes: 0 the adapter keeps every rule, 1 it breaks one: the report says how to mend it,
2 inconclusive (evidence did not come), 3 the kit could not run (COMMAND can't be started, no
node takes work), 64 wrong usage, 130 interrupted.
"""


@click.group(short_help="Test an adapter of your own scheduler.")
def adapter() -> None:
    """An adapter is a program that translates the kit's verbs into a scheduler's API.

    It may be written in any language: it reads questions and writes answers, as JSON lines.
    """


@adapter.command(short_help="Print the JSON Schema of the protocol.")
def schema() -> None:
    """Print the JSON Schema of the protocol: questions, messages, and the values of answers."""
    from runall_harness.adapter.protocol import schema as protocol_schema
    from runall_harness.conformance.run_report import encode

    click.echo(encode(protocol_schema()))


@adapter.command(
    epilog=EPILOG,
    short_help="Test an adapter against a scheduler that runs, without faults.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND...")
@click.option(
    "--witness",
    type=FOLDER,
    metavar="DIR",
    help="A folder that the scheduler's jobs "
    "can write to, at the same path; without it, a new one of this machine.",
)
@click.option(
    "--patience",
    type=SECONDS,
    default=20.0,
    show_default=True,
    metavar="SECONDS",
    help="How long evidence may take.",
)
@click.option(
    "--minute",
    type=SECONDS,
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a minute of the schedule lasts.",
)
@click.option(
    "--limit",
    type=SECONDS,
    metavar="SECONDS",
    help="How long one answer may take. By "
    "default 10, and 30 for the first, which includes the program's start.",
)
@format_option
@schema_option(
    "--schema",
    "systems.adapter_check.report:report_schema",
    "Print the JSON Schema of --format json and end.",
)
def check(command: tuple[str, ...], form: str, **options: Any) -> int:
    """Find out whether an adapter answers wrongly, hangs or loses things, and how to mend it.

    COMMAND starts the adapter. Its answers are compared with what the jobs that ran have written.
    """
    from runall_harness.systems.adapter_check.run import check_adapter

    with ExitStack() as stack:
        say = progress(stack) if sys.stderr.isatty() else None
        report = check_adapter(command, **options, **({"say": say} if say else {}))
    if form == "json":
        from runall_harness.conformance.run_report import encode

        click.echo(encode(report))
    else:
        print_report(report)
    return report.code


def progress(stack: ExitStack) -> Any:
    """A function that shows on standard error which probe runs."""
    from rich.console import Console

    status = stack.enter_context(Console(stderr=True).status("the adapter starts"))

    def say(probe: str) -> None:
        status.update(f"probe: {probe}")

    return say


def print_report(report: "AdapterReport") -> None:
    """Print for people each rule, what was seen if it is broken, and how to mend it."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    for rule in report.rules:
        line = Text.assemble(
            (f"{rule.verdict:12}", STYLES[rule.verdict]), f" {rule.rule:10}", f" {rule.claim}"
        )
        console.print(line, soft_wrap=True)
        rows = [("seen", seen) for seen in rule.seen] + [("mend", rule.mend), ("why", rule.reason)]
        for name, text in rows:
            if text:
                console.print(f"    {name}: {text}", markup=False, soft_wrap=True)
    judged = sum(rule.judged for rule in report.rules)
    console.print(
        f"{report.verdict}: {judged} things judged by {len(report.rules)} rules", soft_wrap=True
    )
