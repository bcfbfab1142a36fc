"""Takes the figures that were asked for, and prints them: a table for people, or JSON."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import partial

import click
import msgspec
from brains import catch_up, commits, machines
from checking import checking
from cycles import cycles
from figures import Figure, Rows
from pages import BROWSER, pages
from rich.console import Console
from rich.table import Table
from runall_harness.contract.errors import KitCannotRun
from runall_harness.rigs.docker.engine import connected
from runs import runs
from starts import starts

SCHEMA = "runall-bench/1"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of one call, and the load of the machine before and after (tasks, one minute)."""

    schema: str
    cores: int
    load: tuple[float, float]
    figures: list[Figure]


@click.command(help="How fast the kit is, as ratios against floors measured in the same run.")
@click.option("--quick", is_flag=True, help="No docker, no browser and no whole runs.")
@click.option("--only", default="", metavar="WORD", help="What has this word in its name.")
@click.option(
    "--rounds",
    type=click.IntRange(1, 1000),
    default=7,
    show_default=True,
    help="How often each is taken.",
)
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty")
def bench(quick: bool, only: str, rounds: int, form: str) -> None:
    """Take the figures and print them."""
    before = os.getloadavg()[0]
    figures = list(taken(only, rounds, rigs(quick), whole=not quick))
    load = (before, os.getloadavg()[0])
    result = Result(schema=SCHEMA, cores=os.cpu_count() or 1, load=load, figures=figures)
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(result), indent=2))
    else:
        out = Console(width=None if sys.stdout.isatty() else 140)
        out.print(table(result))


def rigs(quick: bool) -> list[str]:
    """The real rigs that are there."""
    if quick:
        return ["processes"]
    try:
        with connected():
            return ["processes", "docker"]
    except KitCannotRun as error:
        say(f"without docker: {error}")
        return ["processes"]


def taken(only: str, rounds: int, real: list[str], *, whole: bool) -> Iterator[Figure]:
    """The figures, as they are taken. A whole run is preceded by the cycles it is held against."""
    parts: dict[str, Callable[[int], Rows]] = {
        "catch-up": catch_up,
        "machines": machines,
        "commits": commits,
        "checking": checking,
        "starts": starts,
        **{f"cycle {rig}": partial(cycles, rig) for rig in real},
    }
    parts |= readers() if whole else {}
    for name, take in parts.items():
        if only in name:
            say(f"taking: {name}")
            yield from take(rounds)
    if whole and only in "conform":
        yield from whole_runs(rounds, real)


def readers() -> dict[str, Callable[[int], Rows]]:
    """What takes a browser, if there is one."""
    if shutil.which(BROWSER):
        return {"pages": pages}
    say(f"without pages: {BROWSER} is not installed")
    return {}


def whole_runs(rounds: int, real: list[str]) -> Rows:
    """A run of all cases on each rig."""
    cycle = {rig: next(cycles(rig, rounds)) for rig in real}
    for rig in ("simulated", *real):
        say(f"taking: conform {rig}")
        yield from runs(rig, cycle.get(rig, cycle["processes"]))


def say(line: str) -> None:
    """Print on standard error what takes a moment."""
    click.echo(line, err=True)


def table(result: Result) -> Table:
    """The figures for people."""
    load = f"load {result.load[0]:.1f} to {result.load[1]:.1f} on {result.cores} cores"
    made = Table(title=f"least / median; {load}", title_justify="left")
    for heading in ("what", "floor", "of the floor", "measured", "ratio", "aim"):
        made.add_column(heading, justify="left" if heading in ("what", "floor", "aim") else "right")
    for one in result.figures:
        made.add_row(
            one.name,
            one.against,
            span(one.floor_s),
            span(one.measured_s),
            f"{one.ratio:.3g}",
            one.aim,
        )
    return made


def span(pair: tuple[float, float]) -> str:
    """Least and median, in a unit that suits them."""
    units = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))
    unit, size = next((each for each in units if pair[0] >= each[1]), units[-1])
    return f"{pair[0] / size:.3g} / {pair[1] / size:.3g} {unit}"


if __name__ == "__main__":
    try:
        bench()
    except KitCannotRun as error:
        say(f"bench: {error}")
        sys.exit(3)
