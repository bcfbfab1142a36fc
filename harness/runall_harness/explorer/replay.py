"""A saved story, played again: does it still break what it broke?

In virtual time it is the same story, line for line, as long as the scheduler is the same. On real
nodes it is as near to that as their clocks allow, and its history is judged by the same checks.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from runall_harness.checks import examine
from runall_harness.checks.report import code_of
from runall_harness.contract.verdicts import BrokenClause
from runall_harness.evidence.history import AnyLine, Reproduction

from .report import VERDICTS, SentenceReport, report_sentences
from .sentences import Narrator
from .story import Replayed, Script, play_script

SCHEMA = "runall-replay/1"


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a replay.

    `before` is what the saved history breaks, `now` what the new one breaks. `same` says whether a
    clause is among both; `identical`, in virtual time, whether the histories are equal line for
    line. `notes` say what went another way on real nodes, or could not be done there. `history` is
    the file of the new one, if one was written.
    """

    schema: Literal["runall-replay/1"]
    file: str
    rig: str
    verdict: str
    words: str
    mutant: str
    same: bool
    identical: bool | None
    before: list[BrokenClause[int]]
    now: list[BrokenClause[int]]
    sentences: list[SentenceReport]
    notes: list[str]
    history: str

    @property
    def code(self) -> int:
        """The exit code: 1 if a clause is broken now, 0 if not, 2 if nothing can be said."""
        return next(code for code, word in VERDICTS.items() if word == self.verdict)


def replay_simulated(script: Script) -> Replayed:
    story = play_script(script)
    return Replayed(
        script=script, rig="simulated", story=story, lines=story.lines, began=story.began
    )


def report_replay(
    file: Path, before: Sequence[AnyLine], again: Replayed, history: Path | None
) -> ReplayReport:
    was, findings = examine(before).violations, examine(again.lines)
    words = conclusion(clauses(was), clauses(findings.violations), findings.open)
    return ReplayReport(
        schema=SCHEMA,
        file=str(file),
        rig=again.rig,
        verdict=VERDICTS[code_of(findings, 0)],
        words=words if again.lines else f"this story was not played on the {again.rig} rig",
        mutant=again.script.mutant,
        same=bool(clauses(was) & clauses(findings.violations)),
        identical=is_identical(before, again) if again.rig == "simulated" else None,
        before=list(was),
        now=list(findings.violations),
        sentences=sentences(again),
        notes=list(again.notes),
        history=str(history or ""),
    )


def is_identical(before: Sequence[AnyLine], again: Replayed) -> bool | None:
    """Whether two histories are equal, line for line; None if they are of different stories."""
    first = next(line for line in before if isinstance(line, Reproduction))
    if first != again.script.line(first.at):
        return None
    return msgspec.json.encode(before) == msgspec.json.encode(again.lines)


def clauses(broken: Sequence[BrokenClause[int]]) -> set[str]:
    return {each.clause for each in broken}


def conclusion(was: set[str], now: set[str], open_: str) -> str:
    """The result of a replay, in a sentence; `open_` says why nothing was proven, if so."""
    before, breaks = ", ".join(sorted(was)), ", ".join(sorted(now))
    if was & now:
        return f"it breaks {', '.join(sorted(was & now))} again"
    if now:
        return f"it breaks {breaks}" + (f", and no longer {before}" if was else "")
    if open_:
        return f"it proves nothing: {open_}"
    return f"it does not break {before}" if was else "it breaks nothing"


def sentences(again: Replayed) -> list[SentenceReport]:
    """What happened: on real nodes, with the seconds that they took."""
    if again.story is not None and again.rig == "simulated":
        return report_sentences(again.story.sentences())
    found = Narrator(again.lines, again.began, faults=True).sentences()
    return report_sentences(sorted(found, key=lambda each: round(each.at, 3)))
