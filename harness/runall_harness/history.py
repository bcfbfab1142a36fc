"""The history of a case: what was asked, what was broken, what ran, and what was shown.

One JSON line each, in the order in which the harness learned of it. A check reads nothing else,
so a history that is saved can be judged again, by anybody.
"""

from pathlib import Path
from typing import Any

import msgspec

from .rigs.base import Execution, Proof
from .systems.base import JobView, LedgerView

SCHEMA = "runall-history/1"


class Line(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What all lines share: when, in seconds on the rig's clock."""

    at: float


class Meta(Line, frozen=True, kw_only=True, tag="meta"):
    """The first line: what was judged, and where.

    `grace` is how long, in seconds, a job may live on after it was told to end: the system's kill
    grace and what a busy machine adds to it.
    """

    schema: str = SCHEMA
    case: str
    system: str
    version: str
    policy: str
    rig: str
    capabilities: tuple[str, ...]
    grace: float = 0.0


class Call(Line, frozen=True, kw_only=True, tag="call"):
    """Something was asked of the system. `number` is answered by an `answer`, or never."""

    number: int
    verb: str
    args: dict[str, Any]


class Answer(Line, frozen=True, kw_only=True, tag="answer"):
    """The system answered. `outcome`: done, refused (nothing happened) or maybe."""

    number: int
    outcome: str
    value: Any = None


class Fault(Line, frozen=True, kw_only=True, tag="fault"):
    """Something was broken or mended, and whether that was proven."""

    proof: Proof


class Start(Line, frozen=True, kw_only=True, tag="start"):
    """A node was started, or started again."""

    node: str


class Witnessed(Line, frozen=True, kw_only=True, tag="witness"):
    """An execution as it stands: written again whenever it has changed."""

    execution: Execution


class Seen(Line, frozen=True, kw_only=True, tag="job"):
    """A job as the system shows it: written again whenever that has changed."""

    job: JobView


class Ledger(Line, frozen=True, kw_only=True, tag="ledger"):
    """The operator's ledger as the system shows it, whole: nothing is taken out of it again."""

    entries: tuple[LedgerView, ...]


AnyLine = Meta | Call | Answer | Fault | Start | Witnessed | Seen | Ledger


class History:
    """The lines of one case, as they come."""

    def __init__(self) -> None:
        self.lines: list[AnyLine] = []
        self._jobs: dict[str, JobView] = {}
        self._executions: dict[str, tuple[str, float | None]] = {}

    def add(self, line: AnyLine) -> None:
        """Write a line."""
        self.lines.append(line)

    def see_jobs(self, at: float, jobs: list[JobView]) -> None:
        """Write down what has changed in what the system shows."""
        for job in jobs:
            if self._jobs.get(job.id) != job:
                self._jobs[job.id] = job
                self.add(Seen(at=at, job=job))

    def see_executions(self, at: float, executions: list[Execution]) -> None:
        """Write down what has changed in what the witness tells; a sign of life is no change."""
        for execution in executions:
            state = (execution.how, execution.ended_at)
            if self._executions.get(execution.id) != state:
                self._executions[execution.id] = state
                self.add(Witnessed(at=at, execution=msgspec.structs.replace(execution)))

    def save(self, path: Path) -> None:
        """Write the whole history as JSON Lines."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in self.lines))


def load(path: Path) -> list[AnyLine]:
    """The lines of a saved history. Raises `ValueError` that names the line which is malformed."""
    lines: list[AnyLine] = []
    decode = msgspec.json.Decoder(AnyLine).decode
    for number, raw in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            lines.append(decode(raw))
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise ValueError(f"{path}, line {number}: {error}") from error
    return lines
