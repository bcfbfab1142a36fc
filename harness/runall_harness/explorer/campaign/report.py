"""The report of a campaign, `runall-campaign/1`: what other programs are told, and what people are.

Its shape is a contract. A field is added in a new version of the schema, and never changed here.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from runall_harness.contract.json_schemas import schema_of

from ..coverage import Pair, possible_pairs
from ..exploration import Explored
from ..report import VERDICTS, StoryReport, report_story
from ..seeds import SeedPlan
from ..story import Story
from .totals import Totals

SCHEMA = "runall-campaign/1"


class PairsReport(msgspec.Struct, frozen=True, kw_only=True):
    """How many pairs of a transition and a fault were taken, of how many, and the missing ones."""

    taken: int
    of: int
    missing: list[Pair]


class BrokenReport(msgspec.Struct, frozen=True, kw_only=True):
    """A clause that a check found broken, by so many `seeds`; the plainest story is of `seed`."""

    check: str
    clause: str
    seeds: int
    seed: int


class CampaignReport(msgspec.Struct, frozen=True, kw_only=True):
    """All that a campaign has come to so far, earlier runs included.

    `seconds`, `new_seeds` and `stories_per_second` are of this run alone. `exercised` says how
    often each check had something to judge. `violations` are the shortest stories of what is
    `broken`; one may break several clauses.
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
    broken: list[BrokenReport]
    violations: list[StoryReport]


def shortest(totals: Totals, mutant: str) -> list[Story]:
    """The shortest stories of all that was found broken; takes some seconds for each."""
    found = {breach: story for breach, (_, story) in sorted(totals.plainest.items())}
    return Explored(found=found).stories(mutant)


def make_report(
    totals: Totals,
    plan: SeedPlan,
    kit: str,
    folder: Path,
    stories: list[tuple[Story, Path]],
    *,
    interrupted: bool,
) -> CampaignReport:
    """The report of these totals; `stories` are the shortest ones, each with its file."""
    return CampaignReport(
        schema=SCHEMA,
        verdict=VERDICTS[totals.exit_code],
        interrupted=interrupted,
        folder=str(folder),
        plan=plan,
        kit=kit,
        seeds=totals.seeds,
        new_seeds=totals.new,
        stories=totals.stories,
        acts=totals.acts,
        seconds=round(totals.seconds, 3),
        stories_per_second=round(totals.pace, 1),
        pairs=report_pairs(totals),
        exercised=dict(sorted(totals.exercised.items())),
        broken=report_broken(totals),
        violations=[report_story(story, path) for story, path in stories],
    )


def campaign_schema() -> dict[str, Any]:
    """The JSON Schema of the report."""
    return schema_of(CampaignReport, SCHEMA)


def report_pairs(totals: Totals) -> PairsReport:
    """The pairs as the report tells them."""
    pairs = possible_pairs()
    missing = [pair for pair in pairs if pair not in totals.pairs]
    return PairsReport(taken=len(pairs) - len(missing), of=len(pairs), missing=missing)


def report_broken(totals: Totals) -> list[BrokenReport]:
    """What is broken as the report tells it."""
    return [
        BrokenReport(
            check=check,
            clause=clause,
            seeds=totals.broken[check, clause],
            seed=totals.plainest[check, clause][0],
        )
        for check, clause in sorted(totals.broken)
    ]


def last_words(report: CampaignReport) -> Iterator[str]:
    """What it comes to, in lines for people."""
    run = f", {report.new_seeds:,} of them in this run" if report.new_seeds != report.seeds else ""
    yield f"{report.folder}: {report.seeds:,} seeds{run}"
    pace = f"; {report.stories_per_second:g} stories a second" if report.new_seeds else ""
    yield f"{report.stories:,} stories, {report.acts:,} acts{pace}"
    yield f"{report.pairs.taken} of {report.pairs.of} pairs of transition and fault were taken"
    if idle := [check for check, count in report.exercised.items() if not count]:
        yield f"never had anything to judge: {', '.join(idle)}"
    for each in report.broken:
        by = f"{each.seeds:,} of {report.seeds:,} seeds, most plainly by {each.seed}"
        yield f"{each.clause} ({each.check}) is broken by {by}"
    if not report.broken:
        yield "no story breaks a clause" if report.verdict == "clean" else "this proves nothing"
