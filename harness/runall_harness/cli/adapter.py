"""`runall adapter`: the protocol of adapters, and a check of an adapter."""

from typing import TYPE_CHECKING, Any

import click

from .options import FOLDER, format_option, schema_option, seconds_option
from .output import STYLES, plain_console, print_json

if TYPE_CHECKING:
    from runall_harness.systems.adapter_check.report import AdapterReport


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

    print_json(protocol_schema())


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
@seconds_option("--patience", 20.0, "How long evidence may take.")
@seconds_option("--minute", 60.0, "How long a minute of the schedule lasts.")
@seconds_option(
    "--limit",
    None,
    "How long one answer may take. By default 10, and 30 for the first, which includes the "
    "program's start.",
)
@format_option
@schema_option(
    "--schema",
    "systems.adapter_check.report:AdapterReport",
    "Print the JSON Schema of --format json and end.",
)
def check(command: tuple[str, ...], form: str, **options: Any) -> int:
    """Find out whether an adapter answers wrongly, hangs or loses things, and how to mend it.

    COMMAND starts the adapter. Its answers are compared with what the jobs that ran have written.
    """
    from rich.console import Console

    from runall_harness.systems.adapter_check.run import check_adapter

    with Console(stderr=True).status("the adapter starts") as status:
        report = check_adapter(
            command, **options, say=lambda probe: status.update(f"probe: {probe}")
        )
    (print_json if form == "json" else print_report)(report)
    return report.code


def print_report(report: "AdapterReport") -> None:
    from rich.text import Text

    from runall_harness.reports.progress import print_plain

    console = plain_console()
    for rule in report.rules:
        line = Text.assemble(
            (f"{rule.verdict:12}", STYLES[rule.verdict]), f" {rule.rule:10}", f" {rule.claim}"
        )
        console.print(line, soft_wrap=True)
        rows = [("seen", seen) for seen in rule.seen] + [("mend", rule.mend), ("why", rule.reason)]
        for name, text in rows:
            if text:
                print_plain(console, f"    {name}: {text}")
    judged = sum(rule.judged for rule in report.rules)
    print_plain(console, f"{report.verdict}: {judged} things judged by {len(report.rules)} rules")
