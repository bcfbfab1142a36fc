"""Tells histories that were judged, of any origin, as a page: the answer of `runall check`."""

from collections.abc import Sequence
from typing import Any

import msgspec

from runall_harness.checks.report import CheckedReport, HistoryReport, QuotedLine
from runall_harness.contract.verdicts import BrokenClause
from runall_harness.contract.words import say
from runall_harness.evidence.history import AnyLine

from .page import Entry, Page, entry_of
from .page.render import tested


def page_of_checked(report: CheckedReport, lines: Sequence[Sequence[AnyLine]]) -> Page:
    """The page of these histories, each with its lines; malformed ones have none."""
    pairs = zip(report.histories, lines, strict=True)
    entries = [entry(history, each) for history, each in pairs]
    count = len(entries)
    return Page(
        title=report.histories[0].file if count == 1 else say("{} histories", count),
        verdict=report.verdict,
        tested=tested(report.histories[0].about) if count == 1 else [],
        entries=entries,
        entry_word=("history", "histories"),
    )


def entry(history: HistoryReport, lines: Sequence[AnyLine]) -> Entry:
    broken = [numbered(one) for one in history.violations]
    passed = [clause.clause for clause in history.clauses if clause.verdict == "pass"]
    malformed = [say("line {}: {}", bad.line, bad.why) for bad in history.malformed_lines]
    return entry_of(
        () if malformed else lines,
        broken,
        id=history.file,
        title=history.file,
        verdict=history.verdict,
        note=say("{} executions, {} clauses kept", history.executions, len(passed)),
        message="\n".join([history.reason, *malformed]).strip(),
        clauses=passed,
    )


def numbered(broken: BrokenClause[QuotedLine]) -> BrokenClause[int]:
    """The same finding with the numbers of its lines."""
    numbers = tuple(line.number for line in broken.lines)
    fields: dict[str, Any] = {**msgspec.structs.asdict(broken), "lines": numbers}
    return BrokenClause(**fields)
