"""The report of a campaign, `runall-campaign/1`: what other programs are told, and what people are.

Its shape is a contract. A field is added in a new version of the schema, and never changed here.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from ..coverage import Pair, every_pair
from ..search import Found
from ..seeds import SeedPlan
from .stories import story_file
from .totals import VERDICTS, Totals

SCHEMA = "runall-campaign/1"


class StoryReport(msgspec.Struct, frozen=True, kw_only=True):
    """A story that breaks something: the seed that told it, and the file that has it."""

    seed: int
    world: str
    moves: int
    checks: list[str]
    clauses: list[str]
    file: str


class PairsReport(msgspec.Struct, frozen=True, kw_only=True):
    """How many pairs of a transition and a fault were taken, of how many, and the missing ones."""

    taken: int
    of: int
    missing: list[Pair]


class CampaignReport(msgspec.Struct, frozen=True, kw_only=True):
    """All that a campaign has come to so far, earlier runs included.

    `seconds`, `new_seeds` and `stories_per_second` are of this run alone. `exercised` says how
    often each check had something to judge.
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
    found: list[StoryReport]


def make_report(
    totals: Totals, plan: SeedPlan, kit: str, folder: Path, *, interrupted: bool
) -> CampaignReport:
    """The report of these totals."""
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
        found=[report_story(seed, found, folder) for seed, found in sorted(totals.found.items())],
    )


def report_pairs(totals: Totals) -> PairsReport:
    """The pairs as the report tells them."""
    pairs = every_pair()
    missing = [pair for pair in pairs if pair not in totals.pairs]
    return PairsReport(taken=len(pairs) - len(missing), of=len(pairs), missing=missing)


def report_story(seed: int, found: Found, folder: Path) -> StoryReport:
    """A story as the report tells it."""
    return StoryReport(
        seed=seed,
        world=found.outline.name,
        moves=len(found.moves),
        checks=sorted({broken.check for broken in found.broken}),
        clauses=sorted(found.clauses),
        file=str(story_file(folder, seed)),
    )


def told_to_people(report: CampaignReport) -> Iterator[str]:
    """The report in lines."""
    yield f"The campaign in {report.folder} has searched {report.seeds:,} seeds" + (
        f", {report.new_seeds:,} of them in this run" if report.new_seeds != report.seeds else ""
    )
    yield f"{report.stories:,} stories, {report.acts:,} acts" + (
        f"; {report.stories_per_second:g} stories a second in this run" if report.new_seeds else ""
    )
    yield f"{report.pairs.taken} of {report.pairs.of} pairs of transition and fault were taken"
    idle = [check for check, count in report.exercised.items() if not count]
    yield f"{len(report.exercised) - len(idle)} checks had something to judge" + (
        f", and these had not: {', '.join(idle)}" if idle else ""
    )
    if not report.found:
        yield "no story breaks a clause" if report.verdict == "clean" else "this proves nothing"
    for story in report.found:
        yield (
            f"seed {story.seed} breaks {', '.join(story.clauses)} in {story.world}, by "
            f"{story.moves} moves: {story.file}"
        )
