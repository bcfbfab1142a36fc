"""What happens in a history, in sentences: which jobs start and end, and how the system shows them.

Only the lines are read, so a history from real nodes is put into the same words.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from runall_harness.evidence.facts import Execution
from runall_harness.evidence.history import Answer, AnyLine, Call, Fault, Seen, Start, Witnessed

# Seconds within which a start and its end are one sentence.
BRIEF = 0.5
# A job that dies so soon after its server gets no sentence of its own, in seconds.
SAME_INSTANT = 0.001
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

    `move` says that the nemesis or a user did it to the system.
    """

    at: float
    text: str
    line: int
    move: bool = False


class Narrator:
    """Reads a history from its beginning to its end.

    The seconds of the sentences count from `began`. `faults` adds what was done to the system: a
    story has better words for that.
    """

    def __init__(self, lines: list[AnyLine], began: float, *, faults: bool = False) -> None:
        self.lines, self.began, self.faults = lines, began, faults
        self.started: set[str] = set()
        self.states: dict[str, str] = {}
        witnessed = [line.execution for line in lines if isinstance(line, Witnessed)]
        self.ends = {each.id: each for each in witnessed if each.ended_at is not None}

    def sentences(self) -> Iterator[Sentence]:
        """All of them, but for the start of the first job: every story begins with that."""
        first = True
        for number, line in enumerate(self.lines, 1):
            for at, text in self.read(line):
                if not (first and isinstance(line, Witnessed)):
                    yield Sentence(max(at - self.began, 0.0), text, number)
                first = first and not isinstance(line, Witnessed)

    def read(self, line: AnyLine) -> Iterator[tuple[float, str]]:
        match line:
            case Fault():
                words = MENDED | DONE if self.faults else MENDED
                if line.proof.kind in words:
                    yield line.at, f"{line.proof.node} {words[line.proof.kind]}"
            case Start() if line.at > self.began:
                yield line.at, f"{line.node} is started again"
            case Call() if self.faults and line.at >= self.began:
                yield line.at, f"a user asks for {line.verb}"
            case Answer() if line.outcome in ANSWERS:
                yield line.at, ANSWERS[line.outcome].format(line.value)
            case Witnessed():
                yield from self.execution(line.execution)
            case Seen():
                yield from self.shown(line)
            case _:
                pass

    def execution(self, run: Execution) -> Iterator[tuple[float, str]]:
        end = self.ends.get(run.id, run)
        brief = end.ended_at is not None and end.ended_at - end.started_at < BRIEF
        if run.id not in self.started:
            self.started.add(run.id)
            ran = f"runs on {run.node}, and {ENDS[end.how]}" if brief else f"starts on {run.node}"
            yield run.started_at, f"{name(run)} {ran}"
        elif run.ended_at is not None and not brief and not self.dies_with_node(run):
            yield run.ended_at, f"{run.job} on {run.node} {ENDS[run.how]}"

    def dies_with_node(self, run: Execution) -> bool:
        """Whether the sentence about the death of its server says it already."""
        return run.how == "killed" and any(
            isinstance(line, Fault)
            and line.proof.node == run.node
            and abs(line.at - (run.ended_at or 0.0)) < SAME_INSTANT
            for line in self.lines
        )

    def shown(self, line: Seen) -> Iterator[tuple[float, str]]:
        """How the system shows a job, where that is not simply its success."""
        job = line.job
        if self.states.get(job.id) != job.state:
            self.states[job.id] = job.state
            if job.state in SHOWN:
                yield line.at, f"{job.id} {SHOWN[job.state]}"


def name(run: Execution) -> str:
    """A job's name for people: which one it reruns, and for which minute of the schedule."""
    root, source = run.claims.get("JOB_ROOT", run.job), run.claims.get("JOB_SOURCE", "")
    minute = "" if source else minute_of(run.now)
    again = f" ({root} again{minute and ', for ' + minute})" if root != run.job else ""
    return f"{run.job}{again or (minute and f' (for {minute})')}"


def minute_of(now: str) -> str:
    """The minute of the schedule, of a logical time in seconds; empty for anything else."""
    try:
        moment = datetime.fromtimestamp(float(now), UTC)
    except ValueError:
        return ""
    return f"{moment:%H:%M}" if moment.second == moment.microsecond == 0 else ""
