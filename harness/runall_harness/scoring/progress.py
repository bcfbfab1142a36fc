"""How far the trials are: a bar on a terminal, plain lines elsewhere, both on standard error."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from runall_harness.reports.progress import Screen

from .score import how_soon
from .trial import REFERENCE, Trial


def words(trial: Trial) -> str:
    """A trial in a line."""
    if trial.troubles:
        return f"{trial.name}: the kit could not judge"
    if trial.kills and trial.name != REFERENCE:
        kill = trial.kills[0]
        return f"{trial.name}: {kill.clause} after {how_soon(kill)}: {kill.by}"
    if trial.name == REFERENCE:
        return f"{trial.name}: {'passes everything' if trial.passed else 'FAILS'}"
    return f"{trial.name}: nothing killed it"


@contextmanager
def shown(total: int) -> Generator[Callable[[Trial], None]]:
    """Show how each trial ends: what is given is to be told of it."""
    screen = Screen(file=sys.stderr, highlight=False)
    bar = Progress(
        TextColumn("tried"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=screen,
        disable=not screen.is_terminal,
    )
    task = bar.add_task("trials", total=total)

    def heard(trial: Trial) -> None:
        bar.advance(task)
        screen.print(words(trial), markup=False, soft_wrap=True)

    with bar:
        yield heard
