"""Finds all processes of one node, detached ones too, and signals them at one instant.

The kernel knows which processes are in a container; for plain processes it does not. A daemon puts
its jobs into groups and sessions of their own, and a job whose daemon died becomes a child of init.
So a process belongs to a node by its control group, where nodes have one (`containment`), by its
environment, by its session, or by descent.

If processes were killed one after the other, the daemon would see its job die a moment before
itself and record a failure that no crash would have caused. So all are frozen first, parents
before children so that no parent reacts, until nothing new appears. They are killed while frozen,
children before parents: a parent that died would leave a stopped process group without anyone to
wake it, and for that the kernel sends SIGHUP and SIGCONT to the group.
"""

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psutil

from .containment import ControlGroup

# How long a signal may take to show, in seconds; only an uninterruptible sleep takes longer.
PATIENCE = 5.0
_LOOK_AGAIN = 0.0005
_STOPPED = frozenset("TtZXx")


class Signalled(NamedTuple):
    """Processes that got SIGSTOP or SIGCONT, and those of them that run afterwards."""

    all: list[psutil.Process]
    moving: list[psutil.Process]


class ProcessTree:
    """Processes that belong together by control group, environment, session or descent.

    `markers` are environment variables that only these processes have.
    """

    def __init__(self, markers: Mapping[str, str]) -> None:
        self.markers = dict(markers)
        self.groups: list[ControlGroup] = []
        self._sessions: dict[int, psutil.Process | None] = {}
        self._known: set[psutil.Process] = set()
        self._foreign: set[psutil.Process] = set()

    def add_session(self, leader: int) -> None:
        """Include the session of that leader, by its process id; the leader may be dead already."""
        try:
            self._sessions[leader] = psutil.Process(leader)
        except psutil.NoSuchProcess:
            self._sessions[leader] = None

    def include(self, other: "ProcessTree") -> None:
        self._sessions.update(other._sessions)
        self._known |= other._known
        self.groups += other.groups

    def members(self) -> list[psutil.Process]:
        """All processes that live, without zombies, parents before children."""
        parents = _parents()
        inside = {pid for group in self.groups for pid in group.pids()}
        chosen = {p for p in parents if p.pid in inside or self._belongs(p)}
        by_pid = {process.pid: process for process in parents}
        grown = 0
        while grown != len(chosen):
            grown = len(chosen)
            chosen |= {p for p, parent in parents.items() if by_pid.get(parent) in chosen}
        self._known |= chosen
        living = [process for process in chosen if not _is_zombie(process)]
        return sorted(living, key=lambda process: _depth(process, parents, by_pid))

    def pids(self) -> set[int]:
        return {process.pid for process in self.members()}

    def _belongs(self, process: psutil.Process) -> bool:
        return process in self._known or self._in_session(process) or self._is_marked(process)

    def _in_session(self, process: psutil.Process) -> bool:
        try:
            session = os.getsid(process.pid)
        except OSError:
            return False
        if session not in self._sessions:
            return False
        # An id that was used again leads another session.
        try:
            return psutil.Process(session) == self._sessions[session]
        except psutil.NoSuchProcess:
            return True

    def _is_marked(self, process: psutil.Process) -> bool:
        if process in self._foreign:
            return False
        try:
            environment = process.environ()
        except (psutil.Error, OSError):
            return False
        marked = self.markers.items() <= environment.items()
        # During an exec the environment is empty: look again next time.
        if environment and not marked:
            self._foreign.add(process)
        return marked

    def freeze(self, but: Iterable[psutil.Process] = ()) -> Signalled:
        """Stop all processes except `but`, until no new one appears, or `PATIENCE` is over."""
        spared = set(but)
        deadline = time.monotonic() + PATIENCE
        frozen: dict[psutil.Process, None] = {}
        moving: list[psutil.Process] = []
        while new := [p for p in self.members() if p not in frozen and p not in spared]:
            # One generation at a time: a parent that starts a process by vfork can't stop before
            # the child has called exec, and a child that is stopped never calls it.
            oldest = _without_parents(new)
            send(oldest, signal.SIGSTOP)
            frozen.update(dict.fromkeys(oldest))
            moving = _wait_while(lambda p: not is_stopped(p), frozen, deadline)
        return Signalled(list(frozen), moving)

    def thaw(self, but: Iterable[psutil.Process] = ()) -> Signalled:
        """Let all processes except `but` go on; those that stay stopped are not in `moving`."""
        spared = set(but)
        members = [process for process in self.members() if process not in spared]
        send(reversed(members), signal.SIGCONT)
        still = _wait_while(_has_stopped_status, members, time.monotonic() + PATIENCE)
        return Signalled(members, [process for process in members if process not in still])


def _without_parents(processes: list[psutil.Process]) -> list[psutil.Process]:
    """The processes whose parent is not among them; there is always one."""
    pids = {process.pid for process in processes}
    parents = _parents()
    return [process for process in processes if parents.get(process) not in pids]


