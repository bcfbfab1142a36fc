"""What ends a daemon's jobs when the daemon alone is killed.

A fence needs somebody who keeps it. Whoever runs out of memory may lose the daemon and keep its
jobs, and then nobody is left who would stop them before they run elsewhere (RA-7.1). So a process
of its own, which does nothing else, waits for the end of the daemon: a pipe tells, which the kernel
closes. What it cannot end, because it was killed too, the next start does (`orphans`).
"""

import contextlib
import fcntl
import os
import signal
from collections.abc import Generator
from pathlib import Path
from typing import NoReturn

from .orphans import end_orphans, sees_orphans

# More than a daemon has open when it starts.
OPEN = 256
ALL_IS_WELL = b"."


@contextlib.contextmanager
def guarded(data: Path) -> Generator[None]:
    """While this lasts, the end of this process ends the jobs of the worker in that folder.

    It waits for the guardian of an earlier start, which would take new jobs for its own. Nothing is
    guarded where the system does not show whose a process is.
    """
    if not sees_orphans():
        yield
        return
    guardian, wire = set_guard(data)
    try:
        yield
        with contextlib.suppress(BrokenPipeError):
            os.write(wire, ALL_IS_WELL)
    finally:
        os.close(wire)
        os.waitpid(guardian, 0)


def set_guard(data: Path) -> tuple[int, int]:
    """Start a guardian; its process id, and the pipe whose end it waits for."""
    with (data / "guardian").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        hears, wire = os.pipe()
        guardian = os.fork()
        if guardian == 0:
            keep_guard(data, hears, lock.fileno())
    os.close(hears)
    return guardian, wire


def keep_guard(data: Path, hears: int, lock: int) -> NoReturn:
    """The guardian's life, which never goes on as the daemon's."""
    try:
        stand_apart(keep=(hears, lock))
        if not os.read(hears, 1):
            end_orphans(data)
    finally:
        os._exit(0)


def stand_apart(keep: tuple[int, ...]) -> None:
    """Let no signal of a clean stop end this process, and hold nothing open that is not its own."""
    signal.set_wakeup_fd(-1)
    for which in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(which, signal.SIG_IGN)
    os.setsid()
    for number in range(3, OPEN):
        if number not in keep:
            with contextlib.suppress(OSError):
                os.close(number)
