"""Whether the machine has room for one more case.

Deadlines are in seconds, and on a machine whose cores are long spoken for a daemon can miss one
that it would keep elsewhere. Cases that wait for each other's cores would accuse the scheduler.
So only while few tasks wait for a core is a case begun beside others; alone, it always is.
"""

import os
import threading
from collections import deque
from pathlib import Path

import psutil

# With so many tasks for each core, a daemon still starts and beats several times sooner than it
# must; with twice as many it does not always.
FULL = 3.0
LOOKS, PERIOD = 20, 0.05
STAT = Path("/proc/stat")


class Room:
    """Looks many times a second at how many tasks want a core, and remembers the last second."""

    def __init__(self) -> None:
        self.seen: deque[float] = deque(maxlen=LOOKS)
        self.closing = threading.Event()
        self.looking = threading.Thread(target=self.look, name="room", daemon=True)
        self.looking.start()

    def look(self) -> None:
        """Keep looking, in a thread of its own."""
        while not self.closing.wait(PERIOD):
            self.seen.append(wanting())

    def left(self) -> bool:
        """Whether one more case may begin beside those that run."""
        seen = list(self.seen)
        return not seen or sum(seen) / len(seen) < FULL * cores()

    def close(self) -> None:
        """Stop looking."""
        self.closing.set()
        self.looking.join()


def wanting() -> float:
    """How many tasks run or wait for a core or a disk, ourselves left out."""
    try:
        lines = STAT.read_text("ascii").splitlines()
    except OSError:
        return psutil.getloadavg()[0]
    counts = dict(line.split()[:2] for line in lines if line.startswith("procs_"))
    return int(counts["procs_running"]) - 1 + int(counts["procs_blocked"])


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
