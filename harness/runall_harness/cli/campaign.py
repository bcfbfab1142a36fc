"""The campaign of `runall explore --budget`: seeds for so long, or so many, on all cores."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from . import INTERRUPTED
from .output import own_output, write_page, write_result

if TYPE_CHECKING:
    from runall_harness.explorer.budget import Budget
    from runall_harness.explorer.campaign import Campaign, Totals
    from runall_harness.explorer.random_search import SeedPlan
    from runall_harness.explorer.story import Story
    from runall_harness.reports.progress import SearchDisplay


def budget_of(_: click.Context, __: click.Parameter, value: str | None) -> "Budget | None":
    if value is None:
        return None
    from runall_harness.explorer.budget import NoBudget, read_budget

    try:
        return read_budget(value)
    except NoBudget as error:
        raise click.BadParameter(str(error)) from error


def run_campaign(
    plan: "SeedPlan",
    budget: "Budget",
    first: int,
    jobs: int,
    out: Path,
    form: str,
    html: Path | None = None,
) -> int:
    """Search seeds from the first one on until the budget is used up; the exit code.

    Ctrl-C and SIGTERM end it early, with a report of what was done by then.
    """
    from runall_harness.explorer.campaign import Campaign
    from runall_harness.reports.progress import SearchDisplay

    with own_output() as output:
        with SearchDisplay(budget.seeds or budget.seconds or 0) as display:
            campaign = Campaign(plan, budget, first)
            campaign.run(jobs, lambda totals: show(display, budget, totals))
        conclude(campaign, out, form, output, html)
    if campaign.interrupted:
        left = campaign.first_left()
        click.echo(f"interrupted; to go on: the same command, --from-seed {left}", err=True)
        return INTERRUPTED
    return campaign.totals.exit_code


def show(display: "SearchDisplay", budget: "Budget", totals: "Totals") -> None:
    from runall_harness.explorer.coverage import possible_pairs

    of = f" of {budget}" if budget.seeds else " seeds"
    words = (
        f"{totals.seeds:,}{of}, {totals.stories:,} stories, {totals.pace:.1f}/s, "
        f"{len(totals.pairs)} of {len(possible_pairs())} pairs, {len(totals.broken)} violations"
    )
    found = totals.violations.found
    broken = {key: f"seed {each.seed}" for key, each in found.items()}
    display.tell(totals.seeds if budget.seeds else totals.seconds, words, broken)


def conclude(campaign: "Campaign", out: Path, form: str, output: TextIO, html: Path | None) -> None:
    from runall_harness.explorer.campaign_report import make_report
    from runall_harness.explorer.printing import print_campaign

    if campaign.totals.broken:
        click.echo("looking for the shortest story of what is broken", err=True)
    stories = campaign.totals.violations.stories(campaign.plan.mutant)
    kept = [(story, keep(story, out)) for story in stories]
    report = make_report(campaign, out, kept)
    write_result(report, form, output, lambda screen: print_campaign(screen, report, stories))
    if html is not None:
        from runall_harness.explorer.story_page import page_of_stories

        replays = [story.replay for story in report.violations]
        write_page(html, page_of_stories(stories, report.verdict, replays))


def keep(story: "Story", folder: Path) -> Path:
    """Save a story under a name that says what it breaks; the same one always has the same name."""
    import msgspec

    from runall_harness.contract.cases import slug

    digest = hashlib.sha256(msgspec.json.encode(story.script)).hexdigest()[:6]
    clause = story.broken[0].clause
    path = folder / f"{clause}-{slug(story.script.outline.name)}-{digest}.jsonl"
    story.save(path)
    return path
