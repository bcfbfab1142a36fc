"""The report of a campaign, `runall-campaign/1`, for other programs, and its summary for people.

The shape is a contract. A field is added in a new version of the schema, and never changed here.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from runall_harness.contract.json_schemas import schema_of
from runall_harness.host.kit_fingerprint import this_kit

from .campaign import Campaign
from .coverage import Pair, possible_pairs
from .random_search import SeedPlan
from .report import VERDICTS, StoryReport, report_story
from .story import Story

SCHEMA = "runall-campaign/1"


class PairsReport(msgspec.Struct, frozen=True, kw_only=True):
    """How many pairs of a transition and a fault were taken, of how many, and the missing ones."""

    taken: int
    of: int
    missing: tuple[Pair, ...]


class BreakingSeeds(msgspec.Struct, frozen=True, kw_only=True):
    """A clause that a check found broken, by so many `seeds`; the plainest story is of `seed`."""

    check: str
    clause: str
    seeds: int
    seed: int


class CampaignReport(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a campaign.

    `folder` is where its stories are kept. `exercised` says how often each check had something to
    judge. `violations` are the shortest stories of what is `broken`; one may break several clauses.
    `new_seeds` are as many as `seeds`, since campaigns no longer take up earlier results.
    """

    schema: Literal["runall-campaign/1"]
    verdict: str
    interrupted: bool
    folder: str
    plan: SeedPlan
    kit: str
    seeds: int
    new_seeds: int
    stories: int
    acts: int
    seconds: float
    stories_per_second: float
    pairs: PairsReport
    exercised: dict[str, int]
    broken: list[BreakingSeeds]
    violations: list[StoryReport]


def make_report(
    campaign: Campaign, folder: Path, stories: list[tuple[Story, Path]]
) -> CampaignReport:
    """The report of a campaign that is over; `stories` are the shortest ones, with their files."""
    totals = campaign.totals
    return CampaignReport(
        schema=SCHEMA,
        verdict=VERDICTS[totals.exit_code],
        interrupted=campaign.interrupted,
        folder=str(folder),
        plan=campaign.plan,
        kit=this_kit(),
        seeds=totals.seeds,
        new_seeds=totals.seeds,
        stories=totals.stories,
        acts=totals.acts,
        seconds=round(totals.seconds, 3),
        stories_per_second=round(totals.pace, 1),
        pairs=report_pairs(totals.pairs),
        exercised=dict(sorted(totals.exercised.items())),
        broken=[
            BreakingSeeds(check=check, clause=clause, seeds=seeds, seed=found.seed)
            for (check, clause), seeds in sorted(totals.broken.items())
            if (found := totals.violations.found[check, clause])
        ],
        violations=[report_story(story, path) for story, path in stories],
    )


def report_pairs(pairs: Collection[Pair]) -> PairsReport:
    possible = possible_pairs()
    missing = tuple(pair for pair in possible if pair not in pairs)
    return PairsReport(taken=len(possible) - len(missing), of=len(possible), missing=missing)


def campaign_schema() -> dict[str, Any]:
    return schema_of(CampaignReport, SCHEMA)


def summary(report: CampaignReport) -> Iterator[str]:
    yield f"{report.seeds:,} seeds"
    yield (
        f"{report.stories:,} stories, {report.acts:,} acts; "
        f"{report.stories_per_second:g} stories a second"
    )
    yield f"{report.pairs.taken} of {report.pairs.of} pairs of transition and fault were taken"
    if idle := [check for check, count in report.exercised.items() if not count]:
        yield f"never had anything to judge: {', '.join(idle)}"
    for each in report.broken:
        by = f"{each.seeds:,} of {report.seeds:,} seeds, most plainly by {each.seed}"
        yield f"{each.clause} ({each.check}) is broken by {by}"
    if not report.broken:
        yield "no story breaks a clause" if report.verdict == "clean" else "this proves nothing"
