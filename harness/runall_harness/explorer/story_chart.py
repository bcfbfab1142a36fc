"""A story as a chart: a row for each server and each execution, a column for some seconds.

Every state has a sign of its own, so no colour is needed to read it.
"""

from collections.abc import Iterator
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from runall_harness.evidence.facts import Execution
from runall_harness.evidence.history import Fault, Start, Witnessed

from .sentences import Sentence
from .story import Story
from .worlds import WORKERS

COLUMNS = 72
# How many seconds a column may stand for.
SCALES = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
TICK = 10
# A fault, and the state of its server from then on.
STATES = {
    "kill": "down",
    "crash": "down",
    "stop": "stopped",
    "pause": "frozen",
    "unpause": "up",
    "cut": "cut",
    "join": "up",
}
# the sign, a plain one for outputs that can't show it, and the colour
SIGNS = {
    "up": ("─", "-", "green"),
    "down": (" ", " ", ""),
    "stopped": ("┄", ".", "yellow"),
    "frozen": ("≈", "~", "cyan"),
    "cut": ("╳", "/", "magenta"),
    "running": ("█", "=", "blue"),
    "completed": ("✓", "v", "bold green"),
    "failed": ("✗", "x", "bold red"),
    "terminated": ("!", "!", "bold yellow"),
    "killed": ("✗", "x", "bold red"),
}
LEGEND = ("up", "stopped", "frozen", "cut", "running", "completed", "terminated", "killed")


class Change(NamedTuple):
    """From a second on, a server or an execution is in that state."""

    at: float
    state: str


class StoryChart:
    """One story on a scale on which it fits into a line."""

    def __init__(self, story: Story, sentences: list[Sentence], console: Console) -> None:
        self.story, self.sentences = story, sentences
        self.plain = not console.encoding.startswith("utf")
        self.last = max((each.at for each in sentences), default=0.0)
        self.scale = next((s for s in SCALES if self.last / s < COLUMNS), SCALES[-1])
        self.width = int(self.last / self.scale) + 1
        lines = [line.execution for line in story.lines if isinstance(line, Witnessed)]
        self.executions = list({execution.id: execution for execution in lines}.values())
        self.nodes = nodes(story)
        names = [*self.nodes, *(each.job for each in self.executions)]
        self.margin = max(map(len, names), default=0) + 2

    def rows(self) -> Iterator[Text]:
        """All rows of the chart, from the numbers of the moves to the legend."""
        yield self.numbers()
        yield self.ruler()
        for node, changes in self.nodes.items():
            yield self.row(node, changes)
        for execution in self.executions:
            if (life := lived(execution, self.story.began))[0].at <= self.last:
                yield self.row(execution.job, life, execution.node)
        yield self.legend()

    def column(self, at: float) -> int:
        """The column of a second."""
        return min(max(int(at / self.scale), 0), self.width - 1)

    def numbers(self) -> Text:
        """The numbers of the moves, each where it was made."""
        row = [" "] * (self.width + 3)
        for number, sentence in enumerate(self.sentences, 1):
            if sentence.move:
                at = self.column(sentence.at)
                row[at : at + len(str(number))] = str(number)
        return Text(f"{'':{self.margin}}{''.join(row).rstrip()}", "bold")

    def ruler(self) -> Text:
        """The seconds, every ten columns."""
        row = [" "] * (self.width + 8)
        for at in range(0, self.width, TICK):
            label = f"{at * self.scale:g}"
            row[at : at + len(label)] = label
        return Text(f"{'seconds':{self.margin}}{''.join(row).rstrip()}", "dim")

    def row(self, name: str, changes: list[Change], note: str = "") -> Text:
        """One server or execution from its first state to its last."""
        text = Text(f"{name:{self.margin}}")
        state = "down"
        for column in range(self.width):
            here = [c.state for c in changes if self.column(c.at) == column and c.at <= self.last]
            shown = here[-1] if here else state
            text.append(*self.sign(shown))
            state = shown if shown in STATES.values() or shown == "running" else "down"
        return text.append(f"  {note}", "dim") if note else text

    def sign(self, state: str) -> tuple[str, str]:
        """The sign of a state, and its colour."""
        good, plain, colour = SIGNS[state]
        return (plain if self.plain else good), colour

    def legend(self) -> Text:
        """A row that says what the signs mean."""
        text = Text(" " * self.margin)
        for state in LEGEND:
            text.append(*self.sign(state)).append(f" {state}  ", "dim")
        return text


def nodes(story: Story) -> dict[str, list[Change]]:
    """The changes of each server: all are up at the beginning."""
    names = (*story.script.outline.primaries, *WORKERS)
    found = {name: [Change(0.0, "up")] for name in names}
    for line in story.lines:
        if isinstance(line, Start):
            found[line.node].append(Change(line.at - story.began, "up"))
        elif isinstance(line, Fault) and line.proof.kind in STATES:
            change = Change(line.at - story.began, STATES[line.proof.kind])
            found[line.proof.node].append(change)
    return found


def lived(execution: Execution, began: float) -> list[Change]:
    """One execution, from its start to its end."""
    start = Change(max(execution.started_at - began, 0.0), "running")
    ended = execution.ended_at
    return [start] if ended is None else [start, Change(ended - began, execution.how)]
