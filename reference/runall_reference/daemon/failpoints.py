"""For tests: a primary kills itself at a chosen point of a step, as a crash would.

This works only with RUNALL_FAILPOINTS=1 in the daemon's environment. Then the file
`failpoint.json` in its data folder, whenever it appears, names one point. The file is renamed
when the point is reached, so it fires once, and the next start runs on.
"""

import asyncio
import logging
import os
import signal
from pathlib import Path

import msgspec

from runall_reference.brain.record_set import Step

from .errors import DaemonCannotRun
from .failpoint import Failpoint, Trigger
from .turn import Reached, Where, ignore_point

log = logging.getLogger("runall")

ALLOWED = "RUNALL_FAILPOINTS"
ORDERED, FIRED = "failpoint.json", "failpoint.fired"
# After so many turns of the event loop, the last action has left this process.
TURNS = 2


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
    """Reads the failpoint in the data folder, and crashes there."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.trigger: Trigger | None = None

    def __call__(self, where: Where, step: Step, act: int = 0) -> None:
        """Crash, if this is the point. The file is read when a step begins."""
        if where == "before":
            self.read()
        if self.trigger is not None and self.trigger.fires(where, step, act):
            self.crash(where)

    def read(self) -> None:
        """Set the trigger when the file has appeared; drop it when the file was removed."""
        try:
            order = (self.data / ORDERED).read_bytes()
        except FileNotFoundError:
            self.trigger = None
        else:
            self.trigger = self.trigger or Trigger(msgspec.json.decode(order, type=Failpoint))

    def crash(self, where: Where) -> None:
        """SIGKILL this process. Between actions, what those done have queued is sent first."""
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
