"""`runall explore`: try every fault at every point of bounded worlds, and tell what breaks.

The search itself is in `runall_harness.explorer`; here is what was asked for, and what is said.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from .campaign import EXAMPLES, Asked, campaign_options, run_campaign
from .options import format_option
from .stories import keep

if TYPE_CHECKING:
    from runall_harness.explorer.exploration import Explored, Order
    from runall_harness.explorer.report import ExploreReport
    from runall_harness.explorer.story import Story
    from runall_harness.explorer.worlds import Outline

FOLDER = click.Path(file_okay=False, path_type=Path)
KINDS = ("crash", "nemesis", "orders")
KEPT = Path("runall-out", "stories")

EPILOG = (
    """\b
Examples:
  runall explore                                 every crash point of every world: a minute
  runall explore --list                          the worlds, and nothing is explored
  runall explore --faults crash,nemesis,orders   also kills, stops, freezes, cuts, lost
                                                 messages, and what users do meanwhile
  runall explore --world lost/manual --pairs     two of them in each story: some minutes
  runall explore --mutant one_try --hunt 60      a bug of the field, and a story of it
  runall explore --policy cronicle-0.9.49        a release of history
  runall explore --world 'back/*' --compare      merged and unmerged, and the figures of both
  runall explore --format json > report.json     for programs; see --schema

"""
    + EXAMPLES
    + """
\b
A world is a primary and two workers, perhaps a backup, one job, and one of five failures
or none. WORLD is a name or a glob. What is found is shrunk to its shortest story, told,
and saved as a history: `runall check FILE` judges it, `runall replay FILE` tells it again.
docs/explorer.md has all of it.

\b
Exit codes: 0 no story breaks a clause, 1 one does, 2 nothing was explored, or a check had
nothing to judge in all of it, 3 the kit could not run, 64 wrong usage, 130 interrupted.
"""
)


def kinds_of(_: click.Context, __: click.Parameter, value: str) -> tuple[str, ...]:
    """The kinds of faults, in the order in which they are explored."""
    named = [name.strip() for name in value.split(",") if name.strip()]
    if unknown := [name for name in named if name not in KINDS] or ["" for _ in KINDS if not named]:
        raise click.BadParameter(f"{unknown[0]!r} is not one of {', '.join(KINDS)}.")
    return tuple(kind for kind in KINDS if kind in named)


def policy_of(_: click.Context, __: click.Parameter, value: str) -> str:
    """Check the policy's name; the policies are loaded only for that."""
    from runall_reference.brain.primary.policies import POLICIES

    if value not in POLICIES:
        raise click.BadParameter(f"{value!r} is not one of {', '.join(POLICIES)}.")
    return value


def mutant_of(_: click.Context, __: click.Parameter, value: str) -> str:
    """Check the mutant's name."""
    if value:
        from runall_harness.mutants import NoSuchMutant, by_name

        try:
            by_name(value)
        except NoSuchMutant as error:
            raise click.BadParameter(f"{error.cause}; {error.hint}") from error
    return value


def print_schema(*, campaign: bool) -> int:
    """Print the JSON Schema of the report."""
    from runall_harness.conformance.run_report import encode
    from runall_harness.explorer.campaign.report import campaign_schema
    from runall_harness.explorer.report import report_schema

    click.echo(encode(campaign_schema() if campaign else report_schema()))
    return 0


