"""`runall conform`: what was asked for, made into an order, and what came of it, told.

Standard output belongs to the result. While the cases run, whatever else writes to it ends up on
standard error, so that a stray print can never damage a report.
"""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from ..cases import Case
    from ..conform import Order, Run

RIGS = ("auto", "simulated", "processes", "docker")
SYSTEMS = ("reference",)
FOLDER = click.Path(file_okay=False, path_type=Path)

EPILOG = """\b
Examples:
  runall conform --list                             the cases, and nothing is run
  runall conform --rig simulated                    all of them, in virtual time
  runall conform --rig docker --out traces          keep every history and log
  runall conform --scenario 'remote*' --trigger manual
  runall conform --scenario remote_worker --repeat 20 --rig processes
  runall conform --policy cronicle-0.9.49           watch a release of history fail
  runall conform --format json > report.json        for programs; see --schema

\b
PATTERN is the id of a case, a part of an id or of a scenario's name, or a glob on
either. A pattern that matches nothing is wrong usage.

\b
Exit codes: 0 conformant, 1 not conformant, 2 inconclusive, 3 the kit could not run,
64 wrong usage, 130 interrupted. The worst case decides; a run without cases is never 0.
"""


def policy_of(_: click.Context, __: click.Parameter, value: str) -> str:
    """Check the policy's name; the policies are loaded only for that."""
    from runall_reference.policies import POLICIES

    if value not in POLICIES:
        raise click.BadParameter(f"{value!r} is not one of {', '.join(POLICIES)}.")
    return value


def print_schema(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    """Print the JSON Schema of the report, and end."""
    if value and not ctx.resilient_parsing:
        from ..report import encode, report_schema

        click.echo(encode(report_schema()))
        ctx.exit(0)


@click.command(epilog=EPILOG, short_help="Run the conformance cases.")
@click.option("--rig", type=click.Choice(RIGS), default="auto", show_default=True,
              help="Where the servers live: auto takes docker where an engine answers, else "
              "processes, and says why.")  # fmt: skip
@click.option("--system", type=click.Choice(SYSTEMS), default="reference", show_default=True,
              help="The scheduler under test.")  # fmt: skip
@click.option("--policy", default="reference", show_default=True, callback=policy_of,
              metavar="NAME", help="How the reference recovers: reference, or a release "
              "of history: cronicle-0.9.49, cronicle-0.9.50, cronicle-0.9.52.")  # fmt: skip
@click.option("--scenario", default="", metavar="PATTERN", help="Only the cases that match.")
@click.option("--trigger", type=click.Choice(["manual", "scheduled"]),
              help="Only jobs that a person, or the clock, started.")  # fmt: skip
@click.option("--repeat", type=click.IntRange(1, 10_000), default=1, metavar="N",
              help="Run each case N times; one whose verdicts differ is told.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1, 64), metavar="N", envvar="RUNALL_JOBS",
              show_envvar=True, help="Run N cases at once. By default 1 in virtual time, else "
              "as many as the machine has room for, up to 2 or 3 for each core.")  # fmt: skip
@click.option("--list", "listing", is_flag=True, help="List the cases and run nothing.")
@click.option("--out", type=FOLDER, metavar="DIR", help="Save histories, node logs and report.json "
              "of all cases here. Without it, those of failures go to runall-out/.")  # fmt: skip
@click.option("--base-image", metavar="IMAGE", envvar="RUNALL_BASE_IMAGE", show_envvar=True,
              help="What the docker rig builds its image on.")  # fmt: skip
@click.option("--store-url", metavar="URL", envvar="RUNALL_STORE_URL", show_envvar=True,
              help="A PostgreSQL server (postgresql://USER:PASSWORD@HOST:PORT/DATABASE): primaries "
              "that share a store share it there, in a schema for each case, and not in a file. "
              "ci/postgres starts one. Virtual time needs none.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty",
              show_default=True, help="For people, or for programs.")  # fmt: skip
@click.option("--schema", is_flag=True, is_eager=True, expose_value=False, callback=print_schema,
              help="Print the JSON Schema of the report and end.")  # fmt: skip
def conform(scenario: str, trigger: str | None, listing: bool, form: str, **options: Any) -> int:
    """Kill and restart servers, and see whether interrupted jobs are run again.

    Each case is a scenario of the feature files with one trigger. It gets a fresh scheduler, a
    fault that is proven to have taken effect, and a verdict that names the broken clause.
    """
    cases = chosen(scenario, trigger or "")
    if listing:
        return list_cases(cases, form)
    from ..conform import Order

    return run_order(Order(cases=cases, **options), form)


def chosen(scenario: str, trigger: str) -> "list[Case]":
    """The cases that were asked for. Raises `click.UsageError` where that is none."""
    from ..cases import NoMatch, load_cases, select

    try:
        return select(load_cases(), scenario, trigger)
    except NoMatch as error:
        raise click.BadParameter(str(error), param_hint="'--scenario'") from error


def list_cases(cases: "list[Case]", form: str) -> int:
    """Print the cases: one id a line with its clauses, or JSON."""
    if form == "json":
        from ..report import encode

        names = ("id", "feature", "scenario", "trigger", "clauses", "needs")
        click.echo(encode({"cases": [{n: getattr(case, n) for n in names} for case in cases]}))
        return 0
    width = max(len(case.id) for case in cases)
    for case in cases:
        click.echo(f"{case.id:{width}}  {' '.join(case.clauses)}".rstrip())
    click.echo(f"{len(cases)} cases", err=True)
    return 0


def run_order(order: "Order", form: str) -> int:
    """Run the cases and tell what came of them; the exit code."""
    with own_output() as output:
        if form == "json":
            run = run_shown(order, sys.stderr, quiet=not sys.stderr.isatty())
            write_report(run, output)
            for trouble in run.troubles:
                click.echo(f"runall: {trouble}", err=True)
        else:
            run = run_shown(order, output)
            tell_people(run, output)
        if order.out is not None:
            order.out.mkdir(parents=True, exist_ok=True)
            with (order.out / "report.json").open("w", encoding="utf-8") as file:
                write_report(run, file)
    return run.exit_code


def run_shown(order: "Order", stream: TextIO, *, quiet: bool = False) -> "Run":
    """Run the cases, and show on that stream how far they are."""
    from ..crew.lead import run_cases
    from ..live import Screen, Silent, make_display

    with copy_of(stream) as shown:
        console = Screen(file=shown, highlight=False)
        with Silent() if quiet else make_display(console, order.expected()) as display:
            return run_cases(order, display)


def tell_people(run: "Run", output: TextIO) -> None:
    """The closing words on a terminal, or in a log, where a width would only break lines."""
    from ..closing import print_closing
    from ..live import Screen

    width = None if output.isatty() else 160
    print_closing(Screen(file=output, highlight=False, width=width), run)


def write_report(run: "Run", stream: TextIO) -> None:
    """Write the report as JSON."""
    from ..report import encode

    stream.write(encode(run.report()) + "\n")


@contextmanager
def own_output() -> Generator[TextIO, None, None]:
    """Standard output for us alone; for everybody else it is standard error meanwhile."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with os.fdopen(os.dup(kept), "w", encoding=sys.stdout.encoding) as output:
            yield output
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


@contextmanager
def copy_of(stream: TextIO) -> Generator[TextIO, None, None]:
    """The same place under a number of its own: pytest takes the usual ones away."""
    with os.fdopen(os.dup(stream.fileno()), "w", encoding=stream.encoding) as copy:
        yield copy
