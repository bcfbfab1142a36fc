"""`runall ledger`: which jobs were interrupted, what was decided, why, and by which clause.

The first question after an outage is what became of the jobs. The primary records each decision
when it makes it; this command only asks for the records and shows them.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from runall_harness.contract.errors import KitCannotRun

from .options import FILE, format_option
from .output import plain_console, print_json

if TYPE_CHECKING:
    from runall_harness.evidence.views import LedgerView

SCHEMA = "runall-ledger/1"
SECONDS = 10.0

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
@click.option(
    "--url",
    default="http://127.0.0.1:7070",
    show_default=True,
    metavar="URL",
    help="The primary's API.",
)
@click.option(
    "--token-file",
    type=FILE,
    help="The file with the API's token; a primary on 127.0.0.1 has "
    "made one in its data folder. Without it, RUNALL_TOKEN.",
)
@click.option("--event", default="", metavar="ID", help="Only the lines about this event.")
@format_option
def ledger(url: str, token_file: Path | None, event: str, form: str) -> None:
    """Show the operator's ledger of a primary, oldest line first.

    It has a line for every interrupted job: what happened, whether the job is run again, and why,
    by which clause. A refused rerun is listed with its reason.
    """
    address = url if "://" in url else f"http://{url}"
    entries = [entry for entry in ask(address, token_of(token_file)) if event in ("", entry.event)]
    if form == "json":
        print_json({"schema": SCHEMA, "url": address, "event": event or None, "entries": entries})
    else:
        print_table(entries, address, event)


def token_of(file: Path | None) -> str:
    """The token, from its file or from RUNALL_TOKEN. Raises `click.UsageError`."""
    try:
        token = file.read_text("utf-8").strip() if file else os.environ.get("RUNALL_TOKEN", "")
    except (OSError, UnicodeError) as error:
        raise click.BadParameter(f"{file}: {error}", param_hint="'--token-file'") from None
    if not token or not token.isascii():
        place = f"{file} holds none" if file else "give --token-file, or set RUNALL_TOKEN"
        raise click.UsageError(f"a token is required: {place}")
    return token


def ask(url: str, token: str) -> "list[LedgerView]":
    """The ledger of the primary at that address. Raises `KitCannotRun`."""
    import httpx
    import msgspec

    from runall_harness.evidence.views import LedgerView

    headers = {"Authorization": f"Bearer {token}"}
    try:
        answer = httpx.get(
            f"{url.rstrip('/')}/v1/ledger", headers=headers, timeout=SECONDS, trust_env=False
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        hint = "see that the primary runs and that --url is its --listen address"
        raise KitCannotRun(f"{url} does not answer ({error})", hint) from None
    if not answer.is_success:
        refuse(url, answer.status_code, answer.content)
    try:
        return msgspec.json.decode(answer.content, type=list[LedgerView])
    except msgspec.MsgspecError as error:
        hint = "see that --url is the address of a primary, without any path"
        raise KitCannotRun(f"{url} answers, but not with a ledger ({error})", hint) from None


def refuse(url: str, status: int, body: bytes) -> NoReturn:
    """Raise `KitCannotRun` with the primary's own message, if it has one."""
    import msgspec

    try:
        error: Any = msgspec.json.decode(body)["error"]
        cause, hint = f"{url} answers {status}: {error['message']}", str(error["hint"])
    except (msgspec.MsgspecError, KeyError, TypeError):
        cause, hint = f"{url} answers {status}", "see that --url is the address of a primary"
    if status == 401:
        hint = "give the token of that primary: --token-file, or RUNALL_TOKEN"
    raise KitCannotRun(cause, hint)


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