@click.command(epilog=EPILOG, short_help="Try every fault at every point of bounded worlds.")
@click.option(
    "--world",
    "patterns",
    multiple=True,
    metavar="WORLD",
    help="Only the worlds of that name or glob; can be given more than once. By default "
    "all but those of a special event.",
)
@click.option(
    "--faults",
    "kinds",
    default="crash",
    show_default=True,
    callback=kinds_of,
    metavar=",".join(KINDS),
    help="crash: a server dies before a commit, after it, or "
    "between two acts. nemesis: it is killed, stopped, frozen or cut off, or a message "
    "is lost, late or overtaken. orders: users abort, edit, disable, delete, "
    "run.",
)
@click.option("--pairs", is_flag=True, help="Two faults in each story, not one.")
@click.option(
    "--mutant",
    default="",
    callback=mutant_of,
    metavar="NAME",
    help="Plant a bug of the field; `runall mutants --list` has them.",
)
@click.option(
    "--policy",
    default="reference",
    show_default=True,
    callback=policy_of,
    metavar="NAME",
    help="How the reference recovers; see runall conform.",
)
@click.option(
    "--hunt",
    type=click.FloatRange(min=0, min_open=True),
    metavar="S",
    help="Look for one story only, where bugs show soonest, for S seconds at the most. "
    "To find none proves nothing.",
)
@click.option(
    "--breed",
    type=click.IntRange(1),
    metavar="N",
    help="Let Hypothesis put N stories of many moves together, towards transitions and "
    "faults that no story has had yet; needs runall-kit[breeding].",
)
@click.option("--first", is_flag=True, help="End with the first violation.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    metavar="N",
    envvar="RUNALL_JOBS",
    show_envvar=True,
    help="Search N worlds at once; by default one a core.",
)
@click.option(
    "--no-merge",
    is_flag=True,
    help="Play each schedule to its end, also when it has become the same as another.",
)
@click.option(
    "--compare", is_flag=True, help="Explore merged and unmerged: both must find the same clauses."
)
@click.option(
    "--out",
    type=FOLDER,
    default=KEPT,
    metavar="DIR",
    show_default=True,
    help="Where the stories that break something are kept.",
)
@click.option("--list", "listing", is_flag=True, help="List the worlds and explore nothing.")
@format_option
@click.option(
    "--schema",
    is_flag=True,
    help="Print the JSON Schema of the report and end; with --budget, that of a campaign's.",
)
@campaign_options
def explore(patterns: Sequence[str], policy: str, form: str, listing: bool, **told: Any) -> int:
    """Search bounded worlds to their end, in virtual time, for a story that breaks the promise.

    Every fault is tried at every point at which it can strike, and whatever follows is judged by
    all checks. With --budget, seeds are searched beyond those bounds, for as long as you like.
    """
    campaign = {name: told.pop(name) for name in ("budget", "from_seed", "campaign", "dask")}
    asked = Asked(**campaign, jobs=told["jobs"])
    asked.check()
    if told.pop("schema"):
        return print_schema(campaign=asked.budget is not None)
    worlds = chosen(patterns or ("*",) if listing else patterns, policy)
    if listing:
        return list_worlds(worlds, form)
    if asked.budget is not None:
        return search_seeds(patterns, worlds, policy, asked, form, told)
    if told["compare"] and (told["no_merge"] or told["first"]):
        raise click.UsageError("--compare explores everything, both ways: no --no-merge, --first.")
    if told["hunt"] and (patterns or policy != "reference"):
        raise click.UsageError(
            "--hunt looks where it likes: no --world, and --mutant for a policy."
        )
    return explore_worlds(order_of(worlds, told), form, told, every=not patterns)


def chosen(patterns: Sequence[str], policy: str) -> "list[Outline]":
    """The worlds that were asked for, each once. Raises `click.UsageError` for none."""
    from difflib import get_close_matches
    from fnmatch import fnmatchcase

    from runall_harness.explorer.worlds import outlines, varied

    plain = outlines(policy)
    known = {outline.name: outline for outline in (*plain, *varied(policy))}
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in known):
            near = get_close_matches(pattern, known, 3)
            hint = f"did you mean {' or '.join(near)}?" if near else "see --list."
            raise click.BadParameter(
                f"no world matches {pattern!r}; {hint}", param_hint="'--world'"
            )
    named = [known[name] for name in known if any(fnmatchcase(name, each) for each in patterns)]
    return named or plain


def list_worlds(worlds: "list[Outline]", form: str) -> int:
    """Print the names of the worlds."""
    if form == "json":
        from runall_harness.conformance.run_report import encode

        click.echo(encode({"worlds": [{"name": each.name, "outline": each} for each in worlds]}))
        return 0
    for each in worlds:
        click.echo(each.name)
    click.echo(f"{len(worlds)} worlds", err=True)
    return 0


