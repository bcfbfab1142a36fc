"""What happens in a history, in sentences: who starts, who ends, and what the system makes of it.

Read from the lines alone, so a history from real nodes is told in the same words.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from runall_harness.evidence.facts import Execution
from runall_harness.evidence.history import Answer, AnyLine, Call, Fault, Seen, Start, Witnessed

# Seconds within which a start and its end are one sentence.
BRIEF = 0.5
# A job that dies in the same instant as its server is not told of again.
TOGETHER = 0.001
MENDED = {"unpause": "goes on", "join": "can be reached again"}
DONE = {
    "kill": "is killed",
    "stop": "is stopped cleanly",
    "pause": "is frozen",
    "cut": "is cut off",
    "crash": "dies inside its work",
}
ANSWERS = {"refused": "the primary refuses: {}", "maybe": "nobody answers"}
ENDS = {
    "completed": "completes",
    "failed": "fails",
    "terminated": "is told to end, and ends",
    "killed": "dies",
}
SHOWN = {
    "interrupted": "is given up as interrupted",
    "aborted": "is shown as aborted",
    "timed_out": "is shown as timed out",
    "failed": "is shown as failed",
}


class Sentence(NamedTuple):
    """One thing that happens, `at` so many seconds; `line` is where the history says so, from 1.

    `move` says that somebody did it to the system.
    """

    at: float
    text: str
    line: int
    move: bool = False


def happenings(lines: Iterable[AnyLine], began: float, *, deeds: bool = False) -> list[Sentence]:
    """What happens in a history, from that second on.

    `deeds` adds what was done to the system: where no story says it in better words.
    """
    return list(Telling(list(lines), began, deeds=deeds).sentences())


class Telling:
    """Reads a history from its beginning to its end."""

    def __init__(self, lines: list[AnyLine], began: float, *, deeds: bool) -> None:
        self.lines, self.began, self.deeds = lines, began, deeds
        self.started: set[str] = set()
        self.states: dict[str, str] = {}
        self.ends = {
            e.id: e
            for line in lines
            if isinstance(line, Witnessed)
            if (e := line.execution).ended_at is not None
        }

    def sentences(self) -> Iterator[Sentence]:
        """All of them."""
        first = True
        for number, line in enumerate(self.lines, 1):
            for at, text in self.told(line):
                # The start of the job itself is what every story begins with.
                if not (first and isinstance(line, Witnessed)):
                    yield Sentence(max(at - self.began, 0.0), text, number)
                first = first and not isinstance(line, Witnessed)

    def told(self, line: AnyLine) -> Iterator[tuple[float, str]]:
        """What one line tells, and when that was."""
        match line:
            case Start() | Fault() | Call():
                yield from self.deed(line)
            case Answer() if line.outcome in ANSWERS:
                yield line.at, ANSWERS[line.outcome].format(line.value)
            case Witnessed():
                yield from self.execution(line)
            case Seen():
                yield from self.shown(line)
            case _:
                pass

    def deed(self, line: Start | Fault | Call) -> Iterator[tuple[float, str]]:
        """Something was done to the system, or mended."""
        if isinstance(line, Fault):
            words = MENDED | DONE if self.deeds else MENDED
            if line.proof.kind in words:
                yield line.at, f"{line.proof.node} {words[line.proof.kind]}"
        elif isinstance(line, Start):
            if line.at > self.began:
                yield line.at, f"{line.node} is started again"
        elif self.deeds and line.at >= self.began:
            yield line.at, f"a user asks for {line.verb}"

    def execution(self, line: Witnessed) -> Iterator[tuple[float, str]]:
        """An execution has started, or ended."""
        told = line.execution
        end = self.ends.get(told.id, told)
        brief = end.ended_at is not None and end.ended_at - end.started_at < BRIEF
        if told.id not in self.started:
            self.started.add(told.id)
            ran = f"runs on {told.node}, and {ENDS[end.how]}" if brief else f"starts on {told.node}"
            yield told.started_at, f"{name(told)} {ran}"
        elif told.ended_at is not None and not brief and not self.dies_with_node(told):
            yield told.ended_at, f"{told.job} on {told.node} {ENDS[told.how]}"

    def dies_with_node(self, told: Execution) -> bool:
        """Whether that was said already, with the death of its server."""
        return told.how == "killed" and any(
            isinstance(line, Fault)
            and line.proof.node == told.node
            and abs(line.at - (told.ended_at or 0.0)) < TOGETHER
            for line in self.lines
        )

    def shown(self, line: Seen) -> Iterator[tuple[float, str]]:
        """What the system makes of a job, where that is not simply its success."""
        job = line.job
        if self.states.get(job.id) != job.state:
            self.states[job.id] = job.state
            if job.state in SHOWN:
                yield line.at, f"{job.id} {SHOWN[job.state]}"


def name(told: Execution) -> str:
    """A job as people know it: the run again of which, or for which minute of the schedule."""
    root, source = told.claims.get("JOB_ROOT", told.job), told.claims.get("JOB_SOURCE", "")
    minute = "" if source else minute_of(told.now)
    again = f" ({root} again{minute and ', for ' + minute})" if root != told.job else ""
    return f"{told.job}{again or (minute and f' (for {minute})')}"


def minute_of(now: str) -> str:
    """The minute of the schedule, of a logical time in seconds; empty for anything else."""
    try:
        moment = datetime.fromtimestamp(float(now), UTC)
    except ValueError:
        return ""
    return f"{moment:%H:%M}" if moment.second == moment.microsecond == 0 else ""
