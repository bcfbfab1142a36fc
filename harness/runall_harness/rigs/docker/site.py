"""The nodes of one case, each in a container, and the ways to hurt them.

Every fault is followed by a look at what became of it: an event of the engine, the state that it
reports, or a connection attempt. The look is the proof, never the absence of an error.
"""

import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from runall_harness.contract.errors import KitCannotRun
from runall_harness.evidence.facts import Execution, Proof
from runall_harness.evidence.witness import Witness

from ..base import NodeSpec, Place, Scope, StopTo
from ..real_site import RealSite
from .containers import DATA, WITNESS, Box, Home
from .death_events import Death, Deaths
from .engine import Engine
from .firewall import SILENCE, Firewall, answers
from .ownership import CASE, NODE
from .site_networks import Bench

T = TypeVar("T")
KILLED = 137  # 128 + SIGKILL


@dataclass(frozen=True)
class Ground:
    """What the sites of a run have in common."""

    engine: Engine
    deaths: Deaths
    firewall: Firewall
    workers: Executor
    image: str
    labels: Mapping[str, str]
    prefix: str
    store: tuple[str, int] | None = None


class DockerSite(RealSite):
    """A site whose nodes are containers. Made by `DockerRig.site`."""

    def __init__(
        self,
        ground: Ground,
        bench: Bench,
        case: str,
        folder: Path,
        leave: Callable[[], None],
        *,
        orphans: bool = False,
    ) -> None:
        self._ground, self._bench, self._case, self._folder = ground, bench, case, folder
        self._boxes: dict[str, Box] = {}
        self._dropped: set[str] = set()
        self._unplugged: set[str] = set()
        self._leave, self._orphans = leave, orphans
        self._closed = False
        super().__init__(Witness(folder / "witness", polling=not ground.engine.native))
        ground.deaths.alarm(self.notify)

    def place(self, node: str) -> Place:
        """Where that node lives, in its own view."""
        seat = self._box(node).home.seat
        return Place(host=seat.host, port=seat.port, data=DATA, witness=WITNESS)

    def dial(self, frm: str, to: str) -> tuple[str, int]:  # noqa: ARG002 - same for all
        """The host and port at which node `frm` reaches node `to`."""
        seat = self._box(to).home.seat
        return seat.host, seat.port

    def route(self, frm: str, host: str, port: int) -> tuple[str, int]:
        """Where that node reaches a server that is no node: where everybody does."""
        del frm
        return host, port

    def url(self, node: str) -> str:
        """The address at which the harness reaches a node that serves."""
        return self._box(node).home.seat.url

    def start(self, *specs: NodeSpec) -> None:
        """Start nodes, or start them again, all at once.

        Raises:
            KitCannotRun: the engine could not.
            ValueError: one of them runs.
        """
        self._ground.deaths.check()
        for spec in specs:
            self.furnish(spec)
        started = [self._ground.workers.submit(self._box(spec.name).start, spec) for spec in specs]
        for future in started:
            future.result()

    def kill(self, node: str, scope: Scope = "node") -> Proof:
        """SIGKILL the container: everything in it is gone at one instant; or a part of it.

        Raises:
            NotImplementedError: for the daemon only, in a site that was not made for orphans.
        """
        if scope == "daemon" and not self._orphans:
            raise NotImplementedError("a container ends with its daemon, unless made for orphans")
        box = self._box(node)
        kind = "kill" if scope == "node" else f"kill {scope}"
        if not (box.alive() if scope == "daemon" else box.running()):
            return self._proof(kind, node, False, "it was not running")
        scopes = {"node": self._kill_node, "daemon": self._kill_daemon, "job": self._kill_jobs}
        return scopes[scope](box)

    def _kill_node(self, box: Box) -> Proof:
        node = box.node
        death = box.kill()
        if death is None:
            return self._proof("kill", node, False, "the engine told no death")
        gone = not box.running()
        evidence = f"die event with exit code {death.code}, {'gone' if gone else 'still there'}"
        return self._proof(
            "kill", node, gone and death.code == KILLED, evidence, self._moment(death)
        )

    def _kill_daemon(self, box: Box) -> Proof:
        told = box.kill_daemon()
        died = self._folder / "keep" / box.node / "died"
        # The keeper wrote that file at the death of its child.
        at = died.stat().st_mtime if told.done and self._ground.engine.native else None
        return self._proof("kill daemon", box.node, told.done, told.words, at)

    def _kill_jobs(self, box: Box) -> Proof:
        jobs = [e for e in self.executions() if e.node == box.node and e.how == "running"]
        if not jobs:
            return self._proof("kill job", box.node, False, "no job ran on it")
        told = box.kill_jobs([self.witness.pid(job.id) for job in jobs])
        proof = self._proof("kill job", box.node, told.done, told.words)
        for job in jobs if told.done else ():
            self.witness.execution_died(job.id, proof.at)
        self.notify()
        return proof

    def stop(self, node: str, grace: float, to: StopTo | None = None) -> Proof:
        """The stop signal to the node's daemon, or to all of it; its exit within `grace` seconds.

        The proof's time is that of the signal. A daemon that does not leave is killed, as a
        machine that goes down would, and the stop is not proven.
        """
        box = self._box(node)
        if not box.alive():
            return self._proof("stop", node, False, "it was not running")
        at = self.now()
        death, told = box.stop(grace, to)
        if death is None:
            box.kill()
            evidence = f"it did not leave within {grace:g} s and was killed, {told.words}"
            return self._proof("stop", node, False, evidence, at)
        evidence = f"exit code {death.code} after {self._moment(death) - at:.2f} s, {told.words}"
        return self._proof("stop", node, told.done and death.code != KILLED, evidence, at)

    def pause(self, node: str) -> Proof:
        """Freeze every process of the node."""
        box = self._box(node)
        if not box.running():
            return self._proof("pause", node, False, "it was not running")
        box.pause()
        frozen = bool(box.state().get("Paused"))
        return self._proof("pause", node, frozen, f"engine state Paused: {frozen}")

    def unpause(self, node: str) -> Proof:
        """Let a frozen node go on."""
        box = self._box(node)
        box.unpause()
        state = box.state()
        awake = bool(state.get("Running")) and not state.get("Paused")
        return self._proof("unpause", node, awake, f"engine state {state.get('Status')}")

    def cut(self, node: str) -> Proof:
        """Let no packet between this node and the others through, in silence.

        Raises:
            KitCannotRun: the site was not made `cuttable`.
        """
        box = self._cuttable(node)
        return self._cut_by_firewall(box) or self._cut_by_unplugging(box)

    def join(self, node: str) -> Proof:
        """Mend the cut; the node has its old address."""
        box = self._cuttable(node)
        if node in self._dropped:
            self._dropped.discard(node)
            mended = self._ground.firewall.restore(box.home.seat.host)
            return self._proof("join", node, mended, "the firewall drops its packets no longer")
        if node not in self._unplugged:
            return self._proof("join", node, False, "it was not cut off")
        box.plug_in(self._bench.network)
        self._unplugged.discard(node)
        address = self._plugged_as(box)
        evidence = f"connected again as {address}"
        return self._proof("join", node, address == box.home.seat.host, evidence)

    def data_folder(self, node: str) -> Path:
        """The node's data folder, which lies on this machine."""
        return self._box(node).home.data

    def bury(self, node: str) -> tuple[bool, str]:
        """Nothing is left of a container whose daemon died; how it ended."""
        code = self._box(node).state().get("ExitCode")
        return code == KILLED, f"exit code {code}"

    def alive(self, node: str) -> bool:
        """Whether the node's daemon runs (a frozen one does)."""
        self._ground.deaths.check()
        return node in self._boxes and self._boxes[node].alive()

    def logs(self, node: str) -> str:
        """All that the node's starts have printed so far; nothing once the site is closed."""
        return self._boxes[node].log() if node in self._boxes else ""

    def wait(self, condition: Callable[[], T | None], within: float) -> T | None:
        """The condition's first true value, or None after `within` seconds.

        Raises:
            KitCannotRun: the engine is lost.
        """

        def heard() -> T | None:
            self._ground.deaths.check()
            return condition()

        return super().wait(heard, within)

    def job_gone(self, execution: Execution) -> bool:
        """Whether the process of a silent execution is gone, looked up in its own container."""
        box = self._boxes.get(execution.node)
        return box is not None and box.lost_process(self.witness.pid(execution.id))

    def close(self) -> None:
        """Begin to remove all of it; the rig's `close` waits for the end. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._ground.deaths.disarm(self.notify)
        self.witness.close()
        self._leave()

    def clear(self) -> None:
        """Remove the nodes, their files and what was done to their network."""
        for node in list(self._dropped):
            self._ground.firewall.restore(self._boxes[node].home.seat.host)
        for box in self._boxes.values():
            box.remove()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _box(self, node: str) -> Box:
        if node not in self._boxes:
            self._boxes[node] = self._make_box(node)
        return self._boxes[node]

    def _make_box(self, node: str) -> Box:
        data = self._folder / "data" / node
        data.mkdir(parents=True)
        data.chmod(0o777)  # an image may run its daemon as any user
        home = Home(
            name=f"{self._ground.prefix}-{self._folder.name}-{node}",
            image=self._ground.image,
            labels={**self._ground.labels, CASE: self._case, NODE: node},
            seat=self._bench.seat(node),
            data=data,
            witness=self._folder / "witness",
            shared=self._folder / "shared",
            keeper=self._folder / "keep" / node if self._orphans else None,
        )

        def when_dead(death: Death) -> None:
            self.witness.node_died(node, self._moment(death))
            self.notify()

        return Box(self._ground.engine, self._ground.deaths, home, when_dead)

    def _moment(self, death: Death) -> float:
        """When that was, on this site's clock; an engine elsewhere has a clock of its own."""
        return death.at if self._ground.engine.native and death.at else self.now()

    def _proof(
        self, kind: str, node: str, proven: bool, evidence: str, at: float | None = None
    ) -> Proof:
        self.notify()
        moment = self.now() if at is None else at
        return Proof(kind=kind, node=node, at=moment, proven=proven, evidence=evidence)

    def _cuttable(self, node: str) -> Box:
        box = self._box(node)
        if "address" not in box.home.seat.plug:
            raise KitCannotRun(
                f"the nodes of {self._case!r} share one network, so none can be cut off",
                "ask the rig for a site that is cuttable",
            )
        return box

    def _cut_by_firewall(self, box: Box) -> Proof | None:
        """Cut, and call whoever answered just before; None if that can't be."""
        address, firewall = box.home.seat.host, self._ground.firewall
        pid = int(box.state().get("Pid") or 0)
        answering = self._answering(box, pid) if firewall.usable and pid else []
        if not answering or not firewall.drop(address):
            return None
        node, at = box.node, self.now()
        self._dropped.add(node)
        if any(answers(pid, *one) for one in answering):
            firewall.usable = False  # packets on one bridge pass it by on this machine
            firewall.restore(address)
            self._dropped.discard(node)
            return None
        named = " and ".join(f"{host}:{port}" for host, port in answering)
        silent = f"no answer from {named} within {SILENCE} s, which answered before the cut"
        return self._proof("cut", node, True, silent, at)

    def _answering(self, box: Box, pid: int) -> list[tuple[str, int]]:
        """Another node, and the server that nodes share if there is one; empty if one is silent."""
        neighbour, store = self._neighbour(box, pid), self._ground.store
        if neighbour is None or (store and not answers(pid, *store)):
            return []
        return [neighbour, store] if store else [neighbour]

    def _neighbour(self, box: Box, pid: int) -> tuple[str, int] | None:
        """Another node that answers this one, as its host and port."""
        for other in self._boxes.values():
            seat = other.home.seat
            if other is not box and other.running() and answers(pid, seat.host, seat.port):
                return seat.host, seat.port
        return None

    def _cut_by_unplugging(self, box: Box) -> Proof:
        node = box.node
        box.unplug(self._bench.network)
        self._unplugged.add(node)
        address = self._plugged_as(box)
        evidence = "the engine lists no interface" if address is None else f"still at {address}"
        return self._proof("cut", node, address is None, evidence)

    def _plugged_as(self, box: Box) -> str | None:
        settings: dict[str, Any] = box.inspect().get("NetworkSettings") or {}
        networks: dict[str, Any] = settings.get("Networks") or {}
        end = networks.get(self._bench.network.name)
        return None if end is None else str(end.get("IPAddress"))
