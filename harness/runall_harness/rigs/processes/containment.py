"""Keeps all processes of a node in a control group, which none of them can leave.

A process may leave its session and its parents and throw its environment away; a launcher that
works as cron does makes jobs that do. It stays in its control group all the same, unless it is root
and asks the kernel to move it. So where this user may make groups (Linux, cgroup v2), a node has
one, and its members are the node. Elsewhere a job may escape a kill; signs of life after that kill
then make the fault unproven (`runall_harness.checks.context`).
"""

import os
import subprocess
from contextlib import suppress
from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
OWN = Path("/proc/self/cgroup")
PREFIX = "runall-"
# The shell moves itself there and becomes the program, without what it adds to an environment.
JOIN = 'echo $$ >"$0"; unset PWD OLDPWD SHLVL; exec "$@"'


class ControlGroup:
    """The group of one node. `name` is a plain word of this run alone."""

    def __init__(self, base: Path, name: str) -> None:
        self.folder = base / f"{PREFIX}{name}"
        self.folder.mkdir(exist_ok=True)

    def joined(self) -> tuple[str, ...]:
        """The words before a command that is there from its first moment.

        A process that is moved there after its start may have started others by then.
        """
        return ("/bin/sh", "-c", JOIN, str(self.folder / "cgroup.procs"))

    def pids(self) -> set[int]:
        """The processes in it, and in groups that they made below it."""
        found: set[int] = set()
        for procs in self.folder.rglob("cgroup.procs"):
            with suppress(OSError):
                found.update(map(int, procs.read_text("ascii").split()))
        return found

    def remove(self) -> None:
        """Remove the group, and those below it; one that is not empty stays."""
        below = [path for path in self.folder.rglob("*") if path.is_dir()]
        for folder in [*reversed(below), self.folder]:
            with suppress(OSError):
                folder.rmdir()


def find_base() -> Path | None:
    """The control group below which this process may make groups; None where it may not."""
    base = own_group()
    if base is None:
        return None
    try:
        tried = ControlGroup(base, f"try-{os.getpid()}")
    except OSError:
        return None
    try:
        return base if takes_processes(tried) else None
    finally:
        tried.remove()


def left_groups(run: str) -> list[ControlGroup]:
    """The groups of a run that still exist below that of this process."""
    base = own_group()
    found = base.glob(f"{PREFIX}{run}.*") if base else ()
    return [ControlGroup(path.parent, path.name.removeprefix(PREFIX)) for path in found]


def takes_processes(group: ControlGroup) -> bool:
    command = [*group.joined(), "cat", str(OWN)]
    seen = subprocess.run(command, capture_output=True, text=True, check=False)
    return group.folder.name in seen.stdout


def own_group() -> Path | None:
    """The folder of this process's group in the hierarchy of cgroup v2; None without one."""
    with suppress(OSError):
        mounts = [line.split() for line in MOUNTS.read_text().splitlines()]
        roots = [Path(fields[1]) for fields in mounts if fields[2] == "cgroup2"]
        paths = [line[3:] for line in OWN.read_text().splitlines() if line.startswith("0::")]
        if roots and paths:
            return roots[0] / paths[0].lstrip("/")
    return None
