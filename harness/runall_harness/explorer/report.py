"""What `runall explore` tells, `runall-explore/1`: how much was explored, and what was found.

The shape is a contract. A field is added in a new version of the schema, and never changed here.
"""

import shlex
from pathlib import Path
from typing import Any, Literal

import msgspec

from runall_harness.checks import Broken
from runall_harness.checks.registry import CHECKS
from runall_harness.contract.clauses import clause_text
from runall_harness.contract.json_schemas import schema_of
from runall_harness.contract.verdicts import CONFORMANT, INCONCLUSIVE, NOT_CONFORMANT

from .exploration import Explored, Order
from .moves import KINDS, AnyMove
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


class BrokenClause(msgspec.Struct, frozen=True, kw_only=True):
    """A clause that a story breaks, in its words; `lines` of its history prove it, from 1."""

    check: str
    clause: str
    text: str
    expected: str
    seen: str
    lines: tuple[int, ...]


class ToldSentence(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence of a story, and the second at which it happens."""

    at: float
    text: str


class StoryReport(msgspec.Struct, frozen=True, kw_only=True):
    """A violation as its shortest story; `replay` is the command that tells it again."""

    world: str
    moves: tuple[AnyMove, ...]
    sentences: list[ToldSentence]
    broken: list[BrokenClause]
    file: str
    replay: str


class ExploreReport(msgspec.Struct, frozen=True, kw_only=True):
    """All that an exploration came to.

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


# Which kinds of moves bring a check something to judge in the plain worlds; each other check is
# brought something by any kind. Two need a special event, with a limit or a time limit of its own.
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
    order: Order, explored: list[Explored], stories: list[tuple[Story, Path]], *, every: bool
) -> ExploreReport:
    """The report of one exploration, or of a merged and an unmerged one of the same worlds.

    `stories` are those that were found, with the files that keep them; `every` says that all
    worlds were searched, so that every check had to have something to judge.
    """
    exercised = {check.name: 0 for check in CHECKS}
    exercised.update(explored[0].tally.exercised)
    idle = silent(exercised, order) if every else []
    agree = len({frozenset(each.clauses) for each in explored}) == 1 if explored[1:] else None
    return ExploreReport(
        schema=SCHEMA,
        verdict=VERDICTS[code_of(explored, idle, agree)],
        policy=order.outlines[0].policy,
        mutant=order.mutant,
        faults=list(order.kinds),
        moves=order.depth,
        worlds=explored[0].worlds,
        figures=[
            figures(each, merging=order.merge and not number)
            for number, each in enumerate(explored)
            if each.tally.states
        ],
        agree=agree,
        exercised=dict(sorted(exercised.items())),
        idle=idle,
        violations=[report_story(story, path) for story, path in stories],
    )


def silent(exercised: dict[str, int], order: Order) -> list[str]:
    """The checks that had nothing to judge, and should have had."""
    return sorted(
        name
        for name, count in exercised.items()
        if not count and {*EXERCISED_BY.get(name, KINDS)} & {*order.kinds}
    )


def code_of(explored: list[Explored], idle: list[str], agree: bool | None) -> int:
    """The exit code."""
    if any(each.found for each in explored):
        return NOT_CONFORMANT
    empty = any(not each.worlds or not each.tally.schedules for each in explored)
    return INCONCLUSIVE if empty or idle or agree is False else CONFORMANT


def figures(explored: Explored, *, merging: bool) -> Figures:
    """How much was done."""
    tally, (schedules, states) = explored.tally, explored.rates()
    return Figures(
        merging=merging,
        worlds=len(explored.worlds),
        schedules=tally.schedules,
        merged=tally.merged,
        states=tally.states,
        acts=tally.acts,
        seconds=round(explored.seconds, 3),
        core_seconds=round(tally.seconds, 3),
        schedules_per_second=round(schedules, 1),
        states_per_second=round(states, 1),
        clauses=sorted(explored.clauses),
    )


def report_story(story: Story, path: Path) -> StoryReport:
    """A story as the report has it."""
    return StoryReport(
        world=story.script.outline.name,
        moves=story.script.moves,
        sentences=[ToldSentence(at=round(s.at, 3), text=s.text) for s in story.sentences()],
        broken=[report_broken(each) for each in story.broken],
        file=str(path),
        replay=f"runall replay {shlex.quote(str(path))}",
    )


def report_broken(broken: Broken) -> BrokenClause:
    """A broken clause as the report has it."""
    return BrokenClause(
        check=broken.check,
        clause=broken.clause,
        text=clause_text(broken.clause),
        expected=broken.expected,
        seen=broken.seen,
        lines=broken.lines,
    )


def report_schema() -> dict[str, Any]:
    """The JSON Schema of the report."""
    return schema_of(ExploreReport, SCHEMA)
