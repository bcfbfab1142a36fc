"""A mutant as real daemons: a primary and two workers that have the bug, on this machine.

It is the processes rig and the reference system, as in every run; only the command of a node is
another one, which plants the bug and then becomes the daemon.
"""

import os
import shlex
from collections.abc import Generator, Mapping
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

from .control_socket import SOCKET, Hand, listening

NODES = {"primary": "primary", "worker-1": "worker", "worker-2": "worker"}


class Served(Reference):
    """The reference, each of whose daemons has the bug of that name."""

    def __init__(self, bug: str) -> None:
        super().__init__(rig="processes")
        self.bug = bug

    def node(self, site: Site, name: str, role: str, primaries: tuple[str, ...]) -> NodeSpec:
        """The same node, with the bug planted before it becomes a daemon."""
        spec = super().node(site, name, role, primaries)
        options = spec.command[spec.command.index(role) :]
        return msgspec.structs.replace(spec, command=(*serve(self.bug), *options))


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster that is up: what a suite finds in its environment, and what the nodes printed."""

    environment: Mapping[str, str]
    hand: Hand

    def save_logs(self, folder: Path) -> None:
        """Write a log for each node."""
        for node in self.hand.specs:
            (folder / f"{node}.log").write_text(self.hand.site.logs(node), "utf-8")


@contextmanager
def cluster(bug: str, run: str) -> Generator[Stage]:
    """A cluster with that bug, for a while. Raises `KitCannotRun` if it does not come up."""
    with ExitStack() as stack:
        rig = ProcessesRig(run)
        stack.callback(rig.close)
        system = Served(bug)
        stack.callback(system.close)
        site = rig.site(bug, cuttable=True)
        specs = {name: system.node(site, name, role, ("primary",)) for name, role in NODES.items()}
        site.start(*specs.values())
        client = system.client(site, ("primary",))
        stack.callback(client.close)
        hand = Hand(site, specs, lambda: online(client))
        if (told := hand.ready()).code:
            words = {node: site.logs(node).splitlines()[-5:] for node in specs}
            raise KitCannotRun(f"{bug}: {told.words}; last words: {words}", "read those words")
        tools = Path(rig.folder, "suite")
        stack.enter_context(listening(hand, make_tools(tools, bug)))
        yield Stage(environment=environment(site, system, tools, run), hand=hand)


def online(client: Client) -> set[str]:
    """The nodes that take work; none while the primary does not answer."""
    try:
        return client.online()
    except (Unreachable, Rejected):
        return set()


def make_tools(folder: Path, bug: str) -> Path:
    """Write the two commands that a suite may call; the path of the socket that one of them uses.

    They are named by the roles that they play, and a suite has no business in reading them.
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
    """What a suite finds in its environment. The last entry makes its processes known as ours."""
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
