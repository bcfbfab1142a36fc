"""The commands that run the daemons: `runall primary` and `runall worker`.

Their help texts are the operator's manual. Each command imports what it needs when it is called,
so that help is quick, and starting one daemon loads nothing of the other.
"""

import contextlib
import gc
import re
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import Any

import click

from runall_reference.brain.settings import Settings

# Its first line, \b, keeps click from wrapping the lines.
PRIMARY_EXAMPLE = """\b
An example session:
  runall primary --name p1 --data /tmp/p1 &
  KEY="Authorization: Bearer $(cat /tmp/p1/token)"
  runall worker --name w1 --primary 127.0.0.1:7070 \\
      --data /tmp/w1 --secret-file /tmp/p1/secret &
  curl -H "$KEY" 127.0.0.1:7070/v1/events -d '{"id": "report",
      "target": "w*", "catch_up": true, "params":
      {"script": "echo for $WHO; sleep 60", "who": "all"}}'
  curl -H "$KEY" 127.0.0.1:7070/v1/events/report/run \\
      -d '{"params": {"who": "me"}}'
  curl -H "$KEY" 127.0.0.1:7070/v1/jobs
Kill w1 with SIGKILL, start it again, and look at the jobs:
it was run again, for "me".
"""
WORKER_EXAMPLE = """\b
An example:
  runall worker --name w1 --primary 10.0.0.1:7070 \\
      --data /var/lib/runall --secret-file /etc/runall/secret
"""

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
SECONDS = click.FloatRange(min=0, min_open=True)
LEVELS = click.Choice(["debug", "info", "warning", "error"])
DEFAULTS = Settings()

TIMES = {
    "heartbeat": "A worker reports all that it runs to the primary at least this often.",
    "silence": "A worker that sends nothing for this long is suspect; "
    "one whose link closes is suspect at once.",
    "dead_job_timeout": "A worker suspect for this long is lost, and its jobs are interrupted.",
    "fence": "A worker that no primary has answered for this long stops its jobs.",
    "kill_grace": "From SIGTERM to SIGKILL, whenever a job is stopped.",
}
PRIMARY_TIMES = {
    "lease": "A backup takes over from a primary that has not renewed its lease for this long.",
    "spread": "The reruns of one lost server start this far apart.",
}


def timed(times: dict[str, str]) -> list[click.Option]:
    return [
        click.Option(
            [f"--{name.replace('_', '-')}", name],
            type=SECONDS,
            metavar="SECONDS",
            default=getattr(DEFAULTS, name),
            show_default=True,
            help=words,
        )
        for name, words in times.items()
    ]


