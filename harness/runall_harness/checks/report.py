"""The report of `runall check`, `runall-check/2`: the verdict on histories.

Programs depend on its shape. A field is added in a new version of the schema, and never changed.
Version 2 says of each clause by what and by which lines it was judged, and what is left open.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from runall_harness.contract.clauses import Clause, clauses
from runall_harness.contract.verdicts import (
    CANNOT_RUN,
    CONFORMANT,
    INCONCLUSIVE,
    NOT_CONFORMANT,
    WORDS,
    BrokenClause,
    worst,
)
from runall_harness.evidence.history import Meta

from .examine import ClauseVerdict, Findings
from .registry import CHECKS

SCHEMA = "runall-check/2"
Samples = Mapping[tuple[str, str], Sequence[int]]
Word = Literal["conformant", "not conformant", "inconclusive", "error"]


class QuotedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a history as it stands in the file, with its number from 1."""

    number: int
    text: str


class ClauseReport(msgspec.Struct, frozen=True):
    """The verdict on one clause, and in how many places it was judged.

    `inconclusive`: the history had nothing to judge, or leaves it open. `unsupported`: the
    capability is not declared. `by` names the checks that judged, and `the case's steps` if those
    did; `lines` are some of the lines by which they did, by their numbers from 1.
    """

    clause: str
    capability: str
    text: str
    verdict: ClauseVerdict
    judged: int
    by: list[str]
    lines: list[int]


class CheckReport(msgspec.Struct, frozen=True):
    """How much one check had to judge. `needs` are the capabilities under which it applies."""

    check: str
    clause: str
    needs: list[str]
    judged: int


class MalformedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that does not keep the schema of a history, and why."""

    line: int
    why: str


class HistoryReport(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one history. `about` is its first line; `reason` says why it proves nothing.

    `case` is what the steps of a case of the kit came to; empty for any other history. `open` is
    what the history ends too soon to show, each with the clause that would be broken without it.
    Malformed lines make the verdict `error`. `malformed` counts them; the first hundred are named.
    """

    file: str
    verdict: Word
    reason: str
    about: Meta | None
    lines: int
    executions: int
    clauses: list[ClauseReport]
    checks: list[CheckReport]
    violations: list[BrokenClause[QuotedLine]]
    case: str
    open: list[BrokenClause[QuotedLine]]
    malformed: int
    malformed_lines: list[MalformedLine]

    @property
    def code(self) -> int:
        return next(code for code, word in WORDS.items() if word == self.verdict)


class CheckedReport(msgspec.Struct, frozen=True, kw_only=True):
    """All histories of one call; the worst of them is the verdict."""

    schema: Literal["runall-check/2"]
    verdict: Word
    histories: list[HistoryReport]

    @property
    def code(self) -> int:
        return worst(one.code for one in self.histories)


def code_of(found: Findings, malformed: int) -> int:
    """The exit code of one history.

    Malformed lines come before broken clauses, and so does what makes void all that was found.
    """
    if malformed or found.broke:
        return CANNOT_RUN
    if found.void:
        return INCONCLUSIVE
    if found.violations:
        return NOT_CONFORMANT
    return INCONCLUSIVE if found.open else CONFORMANT


def report_history(
    file: str,
    about: Meta | None,
    found: Findings,
    malformed: tuple[int, Sequence[MalformedLine]],
    texts: dict[int, str],
    samples: Samples,
) -> HistoryReport:
    """The report on one history.

    `malformed` are how many lines are, and those that are named; `texts` are the quoted lines by
    number, and `samples` the lines that were judged by check and clause.
    """
    count, named = malformed
    code = code_of(found, count)
    word: Any = WORDS[code]
    why = "" if code == NOT_CONFORMANT else found.open
    return HistoryReport(
        file=file,
        verdict=word,
        reason=f"{count} malformed line(s)" if count else why,
        about=about,
        lines=found.lines,
        executions=found.executions,
        clauses=report_clauses(found, samples),
        checks=report_checks(found.exercised),
        violations=[quote(broken, texts) for broken in found.violations],
        case=found.case,
        open=[quote(question, texts) for question in found.questions],
        malformed=count,
        malformed_lines=list(named),
    )


def report_clauses(found: Findings, samples: Samples) -> list[ClauseReport]:
    """The verdict on each clause by which a check may judge, in the order of the specification."""
    known = [each for each in clauses().values() if each.id in found.verdicts]
    return [report_clause(each, found, samples) for each in known]


def report_clause(clause: Clause, found: Findings, samples: Samples) -> ClauseReport:
    by = {check: lines for (check, name), lines in samples.items() if name == clause.id}
    return ClauseReport(
        clause=clause.id,
        capability=clause.capability,
        text=clause.text,
        verdict=found.verdicts[clause.id],
        judged=found.judged.get(clause.id, 0),
        by=sorted(by),
        lines=sorted({line for lines in by.values() for line in lines}),
    )


def report_checks(exercised: dict[str, int]) -> list[CheckReport]:
    """How much each check had to judge, in the order of the checks."""
    return [
        CheckReport(check.name, check.clause, sorted(check.needs), exercised[check.name])
        for check in CHECKS
    ]


def quote(broken: BrokenClause[int], texts: dict[int, str]) -> BrokenClause[QuotedLine]:
    lines = tuple(QuotedLine(number=number, text=texts[number]) for number in broken.lines)
    fields: dict[str, Any] = {**msgspec.structs.asdict(broken), "lines": lines}
    return BrokenClause(**fields)


def report_all(histories: Iterable[HistoryReport]) -> CheckedReport:
    """The report on all histories of a call; the worst decides the verdict."""
    reports = list(histories)
    word: Any = WORDS[worst(one.code for one in reports)]
    return CheckedReport(schema=SCHEMA, verdict=word, histories=reports)
