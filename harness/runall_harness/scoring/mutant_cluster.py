"""A mutant as real daemons: a primary and two workers that have the bug, on this machine.

The rig and the system are the processes rig and the reference, as in every run. Only the command of
a node differs: it plants the bug, and then runs as the daemon.
"""

import os
import shlex
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from runall_harness.contract.errors import KitCannotRun
from runall_harness.evidence.views import Rejected, Unreachable
from runall_harness.mutants.daemons import KIT, serve
from runall_harness.rigs.base import NodeSpec, Site
from runall_harness.rigs.processes.rig import ProcessesRig
from runall_harness.rigs.processes.run_records import RUN_MARKER
from runall_harness.systems.base import Client
from runall_harness.systems.reference.system import Reference

from .control_socket import SOCKET, NodeControl, listening

NODES = {"primary": "primary", "worker-1": "worker", "worker-2": "worker"}


class MutantSystem(Reference):
    """The reference, each of whose daemons has the bug of that name."""

    def __init__(self, bug: str) -> None:
        super().__init__(rig="processes")
        self.bug = bug

    def node(self, site: Site, name: str, role: str, primaries: tuple[str, ...]) -> NodeSpec:
        """The node of the reference, with the bug planted before it becomes a daemon."""
        spec = super().node(site, name, role, primaries)
        options = spec.command[spec.command.index(role) :]
        return msgspec.structs.replace(spec, command=(*serve(self.bug), *options))


@contextmanager
def mutant_cluster(bug: str, run: str) -> Generator[tuple[NodeControl, dict[str, str]]]:
    """Run a cluster with that bug for a while: its control, and the environment of a suite.

    Raises:
        KitCannotRun: the cluster does not start.
    """
    with ExitStack() as stack:
        rig = ProcessesRig(run)
        stack.callback(rig.close)
        system = MutantSystem(bug)
        stack.callback(system.close)
        site = rig.site(bug, cuttable=True)
        specs = {name: system.node(site, name, role, ("primary",)) for name, role in NODES.items()}
        site.start(*specs.values())
        client = system.client(site, ("primary",))
        stack.callback(client.close)
        control = NodeControl(site, specs, lambda: online(client))
        if (reply := control.ready()).code:
            last = {node: site.logs(node).splitlines()[-5:] for node in specs}
            raise KitCannotRun(f"{bug}: {reply.text}; last lines: {last}", "read those lines")
        tools = Path(rig.folder, "suite")
        stack.enter_context(listening(control, make_tools(tools, bug)))
        yield control, environment(site, system, tools, run)


def online(client: Client) -> set[str]:
    """The nodes that take work; none while the primary does not answer."""
    try:
        return client.online()
    except (Unreachable, Rejected):
        return set()


def make_tools(folder: Path, bug: str) -> Path:
    """Write the two commands that a suite may call; the path of the socket that one of them uses.

    Their names do not show the bug, and a suite has no reason to read them.
    """
    (folder / "shared").mkdir(parents=True)
    path = folder / "socket"
    control = f"{SOCKET}={shlex.quote(str(path))} exec {shlex.join(KIT)} mutants node"
    for name, line in (("control", control), ("serve", f"exec {shlex.join(serve(bug))}")):
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
        "RUNALL_NODES": " ".join(NODES),
        "RUNALL_FOLDER": str(tools / "shared"),
        "RUNALL_SETTINGS": msgspec.json.encode(system.settings).decode(),
        "RUNALL_CONTROL": str(tools / "control"),
        "RUNALL_SERVE": str(tools / "serve"),
        RUN_MARKER: run,
    }
