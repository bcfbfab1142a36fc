"""What a run that came to a bad end has left, and the command that removes it."""

import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import psutil
from runall_harness.rigs.docker.engine import Engine

RUNALL = (sys.executable, "-m", "runall_harness.cli")


def clean() -> str:
    """What `runall clean` says."""
    done = subprocess.run([*RUNALL, "clean"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def owned(things: list[Any], pids: set[int]) -> list[str]:
    """The names of those containers or networks that a harness of these pids made."""
    marks = {str(pid) for pid in pids}
    return [t.name for t in things if labels(t).get("io.runall.pid") in marks]


def labels(thing: Any) -> dict[str, str]:
    """The labels of a container or a network."""
    return thing.attrs.get("Labels") or thing.attrs.get("Config", {}).get("Labels") or {}


def containers(engine: Engine) -> list[Any]:
    """The kit's containers, running or not."""
    only = {"label": "io.runall.run"}
    return cast(Any, engine.client).containers.list(all=True, filters=only, ignore_removed=True)


def networks(engine: Engine) -> list[Any]:
    """The networks that a run of the kit made, of whatever run."""
    return cast(Any, engine.client).networks.list(filters={"label": "io.runall.run"})


def nodes_in(folder: Path) -> list[psutil.Process]:
    """Every process that works in a folder: the nodes and jobs of the runs that were given it."""
    return [process for process in psutil.process_iter() if works_in(process, folder)]


def works_in(process: psutil.Process, folder: Path) -> bool:
    """Whether a process has that folder in its environment."""
    try:
        return str(folder) in process.environ().get("RUNALL_WITNESS", "")
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
