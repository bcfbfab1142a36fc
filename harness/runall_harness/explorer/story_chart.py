"""A story as a chart: a row for each server and each execution, a column for some seconds.

Every state has a sign of its own, so no colour is needed to read it.
"""

from collections.abc import Iterator

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
LASTING = {*STATES.values(), "running"}
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
# From a second on, a server or an execution is in that state.
Change = tuple[float, str]
LEGEND = ("up", "stopped", "frozen", "cut", "running", "completed", "terminated", "killed")


class StoryChart:
    """One story on a scale on which it fits into a line."""

    def __init__(self, story: Story, sentences: list[Sentence], console: Console) -> None:
        self.plain = not console.encoding.startswith("utf")
        self.moves = [(n, each.at) for n, each in enumerate(sentences, 1) if each.move]
        self.last = max((each.at for each in sentences), default=0.0)
        self.scale = next((s for s in SCALES if self.last / s < COLUMNS), SCALES[-1])
        self.width = int(self.last / self.scale) + 1
        lines = [line.execution for line in story.lines if isinstance(line, Witnessed)]
        runs = {execution.id: execution for execution in lines}.values()
        self.lives = [(run.job, lived(run, story.began), run.node) for run in runs]
        self.nodes = nodes(story)
        self.margin = max(map(len, [*self.nodes, *(job for job, _, _ in self.lives)])) + 2

    def rows(self) -> Iterator[Text]:
        yield self.labels("", [(self.column(at), str(number)) for number, at in self.moves], "bold")
        ticks = [(at, f"{at * self.scale:g}") for at in range(0, self.width, TICK)]
        yield self.labels("seconds", ticks, "dim")
        for node, changes in self.nodes.items():
            yield self.row(node, changes)
        for job, life, node in self.lives:
            if life[0][0] <= self.last:
                yield self.row(job, life).append(f"  {node}", "dim")
        yield self.legend()

    def column(self, at: float) -> int:
        return min(max(int(at / self.scale), 0), self.width - 1)

    def labels(self, name: str, labels: list[tuple[int, str]], style: str) -> Text:
        """A row of texts, each from its column on."""
        row = [" "] * (self.width + TICK)
        for at, label in labels:
            row[at : at + len(label)] = label
        return Text(f"{name:{self.margin}}{''.join(row).rstrip()}", style)

    def row(self, name: str, changes: list[Change]) -> Text:
        text, state = Text(f"{name:{self.margin}}"), "down"
        shown = {self.column(at): state for at, state in changes if at <= self.last}
        for column in range(self.width):
            state = shown.get(column, state)
            text.append(*self.sign(state))
            if state not in LASTING:
                state = "down"
        return text

    def sign(self, state: str) -> tuple[str, str]:
        good, plain, colour = SIGNS[state]
        return (plain if self.plain else good), colour

    def legend(self) -> Text:
        text = Text(" " * self.margin)
        for state in LEGEND:
            text.append(*self.sign(state)).append(f" {state}  ", "dim")
        return text


def nodes(story: Story) -> dict[str, list[Change]]:
    """The changes of each server: all are up at the beginning."""
    names = (*story.script.outline.primaries, *WORKERS)
    found = {name: [(0.0, "up")] for name in names}
    for line in story.lines:
        if isinstance(line, Start):
            found[line.node].append((line.at - story.began, "up"))
        elif isinstance(line, Fault) and line.proof.kind in STATES:
            found[line.proof.node].append((line.at - story.began, STATES[line.proof.kind]))
    return found


def lived(execution: Execution, began: float) -> list[Change]:
    start = (max(execution.started_at - began, 0.0), "running")
    ended = execution.ended_at
    return [start] if ended is None else [start, (ended - began, execution.how)]
