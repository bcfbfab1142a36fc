"""`runall check`: judges histories of any origin, clause by clause."""

import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import format_option, html_option, schema_option
from .output import STYLES, plain_console, print_json, write_page

if TYPE_CHECKING:
    from runall_harness.checks.report import CheckedReport, HistoryReport, QuotedLine
    from runall_harness.contract.verdicts import BrokenClause

HISTORY = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
STREAM = Path("-")
# Lines between two updates of the progress bar.
STRIDE = 20_000

EPILOG = """\b
Examples:
  runall check runall-out/*/histories/*/*/*.jsonl   what saved cases prove
  my-export | runall check -                        a log of your own scheduler
  runall check history.jsonl --format json | jq '.histories[].violations'
  runall check history.jsonl --html page.html       also as a page with its time line
  runall check --schema > history.schema.json       the format of a history
  runall check --report-schema                      the format of the answer

\b
A history is JSON Lines; docs/history.md explains how to write one, line by line. For each
clause the verdict is pass, fail, inconclusive (nothing in the history could be judged by it)
or unsupported (the system does not declare the capability). "judged" says how often a check
had something to look at. For a clause that is broken, all lines that prove it are quoted.

\b
Exit codes: 0 conformant, 1 a clause is broken, 2 inconclusive (no job ran, nothing was
interrupted, a fault was not proven, or what became of a job is open: it was interrupted, and
neither run again nor refused when the history ends), 3 a line is malformed: all are named by
number, and nothing is claimed; or the harness broke in that case; 64 wrong usage, 130
interrupted. The worst history decides.
"""


@click.command(epilog=EPILOG, short_help="Judge histories, of any origin.")
@click.argument("files", nargs=-1, required=True, type=HISTORY, metavar="FILE...")
@html_option("Also write a page with the time line of each history.")
@format_option
@schema_option(
    "--schema", "evidence.history:AnyLine", "Print the JSON Schema of a line of a history and end."
)
@schema_option(
    "--report-schema",
    "checks.report:CheckedReport",
    "Print the JSON Schema of --format json and end.",
)
def check(files: tuple[Path, ...], form: str, html: Path | None) -> int:
    """Say what histories prove, clause by clause, and by which lines.

    FILE is a history in JSON Lines, or - for standard input. It is read line by line, so it may
    be of any length.
    """
    from runall_harness.checks.report import report_all

    if files.count(STREAM) > 1:
        raise click.UsageError("standard input can be read once: give - one time")
    if html is not None:
        return check_and_show(files, form, html)
    report = report_all(judge(path) for path in files)
    (print_json if form == "json" else print_report)(report)
    return report.code


def check_and_show(files: tuple[Path, ...], form: str, html: Path) -> int:
    """The same with a page. Its pictures need each history whole, so all of it is in memory."""
    from runall_harness.checks.files import judge_file
    from runall_harness.checks.report import report_all
    from runall_harness.evidence.history import BadHistory, read
    from runall_harness.reports.checked_page import page_of_checked

    def ignore(_: BadHistory) -> None:
        """The report names it."""

    raws = {path: content(path) for path in files}
    report = report_all(judge_file(shown(path), BytesIO(raw)) for path, raw in raws.items())
    lines = [list(read(BytesIO(raw), bad=ignore)) for raw in raws.values()]
    (print_json if form == "json" else print_report)(report)
    write_page(html, page_of_checked(report, lines))
    return report.code


def shown(path: Path) -> str:
    return "standard input" if path == STREAM else str(path)


def content(path: Path) -> bytes:
    """All of a file or of standard input. Raises `KitCannotRun`."""
    from runall_harness.contract.errors import KitCannotRun

    try:
        return sys.stdin.buffer.read() if path == STREAM else path.read_bytes()
    except OSError as error:
        raise KitCannotRun(f"{path}: {error}", "see that the file can be read") from error


