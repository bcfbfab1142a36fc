"""Whether the load of this machine allows one more case.

Deadlines are in seconds, and on a machine whose cores are busy for long a daemon can miss one that
it would keep elsewhere. Cases that wait for each other's cores would accuse the scheduler. So a
case is begun beside others only while few tasks wait for a core; alone, it always is.
"""

import os
import threading
from collections import deque
from pathlib import Path
from typing import Self

import psutil

# With so many tasks for each core, a daemon still starts and beats several times sooner than it
# must; with twice as many it does not always.
FULL = 3.0
SAMPLES, PERIOD = 20, 0.05
PROC = Path("/proc")
# A process with this nice value gets a tenth of what a usual one gets of a core, or less.
YIELDING = 10


class Load:
    """Counts many times a second how many tasks want a core, and remembers the last second."""

    def __init__(self) -> None:
        self.samples: deque[float] = deque(maxlen=SAMPLES)
        self.ended = threading.Event()
        self.sampler = threading.Thread(target=self.sample, name="load", daemon=True)

    def __enter__(self) -> Self:
        self.sampler.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.ended.set()
        self.sampler.join()

    def sample(self) -> None:
        while not self.ended.wait(PERIOD):
            self.samples.append(tasks_wanting_a_core())

    def allows_more(self) -> bool:
        samples = list(self.samples)
        return not samples or sum(samples) / len(samples) < FULL * cores()


def tasks_wanting_a_core() -> float:
    """How many tasks run or wait for a core or a disk, except for this one and those that yield."""
    try:
        lines = (PROC / "stat").read_text("ascii").splitlines()
    except OSError:
        return psutil.getloadavg()[0]
    counts = dict(line.split()[:2] for line in lines if line.startswith("procs_"))
    wanting = int(counts["procs_running"]) - 1 + int(counts["procs_blocked"])
    return max(wanting - processes_that_yield(), 0)


def processes_that_yield() -> int:
    """How many processes run or wait for a core, and leave it to whoever else wants it."""
    names = (entry.name for entry in os.scandir(PROC) if entry.name.isdecimal())
    return sum(is_running(pid) for pid in map(int, names) if yields(pid))


def yields(pid: int) -> bool:
    try:
        return os.getpriority(os.PRIO_PROCESS, pid) >= YIELDING
    except OSError:
        return False


def is_running(pid: int) -> bool:
    try:
        words = (PROC / str(pid) / "stat").read_text("ascii", "replace").rpartition(")")[2]
    except OSError:
        return False
    return words.split()[0] == "R"


def cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
