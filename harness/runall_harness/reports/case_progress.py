"""Shows the progress of a conformance run: a tree on a terminal, plain lines elsewhere.

A line is printed when its case ends and never touched again. Only the last lines change: they show
what is running, for how long, and how much is left. Every verdict has a mark and a word, so that no
meaning depends on colour alone.
"""

import time
from collections import deque
from collections.abc import Sequence
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from runall_harness.conformance.case_result import CaseResult
from runall_harness.conformance.run_report import CaseReport
from runall_harness.contract.cases import Case
from runall_harness.contract.verdicts import Verdict

from .progress import Progress

# mark, its ASCII form, and colour
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
# Verdicts beside which the outcome of the job says nothing new.
WELL = (Verdict.PASS, Verdict.UNEXPECTED_PASS, Verdict.UNSUPPORTED)
WIDEST = max(len(verdict) for verdict in Verdict)


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


def remark(report: CaseReport) -> str:
    """The words after a verdict: the recovery time, or else the outcome of the job."""
    if report.job_outcome and report.verdict not in WELL:
        return str(report.job_outcome)
    took = recovery(report.recovery_s, report.deadline_s)
    return took and f"recovered in {took}"


class Silent:
    """A display that shows nothing, for runs of which only the report counts."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def say(self, line: str) -> None:
        """Drop a line of the rig."""

    def started(self, case: Case) -> None:
        """Ignore the start of a case."""

    def ended(self, result: CaseResult) -> None:
        """Ignore the end of a case."""


class Lines(Progress):
    """One line for each case as it ends, without any cursor control."""

    def started(self, case: Case) -> None:
        """Show nothing yet: a line that is printed cannot change."""

    def ended(self, result: CaseResult) -> None:
        """Print the verdict, the id, and the recovery time, or else the outcome of the job."""
        self.done += 1
        report = result.report
        line = mark(report.verdict, self.console)
        count = f"[{self.done:{len(str(self.total))}.0f}/{self.total:.0f}]"
        line.append(f" {count} {report.id}", "default")
        if words := remark(report):
            line.append(f"  {words}", "dim")
        self.console.print(line, soft_wrap=True, highlight=False)


class Tree(Progress):
    """The cases by feature, with what is running below them.

    Lines stay in the order of the files, also when several cases run at once: the line of a case
    waits for those of earlier cases.
    """

    def __init__(self, console: Console, cases: Sequence[Case]) -> None:
        self.running: dict[str, tuple[Case, float]] = {}
        super().__init__(console, len(cases))
        self.last = {case.feature: case.id for case in cases}
        self.feature = ""
        self.coming = deque(case.id for case in cases)
        self.over: dict[str, CaseReport] = {}
        self.count(0)

    def __exit__(self, *exc: object) -> None:
        # After an interruption, some lines wait for earlier cases that never ran.
        for name in [name for name in self.coming if name in self.over]:
            self.settle(self.over.pop(name))
        super().__exit__(*exc)

    def say(self, line: str, style: str = "dim") -> None:
        """Print a line of the rig above the tree that follows."""
        super().say(line, style)

    def started(self, case: Case) -> None:
        """Show a line that changes for the case, below the title of its feature."""
        if self.coming and self.coming[0] == case.id:
            self.entitle(case.feature)
        self.running[case.id] = case, time.monotonic()
        self.bottom.refresh()

    def ended(self, result: CaseResult) -> None:
        """Print the final line of the case, once all lines before it are printed."""
        self.running.pop(result.report.id, None)
        self.over[result.report.id] = result.report
        self.count(self.done + 1)
        while self.coming and self.coming[0] in self.over:
            self.settle(self.over.pop(self.coming.popleft()))

    def count(self, done: float) -> None:
        """Show how many cases are over."""
        self.show(done, f"{done:.0f} of {self.total:.0f}")

    def entitle(self, feature: str) -> None:
        """Print the title of a new feature."""
        if feature != self.feature:
            self.feature = feature
            self.console.print(Text(feature.replace("_", " "), "bold"))

    def settle(self, case: CaseReport) -> None:
        """Print the line of a case that is over."""
        self.entitle(case.feature)
        row = new_row()
        row.add_row(
            Text("└─" if self.last[case.feature] == case.id else "├─", "dim"),
            mark(case.verdict, self.console),
            *names(case),
            Text(remark(case).removeprefix("recovered in "), "dim"),
        )
        self.console.print(row)

    def moving(self) -> RenderableType:
        """The lines that change: each running case with its seconds, and the progress."""
        row = new_row()
        for case, since in list(self.running.values()):
            spent = f"{time.monotonic() - since:.1f} s"
            now = Text(f"▸ {'running':{WIDEST}}", "bold blue")
            row.add_row(Text("├─", "dim"), now, *names(case), Text(spent))
        return Group(row, super().moving())


def names(case: Case | CaseReport) -> tuple[Text, Text]:
    """A case below its feature: the scenario's name, then its trigger, row and repeat."""
    return Text(case.scenario), Text(case.id.rpartition("/")[2])


def new_row() -> Table:
    """A line of the tree, still empty: the columns of all lines stand below each other."""
    row = Table.grid(padding=(0, 1), expand=True)
    row.add_column(no_wrap=True, width=2)
    row.add_column(no_wrap=True, width=WIDEST + 2)
    row.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    row.add_column(no_wrap=True, min_width=9)
    row.add_column(no_wrap=True, justify="right", min_width=16)
    return row


def make_display(console: Console, cases: Sequence[Case]) -> Tree | Lines:
    """The display that suits where the output goes."""
    return Tree(console, cases) if console.is_terminal else Lines(console, len(cases))
