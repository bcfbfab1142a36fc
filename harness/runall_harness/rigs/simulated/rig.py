"""The simulated rig: the reference in virtual time, one process, no waiting."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec import convert
from msgspec.structs import replace
from runall_reference.brain.settings import UnsafeSettings
from runall_reference.daemon.failpoint import Failpoint, Trigger

from runall_harness.evidence.facts import Execution, Proof

from ..base import STORE, CrashPoint, NodeSpec, Place, Scope, StopTo
from ..faults import FAULTS
from ..other_releases import RELEASES
from .node import Node, World
from .store_server import StoreServer

T = TypeVar("T")


class SimulatedSite:
    """The nodes of one case, in their own simulated world. `Site` documents the methods."""

    def __init__(self) -> None:
        self.world = World()
        self.stops: dict[str, StopTo] = {}
        self.skews: dict[str, float] = {}

    def place(self, node: str) -> Place:
        return Place(host=node, port=1, data=f"/sim/{node}", witness="/sim/witness")

    def dial(self, frm: str, to: str) -> tuple[str, int]:
        del frm
        return to, 1

    def route(self, frm: str, host: str, port: int) -> tuple[str, int]:
        del frm
        return host, port

    def url(self, node: str) -> str:
        """The name of the node: nothing outside can call a simulated node."""
        return f"simulated://{node}"

    def node(self, name: str) -> Node:
        return self.world.nodes[name]

    def victim(self, name: str) -> Node | StoreServer:
        """What a fault hurts: a node, or the server of the store."""
        store = self.world.server
        return store if store is not None and name == STORE else self.node(name)

    def say(self, node: str, line: str) -> None:
        self.world.say(node, line)

    def start(self, *specs: NodeSpec) -> None:
        for spec in specs:
            if spec.role == STORE:
                self.start_store()
                continue
            self.stops[spec.name] = spec.stop_to
            new = Node(
                self.world, spec.name, spec.role, spec.simulate, spec.called, RELEASES[spec.release]
            )
            node = self.world.nodes.setdefault(spec.name, new)
            node.settings, node.speaks = spec.simulate, RELEASES[spec.release]
            node.skew += self.skews.pop(spec.name, 0.0)
            try:
                node.start()
                self.say(spec.name, f"started as {node.boot}")
            except UnsafeSettings as refusal:
                node.die()
                self.say(spec.name, str(refusal))

    def start_store(self) -> None:
        server = self.world.server = self.world.server or StoreServer(self.world.store)
        server.start()
        self.say(STORE, f"start {server.boots} of the store")

    def kill(self, node: str, scope: Scope = "node") -> Proof:
        victim = self.victim(node)
        if scope == "job":
            return self.kill_jobs(self.node(node))
        there = victim.up or (scope == "node" and bool(victim.processes))
        victim.die(orphans=scope == "daemon")
        kind = "kill" if scope == "node" else "kill daemon"
        words = f"start {victim.boots} of {node} is over" if there else "it was not running"
        return self.proof(kind, node, there and not victim.up, words)

    def kill_jobs(self, victim: Node) -> Proof:
        jobs = list(victim.processes.values())
        for process in jobs:
            process.signal("KILL", self.now())
        words = "no job is left there" if jobs else "no job ran on it"
        return self.proof("kill job", victim.name, bool(jobs) and not victim.processes, words)

    def begin_stop(self, node: str, to: StopTo | None = None) -> Proof:
        victim = self.victim(node)
        if not victim.up:
            return self.proof("stop signal", node, False, "it was not running")
        if (to or self.stops.get(node)) == "group":
            victim.terminate_all()
        else:
            victim.drain()
        return self.proof("stop signal", node, True, "it goes down")

    def stop(self, node: str, grace: float, to: StopTo | None = None) -> Proof:
        victim, at = self.victim(node), self.now()
        if not (begun := self.begin_stop(node, to)).proven:
            return replace(begun, kind="stop")
        self.wait(lambda: not victim.up, grace)
        words = "it did not leave in time" if victim.up else "it left with exit status 0"
        return replace(self.proof("stop", node, not victim.up, words), at=at)

    def pause(self, node: str) -> Proof:
        self.victim(node).frozen = True
        return self.proof("pause", node, True, "nothing there is carried out")

    def unpause(self, node: str) -> Proof:
        self.victim(node).unfreeze()
        return self.proof("unpause", node, not self.victim(node).frozen, "it goes on")

    def cut(self, node: str) -> Proof:
        self.victim(node).cut = True
        return self.proof("cut", node, True, "nothing gets to or from it")

    def join(self, node: str) -> Proof:
        self.victim(node).mend()
        return self.proof("join", node, True, "what was held up arrives")

    def set_clock(self, node: str, ahead: float) -> Proof:
        if node in self.world.nodes:
            self.node(node).set_clock(ahead)
        else:
            self.skews[node] = self.skews.get(node, 0.0) + ahead
        return self.proof("clock", node, True, f"its wall clock was set by {ahead:+g} s")

    def arm(self, node: str, point: CrashPoint) -> None:
        failpoint = convert(point, Failpoint, from_attributes=True)
        self.node(node).triggers["primary"] = Trigger(failpoint)

    def disarm(self, node: str) -> bool:
        return self.node(node).triggers.pop("primary", None) is not None

    def crashed(self, node: str, within: float) -> Proof:
        victim = self.node(node)
        self.wait(lambda: not victim.triggers, within)
        proven = not victim.triggers and not victim.up
        evidence = f"start {victim.boots} of {node} ended at the point" if proven else "it lives"
        return self.proof("crash", node, proven, evidence)

    def proof(self, kind: str, node: str, proven: bool, evidence: str) -> Proof:
        """The proof of a fault, also written as a line of the node's log."""
        self.say(node, f"{kind}: {evidence}")
        return Proof(kind=kind, node=node, at=self.now(), proven=proven, evidence=evidence)

    def alive(self, node: str) -> bool:
        return self.victim(node).up

    def logs(self, node: str) -> str:
        return "\n".join(self.world.printed.get(node, []))

    def now(self) -> float:
        return self.world.time.now

    def wait(self, condition: Callable[[], T | None], within: float) -> T | None:
        """Let virtual time pass, act by act, until the condition holds."""
        until = self.now() + within
        while not (value := condition()):
            if not self.world.time.step(until):
                self.world.time.now = until
                return condition()
        return value

    def notify(self) -> None:
        """Do nothing: in virtual time conditions are tried after every act."""

    def executions(self) -> Sequence[Execution]:
        """All executions so far, oldest first; those of a node that is not frozen beat now."""
        for node in self.world.nodes.values():
            if not node.frozen:
                for process in node.processes.values():
                    process.execution.beat_at = self.now()
        return self.world.executions

    def word(self, event: str) -> str:
        """None: nothing but this rig writes down what runs in it."""
        del event
        return ""

    def strangers(self) -> Sequence[str]:
        return ()

    def release(self, tag: str) -> None:
        self.world.released.add(tag)
        for node in self.world.nodes.values():
            node.release(tag)

    def close(self) -> None:
        """Do nothing: a world leaves nothing behind."""


class SimulatedRig:
    """Makes a new world for each case."""

    name = "simulated"
    abilities: frozenset[str] = FAULTS

    def site(
        self, case: str, *, cuttable: bool = False, orphans: bool = False, clocks: bool = False
    ) -> SimulatedSite:
        del case, cuttable, orphans, clocks
        return SimulatedSite()

    def prepare(self, case: str, *, cuttable: bool = False) -> None:
        """Do nothing: a world is made at once."""

    def close(self) -> None:
        """Do nothing: there is nothing to remove."""
