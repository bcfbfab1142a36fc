"""The nodes of one case, each in a container, and the faults that can be injected into them.

After every fault the site looks for its effect: an event of the engine, the state that the engine
reports, or a connection attempt. This look is the proof, never the absence of an error.
"""

import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from runall_harness.contract.errors import KitCannotRun
from runall_harness.evidence.facts import Execution, Proof
from runall_harness.evidence.witness import Witness

from ..base import NodeSpec, Place, Scope, StopTo
from ..file_locks import freeze_between_writes
from ..real_site import RealSite
from .death_events import Death, DeathEvents
from .engine import Engine, has_image
from .firewall import SILENCE, Firewall, answers
from .node_container import DATA, WITNESS, ContainerSettings, NodeContainer
from .ownership import CASE, NODE
from .site_networks import SiteNetwork

KILLED = 137  # 128 + SIGKILL
Address = tuple[str, int]


@dataclass(frozen=True)
class RunContext:
    """What the sites of a run have in common."""

    engine: Engine
    deaths: DeathEvents
    firewall: Firewall
    workers: Executor
    image: str
    labels: Mapping[str, str]
    prefix: str


class DockerSite(RealSite):
    """A site whose nodes are containers. Made by `DockerRig.site`.

    `on_close` is called once, when the site is closed; it arranges for `remove` to be called.
    """

    apart = True

    def __init__(
        self,
        context: RunContext,
        network: SiteNetwork,
        case: str,
        folder: Path,
        on_close: Callable[["DockerSite"], None],
        *,
        orphans: bool = False,
        clocks: bool = False,
    ) -> None:
        self._context, self.network, self._case, self._folder = context, network, case, folder
        self._containers: dict[str, NodeContainer] = {}
        self._filtered: set[str] = set()
        self._disconnected: set[str] = set()
        self._on_close, self._orphans = on_close, orphans
        self._closed = False
        witness = Witness(folder / "witness", polling=not context.engine.native)
        super().__init__(witness, clocks=clocks)

    def place(self, node: str) -> Place:
        host, port = self.dial(node, node)
        return Place(host=host, port=port, data=DATA, witness=WITNESS)

    def dial(self, frm: str, to: str) -> Address:  # noqa: ARG002 - one address for all callers
        endpoint = self._container(to).settings.endpoint
        return endpoint.host, endpoint.port

    def url(self, node: str) -> str:
        return self._container(node).settings.endpoint.url

    def start(self, *specs: NodeSpec) -> None:
        """Start nodes, all at once. Raises `ValueError` if one of them runs."""
        self.check()
        prepared = [self.prepared(spec) for spec in specs]
        workers = self._context.workers
        starts = [workers.submit(self._container(spec.name).start, spec) for spec in prepared]
        for start in starts:
            start.result()

    def has_image(self, name: str) -> bool:
        return has_image(self._context.engine, name)

    def check(self) -> None:
        self._context.deaths.check()

    def alive(self, node: str) -> bool:
        self.check()
        return node in self._containers and self._containers[node].alive()

    def logs(self, node: str) -> str:
        """All that the node's starts have printed so far; nothing once the site is closed."""
        return self._containers[node].log() if node in self._containers else ""

    def in_shell(self, node: str, script: str) -> str:
        return self._container(node).shell.beside_daemon(script)

    def kill_command(self, node: str) -> str:
        return f"docker kill {self._container(node).settings.name}"

    def data_folder(self, node: str) -> Path:
        return self._container(node).settings.data

    def job_gone(self, execution: Execution) -> bool:
        container = self._containers.get(execution.node)
        return container is not None and container.lost_process(self.witness.pid(execution.id))

    def end_remaining(self, node: str) -> tuple[bool, str]:
        """Whether the daemon died by SIGKILL, and its exit code; its container ended with it."""
        code = self._container(node).state().get("ExitCode")
        return code == KILLED, f"exit code {code}"

    def close(self) -> None:
        """Begin to remove the site; `close` of the rig waits for the end. Safe to call twice."""
        if not self._closed:
            self._closed = True
            self.witness.close()
            self._on_close(self)

    def remove(self) -> None:
        for node in self._filtered:
            self._context.firewall.restore(self._containers[node].settings.endpoint.host)
        for container in self._containers.values():
            container.remove()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _container(self, node: str) -> NodeContainer:
        if node not in self._containers:
            self._containers[node] = self._make_container(node)
        return self._containers[node]

    def _make_container(self, node: str) -> NodeContainer:
        context, data = self._context, self._folder / "data" / node
        data.mkdir(parents=True)
        data.chmod(0o777)  # an image may run its daemon as any user
        settings = ContainerSettings(
            name=f"{context.prefix}-{self._folder.name}-{node}",
            image=context.image,
            labels={**context.labels, CASE: self._case, NODE: node},
            endpoint=self.network.new_endpoint(),
            data=data,
            witness=self._folder / "witness",
            shared=self._folder / "shared",
            supervisor=self._folder / "supervisor" / node if self._orphans else None,
        )

        def on_death(death: Death) -> None:
            self.witness.node_died(node, self._time_of(death))
            self.notify()

        return NodeContainer(context.engine, context.deaths, settings, on_death)

    def _time_of(self, death: Death) -> float:
        """The time of a death on the clock of this site; a remote engine has its own clock."""
        return death.at if self._context.engine.native and death.at else self.now()

    def kill(self, node: str, scope: Scope = "node") -> Proof:
        if scope == "daemon" and not self._orphans:
            raise NotImplementedError("a container ends with its daemon, unless made for orphans")
        container = self._container(node)
        kind = "kill" if scope == "node" else f"kill {scope}"
        if not (container.alive() if scope == "daemon" else container.running()):
            return self.proof(kind, node, False, "it was not running")
        kills = {"node": self._kill_node, "daemon": self._kill_daemon, "job": self._kill_jobs}
        return kills[scope](kind, container)

    def _kill_node(self, kind: str, container: NodeContainer) -> Proof:
        death = container.kill()
        if death is None:
            return self.proof(kind, container.node, False, "no die event of the engine came")
        gone = not container.running()
        evidence = f"die event with exit code {death.code}, {'gone' if gone else 'still there'}"
        proven = gone and death.code == KILLED
        return self.proof(kind, container.node, proven, evidence, self._time_of(death))

    def _kill_daemon(self, kind: str, container: NodeContainer) -> Proof:
        result, folder = container.kill_daemon(), container.settings.supervisor
        # The supervisor wrote that file when its child died.
        native = folder and result.proven and self._context.engine.native
        at = (folder / "died").stat().st_mtime if folder and native else None
        return self.proof(kind, container.node, result.proven, result.text, at)

    def _kill_jobs(self, kind: str, container: NodeContainer) -> Proof:
        jobs = self.running_jobs(container.node)
        if not jobs:
            return self.proof(kind, container.node, False, "no job ran on it")
        pids = [self.witness.pid(job.id) for job in jobs]
        result = container.shell.inject("jobs", *pids)
        proof = self.proof(kind, container.node, result.proven, result.text)
        for job in jobs if result.proven else ():
            self.witness.execution_died(job.id, proof.at)
        self.notify()
        return proof

    def stop(self, node: str, grace: float, to: StopTo | None = None) -> Proof:
        """The proof's time is that of the signal. A daemon that stays is killed, and no proof."""
        container = self._container(node)
        if not container.alive():
            return self.proof("stop", node, False, "it was not running")
        at = self.now()
        death, sent = container.stop(grace, to)
        if death is None:
            container.kill()
            evidence = f"it did not leave within {grace:g} s and was killed, {sent.text}"
            return self.proof("stop", node, False, evidence, at)
        evidence = f"exit code {death.code} after {self._time_of(death) - at:.2f} s, {sent.text}"
        return self.proof("stop", node, sent.proven and death.code != KILLED, evidence, at)

    def begin_stop(self, node: str) -> Proof:
        container, at = self._container(node), self.now()
        if not container.alive():
            return self.proof("stop signal", node, False, "it was not running")
        sent = container.begin_stop()
        return self.proof("stop signal", node, sent.proven, sent.text, at)

    def pause(self, node: str) -> Proof:
        container = self._container(node)
        if not container.running():
            return self.proof("pause", node, False, "it was not running")
        freeze_between_writes(container.pause, container.unpause, container.pids)
        frozen = bool(container.state().get("Paused"))
        return self.proof("pause", node, frozen, f"engine state Paused: {frozen}")

    def unpause(self, node: str) -> Proof:
        container = self._container(node)
        container.unpause()
        state = container.state()
        awake = bool(state.get("Running")) and not state.get("Paused")
        return self.proof("unpause", node, awake, f"engine state {state.get('Status')}")

    def cut(self, node: str) -> Proof:
        container = self._cuttable(node)
        return self._cut_by_firewall(container) or self._cut_by_disconnecting(container)

    def join(self, node: str) -> Proof:
        container = self._cuttable(node)
        host = container.settings.endpoint.host
        if node in self._filtered:
            self._filtered.discard(node)
            mended = self._context.firewall.restore(host)
            return self.proof("join", node, mended, "the firewall drops its packets no longer")
        if node not in self._disconnected:
            return self.proof("join", node, False, "it was not cut off")
        container.reconnect(self.network.network)
        self._disconnected.discard(node)
        address = container.address_on(self.network.network)
        evidence = f"connected again as {address}" if address else "it has no address: it ended"
        return self.proof("join", node, address == host, evidence)

    def _cuttable(self, node: str) -> NodeContainer:
        container = self._container(node)
        if container.settings.endpoint.connection.address is None:
            raise KitCannotRun(
                f"the nodes of {self._case!r} share one network, so none can be cut off",
                "ask the rig for a site that is cuttable",
            )
        return container

    def _cut_by_firewall(self, container: NodeContainer) -> Proof | None:
        """Drop the node's packets, and see that no neighbour answers; None if impossible."""
        node, firewall = container.node, self._context.firewall
        host = container.settings.endpoint.host
        pid = container.init()
        answering = self._answering(container, pid) if firewall.usable and pid else []
        if not answering or not firewall.drop(host):
            return None
        at = self.now()
        self._filtered.add(node)
        if any(answers(pid, *address) for address in answering):
            firewall.usable = False  # on this machine, packets on one bridge bypass the firewall
            firewall.restore(host)
            self._filtered.discard(node)
            return None
        named = " and ".join(f"{other}:{port}" for other, port in answering)
        evidence = f"no answer from {named} within {SILENCE} s, which answered before the cut"
        return self.proof("cut", node, True, evidence, at)

    def _answering(self, container: NodeContainer, pid: int) -> list[Address]:
        """Another node, and the store if nodes share one; empty if one of them does not answer."""
        neighbour, store = self._neighbour(container, pid), self._context.firewall.store
        if neighbour is None or (store and not answers(pid, *store)):
            return []
        return [neighbour, store] if store else [neighbour]

    def _neighbour(self, container: NodeContainer, pid: int) -> Address | None:
        for node, other in self._containers.items():
            address = self.dial(container.node, node)
            if other is not container and other.running() and answers(pid, *address):
                return address
        return None

    def _cut_by_disconnecting(self, container: NodeContainer) -> Proof:
        container.disconnect(self.network.network)
        self._disconnected.add(container.node)
        address = container.address_on(self.network.network)
        evidence = "the engine lists no interface" if address is None else f"still at {address}"
        return self.proof("cut", container.node, address is None, evidence)
