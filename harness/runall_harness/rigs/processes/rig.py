"""The processes rig: real daemons on this machine, without containers.

It runs wherever Python and a POSIX system do, starts a node in milliseconds, and ends it as a crash
would: all of its processes at one instant (`process_tree`). Nodes share the machine's kernel, clock
and loopback network, so a partition happens in a relay between them (`relay`).
"""

import atexit
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psutil

from runall_harness.contract.errors import KitCannotRun
from runall_harness.evidence.facts import Execution, Proof
from runall_harness.evidence.witness import Witness
from runall_harness.host.process_identity import identify

from ..base import NodeSpec, Place, Scope, StopTo
from ..real_site import RealSite, abilities
from . import faults, process_tree, run_records
from .containment import ControlGroup, find_base
from .node import NodeProcess, stop_ignoring_signals
from .ports import HOST, Ports
from .relay import Relay

SITE_MARKER = "RUNALL_SITE"


class ProcessesSite(RealSite):
    """The nodes of one case, as processes of this machine.

    `on_start` is called with the process id of every daemon. `cuttable` puts relays between nodes.
    """

    def __init__(
        self,
        run: str,
        name: str,
        folder: Path,
        on_start: Callable[[int], None],
        *,
        cuttable: bool,
        clocks: bool = False,
        groups: Path | None = None,
    ) -> None:
        self.folder, self._groups = folder, groups
        self._markers = {run_records.RUN_MARKER: run, SITE_MARKER: name}
        self._on_start = on_start
        self._nodes: dict[str, NodeProcess] = {}
        self._ports = Ports()
        self._relay = Relay() if cuttable else None
        self._closed = False
        super().__init__(Witness(folder / "witness"), clocks=clocks)

    def place(self, node: str) -> Place:
        """Raises `ValueError` for a name that is no plain word: a folder gets that name."""
        return self._node(node).place

    def _node(self, name: str) -> NodeProcess:
        if name not in self._nodes:
            folder = self.folder / "nodes" / _plain(name)
            place = Place(
                host=HOST,
                port=self._ports.take(),
                data=str(folder / "data"),
                witness=str(self.witness.folder),
            )
            node = self._nodes[name] = NodeProcess(name, folder, place, self._markers, self.now)
            if self._groups is not None:
                # Names of control groups are of all runs of this machine.
                group = f"{self._markers[SITE_MARKER]}.{name}"
                node.tree.groups.append(ControlGroup(self._groups, group))
        return self._nodes[name]

    def url(self, node: str) -> str:
        """The address at which the harness reaches a node; a cut never lies between them."""
        place = self.place(node)
        return f"http://{place.host}:{place.port}"

    def dial(self, frm: str, to: str) -> tuple[str, int]:
        place = self.place(to)
        if self._relay is None or frm == to:
            return place.host, place.port
        return self._relay.address(frm, to, (place.host, place.port))

    def route(self, frm: str, host: str, port: int) -> tuple[str, int]:
        if self._relay is None:
            return host, port
        # No node can have that name: names of nodes are plain words.
        return self._relay.address(frm, f"{host}:{port}", (host, port))

    def start(self, *specs: NodeSpec) -> None:
        for spec in specs:
            node = self._node(spec.name)
            node.start(self.prepared(spec), on_exit=self.notify)
            self._on_start(node.pid)

    def alive(self, node: str) -> bool:
        return self._node(node).alive

    def logs(self, node: str) -> str:
        log = self._node(node).log
        return log.read_text(errors="replace") if log.exists() else ""

    def kill_command(self, node: str) -> str:
        return f"kill -9 {self._node(node).pid}"

    def in_shell(self, node: str, script: str) -> str:
        return self._node(node).in_shell(script)

    def data_folder(self, node: str) -> Path:
        return Path(self.place(node).data)

    def job_gone(self, execution: Execution) -> bool:
        """Whether a silent job has no process any more; its id may belong to another one by now."""
        try:
            process = psutil.Process(self.witness.pid(execution.id))
            younger = process.create_time() > execution.started_at + 1
            return younger or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    def kill(self, node: str, scope: Scope = "node") -> Proof:
        target = self._node(node)
        if scope == "daemon":
            return self._done(faults.kill_daemon(target))
        if scope == "job":
            return self._done(faults.kill_jobs(target, self.witness, self.running_jobs(node)))
        return self._done(faults.kill_node(target, self.witness))

    def stop(self, node: str, grace: float, to: StopTo | None = None) -> Proof:
        return self._done(faults.stop(self._node(node), self.witness, grace, to))

    def begin_stop(self, node: str) -> Proof:
        return self._done(faults.begin_stop(self._node(node)))

    def pause(self, node: str) -> Proof:
        return self._done(faults.pause(self._node(node)))

    def unpause(self, node: str) -> Proof:
        return self._done(faults.unpause(self._node(node)))

    def cut(self, node: str) -> Proof:
        return self._done(faults.cut(self._node(node), self._relay))

    def join(self, node: str) -> Proof:
        return self._done(faults.join(self._node(node), self._relay))

    def end_remaining(self, node: str) -> tuple[bool, str]:
        """End the jobs that a dead daemon left, as the loss of its server would."""
        return faults.end_remaining(self._node(node), self.witness)

    def _done(self, proof: Proof) -> Proof:
        self.notify()
        return proof

    def close(self) -> None:
        """Raises `KitCannotRun` if a process survives SIGKILL; its folder then stays."""
        if self._closed:
            return
        alive = self._end_all()
        if self._relay is not None:
            self._relay.close()
        self._ports.close()
        self.witness.close()
        if alive:
            pids = ", ".join(str(process.pid) for process in alive)
            raise KitCannotRun(f"SIGKILL did not end {pids}", "see what ps says, then runall clean")
        shutil.rmtree(self.folder, ignore_errors=True)
        self._closed = True

    def _end_all(self) -> list[psutil.Process]:
        tree = process_tree.ProcessTree(self._markers)
        for node in self._nodes.values():
            tree.include(node.tree)
        alive = process_tree.kill(tree.freeze().all)
        for node in self._nodes.values():
            node.exited.wait(process_tree.PATIENCE)
        for group in tree.groups:
            group.remove()
        return alive


