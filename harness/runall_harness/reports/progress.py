"""The progress display of all commands: for cases, worlds, seeds and mutants.

On a terminal the last line has a bar, and words that say how far the work is. Elsewhere, as in a
log, these words are printed as plain lines every few seconds. A printed line stays, so that a long
run scrolls as people expect. `case_progress` builds the tree of a conformance run on it.
"""

import os
import sys
import time
from collections.abc import Mapping
from typing import Self

from rich.console import Console, ConsoleDimensions, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

# How often a log gets a line if nothing else is printed, in seconds.
PERIOD = 5.0


class Screen(Console):
    """A console that keeps asking the terminal that it writes to for its width.

    Others ask the standard streams, which are pytest's while it runs.
    """

    @property
    def size(self) -> ConsoleDimensions:
        """The size of the terminal, else what rich takes it for; some terminals do not know."""
        try:
            size = os.get_terminal_size(self.file.fileno())
        except OSError:
            return super().size
        return ConsoleDimensions(*size) if all(size) else super().size

    @size.setter
    def size(self, new_size: tuple[int, int]) -> None:
        self._width, self._height = new_size

    def on_broken_pipe(self) -> None:
        """Go on without output after its reader has gone, so that the run ends properly."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)


class Progress:
    """The progress of a long task. `total` is the amount of work, in any unit."""

    # That of the lines that are said.
    style = ""

    def __init__(self, console: Console, total: float) -> None:
        self.console, self.total = console, total
        self.done, self.words = 0.0, ""
        self.said = time.monotonic()
        # The streams are pytest's while it runs; rich must not put its own in their place.
        self.bottom = Live(
            get_renderable=self.moving,
            console=console,
            refresh_per_second=5,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self.bottom.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.bottom.stop()

    def say(self, line: str) -> None:
        """Print a line that stays, above the line that changes."""
        self.said = time.monotonic()
        print_plain(self.console, line, self.style)

    def show(self, done: float, words: str) -> None:
        """Show how much is done, in the unit of the total, and these words."""
        self.done, self.words = done, words
        if not self.console.is_terminal and time.monotonic() - self.said >= PERIOD:
            self.say(words)

    def moving(self) -> RenderableType:
        bar = Table.grid(padding=(0, 1))
        bar.add_row(ProgressBar(self.total, self.done, 30), Text(self.words))
        return bar


class SearchDisplay(Progress):
    """The progress of a search, on standard error, which says at once what the search breaks."""

    def __init__(self, total: float) -> None:
        super().__init__(Screen(file=sys.stderr, highlight=False), total)
        self.known: set[tuple[str, str]] = set()

    def tell(self, done: float, words: str, broken: Mapping[tuple[str, str], str]) -> None:
        """Show how much is done; `broken` says for each violation where it was found first."""
        for check, clause in sorted(broken.keys() - self.known):
            self.say(f"{broken[check, clause]} breaks {clause} ({check})")
        self.known |= broken.keys()
        self.show(done, words)


def print_plain(console: Console, line: str, style: str = "") -> None:
    """Print text as it is: no markup, no wrapping that would break a path or a command."""
    console.print(Text(line, style), soft_wrap=True)
