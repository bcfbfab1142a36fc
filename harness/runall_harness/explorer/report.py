"""The report of `runall explore`, `runall-explore/1`: how much was explored, and what was found.

The shape is a contract. A field is added in a new version of the schema, and never changed here.
"""

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec

from runall_harness.checks.registry import CHECKS
from runall_harness.contract.json_schemas import schema_of
from runall_harness.contract.verdicts import CONFORMANT, INCONCLUSIVE, NOT_CONFORMANT, BrokenClause

from .exploration import Exploration, Explored
from .moves import KINDS, AnyMove
from .sentences import Sentence
from .story import Story

SCHEMA = "runall-explore/1"
VERDICTS = {CONFORMANT: "clean", NOT_CONFORMANT: "violation", INCONCLUSIVE: "inconclusive"}


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How much one exploration did, and how fast.

    `schedules` were begun, `merged` of them became the same as another and were not played to
    their end; `states` are distinct signatures (without merging: points at which moves were made).
    `seconds` are those of the clock, `core_seconds` those that cores spent on the searches; the
    rates are for a second of one core. `clauses` are those found broken, each with its check.
    """

    merging: bool
    worlds: int
    schedules: int
    merged: int
    states: int
    acts: int
    seconds: float
    core_seconds: float
    schedules_per_second: float
    states_per_second: float
    clauses: list[tuple[str, str]]


class SentenceReport(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence of a story, and the second at which it happens."""

    at: float
    text: str


class StoryReport(msgspec.Struct, frozen=True, kw_only=True):
    """A violation as its shortest story; `replay` is the command that plays it again."""

    world: str
    moves: tuple[AnyMove, ...]
    sentences: list[SentenceReport]
    broken: list[BrokenClause[int]]
    file: str
    replay: str


class ExploreReport(msgspec.Struct, frozen=True, kw_only=True):
    """The result of an exploration.

    `exercised` says how often each check had something to judge; `idle` are those that should
    have had, in all worlds together, and had not. Only exhaustive searches have figures. `agree`
    says whether merged and unmerged ones found the same clauses, where both were made.
    """

    schema: Literal["runall-explore/1"]
    verdict: str
    policy: str
    mutant: str
    faults: list[str]
    moves: int
    worlds: list[str]
    figures: list[Figures]
    agree: bool | None
    exercised: dict[str, int]
    idle: list[str]
    violations: list[StoryReport]

    @property
    def code(self) -> int:
        """The exit code: a violation is 1; nothing explored, or nothing judged, is 2."""
        return next(code for code, word in VERDICTS.items() if word == self.verdict)


# The kinds of moves that give a check something to judge in the plain worlds; any kind gives it to
# the other checks. Two need a special event, with a limit or a time limit of its own.
EXERCISED_BY: dict[str, tuple[str, ...]] = {
    "aborted-stays-aborted": ("orders",),
    "deleted-is-over": ("orders",),
    "flag-is-heeded": ("orders",),
    "refusals-have-reasons": ("orders",),
    "refused-is-refused": ("orders",),
    "late-results-stay-apart": ("nemesis",),
    "living-go-on": ("crash", "nemesis"),
    "limbo-counts": (),
    "limit-is-no-interruption": (),
}


def make_report(
    exploration: Exploration,
    explored: list[Explored],
    stories: list[tuple[Story, Path]],
    *,
    every: bool,
) -> ExploreReport:
    """The report of one exploration, or of a merged and an unmerged one of the same worlds.

    `stories` are those that were found, with the files that keep them; `every` says that all
    worlds were searched, so that every check had to have something to judge.
    """
    exercised = {check.name: 0 for check in CHECKS}
    exercised.update(explored[0].counts.exercised)
    idle = without_work(exercised, exploration) if every else []
    agree = (
        len({frozenset(each.violations.found) for each in explored}) == 1 if explored[1:] else None
    )
    return ExploreReport(
        schema=SCHEMA,
        verdict=VERDICTS[code_of(explored, idle, agree)],
        policy=exploration.outlines[0].policy,
        mutant=exploration.mutant,
        faults=list(exploration.kinds),
        moves=exploration.depth,
        worlds=explored[0].worlds,
        figures=[
            figures(each, merging=exploration.merge and not number)
            for number, each in enumerate(explored)
            if each.counts.states
        ],
        agree=agree,
        exercised=dict(sorted(exercised.items())),
        idle=idle,
        violations=[report_story(story, path) for story, path in stories],
    )


def without_work(exercised: dict[str, int], exploration: Exploration) -> list[str]:
    """The checks that had nothing to judge, although moves of these kinds should give it."""
    return sorted(
        name
        for name, count in exercised.items()
        if not count and {*EXERCISED_BY.get(name, KINDS)} & {*exploration.kinds}
    )


def code_of(explored: list[Explored], idle: list[str], agree: bool | None) -> int:
    """1 if anything is broken; 2 if too little was searched or judged to say that nothing is."""
    if any(each.violations.found for each in explored):
        return NOT_CONFORMANT
    empty = any(not each.worlds or not each.counts.schedules for each in explored)
    return INCONCLUSIVE if empty or idle or agree is False else CONFORMANT


def figures(explored: Explored, *, merging: bool) -> Figures:
    counts = explored.counts
    core_seconds = counts.seconds or 1.0
    return Figures(
        merging=merging,
        worlds=len(explored.worlds),
        schedules=counts.schedules,
        merged=counts.merged,
        states=counts.states,
        acts=counts.acts,
        seconds=round(explored.seconds, 3),
        core_seconds=round(counts.seconds, 3),
        schedules_per_second=round(counts.schedules / core_seconds, 1),
        states_per_second=round(counts.states / core_seconds, 1),
        clauses=sorted(explored.violations.found),
    )


def report_story(story: Story, path: Path) -> StoryReport:
    return StoryReport(
        world=story.script.outline.name,
        moves=story.script.moves,
        sentences=report_sentences(story.sentences()),
        broken=list(story.broken),
        file=str(path),
        replay=f"runall replay {shlex.quote(str(path))}",
    )


def report_sentences(sentences: Iterable[Sentence]) -> list[SentenceReport]:
    return [SentenceReport(at=round(each.at, 3), text=each.text) for each in sentences]


def report_schema() -> dict[str, Any]:
    return schema_of(ExploreReport, SCHEMA)
