"""The report of `runall check`, `runall-check/1`: the verdict on histories.

Programs depend on its shape. A field is added in a new version of the schema, and never changed.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from runall_harness.contract.clauses import clauses
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

SCHEMA = "runall-check/1"
Word = Literal["conformant", "not conformant", "inconclusive", "error"]


class QuotedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a history as it stands in the file, with its number from 1."""

    number: int
    text: str


class ClauseReport(msgspec.Struct, frozen=True):
    """The verdict on one clause, and in how many places it was judged.

    `inconclusive`: the history had nothing to judge. `unsupported`: the capability is not declared.
    """

    clause: str
    capability: str
    text: str
    verdict: ClauseVerdict
    judged: int


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
    malformed: int
    malformed_lines: list[MalformedLine]

    @property
    def code(self) -> int:
        return next(code for code, word in WORDS.items() if word == self.verdict)


class CheckedReport(msgspec.Struct, frozen=True, kw_only=True):
    """All histories of one call; the worst of them is the verdict."""

    schema: Literal["runall-check/1"]
    verdict: Word
    histories: list[HistoryReport]

    @property
    def code(self) -> int:
        return worst(one.code for one in self.histories)


def code_of(found: Findings, malformed: int) -> int:
    """The exit code of one history: malformed lines come before broken clauses."""
    if malformed:
        return CANNOT_RUN
    if found.violations:
        return NOT_CONFORMANT
    return INCONCLUSIVE if found.open else CONFORMANT


def report_history(
    file: str,
    about: Meta | None,
    found: Findings,
    malformed: Sequence[MalformedLine],
    count: int,
    texts: dict[int, str],
) -> HistoryReport:
    """The report on one history; `texts` are the quoted lines by number."""
    word: Any = WORDS[code_of(found, count)]
    return HistoryReport(
        file=file,
        verdict=word,
        reason=f"{count} malformed line(s)" if count else found.open,
        about=about,
        lines=found.lines,
        executions=found.executions,
        clauses=report_clauses(found),
        checks=report_checks(found.exercised),
        violations=[quote(broken, texts) for broken in found.violations],
        malformed=count,
        malformed_lines=list(malformed),
    )


def report_clauses(found: Findings) -> list[ClauseReport]:
    """The verdict on each clause by which a check may judge, in the order of the specification."""
    verdicts, judged = found.verdicts, found.judged
    return [
        ClauseReport(each.id, each.capability, each.text, verdicts[each.id], judged.get(each.id, 0))
        for each in clauses().values()
        if each.id in verdicts
    ]


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
