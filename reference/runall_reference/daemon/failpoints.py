"""A test aid: a primary that kills itself at a chosen point of a step, as a crash would.

Never in use unless RUNALL_FAILPOINTS=1 is in the daemon's environment; then the file
`failpoint.json` in its data folder, whenever it appears, names one point. The file is renamed
when the point is reached, so it fires once, and the next start goes on.
"""

import asyncio
import logging
import os
import signal
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from runall_reference.brain.record_set import Put, Step

from .errors import DaemonCannotRun

log = logging.getLogger("runall")

ALLOWED = "RUNALL_FAILPOINTS"
ORDERED, FIRED = "failpoint.json", "failpoint.fired"
# Turns of the event loop after which the last act has left this process.
TURNS = 2

Where = Literal["before", "after", "between"]


class Failpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One point: the `count`-th time that a step gets there, from when the point was set.

    where: before a step's commit, after it and before its first act, or between its acts (and
    its answer): after `act` of them. A step that commits nothing has only points between acts.
    first: the counting begins with the first step that writes to that table; empty: at once.
    """

    where: Where
    count: int = 1
    act: int = 1
    first: str = ""


class Fuse:
    """Counts how often a failpoint is reached."""

    def __init__(self, point: Failpoint) -> None:
        self.point, self.left, self.lit = point, point.count, not point.first

    def burns(self, where: Where, step: Step, act: int = 0) -> bool:
        """Whether this is the moment. Asked at every point of every step, in their order."""
        point = self.point
        self.lit = self.lit or any(
            isinstance(write, Put) and write.record.table == point.first for write in step.change
        )
        here = act == point.act if where == "between" else bool(step.change)
        if self.lit and where == point.where and here:
            self.left -= 1
            return self.left == 0
        return False


class Crashing(Exception):
    """The step is over: this process dies as soon as what it had said so far is sent."""


class Reached(Protocol):
    """Told of every point of every step; may not return."""

    def __call__(self, where: Where, step: Step, act: int = 0) -> None:
        """Step `step` got to that point; `act` counts the acts carried out."""
        ...


def unheeded(where: Where, step: Step, act: int = 0) -> None:
    """What a daemon does at all points outside of tests: nothing."""
    del where, step, act


def watch_failpoints(data: Path) -> Reached:
    """What to tell of every point. Raises `DaemonCannotRun` for a file that is not allowed."""
    if os.environ.get(ALLOWED) == "1":
        return Watch(data)
    if (data / ORDERED).exists():
        raise DaemonCannotRun(
            f"{data / ORDERED} asks this daemon to crash, which only a test may",
            f"remove that file, or set {ALLOWED}=1",
        )
    return unheeded


class Watch:
    """Looks for a failpoint in the data folder, and crashes there."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.fuse: Fuse | None = None

    def __call__(self, where: Where, step: Step, act: int = 0) -> None:
        """Crash, if this is the point. The file is looked at when a step begins."""
        if where == "before":
            self.look()
        if self.fuse is not None and self.fuse.burns(where, step, act):
            self.crash(where)

    def look(self) -> None:
        """Take up a file that has appeared; forget it when it has been removed."""
        try:
            told = (self.data / ORDERED).read_bytes()
        except FileNotFoundError:
            self.fuse = None
        else:
            self.fuse = self.fuse or Fuse(msgspec.json.decode(told, type=Failpoint))

    def crash(self, where: Where) -> None:
        """SIGKILL to this process. Between acts, those done are sent first, and no more follow."""
        (self.data / ORDERED).rename(self.data / FIRED)
        log.warning("failpoint: this daemon dies %s", where)
        if where != "between":
            die()
        die_soon(TURNS)
        raise Crashing


def die() -> None:
    """End this process, as a crash would."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_soon(turns: int) -> None:
    """End this process after so many turns of the event loop."""
    if not turns:
        die()
    asyncio.get_running_loop().call_soon(die_soon, turns - 1)
