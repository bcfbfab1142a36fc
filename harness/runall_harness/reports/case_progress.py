"""Shows the progress of a conformance run: a tree on a terminal, plain lines elsewhere.

A line is printed when its case ends and never touched again. Only the last lines change: they show
what is running, for how long, and how much is left. Every verdict has a mark and a word, so that no
meaning depends on colour alone.
"""

import time
from collections import Counter, deque
from collections.abc import Container, Iterable, Sequence

from rich.cells import set_cell_size
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from runall_harness.conformance.run import Display
from runall_harness.conformance.run_report import CaseReport, CaseResult
from runall_harness.contract.cases import Case
from runall_harness.contract.verdicts import Verdict
from runall_harness.contract.words import say, say_feature, say_scenario

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
    good, plain, colour = MARKS[verdict]
    sign = good if console.encoding.startswith("utf") else plain
    return Text(f"{sign} {padded(say(verdict))}", style=colour)


def padded(word: str) -> str:
    """The word of a verdict, as wide on a screen as the widest."""
    return set_cell_size(word, WIDEST)


def recovery(recovery_s: float | None, deadline_s: float | None) -> str:
    if recovery_s is None:
        return ""
    if deadline_s is None:
        return say("{} s", f"{recovery_s:.2f}")
    return say("{} s of {} s", f"{recovery_s:.2f}", f"{deadline_s:.1f}")


def remark(report: CaseReport) -> str:
    """The words after a verdict: the recovery time, or else the outcome of the job."""
    if report.job_outcome and report.verdict not in WELL:
        return report.job_outcome.said()
    took = recovery(report.recovery_s, report.deadline_s)
    return took and say("recovered in {}", took)


def reason(case: CaseReport) -> str:
    """The first line of its message, which says why the case ended so."""
    return case.message.partition("\n")[0].removeprefix("setup: ")


def count_reasons(cases: Iterable[CaseReport], verdicts: Container[Verdict]) -> list[str]:
    """A line for each reason why cases have one of these verdicts, with the number of cases."""
    counts = Counter(f"{say(c.verdict)}: {reason(c)}" for c in cases if c.verdict in verdicts)
    return [
        say("{} (1 case)" if n == 1 else "{} ({} cases)", line, n) for line, n in counts.items()
    ]


class Lines(Progress, Display):
    """One line for each case as it ends, without any cursor control."""

    def ended(self, result: CaseResult) -> None:
        self.done += 1
        report = result.report
        line = mark(report.verdict, self.console)
        count = f"[{self.done:{len(str(self.total))}.0f}/{self.total:.0f}]"
        line.append(f" {count} {report.id}", "default")
        if words := remark(report):
            line.append(f"  {words}", "dim")
        self.console.print(line, soft_wrap=True, highlight=False)


class Tree(Progress, Display):
    """The cases by feature, with what is running below them.

    Lines stay in the order of the files, also when several cases run at once: the line of a case
    waits for those of earlier cases.
    """

    style = "dim"

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
        self.show(done, f"{done:.0f} of {self.total:.0f}")

    def entitle(self, feature: str) -> None:
        if feature != self.feature:
            self.feature = feature
            self.console.print(Text(say_feature(feature), "bold"))

    def settle(self, case: CaseReport) -> None:
        self.entitle(case.feature)
        row = new_row()
        row.add_row(
            Text("└─" if self.last[case.feature] == case.id else "├─", "dim"),
            mark(case.verdict, self.console),
            *names(case),
            Text(remark(case).removeprefix(say("recovered in {}", "")), "dim"),
        )
        self.console.print(row)

    def moving(self) -> RenderableType:
        row = new_row()
        for case, since in list(self.running.values()):
            spent = f"{time.monotonic() - since:.1f} s"
            now = Text(f"▸ {padded(say('running'))}", "bold blue")
            row.add_row(Text("├─", "dim"), now, *names(case), Text(spent))
        return Group(row, super().moving())


def names(case: Case | CaseReport) -> tuple[Text, Text]:
    """A case below its feature: the scenario's name, then its trigger, row and repeat."""
    return Text(say_scenario(case.scenario)), Text(case.id.rpartition("/")[2])


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
    return Tree(console, cases) if console.is_terminal else Lines(console, len(cases))
