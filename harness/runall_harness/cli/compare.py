"""`runall compare`: reports of several systems, or of several settings of one, side by side."""

import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import FOLDER, schema_option
from .output import print_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from runall_harness.reports.comparison import Cell, Comparison

NOTHING = 2
FORMS = ("text", "json", "markdown")
EPILOG = """\b
Examples:
  runall conform --policy cronicle-0.9.49 --format json > old.json
  runall conform --format json > new.json
  runall compare old.json new.json
  runall compare --by scenario --format markdown old.json new.json
  runall compare --format json */report.json
  runall compare --keep results old.json       for a repository: small, no traces

\b
Exit codes: 0 compared, 2 the reports judge no clause, 3 a file is no report, 64 wrong usage.
What the reports say decides nothing here: each run has had an exit code of its own.
"""


@click.command(epilog=EPILOG, short_help="Put reports side by side, by clause or by scenario.")
@click.argument(
    "reports", nargs=-1, metavar="[REPORT...]", type=click.Path(dir_okay=False, path_type=Path)
)
@click.option(
    "--by",
    type=click.Choice(["clause", "scenario"]),
    default="clause",
    show_default=True,
    help="What stands in the rows.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    default="text",
    show_default=True,
    help="For people, for programs, or for a page.",
)
@click.option(
    "--keep",
    type=FOLDER,
    metavar="DIR",
    help="Write what a comparison needs of each report into DIR, and show nothing: a "
    "file named after system, version, policy and rig, without traces.",
)
@click.option(
    "--write-page",
    is_flag=True,
    help="Make the summary in docs/results/README.md and a page for each system anew, from the "
    "reports that are kept in docs/results/reports, and show nothing.",
)
@schema_option(
    "--schema", "reports.comparison:Comparison", "Print the JSON Schema of a comparison and end."
)
def compare(
    reports: tuple[Path, ...], by: Any, form: str, keep: Path | None, write_page: bool
) -> int:
    """Compare what runs have reported: systems in columns, clauses or scenarios in rows.

    A cell has the worst verdict of the cases that it stands for, and how many of them had it,
    what became of the job, and how long the recovery took: the median, where there are several.
    Cases that the system or the rig does not support count only where there are no others.
    """
    if write_page:
        return renew_pages(reports)
    if not reports:
        raise click.UsageError("Missing argument '[REPORT...]': name the reports to compare.")
    from runall_harness.reports import comparison

    read = [(str(path), comparison.read_report(path)) for path in reports]
    if keep is not None:
        from runall_harness.reports.results_page import keep_report

        for _, report in read:
            click.echo(f"{keep_report(keep, report)}: written", err=True)
        return 0
    compared = comparison.compare(read, by)
    show(compared, form)
    if any(cell for row in compared.rows for cell in row.cells):
        return 0
    click.echo("runall: the reports judge no clause: no case of theirs names one", err=True)
    return NOTHING


def renew_pages(reports: tuple[Path, ...]) -> int:
    from runall_harness.reports.results_page import write_pages

    if reports:
        raise click.UsageError("--write-page takes no reports: it reads those that are kept.")
    for path, changed in write_pages().items():
        click.echo(f"{path}: {'written anew' if changed else 'was up to date'}", err=True)
    return 0


def show(compared: "Comparison", form: str) -> None:
    if form == "json":
        print_json(compared)
    elif form == "markdown":
        from runall_harness.reports.comparison_markdown import markdown

        click.echo(markdown(compared))
    else:
        print_text(compared)


def print_text(compared: "Comparison") -> None:
    from rich.table import Table

    from runall_harness.reports.comparison_markdown import head, totals
    from runall_harness.reports.progress import Screen

    width = None if sys.stdout.isatty() else 60 + 36 * len(compared.reports)
    console = Screen(highlight=False, width=width)
    table = Table(compared.by, show_lines=False)
    for column in compared.reports:
        table.add_column("\n".join(head(column)), no_wrap=False)
    clauses = compared.by == "clause"
    if clauses:
        table.add_column("sentence", overflow="fold")
    for group, rows in groupby(compared.rows, lambda row: "" if clauses else row.group):
        if group:
            table.add_section()
            table.add_row(group.replace("_", " "), style="bold")
        for row in rows:
            level = f"\n({row.group})" if clauses and row.group else ""
            name, last = (row.id + level, [row.text]) if clauses else (row.text, [])
            table.add_row(name, *(cell_text(cell, console) for cell in row.cells), *last)
    table.add_section()
    for name, cells in totals(compared):
        table.add_row(name, *cells)
    console.print(table)


def cell_text(cell: "Cell | None", console: "Console") -> "Text":
    from rich.text import Text

    from runall_harness.reports.case_progress import mark
    from runall_harness.reports.comparison_markdown import remarks

    if cell is None:
        return Text("")
    text = mark(cell.verdict, console)
    text.rstrip()
    if beside := remarks(cell):
        text.append(f", {beside}", "default")
    return text
