"""`runall explore`: try every fault at every point of bounded worlds, and report what breaks.

The search itself is in `runall_harness.explorer`; here are its options, and what is printed.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .campaign import budget_of, keep, run_campaign
from .options import SECONDS, format_option, html_option, jobs_option, out_option
from .output import own_output, print_json, print_list, write_page, write_result

if TYPE_CHECKING:
    from runall_harness.explorer.exploration import Exploration, Explored
    from runall_harness.explorer.worlds import Outline

KINDS = ("crash", "nemesis", "orders")
KEPT = Path("runall-out", "stories")
FIRST_SEED = 1

EPILOG = """\b
Examples:
  runall explore                                 every crash and order in every world: a minute
  runall explore --list                          the worlds, and nothing is explored
  runall explore --faults crash,nemesis,orders   also kills, stops, freezes, cuts and lost
                                                 messages in all worlds: some minutes
  runall explore --world lost/manual --pairs     two of them in each story: some minutes
  runall explore --mutant one_try --hunt 60      a bug of the field, and a story of it
  runall explore --policy cronicle-0.9.49        a release of history
  runall explore --world 'back/*' --compare      merged and unmerged, and the figures of both
  runall explore --format json > report.json     for programs; see --schema

\b
Campaigns (--budget) search by seeds, beyond the bounds of the worlds:
  runall explore --budget 10m                    ten minutes, on all cores
  runall explore --budget 500-seeds --jobs 2     seeds 1 to 500, on two cores
  runall explore --budget 500-seeds --from-seed 501
                                                 the next 500, also on another machine

\b
A world is a primary and two workers, perhaps a backup, one job, and one of five failures
or none. WORLD is a name or a glob. What is found is shrunk to its shortest story, printed,
and saved as a history: `runall check FILE` judges it, `runall replay FILE` plays it again.
docs/explorer.md has all of it.

