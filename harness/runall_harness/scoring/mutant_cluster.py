"""A mutant as real daemons: a primary and two workers that have the bug, on this machine.

The rig and the system are the processes rig and the reference, as in every run. Only the command of
a node differs: it plants the bug, and then runs as the daemon.
"""

import os
import shlex
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from runall_harness.contract.cases import Case
from runall_harness.mutants import KIT, daemon
from runall_harness.rigs.base import Site
from runall_harness.rigs.processes.rig import ProcessesRig
from runall_harness.rigs.processes.run_records import RUN_MARKER
from runall_harness.scenario.cluster import Cluster
from runall_harness.systems.reference.system import Reference

from .control_socket import SOCKET, NodeControl, listening

WORKERS = ("worker-1", "worker-2")


@contextmanager
def mutant_cluster(bug: str, run: str) -> Generator[tuple[NodeControl, dict[str, str]]]:
    """A cluster with that bug: its control, and a suite's environment. Raises `KitCannotRun`."""
    system = Reference(rig="processes")
    system.program = daemon(bug)
    # A suite may cut nodes off, as the cases of this tag do.
    case = Case(id=bug, trigger="either", tags=frozenset({"partition"}))
    with closing(ProcessesRig(run)) as rig, closing(Cluster(rig, case, system)) as cluster:
        cluster.up(*WORKERS)
        control = NodeControl(cluster.site, cluster.nodes.specs, cluster.calls.online)
        tools = Path(rig.folder, "suite")
        with listening(control, make_tools(tools, bug)):
            yield control, environment(cluster.site, system, tools, run)


def make_tools(folder: Path, bug: str) -> Path:
    """Write the two commands that a suite may call; the path of the socket that one of them uses.

    Their names do not show the bug, and a suite has no reason to read them.
    """
    (folder / "shared").mkdir(parents=True)
    path = folder / "socket"
    control = f"{SOCKET}={shlex.quote(str(path))} exec {shlex.join(KIT)} mutants node"
    for name, line in (("control", control), ("serve", f"exec {shlex.join(daemon(bug))}")):
        script = folder / name
        script.write_text(f'#!/bin/sh\n{line} "$@"\n', "utf-8")
        script.chmod(0o700)
    return path


def environment(site: Site, system: Reference, tools: Path, run: str) -> dict[str, str]:
    """The environment of a suite. The last entry marks its processes as those of the run."""
    return {
        **os.environ,
        "RUNALL_URL": site.url("primary"),
        "RUNALL_TOKEN": system.token,
        "RUNALL_SECRET": system.secret,
        "RUNALL_NODES": " ".join(("primary", *WORKERS)),
        "RUNALL_FOLDER": str(tools / "shared"),
        "RUNALL_SETTINGS": msgspec.json.encode(system.settings).decode(),
        "RUNALL_CONTROL": str(tools / "control"),
        "RUNALL_SERVE": str(tools / "serve"),
        RUN_MARKER: run,
    }
