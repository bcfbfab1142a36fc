"""`runall compare`: reports of several systems, or of several settings of one, side by side."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import format_option

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from ..comparison import Cell, Column, Comparison

NOTHING = 2
EPILOG = """\b
Examples:
  runall conform --policy cronicle-0.9.49 --format json > old.json
  runall conform --format json > new.json
  runall compare old.json new.json
  runall compare --format json */report.json

\b
Exit codes: 0 compared, 2 the reports judge no clause, 3 a file is no report, 64 wrong usage.
What the reports say decides nothing here: each run has had an exit code of its own.
"""


@click.command(epilog=EPILOG, short_help="Put reports side by side, clause by clause.")
@click.argument("reports", nargs=-1, required=True, metavar="REPORT...",
                type=click.Path(dir_okay=False, path_type=Path))  # fmt: skip
@format_option
def compare(reports: tuple[Path, ...], form: str) -> int:
    """Compare what runs have reported: systems in columns, clauses in rows.

    A cell has the worst verdict of the cases that show the clause, and how many of them had it.
    Cases that the system or the rig does not support count only where there are no others.
    """
    from .. import comparison

    compared = comparison.compare([(str(path), comparison.read_report(path)) for path in reports])
    if form == "json":
        from ..report import encode

        click.echo(encode(compared))
    else:
        print_pretty(compared)
    if compared.clauses:
        return 0
    click.echo("runall: the reports judge no clause: no case of theirs names one", err=True)
    return NOTHING


def print_pretty(compared: "Comparison") -> None:
    """The table, for people."""
    from rich.table import Table

    from ..live import Screen

    width = None if sys.stdout.isatty() else 60 + 28 * len(compared.reports)
    console = Screen(highlight=False, width=width)
    table = Table("clause", show_lines=False)
    for column in compared.reports:
        table.add_column(head(column), no_wrap=False)
    table.add_column("sentence", overflow="fold")
    for row in compared.clauses:
        level = f"\n({row.capability})" if row.capability else ""
        told = [told_cell(cell, console) for cell in row.cells]
        table.add_row(row.clause + level, *told, row.text)
    table.add_section()
    table.add_row("verdict", *(column.verdict for column in compared.reports), "")
    console.print(table)


def head(column: "Column") -> str:
    """What a report is about, as the head of its column."""
    system = column.system
    lines = [f"{system.name} {system.version}", system.policy, f"{column.rig} rig"]
    return "\n".join(filter(None, lines))


def told_cell(cell: "Cell | None", console: "Console") -> "Text":
    """A verdict with its mark, and how many of the cases had it if not all did."""
    from rich.text import Text

    from ..live import mark

    if cell is None:
        return Text("")
    told = mark(cell.verdict, console)
    told.rstrip()
    had, total = cell.cases[cell.verdict], sum(cell.cases.values())
    if had < total:
        told.append(f" {had} of {total}", "default")
    return told
