"""`runall ledger`: which jobs were interrupted, what was decided, why, and by which clause.

The first question after an outage is what became of the jobs. The primary records each decision
when it makes it; this command only asks for the records and shows them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import format_option
from .output import plain_console, print_json
from .primary_api import primary_at, primary_options

if TYPE_CHECKING:
    from runall_harness.evidence.views import LedgerView

SCHEMA = "runall-ledger/1"

EPILOG = """\b
Examples:
  runall ledger --token-file /var/lib/runall/token
  runall ledger --url http://10.0.0.1:7070 --event report
  runall ledger --format json | jq '.entries[] | select(.decision == "refused")'

\b
What the columns say:
  what       what happened to the job: restart (its server is back without it), shutdown (a
             clean stop), fenced (it reached no primary), dead-job timeout (its server
             stayed away), absent (its server lost it), crash of the primary; or what was
             still to come: waiting (a rerun), owed slot; or late result
  decision   rerun, slot reopened, refused (nothing follows), recorded (a late result)
  clause     the rule that decided; `runall spec` has its sentence

\b
Exit codes: 0 the ledger was shown, also when it is empty, 3 the primary could not be asked,
64 wrong usage.
"""


@click.command(epilog=EPILOG, short_help="Show what was interrupted, and what was done.")
@primary_options
@click.option("--event", default="", metavar="ID", help="Only the lines about this event.")
@format_option
def ledger(url: str, token_file: Path | None, event: str, form: str) -> None:
    """Show the operator's ledger of a primary, oldest line first.

    It has a line for every interrupted job: what happened, whether the job is run again, and why,
    by which clause. A refused rerun is listed with its reason.
    """
    from runall_harness.evidence.views import LedgerView

    primary = primary_at(url, token_file)
    lines = primary.get("ledger", list[LedgerView], "a ledger")
    entries = [entry for entry in lines if event in ("", entry.event)]
    if form == "json":
        page = {"schema": SCHEMA, "url": primary.url, "event": event or None, "entries": entries}
        print_json(page)
    else:
        print_table(entries, primary.url, event)


def print_table(entries: "Sequence[LedgerView]", url: str, event: str) -> None:
    if not entries:
        about = f" about {event!r}" if event else ""
        click.echo(f"the ledger of {url} has no line{about}: no server took a job down")
        return
    plain_console().print(table_of(entries))
    refused = sum(entry.refused for entry in entries)
    click.echo(f"{len(entries)} line{'s' * (len(entries) != 1)}, {refused} refused")


def table_of(entries: "Sequence[LedgerView]") -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for name in ("time", "event", "job", "what", "decision", "clause", "why"):
        table.add_column(name, overflow="fold")
    for entry in entries:
        style = "yellow" if entry.refused else "green"
        time = datetime.fromtimestamp(entry.at, UTC).astimezone()  # in the reader's time zone
        cells = (f"{time:%Y-%m-%d %H:%M:%S}", entry.event, entry.job, entry.what)
        decision = Text(entry.decision, style)
        table.add_row(*map(Text, cells), decision, Text(entry.clause), Text(entry.detail))
    return table
