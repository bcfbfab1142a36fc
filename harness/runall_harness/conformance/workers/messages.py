"""What the lead of a crew and its hands tell each other: one JSON object a line, over pipes.

An error does not travel: what a reader is told of it does. So the lead shows and reports a case
exactly as if it had run in its own process. A hand is started with the arguments of its pytest,
as a list in the first line that it reads.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, TypeVar

import msgspec

from runall_harness.checks.job_outcome import JobOutcome
from runall_harness.contract.cases import Case
from runall_harness.contract.verdicts import Verdict, Violation

from ..case_result import Ended
from ..run_report import ExecutionReport, FaultReport, SystemReport


# ---------------------------------------------------------------- from the lead
class Deal(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Run this case. `next` is one that may follow, or empty: the rig can make itself ready."""

    case: str
    next: str = ""


class Finish(msgspec.Struct, frozen=True, tag=True):
    """There is no case left: remove what you made, and leave."""


class Stop(msgspec.Struct, frozen=True, tag=True):
    """The run is interrupted: leave the case that runs, remove what you made, and leave."""


# ---------------------------------------------------------------- from a hand
class Ready(msgspec.Struct, frozen=True, tag=True):
    """Deal me a case."""


class Said(msgspec.Struct, frozen=True, tag=True):
    """The rig said something of itself."""

    line: str


class Began(msgspec.Struct, frozen=True, tag=True):
    """A case begins."""

    case: str


class Broken(msgspec.Struct, frozen=True):
    """A clause that was broken."""

    clause: str
    expected: str
    seen: str


class Over(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A case is over: all that an `Ended` holds, and where it ran."""

    case: str
    verdict: Verdict
    message: str
    folder: str
    seconds: float
    recovery_s: float | None
    deadline_s: float | None
    job_outcome: JobOutcome | None
    faults: list[FaultReport]
    executions: list[ExecutionReport]
    history: str | None
    logs: list[str]
    broken: Broken | None
    rig: str | None = None
    system: SystemReport | None = None


class Done(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The hand has removed what it made, and leaves."""

    troubles: list[str]
    interrupted: bool


ToHand = Deal | Finish | Stop
FromHand = Ready | Said | Began | Over | Done
Word = TypeVar("Word")
TO_HAND: "msgspec.json.Decoder[ToHand]" = msgspec.json.Decoder(ToHand)
FROM_HAND: "msgspec.json.Decoder[FromHand]" = msgspec.json.Decoder(FromHand)


def tell_over(ended: Ended, rig: str | None, system: SystemReport | None) -> Over:
    """A case that is over, as it travels."""
    broken = ended.violation
    return Over(
        case=ended.case.id,
        verdict=ended.verdict,
        message=ended.message,
        folder=str(ended.folder),
        seconds=ended.seconds,
        recovery_s=ended.recovery_s,
        deadline_s=ended.deadline_s,
        job_outcome=ended.job_outcome,
        faults=ended.faults,
        executions=ended.executions,
        history=str(ended.history) if ended.history else None,
        logs=list(map(str, ended.logs)),
        broken=Broken(broken.clause, broken.expected, broken.seen) if broken else None,
        rig=rig,
        system=system,
    )


def hear_over(told: Over, case: Case) -> Ended:
    """The same case where it arrives."""
    broken = told.broken
    return Ended(
        case=case,
        folder=Path(told.folder),
        seconds=told.seconds,
        verdict=told.verdict,
        error=Violation(broken.clause, broken.expected, broken.seen) if broken else None,
        message=told.message,
        called=True,
        recovery_s=told.recovery_s,
        deadline_s=told.deadline_s,
        job_outcome=told.job_outcome,
        faults=told.faults,
        executions=told.executions,
        history=Path(told.history) if told.history else None,
        logs=list(map(Path, told.logs)),
    )


def write(stream: IO[bytes], word: object) -> None:
    """Send one message. Raises `OSError` when nobody reads any more."""
    stream.write(msgspec.json.encode(word) + b"\n")
    stream.flush()


def read(stream: IO[bytes], decoder: "msgspec.json.Decoder[Word]") -> Iterator[Word]:
    """All that is said, until the other end is closed, or dies within a line."""
    for line in stream:
        if not line.endswith(b"\n"):
            return
        yield decoder.decode(line)
