"""The campaign's part of `runall explore`: its options, and what they set going.

With `--budget` the search is no longer bounded by the worlds but by time, or by a number of seeds.
Everything that only a campaign needs is here and loaded when one is asked for.
"""

import signal
import sys
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from . import INTERRUPTED

if TYPE_CHECKING:
    from runall_harness.explorer.campaign.budget import Budget
    from runall_harness.explorer.campaign.course import Course
    from runall_harness.explorer.campaign.searchers import Searchers
    from runall_harness.explorer.campaign.store import Store
    from runall_harness.explorer.seeds import SeedPlan

FIRST_SEED = 1
F = TypeVar("F", bound=Callable[..., Any])

EXAMPLES = """\b
Campaigns (--budget):
  runall explore --budget 10m                  ten minutes, on all cores
  runall explore --budget 500-seeds --jobs 2   the first 500 seeds, on two cores
  runall explore --budget 2h --campaign night  keep the results in night/; given once
                                               more, this goes on for two more hours
  runall explore --budget 1h --dask tcp://10.0.0.1:8786
                                               on the cluster of that Dask scheduler
"""


def read(_: click.Context, __: click.Parameter, value: str | None) -> "Budget | None":
    """The budget that was given."""
    if value is None:
        return None
    from runall_harness.explorer.campaign.budget import NoBudget, read_budget

    try:
        return read_budget(value)
    except NoBudget as error:
        raise click.BadParameter(str(error)) from error


OPTIONS = (
    click.option(
        "--budget",
        callback=read,
        metavar="10m|500-seeds",
        help="A campaign: search seeds for so long (90s, 10m, 1h30m, 2d), or so many.",
    ),
    click.option(
        "--from-seed",
        type=click.IntRange(0),
        metavar="N",
        help="The first seed of a campaign; by default 1.",
    ),
    click.option(
        "--campaign",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="Where the results of a campaign are. What is there already is not searched "
        "again. By default a folder in runall-out/campaigns/ for each plan and kit.",
    ),
    click.option(
        "--dask",
        metavar="ADDRESS",
        help="Search on the cluster of the Dask scheduler at "
        "that address, such as tcp://10.0.0.1:8786; needs runall-kit[campaign].",
    ),
)


def campaign_options(command: F) -> F:
    """Give a command the options of a campaign: `budget`, `from_seed`, `campaign` and `dask`."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What was asked of a campaign; `budget` is None where none was asked for."""

    budget: "Budget | None"
    from_seed: int | None = None
    campaign: Path | None = None
    dask: str | None = None
    jobs: int | None = None

    def check(self) -> None:
        """Raises `click.UsageError` for what does not go together."""
        typed = click.core.ParameterSource.COMMANDLINE
        if self.budget is None:
            for name in ("from_seed", "campaign", "dask"):
                if getattr(self, name) is not None:
                    option = f"--{name.replace('_', '-')}"
                    raise click.UsageError(f"{option} is of a campaign: give a --budget as well.")
        elif self.dask and click.get_current_context().get_parameter_source("jobs") is typed:
            raise click.UsageError("--jobs is of this machine: with --dask, all workers search.")


def run_campaign(plan: "SeedPlan", asked: Asked, form: str) -> int:
    """Run a campaign to the end of its budget, tell what it came to; the exit code.

    Ctrl-C and SIGTERM end it early. What is done by then is stored, and the same command goes on.
    """
    from runall_harness.host.kit_fingerprint import this_kit

    from .conform import own_output

    kit = this_kit()
    folder = asked.campaign or default_folder(plan, kit)
    with own_output() as output, taken_up(folder, plan, kit) as store:
        course = carry_out(store, plan, kit, asked)
        conclude(course, plan, kit, form, output)
    if course.stopped:
        click.echo(f"interrupted; to go on: the same command, --campaign {folder}", err=True)
        return INTERRUPTED
    return course.totals.exit_code


def default_folder(plan: "SeedPlan", kit: str) -> Path:
    """A folder for just this plan and kit, so that the same command goes on with it."""
    import hashlib

    import msgspec

    digest = hashlib.sha256(kit.encode() + msgspec.json.encode(plan)).hexdigest()
    return Path("runall-out", "campaigns", digest[:12])


@contextmanager
def taken_up(folder: Path, plan: "SeedPlan", kit: str) -> "Generator[Store]":
    """The results in that folder. Raises `click.UsageError` if they are of another campaign."""
    from runall_harness.explorer.campaign.store import OtherCampaign, Store

    try:
        store = Store(folder, plan, kit)
    except OtherCampaign as error:
        raise click.UsageError(str(error)) from error
    with closing(store):
        yield store


def carry_out(store: "Store", plan: "SeedPlan", kit: str, asked: Asked) -> "Course":
    """Search until the budget is used up, or somebody stops it, and show how far it is."""
    from runall_harness.explorer.campaign.course import Course
    from runall_harness.explorer.campaign.shown import Watch
    from runall_harness.explorer.gauge import make_gauge
    from runall_harness.reports.progress import Screen

    budget = asked.budget
    assert budget is not None, "without a budget there is no campaign"
    screen = Screen(file=sys.stderr, highlight=False)
    with make_gauge(screen, budget.seeds or budget.seconds or 0) as gauge:
        first = FIRST_SEED if asked.from_seed is None else asked.from_seed
        course = Course(store, budget, first, Watch(gauge, budget))
        if course.is_wanting():
            team = searchers(plan, kit, asked)
            with stopped_by_signals(course.stop):
                course.run(team)
    return course


def searchers(plan: "SeedPlan", kit: str, asked: Asked) -> "Searchers":
    """Those who search: the workers of a cluster, or processes of this machine."""
    import msgspec

    text = msgspec.json.encode(plan).decode()
    if asked.dask:
        from runall_harness.explorer.campaign.cluster import DaskSearchers

        return DaskSearchers(asked.dask, text, kit)
    from runall_harness.explorer.campaign.local import LocalSearchers
    from runall_harness.host.load import cores

    return LocalSearchers(text, kit, asked.jobs or cores())


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Generator[None]:
    """Let the first Ctrl-C or SIGTERM stop what goes on, and the next one end it as ever."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def heard(_: int, __: FrameType | None) -> None:
        restore()
        stop()

    for number in before:
        signal.signal(number, heard)
    try:
        yield
    finally:
        restore()


def conclude(course: "Course", plan: "SeedPlan", kit: str, form: str, output: TextIO) -> None:
    """Keep the shortest stories of what is broken, and say what the campaign comes to."""
    from runall_harness.conformance.run_report import encode
    from runall_harness.explorer.campaign.report import last_words, make_report, shortest
    from runall_harness.explorer.printing import print_stories
    from runall_harness.reports.progress import Screen

    from .stories import keep

    folder, totals = course.store.folder, course.totals
    if totals.broken:
        click.echo("looking for the shortest story of what is broken", err=True)
    stories = [(story, keep(story, folder / "stories")) for story in shortest(totals, plan.mutant)]
    report = make_report(totals, plan, kit, folder, stories, interrupted=course.stopped)
    if form == "json":
        output.write(encode(report) + "\n")
        return
    width = None if output.isatty() else 160
    screen = Screen(file=output, highlight=False, width=width)
    print_stories(screen, report.violations, [story for story, _ in stories])
    for line in last_words(report):
        screen.print(line, markup=False, soft_wrap=True)
