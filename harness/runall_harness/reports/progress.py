"""How a run is shown while it goes on: a tree on a terminal, plain lines anywhere else.

A line is printed when its case ends and never touched again, so a long run scrolls as people
expect. Only the last lines move: what is running, for how long, and how much is left. Every
verdict has a mark and a word, so that nothing is told by colour alone.
"""

import os
import time
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, ConsoleDimensions, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from runall_harness.conformance.case_result import Ended
from runall_harness.contract.cases import Case
from runall_harness.contract.verdicts import Verdict

# mark, the same where the output can't show it, and colour
MARKS = {
    Verdict.PASS: ("✓", "+", "green"),
    Verdict.KNOWN_FAILURE: ("~", "~", "yellow"),
    Verdict.UNSUPPORTED: ("○", "o", "cyan"),
    Verdict.INCONCLUSIVE: ("?", "?", "yellow"),
    Verdict.SKIPPED: ("-", "-", "yellow"),
    Verdict.FAIL: ("✗", "x", "bold red"),
    Verdict.UNEXPECTED_PASS: ("‼", "!", "bold red"),
    Verdict.ERROR: ("!", "!", "bold magenta"),
}
# Where what became of the job is what the case asked for, or what nobody judged.
WELL = (Verdict.PASS, Verdict.UNEXPECTED_PASS, Verdict.UNSUPPORTED)
WIDEST = max(len(verdict) for verdict in Verdict)


class Screen(Console):
    """A console that keeps asking the terminal that it writes to for its width.

    Others ask the standard streams, which are pytest's while it runs.
    """

    @property
    def size(self) -> ConsoleDimensions:
        """The size of the terminal, else what rich takes it for; some terminals do not know."""
        try:
            told = os.get_terminal_size(self.file.fileno())
        except OSError:
            return super().size
        return ConsoleDimensions(*told) if all(told) else super().size

    @size.setter
    def size(self, new_size: tuple[int, int]) -> None:
        self._width, self._height = new_size

    def on_broken_pipe(self) -> None:
        """Nobody reads any more: go on in silence, so that the run ends as it should."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)


def mark(verdict: Verdict, console: Console) -> Text:
    """A verdict as mark and word."""
    good, plain, colour = MARKS[verdict]
    sign = good if console.encoding.startswith("utf") else plain
    return Text(f"{sign} {verdict:{WIDEST}}", style=colour)


def recovery(recovery_s: float | None, deadline_s: float | None) -> str:
    """The measured recovery time beside its deadline."""
    if recovery_s is None:
        return ""
    return f"{recovery_s:.2f} s" + (f" of {deadline_s:.1f} s" if deadline_s is not None else "")


def result(ended: Ended) -> str:
    """What a line adds to a verdict: the recovery time, or what became of the job instead."""
    if ended.aftermath and ended.verdict not in WELL:
        return str(ended.aftermath)
    told = recovery(ended.recovery_s, ended.deadline_s)
    return told and f"recovered in {told}"


class Silent:
    """Shows nothing: the report says it all."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def say(self, line: str) -> None:
        """Nothing."""

    def started(self, case: Case) -> None:
        """Nothing."""

    def ended(self, ended: Ended) -> None:
        """Nothing."""


class Lines(Silent):
    """One line for each case as it ends, without any cursor control."""

    def __init__(self, console: Console, cases: Sequence[Case]) -> None:
        self.console, self.total, self.done = console, len(cases), 0

    def say(self, line: str) -> None:
        """A line of its own."""
        self.console.print(line, soft_wrap=True, markup=False, highlight=False)

    def ended(self, ended: Ended) -> None:
        """The verdict, the id, and how long recovery took, or what became of the job."""
        self.done += 1
        line = mark(ended.verdict, self.console)
        line.append(
            f" [{self.done:{len(str(self.total))}}/{self.total}] {ended.case.id}", "default"
        )
        if told := result(ended):
            line.append(f"  {told}", "dim")
        self.console.print(line, soft_wrap=True, highlight=False)


class Tree:
    """The cases by feature, with what is running below them.

    Lines stay in the order of the files, also when several cases run at once: one that is over
    before an earlier one waits for it.
    """

    def __init__(self, console: Console, cases: Sequence[Case]) -> None:
        self.console, self.cases, self.done = console, cases, 0
        self.last = {case.feature: case.id for case in cases}
        self.feature = ""
        self.coming = deque(case.id for case in cases)
        self.running: dict[str, tuple[Case, float]] = {}
        self.over: dict[str, Ended] = {}
        # The streams are pytest's while it runs; rich must not put its own in their place.
        self.live = Live(
            get_renderable=self.moving,
            console=console,
            refresh_per_second=5,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self.live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # After an interruption, some wait for earlier ones that never ran.
        for name in [name for name in self.coming if name in self.over]:
            self.settle(self.over.pop(name))
        self.live.stop()

    def say(self, line: str) -> None:
        """A line of its own, above the tree that follows."""
        self.console.print(Text(line, "dim"))

    def started(self, case: Case) -> None:
        """The case gets a moving line, below the title of its feature."""
        if self.coming and self.coming[0] == case.id:
            self.entitle(case)
        self.running[case.id] = case, time.monotonic()
        self.live.refresh()

    def ended(self, ended: Ended) -> None:
        """The case gets its line for good, as soon as all before it have theirs."""
        self.running.pop(ended.case.id, None)
        self.done += 1
        self.over[ended.case.id] = ended
        while self.coming and self.coming[0] in self.over:
            self.settle(self.over.pop(self.coming.popleft()))

    def entitle(self, case: Case) -> None:
        """A new feature gets its title."""
        if case.feature != self.feature:
            self.feature = case.feature
            self.console.print(Text(case.feature.replace("_", " "), "bold"))

    def settle(self, ended: Ended) -> None:
        """Print the line of a case that is over."""
        case = ended.case
        self.entitle(case)
        row = self.row()
        row.add_row(
            Text("└─" if self.last[case.feature] == case.id else "├─", "dim"),
            mark(ended.verdict, self.console),
            *self.names(case),
            Text(result(ended).removeprefix("recovered in "), "dim"),
        )
        self.console.print(row)

    def moving(self) -> RenderableType:
        """What changes: each running case with its seconds, and how far the run is."""
        row = self.row()
        for case, since in list(self.running.values()):
            spent = f"{time.monotonic() - since:.1f} s"
            now = Text(f"▸ {'running':{WIDEST}}", "bold blue")
            row.add_row(Text("├─", "dim"), now, *self.names(case), Text(spent))
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            ProgressBar(len(self.cases), self.done, 30), f"{self.done} of {len(self.cases)}"
        )
        return Group(row, bar)

    def names(self, case: Case) -> tuple[Text, Text]:
        """A case below its feature: the scenario's name, then its trigger, row and repeat."""
        return Text(case.scenario), Text(case.id.rpartition("/")[2])

    def row(self) -> Table:
        """A line of the tree: its columns stand below each other."""
        row = Table.grid(padding=(0, 1), expand=True)
        row.add_column(no_wrap=True, width=2)
        row.add_column(no_wrap=True, width=WIDEST + 2)
        row.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        row.add_column(no_wrap=True, min_width=9)
        row.add_column(no_wrap=True, justify="right", min_width=16)
        return row


def make_display(console: Console, cases: Sequence[Case]) -> Tree | Lines:
    """The display that suits where the output goes."""
    return Tree(console, cases) if console.is_terminal else Lines(console, cases)