def order_of(worlds: "list[Outline]", told: dict[str, Any]) -> "Order":
    """What is to be explored."""
    from runall_harness.explorer.exploration import Order
    from runall_harness.host.load import cores

    return Order(
        outlines=tuple(worlds),
        kinds=told["kinds"],
        depth=2 if told["pairs"] else 1,
        merge=not told["no_merge"],
        mutant=told["mutant"],
        first=told["first"],
        jobs=told["jobs"] or cores(),
    )


def search_seeds(
    patterns: Sequence[str],
    worlds: "list[Outline]",
    policy: str,
    asked: Asked,
    form: str,
    told: dict[str, Any],
) -> int:
    """A campaign over these worlds. Raises `click.UsageError` for options that it has not."""
    bounded = ("pairs", "first", "no_merge", "compare", "hunt", "breed")
    if lone := [name for name in bounded if told[name]]:
        option = lone[0].replace("_", "-")
        raise click.UsageError(f"--{option} is of a bounded search, and not of a campaign.")
    from runall_harness.explorer.seeds import SeedPlan

    names = tuple(each.name for each in worlds) if patterns else ()
    source = click.get_current_context().get_parameter_source("kinds")
    given = source is not click.core.ParameterSource.DEFAULT
    plan = SeedPlan(
        worlds=names, kinds=told["kinds"] if given else KINDS, policy=policy, mutant=told["mutant"]
    )
    return run_campaign(plan, asked, form)


def explore_worlds(order: "Order", form: str, told: dict[str, Any], *, every: bool) -> int:
    """Explore, keep what was found, and say what it comes to; the exit code."""
    from runall_harness.explorer.report import make_report

    from .conform import own_output

    with own_output() as output:
        explored = searched(order, told)
        stories = explored[0].stories(order.mutant)
        files = [keep(story, told["out"]) for story in stories]
        every = every and not (order.first or told["hunt"] or told["breed"])
        report = make_report(order, explored, list(zip(stories, files, strict=True)), every=every)
        tell(report, stories, form, output)
    return report.code


def searched(order: "Order", told: dict[str, Any]) -> "list[Explored]":
    """Hunt, breed, or search exhaustively, whatever was asked for."""
    if not (told["hunt"] or told["breed"]):
        return [watched(each) for each in orders(order, told["compare"])]
    from runall_harness.explorer.beyond import bred, hunted

    if told["hunt"]:
        return [hunted(told["hunt"], order.mutant)]
    from runall_harness.explorer.seeds import SeedPlan

    plan = SeedPlan(
        worlds=tuple(each.name for each in order.outlines),
        mutant=order.mutant,
        policy=order.outlines[0].policy,
    )
    explored, words = bred(told["breed"], plan)
    click.echo(words, err=True)
    return [explored]


def orders(order: "Order", compare: bool) -> "list[Order]":
    """The searches to make: with `compare`, a merged and an unmerged one."""
    from msgspec.structs import replace

    return [order, replace(order, merge=False)] if compare else [order]


def watched(order: "Order") -> "Explored":
    """Explore, and show on standard error how far it is."""
    from runall_harness.explorer.exploration import explore as search
    from runall_harness.explorer.gauge import make_gauge
    from runall_harness.explorer.printing import Watch
    from runall_harness.reports.progress import Screen

    worlds = len(order.outlines)
    with make_gauge(Screen(file=sys.stderr, highlight=False), worlds) as gauge:
        return search(order, Watch(gauge, worlds))


def tell(report: "ExploreReport", stories: "list[Story]", form: str, output: TextIO) -> None:
    """The result: JSON, or words."""
    from runall_harness.conformance.run_report import encode
    from runall_harness.explorer.printing import print_report
    from runall_harness.reports.progress import Screen

    if form == "json":
        output.write(encode(report) + "\n")
        return
    width = None if output.isatty() else 160
    print_report(Screen(file=output, highlight=False, width=width), report, stories)