class ProcessesRig:
    """Nodes are processes of this machine. One instance for one run, named `run`.

    `records` is where the run is recorded for `runall clean`; by default the user's state folder.
    `groups` is the control group below which each node has its own; None where none can be made,
    and then a job that leaves its session and its parents escapes a kill. Raises `KitCannotRun`
    where there are no POSIX signals.
    """

    name = "processes"

    def __init__(self, run: str, *, records: Path | None = None) -> None:
        if os.name != "posix":
            raise KitCannotRun(
                "this system cannot freeze processes", "use --rig docker or --rig simulated"
            )
        stop_ignoring_signals()
        self.run, self.abilities = _plain(run), abilities()
        self.folder = Path(tempfile.mkdtemp(prefix="runall-"))
        self.groups = find_base()
        self._sites: list[ProcessesSite] = []
        self._path, self._record = run_records.begin(
            run, self.folder, records or run_records.runs_folder()
        )
        atexit.register(self.close)

    def site(
        self, case: str, *, cuttable: bool = False, orphans: bool = False, clocks: bool = False
    ) -> ProcessesSite:
        del orphans  # the daemon of any node can be killed alone
        number = len(self._sites) + 1
        label = re.sub(r"[^A-Za-z0-9]+", "-", case)[:40].strip("-")
        folder = self.folder / f"{number}-{label}"
        site = ProcessesSite(
            self.run,
            f"{self.run}.{number}",
            folder,
            self._record_daemon,
            cuttable=cuttable,
            clocks=clocks,
            groups=self.groups,
        )
        self._sites.append(site)
        return site

    def prepare(self, case: str, *, cuttable: bool = False) -> None:
        """Do nothing: a site of processes is made at once."""

    def _record_daemon(self, pid: int) -> None:
        daemon = identify(pid)
        if daemon is not None:
            self._record.leaders.append(daemon)
            run_records.save(self._path, self._record)

    def close(self) -> None:
        """Raises `KitCannotRun` if a process survives SIGKILL; folder and record then stay."""
        with ExitStack() as sites:
            for site in self._sites:
                sites.callback(site.close)
        run_records.end(self._path, self._record)
        atexit.unregister(self.close)


def _plain(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", name):
        raise ValueError(f"{name!r} is no plain word; use letters, digits, dots and dashes")
    return name
