"""How people watch a campaign: a bar on a terminal, a line now and then anywhere else."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from ..coverage import every_pair
from .budget import Budget
from .totals import Totals

# How often a log gets a line, in seconds.
PERIOD = 5.0


class Lines:
    """A line every few seconds, and one for each story that breaks something."""

    def __init__(self, console: Console, budget: Budget) -> None:
        self.console, self.budget = console, budget
        self.pairs = len(every_pair())
        self.said = time.monotonic()
        self.found: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing has to be ended."""

    def __call__(self, totals: Totals) -> None:
        """There may be news."""
        for seed in sorted(totals.found.keys() - self.found):
            clauses = ", ".join(sorted(totals.found[seed].clauses))
            self.print(f"seed {seed} breaks {clauses}")
        self.found.update(totals.found)
        self.move(totals)

    def move(self, totals: Totals) -> None:
        """Say how far it is, unless that was said a moment ago."""
        if time.monotonic() - self.said >= PERIOD:
            self.said = time.monotonic()
            self.print(self.words(totals))

    def print(self, line: str) -> None:
        """A line of its own."""
        self.console.print(line, soft_wrap=True, markup=False, highlight=False)

    def words(self, totals: Totals) -> str:
        """How far the campaign is."""
        seeds = f"{totals.seeds}" + (f" of {self.budget}" if self.budget.seeds else " seeds")
        return (
            f"{seeds}, {totals.stories} stories, {totals.pace:.1f}/s, {len(totals.pairs)} of "
            f"{self.pairs} pairs, {len(totals.found)} violations"
        )


class Bar(Lines):
    """The same, but how far it is stays in the last line, beside a bar."""

    def __init__(self, console: Console, budget: Budget) -> None:
        super().__init__(console, budget)
        self.progress = Progress(
            BarColumn(30), TextColumn("{task.description}", markup=False),
            console=console, transient=True, redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        self.task = self.progress.add_task("", total=budget.seeds or budget.seconds)

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        self.progress.stop()

    def move(self, totals: Totals) -> None:
        """Move the bar."""
        done = totals.seconds if self.budget.seeds is None else totals.seeds
        self.progress.update(self.task, completed=done, description=self.words(totals))


def make_watch(console: Console, budget: Budget) -> Lines:
    """What suits where the output goes."""
    return Bar(console, budget) if console.is_terminal else Lines(console, budget)
