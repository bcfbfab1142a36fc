"""`runall run`: run an event of a primary by hand."""

import getpass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from .event import param_option
from .options import format_option
from .output import print_json
from .primary_api import primary_at, primary_options

SCHEMA = "runall-job/1"

EPILOG = """\b
Examples:
  runall run report
  runall run report --param who=me --param count=3
  runall run report --format json | jq -r .job.id

\b
The run is on record before the command ends. If the job's server dies, an event with Run All
on has it run again with these parameters; `runall jobs` and `runall ledger` show it.

\b
Exit codes: 0 the job was started, or waits for its turn, 3 the primary refused, or could
not be asked, 64 wrong usage.
"""


@click.command(epilog=EPILOG, short_help="Run an event by hand.")
@click.argument("event", metavar="ID")
@param_option
@click.option("--source", metavar="TEXT", help="Who asks. Without it, the name of this user.")
@primary_options
@format_option
def run(
    event: str,
    params: dict[str, Any],
    source: str | None,
    url: str,
    token_file: Path | None,
    form: str,
) -> None:
    """Run the event ID now, with parameters that override its own for this run."""
    primary = primary_at(url, token_file)
    body = {"params": params, "source": source or user()}
    job = primary.call("POST", f"events/{quote(event, safe='')}/run", body, what="a job")
    if form == "json":
        print_json({"schema": SCHEMA, "url": primary.url, "job": job})
    elif job["state"] == "waiting":
        click.echo(f"job {job['id']} of {event} waits for its turn")
    else:
        click.echo(f"job {job['id']} of {event} is sent to {job['node']}")


def user() -> str:
    """The name of this user; some containers have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "runall run"
