"""A saved story, told again: does it still break what it broke?

In virtual time it is the same story, line for line, as long as the scheduler is the same. On real
nodes it is as near to that as their clocks allow, and its history is judged by the same checks.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from runall_harness.checks import Broken, examine
from runall_harness.checks.report import code_of
from runall_harness.contract.json_schemas import schema_of
from runall_harness.contract.verdicts import INCONCLUSIVE
from runall_harness.evidence.history import AnyLine, Reproduction
from runall_harness.rigs.base import Rig

from .real_replay import SPEED, perform
from .report import VERDICTS, BrokenClause, ToldSentence, report_broken
from .sentences import happenings
from .story import Script, Story, tell_story

SCHEMA = "runall-replay/1"


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a story that was told again.

    `before` is what its history breaks as it was saved, `now` what it breaks this time. `same` says
    whether a clause is among both; `identical`, of virtual time, whether the histories are equal
    line for line. `notes` say what went another way on real nodes, or could not be placed there.
    `history` is the file of this time, if one was written.
    """

    schema: Literal["runall-replay/1"]
    file: str
    rig: str
    verdict: str
    words: str
    mutant: str
    same: bool
    identical: bool | None
    before: list[BrokenClause]
    now: list[BrokenClause]
    sentences: list[ToldSentence]
    notes: list[str]
    history: str

    @property
    def code(self) -> int:
        """The exit code: 1 if a clause is broken now, 0 if not, 2 if nothing can be said."""
        return next(code for code, word in VERDICTS.items() if word == self.verdict)


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """A story that was told again: its history this time, and the second from which it counts."""

    script: Script
    rig: str
    lines: list[AnyLine]
    began: float
    story: Story
    notes: tuple[str, ...] = ()


def replay_simulated(script: Script) -> Replayed:
    """Tell it again in virtual time."""
    story = tell_story(script)
    return Replayed(
        script=script, rig="simulated", lines=story.lines, began=story.began, story=story
    )


def replay_real(script: Script, rig: Rig) -> Replayed:
    """Tell it again on real nodes. Raises `Inconclusive` or `KitCannotRun`."""
    story = tell_story(script)
    performance = perform(story, rig)
    return Replayed(
        script=script,
        rig=rig.name,
        lines=performance.lines,
        began=performance.began,
        story=story,
        notes=(f"told {SPEED:g} times as fast as in virtual time", *performance.notes),
    )


def report_replay(
    file: Path, before: Sequence[AnyLine], again: Replayed, history: Path | None
) -> ReplayReport:
    """What came of it, beside what the file has."""
    was, findings = examine(before).violations, examine(again.lines)
    simulated = again.rig == "simulated"
    return ReplayReport(
        schema=SCHEMA,
        file=str(file),
        rig=again.rig,
        verdict=VERDICTS[code_of(findings, 0)],
        words=words(was, findings.violations, findings.open),
        mutant=again.script.mutant,
        same=bool(clauses(was) & clauses(findings.violations)),
        identical=equal(before, again) if simulated else None,
        before=[report_broken(each) for each in was],
        now=[report_broken(each) for each in findings.violations],
        sentences=told(again),
        notes=list(again.notes),
        history=str(history or ""),
    )


def report_unplaced(
    file: Path, before: Sequence[AnyLine], script: Script, rig: str, why: list[str]
) -> ReplayReport:
    """What is said of a story that could not be told there: nothing was proven."""
    return ReplayReport(
        schema=SCHEMA,
        file=str(file),
        rig=rig,
        verdict=VERDICTS[INCONCLUSIVE],
        words=f"this story was not told on the {rig} rig",
        mutant=script.mutant,
        same=False,
        identical=None,
        before=[report_broken(each) for each in examine(before).violations],
        now=[],
        sentences=[],
        notes=why,
        history="",
    )


def equal(before: Sequence[AnyLine], again: Replayed) -> bool | None:
    """Whether two histories are one, line for line; None if they are of different stories."""
    first = next(line for line in before if isinstance(line, Reproduction))
    if first != again.script.told(first.at):
        return None
    return msgspec.json.encode(before) == msgspec.json.encode(again.lines)


def clauses(broken: Sequence[Broken]) -> set[str]:
    """The clauses that are broken."""
    return {each.clause for each in broken}


def words(was: Sequence[Broken], now: Sequence[Broken], open_: str) -> str:
    """What came of it, in a sentence."""
    if again := clauses(was) & clauses(now):
        return f"it breaks {', '.join(sorted(again))} again"
    if now:
        known = f", and no longer {', '.join(sorted(clauses(was)))}" if was else ""
        return f"it breaks {', '.join(sorted(clauses(now)))}{known}"
    if open_:
        return f"it proves nothing: {open_}"
    return f"it does not break {', '.join(sorted(clauses(was)))}" if was else "it breaks nothing"


def told(again: Replayed) -> list[ToldSentence]:
    """What happened: on real nodes, with the seconds that they took."""
    sentences = (
        again.story.sentences()
        if again.rig == "simulated"
        else happenings(again.lines, again.began, deeds=True)
    )
    ordered = sorted(sentences, key=lambda each: round(each.at, 3))
    return [ToldSentence(at=round(each.at, 3), text=each.text) for each in ordered]


def report_schema() -> dict[str, Any]:
    """The JSON Schema of the report."""
    return schema_of(ReplayReport, SCHEMA)