\b
Exit codes: 0 no story breaks a clause, 1 one does, 2 nothing was explored, or a check had
nothing to judge in all of it, 3 the kit could not run, 64 wrong usage, 130 interrupted.
"""


def kinds_of(_: click.Context, __: click.Parameter, value: str) -> tuple[str, ...]:
    named = [name.strip() for name in value.split(",") if name.strip()]
    if unknown := [name for name in named if name not in KINDS] or ["" for _ in KINDS if not named]:
        raise click.BadParameter(f"{unknown[0]!r} is not one of {', '.join(KINDS)}.")
    return tuple(kind for kind in KINDS if kind in named)


def policy_of(_: click.Context, __: click.Parameter, value: str) -> str:
    from runall_reference.daemon.releases import POLICIES

    if value not in POLICIES:
        raise click.BadParameter(f"{value!r} is not one of {', '.join(POLICIES)}.")
    return value


def mutant_of(_: click.Context, __: click.Parameter, value: str) -> str:
    if value:
        from runall_harness.mutants import NoSuchMutant, by_name

        try:
            by_name(value)
        except NoSuchMutant as error:
            raise click.BadParameter(f"{error.cause}; {error.hint}") from error
    return value


def print_schema(*, campaign: bool) -> int:
    from runall_harness.explorer.campaign_report import campaign_schema
    from runall_harness.explorer.report import report_schema

    print_json(campaign_schema() if campaign else report_schema())
    return 0


@click.command(epilog=EPILOG, short_help="Try every fault at every point of bounded worlds.")
@click.option(
    "--world",
    "patterns",
    multiple=True,
    metavar="WORLD",
    help="Only the worlds of that name or glob; can be given more than once. By default all.",
)
@click.option(
    "--faults",
    "kinds",
    default=",".join(KINDS),
    callback=kinds_of,
    metavar=",".join(KINDS),
    help="crash: a server dies before a commit, after it, or "
    "between two acts. nemesis: it is killed, stopped, frozen or cut off, or a message "
    "is lost, late or overtaken. orders: users abort, edit, disable, delete, "
    "run. By default all, but nemesis only in a few worlds; with --pairs, crash.",
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
    type=SECONDS,
    metavar="S",
    help="Look for one story only, where bugs show soonest, for S seconds at the most. "
    "To find none proves nothing.",
)
@click.option("--first", is_flag=True, help="End with the first violation.")
@jobs_option(256, "Search N worlds at once; by default one a core.")
@click.option(
    "--no-merge",
    is_flag=True,
    help="Play each schedule to its end, also when it has become the same as another.",
)
@click.option(
    "--compare", is_flag=True, help="Explore merged and unmerged: both must find the same clauses."
)
@out_option(KEPT, "Where the stories that break something are kept.")
@html_option("Also write a page with the time line of each story that was found.")
@click.option("--list", "listing", is_flag=True, help="List the worlds and explore nothing.")
@format_option
@click.option(
    "--schema",
    is_flag=True,
    help="Print the JSON Schema of the report and end; with --budget, that of a campaign's.",
)
@click.option(
    "--budget",
    callback=budget_of,
    metavar="10m|500-seeds",
    help="A campaign: search seeds for so long (90s, 10m, 1h30m, 2d), or so many.",
)
@click.option(
    "--from-seed",
    type=click.IntRange(0),
    metavar="N",
    help="The first seed of a campaign; by default 1.",
)
def explore(patterns: Sequence[str], policy: str, form: str, listing: bool, **asked: Any) -> int:
    """Search bounded worlds to their end, in virtual time, for a story that breaks the promise.

    Every fault is tried at every point at which it can strike, and all checks judge the history
    that follows. With --budget, seeds are searched beyond those bounds, for as long as you like.
    """
    check_usage(patterns, policy, asked)
    if asked["schema"]:
        return print_schema(campaign=asked["budget"] is not None)
    worlds = chosen(patterns or ("*",) if listing else patterns, policy)
    if listing:
        return list_worlds(worlds, form)
    if asked["budget"] is not None:
        return search_seeds([each.name for each in worlds if patterns], policy, form, asked)
    return explore_worlds(exploration_of(worlds, asked), form, asked, every=not patterns)


def check_usage(patterns: Sequence[str], policy: str, asked: dict[str, Any]) -> None:
    """Raises `click.UsageError` for options that do not go together."""
    if asked["budget"] is None and asked["from_seed"] is not None:
        raise click.UsageError("--from-seed needs --budget.")
    for name in ("pairs", "first", "no_merge", "compare", "hunt"):
        if asked["budget"] is not None and asked[name]:
            raise click.UsageError(f"--{name.replace('_', '-')} does not go with --budget.")
    if asked["compare"] and (asked["no_merge"] or asked["first"]):
        raise click.UsageError("--compare explores everything, both ways: no --no-merge, --first.")
    if asked["hunt"] and (patterns or policy != "reference"):
        raise click.UsageError(
            "--hunt chooses its worlds: no --world, and --mutant in place of --policy."
        )


def chosen(patterns: Sequence[str], policy: str) -> "list[Outline]":
    """The worlds that were asked for, each once. Raises `click.UsageError` for none."""
    from difflib import get_close_matches
    from fnmatch import fnmatchcase

    from runall_harness.explorer.worlds import outlines, varied

    every = [*outlines(policy), *varied(policy)]
    known = {outline.name: outline for outline in every}
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in known):
            near = get_close_matches(pattern, known, 3)
            hint = f"did you mean {' or '.join(near)}?" if near else "see --list."
            raise click.BadParameter(
                f"no world matches {pattern!r}; {hint}", param_hint="'--world'"
            )
    named = [known[name] for name in known if any(fnmatchcase(name, each) for each in patterns)]
    return named or every


def list_worlds(worlds: "list[Outline]", form: str) -> int:
    rows = [{"name": each.name, "outline": each} for each in worlds]
    return print_list("worlds", form, rows, (each.name for each in worlds))


def exploration_of(worlds: "list[Outline]", asked: dict[str, Any]) -> "Exploration":
    from runall_harness.explorer.exploration import Exploration
    from runall_harness.host.load import cores

    source = click.get_current_context().get_parameter_source("kinds")
    usual = source is click.core.ParameterSource.DEFAULT
    return Exploration(
        outlines=tuple(worlds),
        kinds=("crash",) if usual and asked["pairs"] else asked["kinds"],
        everywhere=not usual,
        depth=2 if asked["pairs"] else 1,
        merge=not asked["no_merge"],
        mutant=asked["mutant"],
        first=asked["first"],
        jobs=asked["jobs"] or cores(),
    )


def search_seeds(worlds: list[str], policy: str, form: str, asked: dict[str, Any]) -> int:
    """Run a campaign over these worlds, or all; without --faults, with every kind of fault."""
    from runall_harness.explorer.random_search import SeedPlan
    from runall_harness.host.load import cores

    plan = SeedPlan(
        worlds=tuple(worlds), kinds=asked["kinds"], policy=policy, mutant=asked["mutant"]
    )
    first = FIRST_SEED if asked["from_seed"] is None else asked["from_seed"]
    jobs = asked["jobs"] or cores()
    return run_campaign(plan, asked["budget"], first, jobs, asked["out"], form, asked["html"])


def explore_worlds(
    exploration: "Exploration", form: str, asked: dict[str, Any], *, every: bool
) -> int:
    from runall_harness.explorer.printing import print_report
    from runall_harness.explorer.report import make_report

    with own_output() as output:
        explored = searched(exploration, asked)
        stories = explored[0].violations.stories(exploration.mutant)
        kept = [(story, keep(story, asked["out"])) for story in stories]
        every = every and not (exploration.first or asked["hunt"])
        report = make_report(exploration, explored, kept, every=every)
        write_result(report, form, output, lambda screen: print_report(screen, report, stories))
        if asked["html"] is not None:
            from runall_harness.explorer.story_page import page_of_stories

            replays = [story.replay for story in report.violations]
            write_page(asked["html"], page_of_stories(stories, report.verdict, replays))
    return report.code


def searched(exploration: "Exploration", asked: dict[str, Any]) -> "list[Explored]":
    """Hunt, or search exhaustively; with --compare merged and unmerged."""
    from msgspec.structs import replace

    if asked["hunt"]:
        return [hunted(asked["hunt"], exploration.mutant)]
    unmerged = [replace(exploration, merge=False)] if asked["compare"] else []
    return [displayed(each) for each in (exploration, *unmerged)]


def hunted(seconds: float, mutant: str) -> "Explored":
    """What a hunt finds in so many seconds, if anything; of a bug, the clause that it breaks."""
    from runall_harness.explorer.exploration import Explored
    from runall_harness.explorer.hunt import hunt
    from runall_harness.mutants import by_name, planted

    bug = by_name(mutant) if mutant else None
    explored = Explored()
    with planted(bug):
        found = hunt(seconds, clauses=bug.clauses if bug else ())
    if found is not None:
        explored.violations.offer((found.check, found.clause), found.found)
        explored.seconds = found.seconds
    return explored


def displayed(exploration: "Exploration") -> "Explored":
    from runall_harness.explorer.exploration import Running, explore
    from runall_harness.reports.progress import SearchDisplay

    worlds = len(exploration.outlines)

    def show(explored: "Explored", running: Running) -> None:
        schedules = explored.counts.schedules + running.schedules.total()
        pace = schedules / explored.seconds if explored.seconds else 0.0
        done = len(explored.worlds)
        words = f"{done} of {worlds} worlds, {schedules:,} schedules, {pace:,.0f} a second"
        display.tell(done, words, running.broken)

    with SearchDisplay(worlds) as display:
        return explore(exploration, show)
