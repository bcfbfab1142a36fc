"""`runall abort`: end a job and all that would follow it."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from .options import format_option
from .output import print_json
from .primary_api import primary_at, primary_options
from .run import user

SCHEMA = "runall-abort/1"

EPILOG = """\b
Examples:
  runall abort j7
  runall jobs --state running --format json | jq -r '.jobs[].id' | xargs -n 1 runall abort

\b
A job in limbo is stopped as soon as its server is back, and is not run again.

\b
Exit codes: 0 the abort is on record, 3 the primary refused, or could not be asked,
64 wrong usage.
"""


@click.command(epilog=EPILOG, short_help="End a job and all its reruns.")
@click.argument("job", metavar="JOB")
@primary_options
@format_option
def abort(job: str, url: str, token_file: Path | None, form: str) -> None:
    """End the job with that id, and every attempt that would follow it, for ever."""
    primary = primary_at(url, token_file)
    path = f"jobs/{quote(job, safe='')}/abort"
    done: Any = primary.call("POST", path, {"by": user()}, what="an abort")
    if form == "json":
        print_json({"schema": SCHEMA, "url": primary.url, "job": job, "root": done["root"]})
    else:
        click.echo(f"job {job} is aborted, and nothing follows it")
