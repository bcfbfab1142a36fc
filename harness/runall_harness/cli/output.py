"""How commands print what they found: JSON for programs, or text for people."""

import os
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from rich.console import Console

    from runall_harness.reports.page import Page
    from runall_harness.reports.progress import Screen

# The style of each verdict that is no case's, but that of a clause or a rule.
STYLES = {"pass": "green", "fail": "bold red", "inconclusive": "yellow", "unsupported": "dim"}


def print_json(document: object) -> None:
    from runall_harness.conformance.run_report import encode

    click.echo(encode(document))


def print_list(what: str, form: str, rows: Sequence[object], lines: Iterable[str]) -> int:
    """Print the rows as JSON; or the lines for people, with how many rows there are."""
    if form == "json":
        print_json({what: rows})
        return 0
    for line in lines:
        click.echo(line)
    click.echo(f"{len(rows)} {what}", err=True)
    return 0


def write_result(
    report: object,
    form: str,
    output: TextIO,
    print_for_people: "Callable[[Screen], None]",
    width: int = 160,
) -> None:
    """Write a report as JSON, or have it printed: as wide as the terminal, or so many columns."""
    from runall_harness.conformance.run_report import encode
    from runall_harness.reports.progress import Screen

    if form == "json":
        output.write(encode(report) + "\n")
    else:
        here = None if output.isatty() else width
        print_for_people(Screen(file=output, highlight=False, width=here))


def write_page(path: Path, page: "Page") -> None:
    """Write a page, and say so on standard error."""
    from runall_harness.reports.page import render

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(page), "utf-8")
    click.echo(f"{path}: written", err=True)


def plain_console() -> "Console":
    """Standard output for people; where it is no terminal, its width would only break lines."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 160)


@contextmanager
def own_output() -> Generator[TextIO, None, None]:
    """Standard output for the result alone: meanwhile all other output goes to standard error.

    So a stray print can never damage a report.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with os.fdopen(os.dup(kept), "w", encoding=sys.stdout.encoding) as output:
            yield output
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
