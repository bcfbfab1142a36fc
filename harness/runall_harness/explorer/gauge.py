"""How far a long search is: a bar in the last line of a terminal, a line now and then elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

# How often a log gets a line, in seconds.
PERIOD = 5.0


class Log:
    """A line every few seconds. `total` is what there is to be done, in whatever unit."""

    def __init__(self, console: Console, total: float) -> None:
        self.console, self.total = console, total
        self.said = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing has to be ended."""

    def say(self, line: str) -> None:
        """A line of its own, at once."""
        self.console.print(line, soft_wrap=True, markup=False, highlight=False)

    def show(self, done: float, words: str) -> None:
        """So much is done; `done` is in the unit of the total."""
        _ = done
        if time.monotonic() - self.said >= PERIOD:
            self.said = time.monotonic()
            self.say(words)


class Bar(Log):
    """A bar with the last words beside it; other lines are printed above."""

    def __init__(self, console: Console, total: float) -> None:
        super().__init__(console, total)
        self.progress = Progress(
            BarColumn(24),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self.task = self.progress.add_task("", total=total)

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

    def show(self, done: float, words: str) -> None:
        """Move the bar."""
        self.progress.update(self.task, completed=done, description=words)


def make_gauge(console: Console, total: float) -> Log:
    """What suits where the output goes."""
    return (Bar if console.is_terminal else Log)(console, total)
