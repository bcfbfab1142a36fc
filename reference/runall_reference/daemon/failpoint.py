"""A failpoint: the point of a step at which a test lets a node crash.

A primary kills itself there, as a crash would; the simulated rig lets a node of virtual time die
there. Both count the points alike.

A daemon does so only with RUNALL_FAILPOINTS=1 in its environment. Then the file `failpoint.json` in
its data folder, whenever it appears, names one point. The file is renamed when the point is
reached, so it fires once, and the next start runs on.
"""

import asyncio
import logging
import os
import signal
from pathlib import Path

import msgspec

from runall_reference.brain.record_set import Put, Step

from .errors import DaemonCannotRun
from .turn import Reached, Where, ignore_point

log = logging.getLogger("runall")

ALLOWED = "RUNALL_FAILPOINTS"
ORDERED, FIRED = "failpoint.json", "failpoint.fired"
# After so many turns of the event loop, the last action has left this process.
TURNS = 2


class Failpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One point: the `count`-th time that a step gets there, from when the point was set.

    where: before a step's commit, within it: after `act` of its rows, after it and before its
    first action, or between its actions (and its reply): after `act` of them. A step that commits
    nothing has only points between actions.
    first: the counting begins with the first step that writes to that table; empty: at once.
    """

    where: Where
    count: int = 1
    act: int = 1
    first: str = ""


class Trigger:
    """Counts how often the point is reached, and fires once."""

    def __init__(self, point: Failpoint) -> None:
        self.point, self.left, self.counting = point, point.count, not point.first

    def fires(self, where: Where, step: Step, act: int = 0) -> bool:
        """Whether the node crashes here. To be called at every point of every step, in order."""
        point = self.point
        self.counting = self.counting or any(
            isinstance(write, Put) and write.record.table == point.first for write in step.change
        )
        counted = where in ("within", "between")
        here = act == point.act if counted else bool(step.change)
        if self.counting and where == point.where and here:
            self.left -= 1
            return self.left == 0
        return False


class Crashing(Exception):
    """Ends the step: this process dies as soon as the messages of its earlier actions are sent."""


def watch_failpoints(data: Path) -> Reached:
    """The function to call at every point. Raises `DaemonCannotRun` for a forbidden file."""
    if os.environ.get(ALLOWED) == "1":
        return FailpointFile(data)
    if (data / ORDERED).exists():
        raise DaemonCannotRun(
            f"{data / ORDERED} asks this daemon to crash, which only a test may",
            f"remove that file, or set {ALLOWED}=1",
        )
    return ignore_point


class FailpointFile:
    """Reads the failpoint in the data folder when a step begins, and crashes there."""

    def __init__(self, data: Path) -> None:
        self.ordered, self.fired = data / ORDERED, data / FIRED
        self.trigger: Trigger | None = None

    def __call__(self, where: Where, step: Step, act: int = 0) -> None:
        if where == "before":
            self.read()
        if self.trigger is not None and self.trigger.fires(where, step, act):
            self.crash(where)

    def read(self) -> None:
        """Set the trigger when the file has appeared; drop it when the file was removed."""
        try:
            order = self.ordered.read_bytes()
        except FileNotFoundError:
            self.trigger = None
        else:
            self.trigger = self.trigger or Trigger(msgspec.json.decode(order, type=Failpoint))

    def crash(self, where: Where) -> None:
        """SIGKILL this process. Between actions, what those done have queued is sent first."""
        try:
            self.ordered.rename(self.fired)
        except FileNotFoundError:  # withdrawn since this step began
            self.trigger = None
            return
        log.warning("failpoint: this daemon dies %s", where)
        die_after(TURNS if where == "between" else 0)
        raise Crashing


def die_after(turns: int) -> None:
    """End this process after so many turns of the event loop."""
    if not turns:
        os.kill(os.getpid(), signal.SIGKILL)
    asyncio.get_running_loop().call_soon(die_after, turns - 1)