def judge(path: Path) -> "HistoryReport":
    """The verdict on one file. Raises `KitCannotRun` where it can't be read."""
    from runall_harness.checks.files import judge_file, judge_stream
    from runall_harness.contract.errors import KitCannotRun

    try:
        if path == STREAM:
            return judge_stream("standard input", sys.stdin.buffer)
        with path.open("rb") as file, progress(path) as watch:
            return judge_file(str(path), file, watch)
    except OSError as error:
        raise KitCannotRun(f"{path}: {error}", "see that the file can be read") from error


@contextmanager
def progress(path: Path) -> Generator[Any]:
    """A function that passes lines on and shows the progress on a terminal."""
    if not sys.stderr.isatty():
        yield iter
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(path.name, total=path.stat().st_size)

        def watch(lines: Iterable[bytes]) -> Iterator[bytes]:
            passed = 0
            for number, raw in enumerate(lines, start=1):
                passed += len(raw)
                if number % STRIDE == 0:
                    bar.update(task, completed=passed)
                yield raw

        yield watch


def print_report(report: "CheckedReport") -> None:
    from runall_harness.reports.progress import print_plain

    console = plain_console()
    for history in report.histories:
        for line in history.malformed_lines:
            print_plain(console, f"{history.file}, line {line.line}: {line.why}", "bold magenta")
        for broken in history.violations:
            title = f"{history.file}: {broken.clause} is broken ({broken.check})"
            print_finding(console, title, "bold red", broken)
        for question in history.open:
            title = f"{history.file}: {question.clause} is open"
            print_finding(console, title, "bold yellow", question)
    console.print(table_of(report.histories))
    for history in report.histories:
        why = f": {history.reason}" if history.reason else ""
        counts = f"{history.lines} lines, {history.executions} executions"
        print_plain(console, f"{history.file}: {counts}: {history.verdict}{why}{scope_of(history)}")
    if any(history.open for history in report.histories):
        print_plain(console, OPEN)


def print_finding(console: Any, title: str, style: str, found: "BrokenClause[QuotedLine]") -> None:
    """A broken clause, or one that is left open, with the lines that show it."""
    from runall_harness.reports.progress import print_plain

    print_plain(console, title, style)
    print_plain(console, f"  {found.text}")
    rows = [("expected", found.expected), ("seen", found.seen)]
    rows += [(f"line {line.number}", line.text) for line in found.lines]
    for name, text in rows:
        print_plain(console, f"  {name:10} {text}")
    console.print()


def scope_of(history: "HistoryReport") -> str:
    """What a history that is conformant was judged by: nobody may take it for more."""
    if history.verdict != "conformant":
        return ""
    passed = sum(clause.verdict == "pass" for clause in history.clauses)
    count = f"{passed} of {len(history.clauses)} clauses that can be judged"
    return f" in {count}; the table has the lines"


OPEN = (
    "open: a job was interrupted, and the history ends before it was run again or refused. That is "
    "neither kept nor broken: watch for longer, and say by `owed` until when it must have come."
)


def table_of(histories: "list[HistoryReport]") -> Any:
    """A table of the clauses over all histories; the worst verdict on a clause counts.

    Of one history alone it names some of the lines by which a clause was judged.
    """
    from rich.table import Table
    from rich.text import Text

    alone = len(histories) == 1
    table = Table(title="what the histories say of each clause", title_justify="left")
    for name in ("clause", "verdict", "judged"):
        table.add_column(name, justify="right" if name == "judged" else "left")
    if alone:
        table.add_column("by lines")
    table.add_column("which says", overflow="fold")
    rank = {"fail": 0, "pass": 1, "inconclusive": 2, "unsupported": 3}
    rows: dict[str, tuple[str, int, list[int], str]] = {}
    for clause in (one for history in histories for one in history.clauses):
        verdict, judged, _, text = rows.get(clause.clause, ("unsupported", 0, [], clause.text))
        worst = min(verdict, clause.verdict, key=rank.__getitem__)
        rows[clause.clause] = worst, judged + clause.judged, clause.lines, text
    for clause, (verdict, judged, lines, text) in rows.items():
        named = (", ".join(map(str, lines)),) if alone else ()
        table.add_row(clause, Text(verdict, STYLES[verdict]), str(judged), *named, Text(text))
    return table
