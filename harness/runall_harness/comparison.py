"""Several reports beside each other: systems in columns, clauses in rows.

A report says how one scheduler ended on one rig. Whoever chooses between two, or between two
settings or releases of one, asks clause by clause; so here a clause has one word for each report:
the worst of the cases that show it, among those that could judge it.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from .json_schemas import schema_of
from .report import Report, SystemReport
from .rigs.base import KitCannotRun
from .spec import clauses
from .verdicts import Verdict

SCHEMA = "runall-comparison/1"
# The later, the more a reader must know of it. A case that is unsupported judges nothing, so it
# stands for a clause only where no other case does.
WORST = (
    Verdict.UNSUPPORTED, Verdict.PASS, Verdict.KNOWN_FAILURE, Verdict.SKIPPED,
    Verdict.INCONCLUSIVE, Verdict.UNEXPECTED_PASS, Verdict.FAIL, Verdict.ERROR,
)  # fmt: skip


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A report that is compared: its path, what it is about, and its verdict as a whole."""

    file: str
    system: SystemReport
    rig: str
    verdict: str


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """How a clause fared in one report; `cases` counts the verdicts of those that show it."""

    verdict: Verdict
    cases: dict[Verdict, int]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A clause, with one cell for each report; None where no case of the report shows it."""

    clause: str
    capability: str
    text: str
    cells: list[Cell | None]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. A clause that no report says anything of has no row."""

    schema: Literal["runall-comparison/1"]
    reports: list[Column]
    clauses: list[Row]


def read_report(path: Path) -> Report:
    """A report that `runall conform --format json` wrote. Raises `KitCannotRun`."""
    hint = "write it with runall conform --format json, or take report.json from --out"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except OSError as error:
        raise KitCannotRun(
            f"{path} cannot be read: {error.strerror}", "correct the path"
        ) from error
    except msgspec.MsgspecError as error:
        raise KitCannotRun(f"{path} is no report: {error}", hint) from error


def compare(reports: Sequence[tuple[str, Report]]) -> Comparison:
    """Compare reports, each with the name of its file. Clauses are in the order of the page."""
    columns = [
        Column(file=file, system=report.system, rig=report.rig, verdict=report.verdict)
        for file, report in reports
    ]
    rows = [
        Row(clause=clause.id, capability=clause.capability, text=clause.text, cells=cells)
        for clause in clauses().values()
        if any(cells := [cell(clause.id, report) for _, report in reports])
    ]
    return Comparison(schema=SCHEMA, reports=columns, clauses=rows)


def cell(clause: str, report: Report) -> Cell | None:
    """How a clause fared in a report; None where no case shows it."""
    counts = Counter(case.verdict for case in report.cases if clause in case.clauses)
    if not counts:
        return None
    return Cell(verdict=max(counts, key=WORST.index), cases=dict(counts))


def comparison_schema() -> dict[str, Any]:
    """The JSON Schema of a comparison."""
    return schema_of(Comparison, SCHEMA)