def job_processes(leader: psutil.Process) -> list[psutil.Process]:
    """A job's process, the group and the session that it leads, and what all of them started."""
    known = {leader: None, **dict.fromkeys(filter(partial(_led_by, leader.pid), _parents()))}
    return list(known | {child: None for one in known for child in _descendants(one)})


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return process.children(recursive=True)
    return []


def _led_by(leader: int, process: psutil.Process) -> bool:
    with suppress(OSError):
        return leader in (os.getsid(process.pid), os.getpgid(process.pid))
    return False


def without_signal(
    processes: Iterable[psutil.Process], number: signal.Signals
) -> list[psutil.Process]:
    """The stopped processes for which that signal is neither pending nor ignored.

    A stopped process handles no signal: the kernel shows it as pending until the process goes on.
    Empty where the system does not show that.
    """
    if not sys.platform.startswith("linux"):
        return []
    return [p for p in processes if not _got_signal(p.pid, number) and not _is_zombie(p)]


def _got_signal(pid: int, number: int) -> bool:
    """Whether that signal is pending for a process or ignored by it, or the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines()
    except OSError:
        return True
    masks = [line.split()[1] for line in lines if line.startswith(("ShdPnd", "SigPnd", "SigIgn"))]
    return not masks or any(int(mask, 16) >> (number - 1) & 1 for mask in masks)


def kill(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """SIGKILL the processes, the last one first, wait until they are gone; return the survivors."""
    victims = list(processes)
    send(reversed(victims), signal.SIGKILL)
    return survivors(victims, PATIENCE)


def send(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    """Send a signal to each process in that order; skip a process that is gone."""
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(number)


def survivors(processes: Iterable[psutil.Process], within: float) -> list[psutil.Process]:
    """The processes that still live after `within` seconds; returns as soon as all are gone.

    A zombie counts as gone. Nothing here asks for an exit status, for that would take it from the
    parent of the process.
    """
    deadline = time.monotonic() + within
    if not hasattr(os, "pidfd_open"):
        return _wait_while(_lives, processes, deadline)
    return [process for process in processes if not _ends_by(deadline, process)]


def _ends_by(deadline: float, process: psutil.Process) -> bool:
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        left = max(0.0, deadline - time.monotonic())
        return bool(poll.poll(left * 1000)) or not _lives(process)
    finally:
        os.close(handle)


def is_stopped(process: psutil.Process) -> bool:
    """Whether a process is stopped with all its threads, or gone."""
    if not sys.platform.startswith("linux"):
        return _status(process) in {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE, ""}
    return _thread_states(process.pid) <= _STOPPED


def _has_stopped_status(process: psutil.Process) -> bool:
    """Whether the main thread of a process is stopped; SIGCONT wakes all threads at once."""
    return _status(process) == psutil.STATUS_STOPPED


def _thread_states(pid: int) -> set[str]:
    """The state letters of all threads: one running thread can still start a process."""
    states: set[str] = set()
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                states.add((task / "stat").read_text(errors="replace").rpartition(") ")[2][:1])
    return states


def _wait_while(
    condition: Callable[[psutil.Process], bool],
    processes: Iterable[psutil.Process],
    deadline: float,
) -> list[psutil.Process]:
    """The processes for which the condition still holds at the deadline; a stop gives no event."""
    pause = threading.Event()
    left = [process for process in processes if condition(process)]
    while left and time.monotonic() < deadline:
        pause.wait(_LOOK_AGAIN)
        left = [process for process in left if condition(process)]
    return left


def _parents() -> dict[psutil.Process, int]:
    """Every process except this one, with its parent's id."""
    parents: dict[psutil.Process, int] = {}
    for pid in psutil.pids():
        with suppress(psutil.Error, OSError):
            if pid != os.getpid():
                process, parent = _identify(pid)
                parents[process] = parent
    return parents


# The scan is most of the time of a kill. One read of /proc shows whether it is still the process of
# the last scan and which parent it has; psutil would read that file four times.
_seen: dict[int, tuple[bytes, psutil.Process]] = {}


def _identify(pid: int) -> tuple[psutil.Process, int]:
    if not sys.platform.startswith("linux"):
        process = psutil.Process(pid)
        return process, process.ppid()
    stat = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()
    parent, born = int(stat[1]), stat[19]
    if _seen.get(pid, (b"",))[0] != born:
        _seen[pid] = (born, psutil.Process(pid))
    return _seen[pid][1], parent


def _depth(
    process: psutil.Process,
    parents: Mapping[psutil.Process, int],
    by_pid: Mapping[int, psutil.Process],
) -> int:
    depth, seen = 0, {process.pid}
    while (parent := by_pid.get(parents[process])) is not None and parent.pid not in seen:
        depth, process = depth + 1, parent
        seen.add(parent.pid)
    return depth


def _status(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess):
        return process.status()
    return ""


def _is_zombie(process: psutil.Process) -> bool:
    return _status(process) in {psutil.STATUS_ZOMBIE, ""}


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and not _is_zombie(process)
