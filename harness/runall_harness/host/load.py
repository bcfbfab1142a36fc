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
STAT = Path("/proc/stat")


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
    """How many tasks run or wait for a core or a disk, except for this one."""
    try:
        lines = STAT.read_text("ascii").splitlines()
    except OSError:
        return psutil.getloadavg()[0]
    counts = dict(line.split()[:2] for line in lines if line.startswith("procs_"))
    return int(counts["procs_running"]) - 1 + int(counts["procs_blocked"])


def cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
