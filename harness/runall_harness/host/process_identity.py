"""Identifies one process: process ids are used again, so its time of birth belongs to it."""

from contextlib import suppress
from pathlib import Path

import msgspec
import psutil


class ProcessIdentity(msgspec.Struct, frozen=True):
    """A process id and the birth of that process, in a form that only equals itself."""

    pid: int
    born: str

    def lives(self) -> bool:
        """Whether that very process still exists and is no zombie."""
        return identify(self.pid) == self


def identify(pid: int) -> ProcessIdentity | None:
    """The process that has this id now; None if there is none or it is a zombie.

    On Linux the birth is the boot's id and the ticks since that boot: a step of the wall clock
    must not make a live process look like another one.
    """
    with suppress(OSError, ValueError):
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(") ")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return None if stat[0] in {"Z", "X"} else ProcessIdentity(pid, f"{boot}:{stat[19]}")
    try:
        return ProcessIdentity(pid, repr(psutil.Process(pid).create_time()))
    except psutil.NoSuchProcess:
        return None
