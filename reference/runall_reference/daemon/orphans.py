"""Processes that an earlier start of this worker left behind when it was killed.

Few are left: most are ended by the guardian, unless that was killed too. The brain reports every
job of the earlier start as gone, so that has to be true first: every process that carries the
marker of one of its runs is killed, and its end awaited.
"""

import contextlib
import logging
import os
import select
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from .job_environment import MARKER, marker

log = logging.getLogger("runall")

PROC = Path("/proc")
PATIENCE = 10.0


class OrphansRemain(Exception):
    """Processes of an earlier start have not ended, although they got SIGKILL."""


def end_orphans(data: Path) -> int:
    """Kill what an earlier start left, and return the number of processes that were killed.

    Raises `OrphansRemain` after ten seconds. It blocks: nothing else may happen before it is done.
    """
    if not sees_orphans():
        log.warning("this system does not show environments: leftover jobs can't be looked for")
        return 0
    deadline, killed = time.monotonic() + PATIENCE, 0
    while left := list(orphans(data)):
        killed += len(left)
        end_all(left, deadline)
    return killed


def sees_orphans() -> bool:
    """Whether this system shows the environment of a process, and so its marker."""
    return PROC.is_dir() and hasattr(os, "pidfd_open")


def orphans(data: Path) -> Iterator[int]:
    """Open handles (pidfd) of the marked processes. A handle never means another process."""
    mark = f"{MARKER}={marker(data, '')}".encode()
    for entry in PROC.iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                handle = os.pidfd_open(int(entry.name))
                if is_marked(entry, mark):
                    yield handle
                else:
                    os.close(handle)


def is_marked(entry: Path, mark: bytes) -> bool:
    """Whether a process carries the marker; False if it is gone or another user's."""
    try:
        variables = (entry / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return any(variable.startswith(mark) for variable in variables)


def end_all(handles: list[int], deadline: float) -> None:
    for handle in handles:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    try:
        for handle in handles:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([handle], [], [], left)[0]:
                raise OrphansRemain("processes of an earlier start do not end after SIGKILL")
    finally:
        for handle in handles:
            os.close(handle)
