"""Compares several reports: systems in columns, clauses or scenarios in rows.

A report has the results of one scheduler on one rig. To choose between two schedulers, or two
settings or releases of one, a reader asks clause by clause what is kept, or scenario by scenario
what became of the jobs. So a cell has one verdict for all of its cases: the worst among those that
judged anything. It also counts the verdicts, the outcomes of the jobs, and the time of recovery.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Literal, cast

import msgspec

from runall_harness.checks.job_outcome import JobOutcome, Outcome
from runall_harness.conformance.run_report import (
    MADE,
    CaseReport,
    Report,
    SystemReport,
    count_verdicts,
)
from runall_harness.conformance.run_report import SCHEMA as REPORT
from runall_harness.contract.cases import base_id, load_cases
from runall_harness.contract.clauses import clauses
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.verdicts import Verdict

SCHEMA = "runall-comparison/3"
By = Literal["clause", "scenario"]
# A later verdict is worse. A case that is unsupported judges nothing, so it
# stands for a clause only where no other case does.
WORST = (
    Verdict.UNSUPPORTED,
    Verdict.PASS,
    Verdict.KNOWN_FAILURE,
    Verdict.SKIPPED,
    Verdict.INCONCLUSIVE,
    Verdict.UNEXPECTED_PASS,
    Verdict.FAIL,
    Verdict.ERROR,
)
# The fields that earlier versions of a report lack, and their values.
OLDER = ("runall-report/1", "runall-report/2", "runall-report/3")
LACKING_CASE: dict[str, Any] = {
    "outcome": None,
    "within_s": None,
    "together_s": None,
    "place": "",
    "logs": [],
}
LACKING_SYSTEM: dict[str, Any] = {"merged": "", "timings": {}, "image": "", "options": {}}


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A report that is compared: its path, what it is about, and its verdict as a whole.

    `summary` counts its cases by verdict, all eight of them.
    """

    file: str
    system: SystemReport
    rig: str
    verdict: str
    summary: dict[Verdict, int]


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """The results for a clause or a scenario in one report.

    `cases` counts the verdicts of the cases that show it, `outcomes` what became of their jobs.
    `within_s` and `together_s` are the greatest of theirs, `recovery_s` is the median; all
    seconds, null where no case has any.
    """

    verdict: Verdict
    cases: dict[Verdict, int]
    outcomes: dict[Outcome, int]
    within_s: float | None
    together_s: float | None
    recovery_s: float | None

    def outcome_words(self) -> list[str]:
        """The outcomes of the jobs in words, without jobs that were not watched to their end."""
        made = (
            JobOutcome(outcome=one, within_s=self.within_s, together_s=self.together_s)
            for one in self.outcomes
            if one != Outcome.OPEN
        )
        return [one.said() for one in made]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A clause or a scenario, with a cell for each report; None where it has no case of it.

    `id` is that of the clause, or of the case. `group` is the capability that the clause belongs
    to, empty for a core clause; or the feature of the scenario. `text` is the clause's sentence,
    or the scenario's title with its trigger.
    """

    id: str
    group: str
    text: str
    cells: list[Cell | None]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The whole comparison. Clauses and scenarios that are in no report have no row."""

    schema: Literal["runall-comparison/3"]
    by: By
    reports: list[Column]
    rows: list[Row]


def read_report(path: Path) -> Report:
    """A report that `runall conform --format json` wrote, in any version. Raises `KitCannotRun`."""
    hint = "write it with runall conform --format json, or take report.json from --out"
    try:
        report = msgspec.convert(upgraded(msgspec.json.decode(path.read_bytes())), Report)
    except OSError as error:
        raise KitCannotRun(
            f"{path} cannot be read: {error.strerror}", "correct the path"
        ) from error
    except msgspec.MsgspecError as error:
        raise KitCannotRun(f"{path} is not a report: {error}", hint) from error
    if report.summary != count_verdicts(case.verdict for case in report.cases):
        raise KitCannotRun(f"{path}: its totals are not those of its cases", hint)
    return report


def upgraded(document: Any) -> Any:
    """Convert a report of an earlier version to this version; return anything else unchanged."""
    if not isinstance(document, dict):
        return cast(object, document)
    report = cast(dict[str, Any], document)
    if report.get("schema") not in OLDER:
        return report
    cases = [LACKING_CASE | case for case in report.get("cases", [])]
    return (
        MADE
        | report
        | {"schema": REPORT, "system": LACKING_SYSTEM | report.get("system", {}), "cases": cases}
    )


def compare(reports: Sequence[tuple[str, Report]], by: By = "clause") -> Comparison:
    """Compare reports, each with the name of its file.

    Clauses are in the order of SPEC.md, scenarios in that of the feature files.
    """
    columns = [
        Column(
            file=file,
            system=report.system,
            rig=report.rig,
            verdict=report.verdict,
            summary=report.summary,
        )
        for file, report in reports
    ]
    made = clause_rows if by == "clause" else scenario_rows
    rows = made([report.cases for _, report in reports])
    return Comparison(schema=SCHEMA, by=by, reports=columns, rows=list(rows))


def clause_rows(reports: Sequence[Sequence[CaseReport]]) -> Iterable[Row]:
    for clause in clauses().values():
        cells = [cell([c for c in cases if clause.id in c.clauses]) for cases in reports]
        if any(cells):
            yield Row(id=clause.id, group=clause.capability, text=clause.text, cells=cells)


def scenario_rows(reports: Sequence[Sequence[CaseReport]]) -> Iterable[Row]:
    """A row for each scenario and trigger; the repeats of a case share its row."""
    first: dict[str, CaseReport] = {}
    for cases in reports:
        for case in cases:
            first.setdefault(base_id(case.id), case)
    order = {case.id: number for number, case in enumerate(load_cases())}
    for name in sorted(first, key=lambda name: order.get(name, len(order))):
        case = first[name]
        cells = [cell([c for c in cases if base_id(c.id) == name]) for cases in reports]
        how = name.rpartition("/")[2].replace("-", " ")
        yield Row(id=name, group=case.feature, text=f"{case.scenario} ({how})", cells=cells)


def cell(shown: Sequence[CaseReport]) -> Cell | None:
    if not shown:
        return None
    counts = Counter(case.verdict for case in shown)
    took = [case.recovery_s for case in shown if case.recovery_s is not None]
    return Cell(
        verdict=max(counts, key=WORST.index),
        cases=dict(counts),
        outcomes=dict(Counter(case.outcome for case in shown if case.outcome)),
        within_s=greatest(case.within_s for case in shown),
        together_s=greatest(case.together_s for case in shown),
        recovery_s=round(median(took), 3) if took else None,
    )


def greatest(numbers: Iterable[float | None]) -> float | None:
    return max((number for number in numbers if number is not None), default=None)
