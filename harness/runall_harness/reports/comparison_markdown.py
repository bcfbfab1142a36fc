"""A comparison as text: the words of a cell, and the whole as a table in Markdown.

The terminal, the pages and the documentation use the same words. A verdict always has its word and
its mark; no meaning depends on colour alone.
"""

from runall_harness.conformance.run_report import SystemReport
from runall_harness.contract.verdicts import Verdict

from .case_progress import MARKS
from .comparison import Cell, Comparison, Row
from .generated_section import table


def head(system: SystemReport, rig: str) -> list[str]:
    """The head of a report: its system and version, policy, and rig."""
    lines = [f"{system.name} {system.version}", system.policy, f"{rig} rig"]
    return [line for line in lines if line]


def remarks(cell: Cell) -> str:
    """The words beside a verdict: how many cases had it, the outcomes of their jobs, how soon."""
    had, total = cell.cases[cell.verdict], sum(cell.cases.values())
    words = [f"{had} of {total}"] if had < total else []
    # A clause has many different cases, so the outcomes of their jobs would say nothing of it.
    words += cell.outcome_words() if len(cell.outcomes) == 1 or total == 1 else []
    words += [f"{cell.recovery_s:.3g} s"] if cell.recovery_s is not None else []
    return ", ".join(words)


def in_words(cell: Cell | None) -> str:
    """A cell in words, its mark before it; empty where there is none."""
    if cell is None:
        return ""
    return f"{MARKS[cell.verdict][0]} {cell.verdict}{', ' * bool(remarks(cell))}{remarks(cell)}"


def counts(compared: Comparison) -> list[tuple[str, list[str]]]:
    """How many cases had each verdict, in each report; no verdict is counted with another."""
    return [
        (str(verdict), [str(column.summary.get(verdict, 0)) for column in compared.reports])
        for verdict in Verdict
        if any(column.summary.get(verdict) for column in compared.reports)
    ]


def totals(compared: Comparison) -> list[tuple[str, list[str]]]:
    """The last rows of a comparison: the counts, and the verdict of each run as a whole."""
    return [*counts(compared), ("verdict", [column.verdict for column in compared.reports])]


def heads(compared: Comparison) -> list[str]:
    """The heads of the columns, each on one line."""
    return [escaped(", ".join(head(column.system, column.rig))) for column in compared.reports]


def rows_of(rows: list[Row]) -> list[list[str]]:
    """Rows in Markdown: what is compared, then its cells."""
    return [[escaped(title(row)), *(escaped(in_words(cell)) for cell in row.cells)] for row in rows]


def title(row: Row) -> str:
    """The title of a row, on one line."""
    return f"{row.id} {row.text}" if row.id.startswith("RA-") else row.text


def escaped(text: str) -> str:
    """Text that breaks no table."""
    return text.replace("|", "\\|").replace("\n", " ")


def markdown(compared: Comparison) -> str:
    """The whole comparison as a table in Markdown."""
    last = [[name, *cells] for name, cells in totals(compared)]
    return table((compared.by, *heads(compared)), [*rows_of(compared.rows), *last])
