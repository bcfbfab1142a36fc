"""`runall jobs`: what runs, waits and has ended on a primary, and why there is each attempt."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from .options import format_option
from .output import plain_console, print_json
from .primary_api import primary_at, primary_options

SCHEMA = "runall-jobs/1"
LIVE = ("waiting", "starting", "running", "stopping")
ENDS = ("succeeded", "failed", "timed_out", "aborted", "interrupted")
STYLES = {"running": "blue", "succeeded": "green", "interrupted": "yellow", "failed": "red"}

EPILOG = """\b
Examples:
  runall jobs --live
  runall jobs --event report --state interrupted
  runall jobs --format json | jq '.jobs[] | select(.limbo)'

\b
What the columns say:
  attempt   the second attempt of j7 is j7.2: it replaces one that a server failure, or a
            failure of its own, has ended
  state     waiting, starting, running or stopping; then how it ended. In limbo: its server
            is out of reach, and the job is given up when the dead-job timeout has passed
  cause     why there is this attempt: manual, schedule, interrupted or retry

\b
Exit codes: 0 the jobs were shown, also when there are none, 3 the primary could not be
asked, 64 wrong usage.
"""


@click.command(epilog=EPILOG, short_help="Show what runs, waits and has ended.")
@click.option("--event", default="", metavar="ID", help="Only the jobs of this event.")
@click.option("--state", type=click.Choice([*LIVE, *ENDS]), help="Only the jobs in this state.")
@click.option("--live", is_flag=True, help="Only the jobs that have not ended.")
@primary_options
@format_option
def jobs(
    event: str, state: str | None, live: bool, url: str, token_file: Path | None, form: str
) -> None:
    """Show the jobs of a primary, oldest first, each attempt in a line of its own."""
    primary = primary_at(url, token_file)
    states = {state} if state else set(LIVE) if live else {*LIVE, *ENDS}
    found = [
        job
        for job in primary.get("jobs", list[dict[str, Any]], "a list of jobs")
        if event in ("", job["event"]) and job["state"] in states
    ]
    if form == "json":
        print_json({"schema": SCHEMA, "url": primary.url, "jobs": found})
    elif found:
        plain_console().print(table_of(found))
    else:
        click.echo(f"{primary.url} shows no such job")


def table_of(jobs: Sequence[Mapping[str, Any]]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table("job", "event", "attempt", "state", "server", "cause", "by", "since", "remark")
    for job in jobs:
        state = Text("in limbo", "yellow") if job["limbo"] else Text(*styled(job["state"]))
        cells = (job["id"], job["event"], str(job["attempt"]))
        more = (job["node"], job["cause"], job["source"], clock(since(job)), job["description"])
        table.add_row(*map(Text, cells), state, *map(Text, more))
    return table


def styled(state: str) -> tuple[str, str]:
    return state.replace("_", " "), STYLES.get(state, "")


def since(job: Mapping[str, Any]) -> float:
    """When the job came into the state that it is in, as far as the records tell."""
    return job["finalized_at"] or job["started_at"] or job["placed_at"] or job["created_at"]


def clock(at: float) -> str:
    """An instant, in seconds since 1970, in the reader's time zone."""
    return f"{datetime.fromtimestamp(at, UTC).astimezone():%Y-%m-%d %H:%M:%S}"