def node_name(_: click.Context, __: click.Parameter, value: str) -> str:
    """A name that can stand in a target, so without the special characters of a pattern."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", value):
        raise click.BadParameter("use letters, digits, dots, dashes and underscores")
    return value


def address(_: click.Context, __: click.Parameter, value: str | tuple[str, ...]) -> Any:
    from .addresses import parse

    try:
        return parse(value) if isinstance(value, str) else tuple(map(parse, value))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


DIALLED = partial(
    click.Option, ["--primary", "primaries"], metavar="HOST:PORT", multiple=True, callback=address
)
COMMON = [
    click.Option(
        ["--name"],
        required=True,
        callback=node_name,
        help="The node's name, which targets of events use.",
    ),
    click.Option(
        ["--data"],
        type=FOLDER,
        required=True,
        help="The node's folder: its store, its lock, "
        "and what its jobs print (logs/JOB.log). One daemon per folder.",
    ),
    click.Option(
        ["--secret-file"],
        type=FILE,
        help="The file with the secret that workers show to the primary. "
        "Without it the secret is taken from RUNALL_SECRET.",
    ),
    click.Option(["--log-level"], type=LEVELS, default="info", show_default=True),
]
PRIMARY_OPTIONS = [
    click.Option(
        ["--listen"],
        metavar="HOST:PORT",
        default="127.0.0.1:7070",
        show_default=True,
        callback=address,
        help="Where the HTTP API and the workers' links are served.",
    ),
    click.Option(
        ["--store"],
        metavar="URL",
        default="",
        help="sqlite:///PATH (an absolute path begins with a fourth slash), or postgresql://..., "
        "for primaries on several machines. Without it: primary.db in the data folder.",
    ),
    click.Option(
        ["--token-file"],
        type=FILE,
        help="The file with the token that callers of the API show. Without it "
        "the token is taken from RUNALL_TOKEN.",
    ),
    click.Option(
        ["--policy"],
        metavar="NAME",
        default=DEFAULTS.policy,
        show_default=True,
        help="What follows an interruption: reference, or a release of history "
        "(cronicle-0.9.49, cronicle-0.9.50, cronicle-0.9.52).",
    ),
    click.Option(
        ["--time-scale"],
        type=SECONDS,
        metavar="FACTOR",
        default=DEFAULTS.time_scale,
        show_default=True,
        help="Schedule minutes pass this many times faster; 60 makes each last "
        "a second. Only the schedule is scaled, no other duration.",
    ),
    DIALLED(
        help="Another server that may lead, over the same --store; may be given several times. "
        "This node's own worker serves whoever leads."
    ),
    click.Option(["--no-worker"], is_flag=True, help="Run no jobs on this node itself."),
]
WORKER_OPTIONS = [
    DIALLED(
        required=True,
        help="A primary to dial; may be given several times, and each is tried in turn.",
    )
]


@contextlib.contextmanager
def loading() -> Generator[None]:
    """Import modules with the garbage collector off, which saves a tenth of the start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@click.command(
    epilog=PRIMARY_EXAMPLE, params=[*COMMON, *PRIMARY_OPTIONS, *timed(TIMES | PRIMARY_TIMES)]
)
def primary(**given: Any) -> None:
    """Run a primary: it keeps the schedule, places jobs on workers, and runs jobs itself.

    All durations are in seconds. Fence x 1.05 + kill grace must be less than the dead-job
    timeout, and workers must be given the same durations.

    SIGTERM ends it cleanly: its own jobs get SIGTERM, the grace, SIGKILL, and their ends are
    recorded. A second signal ends it at once. Exit codes: 0 ended cleanly, 3 could not run,
    4 another primary has taken the lease, 70 a fault of the program.

    On 127.0.0.1 a secret and a token are made and kept in the data folder if none are given;
    on any other address they must be given.
    """
    with loading():
        from .lifecycle import open_log, run_daemon
        from .primary_daemon import PrimaryOptions, run_primary

    open_log(given.pop("log_level"))
    settings = settings_of(given, *PRIMARY_TIMES, "policy", "time_scale")
    options = PrimaryOptions(with_worker=not given.pop("no_worker"), settings=settings, **given)
    raise SystemExit(run_daemon(run_primary(options)))


@click.command(epilog=WORKER_EXAMPLE, params=[*COMMON, *WORKER_OPTIONS, *timed(TIMES)])
def worker(**given: Any) -> None:
    """Run a worker: it dials the primary, runs the jobs that it is given, and reports them.

    All durations are in seconds, and must be those that the primary was given.

    A job is the event's parameter "script", run by /bin/sh, or as a file of its own if it
    begins with #!. It finds its parameters as variables (who becomes WHO) and JOB_ID,
    JOB_EVENT, JOB_NOW, JOB_SOURCE, JOB_ATTEMPT, JOB_ROOT, JOB_PREDECESSOR and JOB_SLOT.

    SIGTERM ends it cleanly: its jobs get SIGTERM, the grace, SIGKILL, and their ends are
    reported. A second signal ends it at once. Exit codes: 0 ended cleanly, 3 could not run,
    70 a fault of the program.
    """
    with loading():
        from .lifecycle import open_log, run_daemon
        from .worker_daemon import WorkerOptions, run_worker

    open_log(given.pop("log_level"))
    options = WorkerOptions(settings=settings_of(given), **given)
    raise SystemExit(run_daemon(run_worker(options)))


def settings_of(given: dict[str, Any], *others: str) -> Settings:
    """Take the settings out of the options. Raises `click.UsageError` for unsafe ones."""
    settings = Settings(**{name: given.pop(name) for name in (*TIMES, *others)})
    try:
        return settings.checked()
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@click.group(commands={"primary": primary, "worker": worker})
def daemons() -> None:
    """The daemons of the reference scheduler."""
