"""Which transitions the cases take: imported before the kit runs, it listens to every machine.

The rows that were taken are written to the file that RUNALL_TAKEN names when the process ends.
"""

import atexit
import json
import os
from collections.abc import Callable
from pathlib import Path

from runall_harness.reports.spec_diagrams import MACHINES
from runall_reference.brain.machines import Life

Row = tuple[str, str, str, str]
TAKEN: set[Row] = set()


def listen(life: Life) -> None:
    """From now on, note each transition that this machine makes."""
    original: Callable[..., str] = life.fire

    def fire(state: str, trigger: str, *facts: str) -> str:
        dest = original(state, trigger, *facts)
        TAKEN.add((life.name, trigger, state, dest))
        return dest

    vars(life)["fire"] = fire  # in the place of the memoised method


def write_down(path: Path) -> None:
    """Write down what was taken."""
    path.write_text(json.dumps(sorted(TAKEN)), "utf-8")


if where := os.environ.get("RUNALL_TAKEN"):
    for each in MACHINES.values():
        listen(each)
    atexit.register(write_down, Path(where))
