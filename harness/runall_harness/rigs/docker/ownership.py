"""The labels that tie each engine object to a run and to the process that made it.

A harness that was killed removes nothing. Another harness can do it later, if it knows for certain
that the owner is dead. So each object carries the process id, the host and the start time of its
owner. In any doubt, the owner counts as alive.
"""

import os
import platform
import re
from collections.abc import Mapping

from runall_harness.host.process_identity import ProcessIdentity, identify

KIT = "io.runall.kit"
RUN = "io.runall.run"
CASE = "io.runall.case"
NODE = "io.runall.node"
PID = "io.runall.pid"
HOST = "io.runall.host"
BORN = "io.runall.born"
FOLDER = "io.runall.folder"
UNKNOWN = "unknown"


def owner_labels(run: str) -> dict[str, str]:
    """The labels of everything that this process makes for that run."""
    pid = os.getpid()
    own = identify(pid)
    born = own.born if own else UNKNOWN
    return {KIT: "1", RUN: run, PID: str(pid), HOST: platform.node(), BORN: born}


def owner_is_dead(labels: Mapping[str, str]) -> bool:
    """Whether the maker is certainly gone; False if it is of another host or container."""
    if labels.get(KIT) != "1" or labels.get(HOST) != platform.node():
        return False
    pid, born = labels.get(PID, ""), labels.get(BORN, UNKNOWN)
    return pid.isdecimal() and born != UNKNOWN and not ProcessIdentity(int(pid), born).lives()


def stamp(labels: Mapping[str, str]) -> str:
    """The ownership in one line, for objects that carry a comment instead of labels."""
    return " ".join(f"{key}={labels[key]}" for key in (KIT, RUN, PID, HOST, BORN))


def read_stamp(line: str) -> dict[str, str]:
    """The labels in a line that `stamp` wrote; empty where there are none."""
    return dict(re.findall(r"(io\.runall\.\w+)=([^\s\"]+)", line))
