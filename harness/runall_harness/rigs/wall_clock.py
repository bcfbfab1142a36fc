"""A wall clock for each real node, though all nodes share the clock of one machine.

libfaketime stands between a program and its C library: it adds what a file says to every answer
about the time of day. Steady clocks (monotonic, since boot), sleeps, and the times that the kernel
writes to files stay as they are, so only the wall clock is off. A daemon takes the library in by
its environment, and what it starts inherits both. So any daemon that asks its C library can be
given such a clock; one that is linked statically, or in Go, can't, and its proof fails.

The build on PyPI is taken. That of Debian 12 (0.9.10) fails a plain sleep in Python.
"""

import importlib.util
import platform
import sys
from pathlib import Path

from msgspec.structs import replace

from .base import NodeSpec

LIBRARY = "libfaketime.so.1"
# Where a container finds the library, and the file of its clock in the data folder of a node.
LENT = "/runall/clock"
FILE = "wall_clock"
# Only the wall clock is another one, and each look at it reads the file anew.
PLACE = "FAKETIME_TIMESTAMP_FILE"
SETTINGS = {
    "FAKETIME_NO_CACHE": "1",
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    "FAKETIME_FORCE_MONOTONIC_FIX": "0",
    "NO_FAKE_STAT": "1",
    "FAKE_UTIME": "0",
}
# A clock that is read by a program of its own may be off by its start and by rounding; seconds.
EXACT = 5.0
# The wall clock of a node in seconds, and whether the process $1 has the library in its memory.
READ_CLOCK = f"""
date +%s
while read -r line; do case $line in *{LIBRARY}*) echo loaded; break ;; esac; done <"/proc/$1/maps"
"""


def find_library() -> Path | None:
    """The library on this machine; None where it is not installed, or can't run here."""
    if not sys.platform.startswith("linux") or platform.machine() != "x86_64":
        return None
    spec = importlib.util.find_spec("libfaketime")
    for folder in spec.submodule_search_locations or () if spec else ():
        for path in Path(folder).glob(f"vendor/*/src/{LIBRARY}"):
            return path
    return None


def with_clock(spec: NodeSpec, data: str, *, lent: bool) -> NodeSpec:
    """The same node with a clock of its own; `data` is its data folder as it sees it.

    `lent` says that the node sees the library only where it is lent to it.
    """
    library = find_library()
    assert library is not None
    folder = LENT if lent else str(library.parent)
    clock = {**SETTINGS, "LD_PRELOAD": f"{folder}/{LIBRARY}", PLACE: f"{data}/{FILE}"}
    folders = {LENT: str(library.parent)} if lent else {}
    return replace(spec, env={**spec.env, **clock}, lent={**spec.lent, **folders})


class WallClock:
    """The clock of one node: a file in its data folder, which this rig writes."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / FILE
        self.ahead = 0.0
        self.set(0.0)

    def set(self, ahead: float) -> None:
        """Set it that many seconds further ahead, for all of the node's processes at once."""
        self.ahead += ahead
        draft = self.file.with_suffix(".new")
        draft.write_text(f"{self.ahead:+f}\n", "ascii")
        draft.rename(self.file)

    def judge(self, printed: str, now: float) -> tuple[bool, str]:
        """Whether what `READ_CLOCK` printed at `now` proves this clock, and the evidence."""
        words = printed.split()
        if not words or not words[0].isdigit():
            return False, f"its clock can't be read: {printed.strip()!r}"
        off = int(words[0]) - now
        evidence = f"its wall clock is {off:+.0f} s off, {self.ahead:+.0f} s were asked for"
        if "loaded" not in words:
            return False, f"{evidence}, but its daemon has not taken {LIBRARY} in"
        return abs(off - self.ahead) < EXACT, evidence
