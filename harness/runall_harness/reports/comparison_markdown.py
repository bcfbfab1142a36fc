"""A comparison as text: the words of a cell, and the whole as a table in Markdown.

The terminal, the pages and the documentation use the same words. A verdict always has its word and
its mark; no meaning depends on colour alone.
"""

from runall_harness.conformance.run_report import Report
from runall_harness.contract.verdicts import Verdict
from runall_harness.contract.words import say, translated

from .case_progress import MARKS
from .comparison import Cell, Column, Comparison, Row
from .generated_section import table


def head(run: Report | Column) -> list[str]:
    system = run.system
    lines = [f"{system.name} {system.version}", system.policy, f"{run.rig} rig"]
    return [line for line in lines if line]


def remarks(cell: Cell) -> str:
    """The words beside a verdict: how many cases had it, the outcomes of their jobs, how soon."""
    had, total = cell.cases[cell.verdict], sum(cell.cases.values())
    words = [say("{had} of {total}", had=had, total=total)] if had < total else []
    # A clause has many different cases, so the outcomes of their jobs would say nothing of it.
    words += cell.outcome_words() if len(cell.outcomes) == 1 or total == 1 else []
    words += [say("{} s", f"{cell.recovery_s:.3g}")] if cell.recovery_s is not None else []
    return translated(", ").join(words)


def in_words(cell: Cell | None) -> str:
    if cell is None:
        return ""
    told = filter(None, (f"{MARKS[cell.verdict][0]} {say(cell.verdict)}", remarks(cell)))
    return translated(", ").join(told)


def totals(compared: Comparison) -> list[tuple[str, list[str]]]:
    """The last rows: how many cases had each verdict, and the verdict of each run as a whole.

    No verdict is counted with another.
    """
    counts = [
        (str(verdict), [str(column.summary.get(verdict, 0)) for column in compared.reports])
        for verdict in Verdict
        if any(column.summary.get(verdict) for column in compared.reports)
    ]
    return [*counts, ("verdict", [column.verdict for column in compared.reports])]


def head_line(run: Report | Column) -> str:
    return ", ".join(head(run))


def rows_of(rows: list[Row]) -> list[list[str]]:
    return [[title(row), *map(in_words, row.cells)] for row in rows]


def title(row: Row) -> str:
    return f"{row.id} {row.text}" if row.id.startswith("RA-") else row.text


def markdown(compared: Comparison) -> str:
    last = [[name, *cells] for name, cells in totals(compared)]
    return table((compared.by, *map(head_line, compared.reports)), [*rows_of(compared.rows), *last])
