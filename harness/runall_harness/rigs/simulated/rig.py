"""The simulated rig: the reference in virtual time, one process, no waiting."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec import convert
from msgspec.structs import replace
from runall_reference.brain.settings import UnsafeSettings
from runall_reference.daemon.failpoint import Failpoint, Trigger

from runall_harness.evidence.facts import Execution, Proof

from ..base import CrashPoint, NodeSpec, Place, Scope, StopTo
from ..faults import FAULTS
from .node import Node
from .world import World

T = TypeVar("T")


class SimulatedSite:
    """The nodes of one case, in their own simulated world. `Site` documents the methods."""

    def __init__(self) -> None:
        self.world = World[Node]()
        self.printed: dict[str, list[str]] = {}
        self.stops: dict[str, StopTo] = {}

    def place(self, node: str) -> Place:
        """A simulated node has no address and no folder; names stand in for them."""
        return Place(host=node, port=1, data=f"/sim/{node}", witness="/sim/witness")

    def dial(self, frm: str, to: str) -> tuple[str, int]:
        """The name of the other node stands for its address."""
        del frm
        return to, 1

    def route(self, frm: str, host: str, port: int) -> tuple[str, int]:
        """The server's own address, though nothing real can be reached from virtual time."""
        del frm
        return host, port

    def url(self, node: str) -> str:
        """The name of the node: nothing outside can call a simulated node."""
        return f"simulated://{node}"

    def node(self, name: str) -> Node:
        """The simulated node of that name."""
        return self.world.nodes[name]

    def say(self, node: str, line: str) -> None:
        """Write a line of the node's log, with the virtual time."""
        self.printed.setdefault(node, []).append(f"{self.world.time.now:.3f} {line}")

    # ---------------------------------------------------------------- faults
    def start(self, *specs: NodeSpec) -> None:
        """Start nodes, or start them again; a node with unsafe settings ends at once."""
        for spec in specs:
            self.stops[spec.name] = spec.stop_to
            new = Node(self.world, spec.name, spec.role, spec.simulate)
            node = self.world.nodes.setdefault(spec.name, new)
            node.settings = spec.simulate
            try:
                node.start()
                self.say(spec.name, f"started as {node.boot}")
            except UnsafeSettings as refusal:
                node.die()
                self.say(spec.name, str(refusal))

    def kill(self, node: str, scope: Scope = "node") -> Proof:
        """End the whole node, the daemon only, or its jobs only, at one instant."""
        victim = self.node(node)
        if scope == "job":
            return self.kill_jobs(victim)
        there = victim.up or (scope == "node" and bool(victim.processes))
        victim.die(orphans=scope == "daemon")
        kind = "kill" if scope == "node" else "kill daemon"
        words = f"start {victim.boots} of {node} is over" if there else "it was not running"
        return self.proof(kind, node, there and not victim.up, words)

    def kill_jobs(self, victim: Node) -> Proof:
        """End the jobs of a node; its daemon gets their exits."""
        jobs = list(victim.processes.values())
        for process in jobs:
            process.signal("KILL", self.now())
        words = "no job is left there" if jobs else "no job ran on it"
        return self.proof("kill job", victim.name, bool(jobs) and not victim.processes, words)

    def stop(self, node: str, grace: float, to: StopTo | None = None) -> Proof:
        """SIGTERM to the daemon, or to its jobs as well, and wait until the node has ended."""
        victim, at = self.node(node), self.now()
        if not victim.up:
            return self.proof("stop", node, False, "it was not running")
        if (to or self.stops.get(node)) == "group":
            victim.terminate_all()
        else:
            victim.drain()
        self.wait(lambda: not victim.up, grace)
        words = "it did not leave in time" if victim.up else "it left with exit status 0"
        return replace(self.proof("stop", node, not victim.up, words), at=at)

    def pause(self, node: str) -> Proof:
        """Freeze the node and its jobs: what arrives is kept for later."""
        self.node(node).frozen = True
        return self.proof("pause", node, True, "nothing there is carried out")

    def unpause(self, node: str) -> Proof:
        """Let the frozen node go on."""
        self.node(node).unfreeze()
        return self.proof("unpause", node, not self.node(node).frozen, "it goes on")

    def cut(self, node: str) -> Proof:
        """Cut the node off; no link is closed by it."""
        self.node(node).cut = True
        return self.proof("cut", node, True, "nothing gets to or from it")

    def join(self, node: str) -> Proof:
        """End the cut; held messages arrive."""
        self.node(node).mend()
        return self.proof("join", node, True, "what was held up arrives")

    def set_clock(self, node: str, ahead: float) -> Proof:
        """Set its wall clock; the steady time of the brains goes on as before."""
        self.node(node).set_clock(ahead)
        return self.proof("clock", node, True, f"its wall clock was set by {ahead:+g} s")

    def arm(self, node: str, point: CrashPoint) -> None:
        """Let the node's primary crash at that point, in this start or the next."""
        failpoint = convert(point, Failpoint, from_attributes=True)
        self.node(node).triggers["primary"] = Trigger(failpoint)

    def disarm(self, node: str) -> bool:
        """Withdraw the order to crash. False: there is none, or the node has crashed."""
        return self.node(node).triggers.pop("primary", None) is not None

    def crashed(self, node: str, within: float) -> Proof:
        """Wait for the crash that was ordered."""
        victim = self.node(node)
        self.wait(lambda: not victim.triggers, within)
        proven = not victim.triggers and not victim.up
        evidence = f"start {victim.boots} of {node} ended at the point" if proven else "it lives"
        return self.proof("crash", node, proven, evidence)

    def proof(self, kind: str, node: str, proven: bool, evidence: str) -> Proof:
        """The proof of a fault, also written as a line of the node's log."""
        self.say(node, f"{kind}: {evidence}")
        return Proof(kind=kind, node=node, at=self.now(), proven=proven, evidence=evidence)

    # ---------------------------------------------------------------- observations
    def alive(self, node: str) -> bool:
        """Whether the node is up; a frozen node counts as up."""
        return self.node(node).up

    def logs(self, node: str) -> str:
        """The node's log: one line for each fault and start."""
        return "\n".join(self.printed.get(node, []))

    def now(self) -> float:
        """Virtual time, in seconds since 1970."""
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

    def release(self, tag: str) -> None:
        """Let all jobs of that tag end."""
        self.world.released.add(tag)
        for node in self.world.nodes.values():
            node.release(tag)

    def close(self) -> None:
        """Do nothing: a world leaves nothing behind."""


class SimulatedRig:
    """Makes a new world for each case."""

    name = "simulated"
    abilities: frozenset[str] = FAULTS

    def site(self, case: str, *, cuttable: bool = False, orphans: bool = False) -> SimulatedSite:
        """A fresh world; each of its nodes can be cut off, and can lose its daemon alone."""
        del case, cuttable, orphans
        return SimulatedSite()

    def prepare(self, case: str, *, cuttable: bool = False) -> None:
        """Do nothing: a world is made at once."""

    def close(self) -> None:
        """Do nothing: there is nothing to remove."""
