"""`runall event`: create, show, edit and delete the events of a running primary."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from .options import format_option
from .output import plain_console, print_json
from .primary_api import Primary, primary_at, primary_options

SCHEMA = "runall-event/1"
LIST_SCHEMA = "runall-events/1"
LISTS = ("minutes", "hours", "days", "months", "weekdays", "years")
ABOUT_AT = (
    f"When the clock runs it: LIST is one of {', '.join(LISTS)}; weekday 0 is Sunday. Repeat it "
    "for each list; one that is left out allows every value."
)

EPILOG = """\b
Examples:
  runall event add report --script 'sleep 60; echo for $WHO' --param who=all --run-all
  runall event add nightly --script ./backup --at hours=2 --at minutes=30 --timezone Europe/Rome
  runall event edit report --target 'w*' --max-children 3
  runall event edit report --disabled
  runall event list --format json | jq '.events[] | select(.owed != [])'
  runall event rm report

\b
Exit codes: 0 done, 3 the primary refused, or could not be asked, 64 wrong usage.
"""


def named_value(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, Any]:
    """NAME=VALUE words as parameters: a value that is JSON is taken as such, else it is text."""
    return dict(read_value(word) for word in given)


def read_value(word: str) -> tuple[str, Any]:
    import msgspec

    name, equals, text = word.partition("=")
    if not name or not equals:
        raise click.BadParameter(f"{word!r} is not NAME=VALUE")
    try:
        return name, msgspec.json.decode(text)
    except msgspec.DecodeError:
        return name, text


def timing(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> Any:
    """LIST=N,N words as a timing object; None without any."""
    return dict(read_list(word) for word in given) or None


def read_list(word: str) -> tuple[str, list[int]]:
    name, _, numbers = word.partition("=")
    parts = numbers.split(",")
    if name not in LISTS or not all(part.strip().isdecimal() for part in parts):
        raise click.BadParameter(f"{word!r} is not LIST=N,N, such as hours=4 or minutes=0,30")
    return name, [int(part) for part in parts]


param_option = click.option(
    "--param",
    "params",
    multiple=True,
    metavar="NAME=VALUE",
    callback=named_value,
    help="A parameter of its jobs (who becomes WHO there); a VALUE that is JSON is taken as such. "
    "Can be given more than once.",
)
COUNT, SECONDS = click.IntRange(0), click.FloatRange(0)
FIELDS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("--script",), {"help": "The shell script that its jobs run."}),
    (("--title",), {"help": "A name for people."}),
    (("--target",), {"metavar": "PATTERN", "help": "The servers that may run it: a name, or w*."}),
    (
        ("--run-all/--no-run-all", "catch_up"),
        {
            "default": None,
            "help": "Run All: whether a job that a server failure cut short is run "
            "again, and minutes that were missed are served late.",
        },
    ),
    (("--enabled/--disabled", "enabled"), {"default": None, "help": "Whether the clock runs it."}),
    (
        ("--at", "timing"),
        {"multiple": True, "metavar": "LIST=N,N", "callback": timing, "help": ABOUT_AT},
    ),
    (("--timezone",), {"metavar": "ZONE", "help": "The zone of --at, such as Asia/Tokyo."}),
    (("--max-children",), {"type": COUNT, "help": "How many of its jobs run at once; 0: any."}),
    (("--queue-max",), {"type": COUNT, "help": "How many runs by hand may wait for their turn."}),
    (("--timeout",), {"type": SECONDS, "help": "Seconds after which a job is stopped; 0: never."}),
    (("--retries",), {"type": COUNT, "help": "How often a job that failed is tried again."}),
    (("--retry-delay",), {"type": SECONDS, "help": "Seconds before each of these tries."}),
    (
        ("--missed",),
        {
            "type": click.Choice(["all", "last", "none"]),
            "help": "Which missed minutes are served late; without it, all with Run All on.",
        },
    ),
    (("--missed-age",), {"type": SECONDS, "help": "Seconds after which they no longer are."}),
    (("--rerun-age",), {"type": SECONDS, "help": "Seconds after which no rerun begins; 0: never."}),
    (("--max-reruns",), {"type": COUNT, "help": "How often servers may take one job down."}),
)


def field_options(command: Any) -> Any:
    """The options of an event's fields; None for what was not given."""
    command = param_option(command)
    for names, how in reversed(FIELDS):
        command = click.option(*names, **how)(command)
    return command


def fields_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The event's fields among the options, the script being one of its parameters."""
    own = {"params", "script"}
    fields = {k: v for k, v in given.items() if v is not None and k not in own}
    params = {**given["params"], **({"script": given["script"]} if given["script"] else {})}
    return {**fields, "params": params} if params else fields


