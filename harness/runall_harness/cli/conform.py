"""`runall conform`: makes an order of what the user asked for, runs it, and shows the results."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from .options import format_option, jobs_option, language_option, run_options, schema_option
from .output import own_output, print_list, write_result

if TYPE_CHECKING:
    from runall_harness.conformance.known_failures import Declarations
    from runall_harness.conformance.run import Order, Run
    from runall_harness.contract.cases import Case

EPILOG = """\b
Examples:
  runall conform --list                             the cases, and nothing is run
  runall conform --rig simulated                    all of them, in virtual time
  runall conform --rig docker --out run             a folder: the page run/index.html, all evidence
  runall conform --scenario 'remote*' --trigger manual
  runall conform --scenario remote_worker --repeat 20 --rig processes
  runall conform --policy cronicle-0.9.49           watch a release of history fail
  runall conform --format json > report.json        for programs; see --schema
  runall conform --system mine.toml                 your scheduler; see runall system new
  runall conform --system celery --policy acks_late    one that is shipped, its way to recover
  runall conform --policy cronicle-0.9.49 --known-failures known.toml --update-known-failures

\b
PATTERN is the id of a case, a part of an id or of a scenario's name, or a glob on
either. A pattern that matches nothing is wrong usage.

\b
Exit codes: 0 conformant, 1 not conformant, 2 inconclusive, 3 the kit could not run,
64 wrong usage, 130 interrupted. The worst case decides; a run without cases is never 0.
"""


@click.command(epilog=EPILOG, short_help="Run the conformance cases.")
@run_options
@click.option(
    "--scenario",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Only the cases that match; repeat, for those of each pattern.",
)
@click.option(
    "--trigger",
    type=click.Choice(["manual", "scheduled"]),
    help="Only jobs that a person, or the clock, started.",
)
@jobs_option(
    64,
    "Run N cases at once. By default one for each core in virtual time, else as many as the load "
    "of the machine allows, up to 2 or 3 for each core.",
)
@click.option(
    "--update-known-failures",
    "update",
    is_flag=True,
    help="Write into the file of known failures what failed, and take out what passed; comments "
    "stay. This run still ends as it was judged.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Require extended clauses too: a capability that is "
    "not declared makes the run not conformant, a fault that the rig cannot show makes "
    "it inconclusive.",
)
@click.option(
    "--github",
    is_flag=True,
    help="In a step of GitHub Actions: annotate the scenarios that failed, and write the summary "
    "and the outputs of the step.",
)
@click.option("--list", "listing", is_flag=True, help="List the cases and run nothing.")
@language_option
@format_option
@schema_option(
    "--schema", "conformance.run_report:Report", "Print the JSON Schema of the report and end."
)
def conform(
    patterns: tuple[str, ...],
    trigger: str | None,
    listing: bool,
    form: str,
    update: bool,
    github: bool,
    **options: Any,
) -> int:
    """Kill and restart servers, and see whether interrupted jobs are run again.

    Each case is a scenario of the feature files with one trigger. It gets a fresh scheduler, a
    fault that is proven to have taken effect, and a verdict that names the broken clause.
    """
    cases = chosen(patterns, trigger or "")
    if listing:
        return list_cases(cases, form)
    from runall_harness.conformance.run import Order

    words = [word for pattern in patterns for word in ("--scenario", pattern)]
    words += ["--trigger", trigger] if trigger else []
    order = Order(cases=cases, chosen=words, **options)
    check_system(order)
    known = known_failures(order, update)
    if known and not known.path.exists():  # an update is going to write it
        order = replace(order, known_failures=None)
    return run_order(order, form, update=known if update else None, github=github)


def check_system(order: "Order") -> None:
    """See whether there is such a system. Raises `click.UsageError`, or `KitCannotRun`.

    The rig is not known yet, so it is enough that one of the rigs can run it.
    """
    from runall_harness.contract.errors import KitCannotRun
    from runall_harness.systems import NoSystem
    from runall_harness.systems.base import NoPolicy

    rigs = ("processes", "docker") if order.rig == "auto" else (order.rig,)
    for rig in rigs:
        try:
            order.find(rig).close()
        except NoSystem as error:
            raise click.BadParameter(str(error), param_hint="'--system'") from error
        except NoPolicy as error:
            raise click.BadParameter(str(error), param_hint="'--policy'") from error
        except KitCannotRun:
            if rig == rigs[-1]:
                raise
        else:
            break


def known_failures(order: "Order", update: bool) -> "Declarations | None":
    """Where the known failures are declared; None if nowhere. An update may create the file.

    Raises `click.UsageError` where nothing says which file, and `KitCannotRun` if it is wrong.
    """
    from runall_harness.conformance.known_failures import declarations
    from runall_harness.contract.cases import load_cases
    from runall_harness.systems import file_of

    where = declarations(order.known_failures, file_of(order.system), order.policy)
    if where is None and update:
        raise click.UsageError("--update-known-failures: say in which file, with --known-failures.")
    if where is not None and (where.path.exists() or not update):
        where._replace(required=where.required and not update).known([c.id for c in load_cases()])
    return where


def chosen(patterns: tuple[str, ...], trigger: str) -> "list[Case]":
    """The cases of any of the patterns, in the order of all cases; without patterns all.

    Raises `click.UsageError` if a pattern matches none.
    """
    from runall_harness.contract.cases import NoMatch, foreign_features, load_cases, select

    if line := foreign_features():
        click.echo(line, err=True)
    cases = load_cases()
    try:
        asked = [select(cases, pattern, trigger) for pattern in patterns or ("",)]
    except NoMatch as error:
        raise click.BadParameter(str(error), param_hint="'--scenario'") from error
    ids = {case.id for each in asked for case in each}
    return [case for case in cases if case.id in ids]


def list_cases(cases: "list[Case]", form: str) -> int:
    names = ("id", "feature", "scenario", "trigger", "clauses", "needs")
    rows = [{name: getattr(case, name) for name in names} for case in cases]
    width = max(len(case.id) for case in cases)
    lines = (f"{case.id:{width}}  {' '.join(case.clauses)}".rstrip() for case in cases)
    return print_list("cases", form, rows, lines)


def run_order(
    order: "Order", form: str, update: "Declarations | None" = None, *, github: bool = False
) -> int:
    """Run the cases and show their results; return the exit code.

    `update` is where known failures are to be brought up to date, if they are. With `github` the
    results are also told to the step of GitHub Actions that this is.
    """
    from runall_harness.reports.summary import print_summary

    with own_output() as output:
        quiet = form == "json" and not sys.stderr.isatty()
        run = run_shown(order, sys.stderr if form == "json" else output, quiet=quiet)
        report = run.report()
        write_result(report, form, output, lambda screen: print_summary(screen, run))
        if form == "json":
            for trouble in run.troubles:
                click.echo(f"runall: {trouble}", err=True)
        if order.out is not None:
            from runall_harness.reports.run_folder import write_folder

            write_folder(report, order.out)
    if github:
        tell_github(run)
    if update is not None:
        update_declarations(run, update)
    return run.exit_code


def tell_github(run: "Run") -> None:
    """Annotate what is not well, and write the files of the step. Raises `KitCannotRun`."""
    from runall_harness.reports.github import annotations, write_step

    report, workspace = run.report(), Path(os.environ.get("GITHUB_WORKSPACE", "."))
    for line in annotations(report, run.order.cases, workspace.resolve()):
        click.echo(line, err=True)
    write_step(report, run.order.out)


def update_declarations(run: "Run", where: "Declarations") -> None:
    """Bring the known failures up to date, unless the run could not say what fails."""
    from runall_harness.contract.cases import load_cases

    path = where.path
    if run.troubles or run.interrupted:
        click.echo(f"{path} is left as it is: the run did not come to its end", err=True)
        return
    changed = where.update([case.id for case in load_cases()], run.report().cases)
    click.echo(f"{path}: {'updated' if changed else 'was up to date'}", err=True)


def run_shown(order: "Order", stream: TextIO, *, quiet: bool = False) -> "Run":
    """Run the cases, and show on that stream how far they are."""
    from runall_harness.conformance.run import Display
    from runall_harness.conformance.workers.dispatcher import run_cases
    from runall_harness.reports.case_progress import make_display
    from runall_harness.reports.progress import Screen

    with copy_of(stream) as shown:
        console = Screen(file=shown, highlight=False)
        if quiet:
            return run_cases(order, Display())
        with make_display(console, order.expected()) as display:
            return run_cases(order, display)


@contextmanager
def copy_of(stream: TextIO) -> Generator[TextIO, None, None]:
    """A stream to the same place with a file number of its own: pytest redirects the usual ones."""
    with os.fdopen(os.dup(stream.fileno()), "w", encoding=stream.encoding) as copy:
        yield copy
