"""A process that ends a daemon's jobs when the daemon alone is killed.

When a machine runs out of memory, it may kill the daemon and leave its jobs, and then nobody would
stop them before they run elsewhere (RA-7.3). So the guardian waits for the end of the daemon, and
does nothing else: the kernel closes the daemon's end of a pipe. If the guardian was killed too, the
next start ends the jobs (`orphans`).
"""

import contextlib
import fcntl
import os
import signal
from collections.abc import Generator
from pathlib import Path
from typing import NoReturn

from .orphans import end_orphans, sees_orphans

# A daemon has fewer files open when it starts.
OPEN = 256
ALL_IS_WELL = b"."


@contextlib.contextmanager
def guarded(data: Path) -> Generator[None]:
    """While this lasts, the death of this process ends the jobs of the worker in that folder.

    It waits for the guardian of an earlier start to finish, which would end new jobs as well. There
    is no guardian where the system does not show the environment of a process.
    """
    if not sees_orphans():
        yield
        return
    guardian, pipe = start_guardian(data)
    try:
        yield
        with contextlib.suppress(BrokenPipeError):
            os.write(pipe, ALL_IS_WELL)
    finally:
        os.close(pipe)
        os.waitpid(guardian, 0)


def start_guardian(data: Path) -> tuple[int, int]:
    """Start a guardian; returns its process id, and the pipe on whose closing it acts."""
    with (data / "guardian").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        reading, pipe = os.pipe()
        guardian = os.fork()
        if guardian == 0:
            guard(data, reading, lock.fileno())
    os.close(reading)
    return guardian, pipe


def guard(data: Path, reading: int, lock: int) -> NoReturn:
    """Wait for the end of the daemon, then end its jobs, unless it wrote that it has ended them."""
    try:
        detach(keep=(reading, lock))
        if not os.read(reading, 1):
            end_orphans(data)
    finally:
        os._exit(0)


def detach(keep: tuple[int, ...]) -> None:
    signal.set_wakeup_fd(-1)
    for which in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(which, signal.SIG_IGN)
    os.setsid()
    for number in range(3, OPEN):
        if number not in keep:
            with contextlib.suppress(OSError):
                os.close(number)