@click.group(epilog=EPILOG, short_help="Create, show, edit and delete events.")
def event() -> None:
    """Create, show, edit and delete the events of a primary."""


@event.command(epilog=EPILOG)
@click.argument("name", metavar="ID")
@field_options
@primary_options
@format_option
def add(name: str, url: str, token_file: Path | None, form: str, **given: Any) -> None:
    """Create the event ID. Without --at only people run it."""
    primary = primary_at(url, token_file)
    if "script" not in fields_of(given).get("params", {}):
        raise click.UsageError("--script is missing: it is what the jobs of the event run")
    made = primary.call("POST", "events", {"id": name, **fields_of(given)}, what="an event")
    show(primary, form, made, f"event {name} is created: {in_short(made)}")


@event.command("list")
@primary_options
@format_option
def list_events(url: str, token_file: Path | None, form: str) -> None:
    """Show all events, and which of their minutes are still owed."""
    primary = primary_at(url, token_file)
    found = primary.get("events", list[dict[str, Any]], "a list of events")
    if form == "json":
        print_json({"schema": LIST_SCHEMA, "url": primary.url, "events": found})
    elif found:
        plain_console().print(table_of(found))
    else:
        click.echo(f"{primary.url} has no event; make one with runall event add")


@event.command(epilog=EPILOG)
@click.argument("name", metavar="ID")
@field_options
@click.option("--drop-param", "dropped", multiple=True, metavar="NAME", help="Take one out.")
@click.option("--by-hand", is_flag=True, help="Let the clock run it no more: take --at out.")
@primary_options
@format_option
def edit(
    name: str,
    dropped: tuple[str, ...],
    by_hand: bool,
    url: str,
    token_file: Path | None,
    form: str,
    **given: Any,
) -> None:
    """Change the fields of the event ID that are given; all others stay, and so do its jobs."""
    primary, fields = primary_at(url, token_file), fields_of(given)
    path = f"events/{quote(name, safe='')}"
    if dropped or "params" in fields:
        kept: dict[str, Any] = primary.get(path, dict[str, Any], "an event")["params"]
        changed = {**kept, **fields.get("params", {})}
        fields["params"] = {k: v for k, v in changed.items() if k not in dropped}
    if by_hand:
        fields["timing"] = None
    if not fields:
        raise click.UsageError("nothing to change: give at least one field")
    made = primary.call("PATCH", path, fields, what="an event")
    show(primary, form, made, f"event {name} is changed: {in_short(made)}")


@event.command()
@click.argument("name", metavar="ID")
@primary_options
@format_option
def rm(name: str, url: str, token_file: Path | None, form: str) -> None:
    """Delete the event ID. Its running jobs go on; nothing is run again after them."""
    primary = primary_at(url, token_file)
    primary.call("DELETE", f"events/{quote(name, safe='')}")
    if form == "json":
        print_json({"schema": SCHEMA, "url": primary.url, "removed": name})
    else:
        click.echo(f"event {name} is deleted")


def show(primary: Primary, form: str, made: Mapping[str, Any], line: str) -> None:
    if form == "json":
        print_json({"schema": SCHEMA, "url": primary.url, "event": made})
    else:
        click.echo(line)


def in_short(event: Mapping[str, Any]) -> str:
    on = "on" if event["catch_up"] else "off"
    words = f"target {event['target']}, {when(event)}, Run All {on}"
    return words if event["enabled"] else f"{words}, disabled"


def when(event: Mapping[str, Any]) -> str:
    """When the clock runs an event, in a few words."""
    if event["timing"] is None:
        return "by hand only"
    lists = [
        f"{name}={','.join(map(str, event['timing'][name]))}"
        for name in LISTS
        if event["timing"][name]
    ]
    return f"{' '.join(lists) or 'every minute'} {event['timezone']}"


def table_of(events: Sequence[Mapping[str, Any]]) -> Any:
    from rich.table import Table
    from rich.text import Text

    columns: dict[str, Callable[[Mapping[str, Any]], object]] = {
        "event": lambda event: event["id"],
        "title": lambda event: event["title"],
        "enabled": lambda event: "yes" if event["enabled"] else "no",
        "target": lambda event: event["target"],
        "when": when,
        "Run All": lambda event: "on" if event["catch_up"] else "off",
        "minutes owed": lambda event: len(event["owed"]),
    }
    table = Table(*columns)
    for event in events:
        table.add_row(*(Text(str(cell(event))) for cell in columns.values()))
    return table
