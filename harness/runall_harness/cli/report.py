"""`runall report`: makes the pages of runs anew from what was saved of them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import language_option

if TYPE_CHECKING:
    from runall_harness.conformance.run_report import Report

SAVED = click.Path(exists=True, path_type=Path)
REPORT = "report.json"

EPILOG = """\b
Examples:
  runall report run                       make the page and the other files of that folder anew
  runall report run --html page.html      write its page there, and leave the folder as it is
  runall report monday tuesday            both side by side, as runs.html
  runall report */report.json --html all.html
  runall report run --language zh-CN      the same page in Chinese

\b
A run is the folder that runall conform --out has written, or a report.json of any version.
Several runs are put side by side, in the order given: each scenario, the spread of the
recovery times, and what changed since the last but one.
"""


@click.command(epilog=EPILOG, short_help="Make the pages of saved runs.")
@click.argument("runs", nargs=-1, required=True, type=SAVED, metavar="DIR|FILE...")
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the page there.",
)
@language_option
def report(runs: tuple[Path, ...], html: Path | None) -> int:
    """Make the report of one run anew, or put several side by side."""
    read = [read_run(path) for path in runs]
    if len(read) > 1:
        from runall_harness.reports.runs_page import render_runs

        names = names_of(runs)
        page = render_runs(list(zip(names, (report for _, report in read), strict=True)))
        return written(html or Path("runs.html"), page)
    [(folder, found)] = read
    if html is None:
        from runall_harness.reports.run_folder import PAGE, write_folder

        write_folder(found, folder)
        return said(folder / PAGE)
    from runall_harness.reports.page import render
    from runall_harness.reports.run_folder import seen_from
    from runall_harness.reports.run_page import page_of

    return written(html, render(page_of(seen_from(found, folder, html.parent), html.parent)))


def read_run(path: Path) -> "tuple[Path, Report]":
    """The folder of a run and its report. Raises `KitCannotRun`."""
    from runall_harness.reports.comparison import read_report

    file = path / REPORT if path.is_dir() else path
    return file.parent, read_report(file)


def names_of(paths: tuple[Path, ...]) -> list[str]:
    """What tells each run from the others: its folder, or the file where that tells more."""
    shown = [path.parent if path.name == REPORT else path for path in paths]
    short = [path.stem if path.suffix == ".json" else path.resolve().name for path in shown]
    return short if len(set(short)) == len(short) else [str(path) for path in paths]


def written(path: Path, text: str) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return said(path)


def said(path: Path) -> int:
    click.echo(f"{path}: written", err=True)
    return 0
