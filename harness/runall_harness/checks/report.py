"""What `runall check` tells, `runall-check/1`: the verdict on histories, for people and programs.

The shape is a contract. A field is added in a new version of the schema, and never changed here.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from runall_harness.contract.clauses import clauses
from runall_harness.contract.json_schemas import schema_of
from runall_harness.contract.verdicts import (
    CANNOT_RUN,
    CONFORMANT,
    INCONCLUSIVE,
    NOT_CONFORMANT,
    RANK,
    WORDS,
)
from runall_harness.evidence.history import Meta

from .findings import Broken, ClauseVerdict, Findings
from .registry import CHECKS

SCHEMA = "runall-check/1"
Word = Literal["conformant", "not conformant", "inconclusive", "error"]


class QuotedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a history, by its number from 1, as it stands in the file."""

    number: int
    text: str


class BrokenReport(msgspec.Struct, frozen=True, kw_only=True):
    """A clause that was broken, in its words: what was owed and seen, and the proving lines."""

    check: str
    clause: str
    text: str
    expected: str
    seen: str
    lines: list[QuotedLine]


class ClauseReport(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one clause, and in how many places it was judged.

    `inconclusive`: the history had nothing to judge. `unsupported`: the capability is not declared.
    """

    clause: str
    capability: str
    text: str
    verdict: ClauseVerdict
    judged: int


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """How much one check had to judge. `needs` are the capabilities under which it is owed."""

    check: str
    clause: str
    needs: list[str]
    judged: int


class MalformedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that is no line of a history, and why."""

    line: int
    why: str


class HistoryReport(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one history. `about` is its first line; `reason` says why it is open.

    Malformed lines make the verdict `error`; at most the first hundred are named, of `malformed`.
    """

    file: str
    verdict: Word
    reason: str
    about: Meta | None
    lines: int
    executions: int
    clauses: list[ClauseReport]
    checks: list[CheckReport]
    violations: list[BrokenReport]
    malformed: int
    malformed_lines: list[MalformedLine]

    @property
    def code(self) -> int:
        """The exit code that this history stands for."""
        return next(code for code, word in WORDS.items() if word == self.verdict)


class CheckedReport(msgspec.Struct, frozen=True, kw_only=True):
    """All histories of one call; the worst of them is the verdict."""

    schema: Literal["runall-check/1"]
    verdict: Word
    histories: list[HistoryReport]

    @property
    def code(self) -> int:
        """The exit code of the call."""
        return max((one.code for one in self.histories), key=RANK.__getitem__)


def code_of(found: Findings, malformed: int) -> int:
    """The exit code of one history: what can't be read comes first, then what is broken."""
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
    """What was found in one history; `texts` are the quoted lines by number."""
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
        violations=[report_broken(broken, texts) for broken in found.violations],
        malformed=count,
        malformed_lines=list(malformed),
    )


def report_clauses(found: Findings) -> list[ClauseReport]:
    """The verdict on each clause that a check may speak for, in the order of the specification."""
    return [
        ClauseReport(
            clause=clause.id,
            capability=clause.capability,
            text=clause.text,
            verdict=found.verdicts[clause.id],
            judged=found.judged.get(clause.id, 0),
        )
        for clause in clauses().values()
        if clause.id in found.verdicts
    ]


def report_checks(exercised: dict[str, int]) -> list[CheckReport]:
    """How much each check had to judge."""
    return [
        CheckReport(
            check=check.name,
            clause=check.clause,
            needs=sorted(check.needs),
            judged=exercised[check.name],
        )
        for check in CHECKS
    ]


def report_broken(broken: Broken, texts: dict[int, str]) -> BrokenReport:
    """A violation with its clause's sentence and its lines."""
    return BrokenReport(
        check=broken.check,
        clause=broken.clause,
        expected=broken.expected,
        seen=broken.seen,
        text=clauses()[broken.clause].text,
        lines=[QuotedLine(number=number, text=texts[number]) for number in broken.lines],
    )


def report_all(histories: Iterable[HistoryReport]) -> CheckedReport:
    """The report of a call. The worst history decides."""
    told = list(histories)
    word: Any = WORDS[max((one.code for one in told), key=RANK.__getitem__)]
    return CheckedReport(schema=SCHEMA, verdict=word, histories=told)


def report_schema() -> dict[str, Any]:
    """The JSON Schema of the report."""
    return schema_of(CheckedReport, SCHEMA)
