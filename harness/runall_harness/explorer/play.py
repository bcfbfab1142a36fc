"""A play: one bounded world on its way, act by act, with its history.

A move can be made between two acts, and at each point inside an act at which a node can crash. The
same moves at the same acts always give the same history.
"""

from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatch
from functools import partial
from math import floor
from typing import Any

import msgspec
from runall_reference.brain.clock import Clock
from runall_reference.brain.jumps import due_slots
from runall_reference.brain.primary import Primary
from runall_reference.brain.records import Event, Finished, Job, Reopened, Run
from runall_reference.brain.settings import TAKEOVER, Settings
from runall_reference.brain.timing import Timing, local_minute

from runall_harness.evidence.facts import Proof
from runall_harness.evidence.history import (
    End,
    Exit,
    Fault,
    History,
    Ledger,
    Meta,
    Minute,
    Owed,
    Start,
)
from runall_harness.evidence.views import JobView, Rejected, Unreachable
from runall_harness.rigs.base import NodeSpec
from runall_harness.rigs.simulated.node import ActOfStart, Node
from runall_harness.rigs.simulated.rig import SimulatedSite
from runall_harness.rigs.simulated.shared_world import EPOCH
from runall_harness.scenario.calls import Calls
from runall_harness.systems.reference.simulated_client import SimulatedClient
from runall_harness.systems.reference.views import CAPABILITIES, NEVER_CLAIMED, job_of

from .copies import copies_of
from .prompt_returns import PROMPT, returns_are_prompt
from .worlds import FAILURES, FINE, GRID, HORIZON, PRIMARY, RELEASED, WORKERS, Outline

EVENT, SECOND, TAG = "report", "other", "work"
# A time in seconds that is longer than any message takes and shorter than any timeout.
MOMENT = 0.1
# The parameters with which a person runs the event.
BY_HAND: dict[str, Any] = {"params": {"note": "of the run", "hold": 1}, "source": "operator"}


def event_of(outline: Outline, slot: int) -> dict[str, Any]:
    """The event of a world: Run All on, a limit of one job, and slots that fall into the outage.

    `slot` is the minute that is running, on the clock of the schedule.
    """
    after = (2, 4) if outline.trigger == "manual" else (1, 3, 5)
    minute = local_minute(slot, outline.event.get("timezone", "UTC")).minute
    return {
        "id": EVENT,
        "catch_up": True,
        "max_children": 1,
        "timing": Timing(minutes=tuple((minute + each) % 60 for each in after)),
        **outline.event,
        "target": outline.target,
        "params": {"tag": TAG, "note": "of the event", **outline.event.get("params", {})},
    }


def second_of(slot: int) -> dict[str, Any]:
    """The other event of a world that has two: its jobs end at once."""
    return {**event_of(Outline(), slot), "id": SECOND, "params": {"hold": 0}}


def meta(outline: Outline, at: float) -> Meta:
    """The first line of the history."""
    claimed = CAPABILITIES - (NEVER_CLAIMED if outline.policy != "reference" else set())
    return Meta(
        at=at,
        case=f"explore/{outline.name}",
        system="reference",
        policy=outline.policy,
        rig="simulated",
        capabilities=tuple(sorted(claimed)),
        grace=outline.settings.kill_grace + MOMENT,
        lag=MOMENT,
        timings=timings(outline.settings),
    )


def timings(settings: Settings) -> dict[str, float]:
    """How fast a system with these settings is in virtual time, by the names of a system file."""
    return {
        "dead_job_timeout": settings.dead_job_timeout,
        "notice": settings.silence + settings.heartbeat,
        "heartbeat": settings.heartbeat,
        "takeover": settings.lease * TAKEOVER + MOMENT,
        "prompt": PROMPT,
        "minute": 60 / settings.time_scale,
        "spread": settings.spread,
        "slack": MOMENT,
    }


class Play:
    """A bounded world, its client and its history.

    `acts` counts the acts since `begin`, and `began` is that instant. `root` is the lineage of the
    job that the story is about, and `victim` the server that runs it first.
    """

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.site = SimulatedSite()
        self.client = SimulatedClient(self.site, outline.primaries)
        self.history = History()
        self.calls = Calls(self.site, self.history)
        self.calls.connect(self.client)
        self.acts = 0
        self.began = self.site.now()
        self.root = self.victim = ""
        self.event: dict[str, Any] = {}
        self.seen: tuple[Any, ...] = ()
        # The due slots that were asked for, by timing, time zone, and both ends.
        self.windows: dict[tuple[Timing | None, str, int, int], tuple[int, ...]] = {}
        self.history.add(meta(outline, self.began))
        for name in (PRIMARY, *WORKERS):
            self.start(name)
        self.site.wait(lambda: self.client.online() >= {PRIMARY, *WORKERS}, HORIZON)
        self.launch()
        self.begin()

    def launch(self) -> None:
        slot = self.client.present_slot()
        began = self.client.brain().state.clock.starts(slot)
        self.history.add(Minute(at=self.site.now(), slot=slot, began=began))
        self.event = event_of(self.outline, slot)
        self.call("create_event", event=self.event)
        if self.outline.second:
            self.call("create_event", event=second_of(slot))
        for _ in range(self.outline.runs if self.outline.trigger == "manual" else 0):
            self.call("run", event=EVENT, **BY_HAND)
        self.site.wait(lambda: self.site.world.executions, HORIZON)

    def begin(self) -> None:
        """Start the backup, which must not get the job, and plan the failure of this world."""
        for backup in self.outline.primaries[1:]:
            self.start(backup)
        self.site.wait(lambda: set(self.outline.primaries) <= self.client.online(), HORIZON)
        self.observe()
        self.began, self.acts = self.site.now(), 0
        first = self.site.world.executions[0]
        self.root, self.victim = first.claims["JOB_ROOT"], first.node
        for after, verb, how, server in FAILURES.get(self.outline.fault, ()):
            self.plan(after, verb, server or self.victim, how)
        self.site.world.time.after(RELEASED, partial(self.site.release, TAG))

    def plan(self, delay: float, verb: str, *args: Any) -> None:
        """Have a method of this play called after so many seconds."""
        self.site.world.time.after(delay, partial(getattr(self, verb), *args))

    def step(self) -> bool:
        """Let the next act happen; False when the horizon is reached."""
        node, world = self.next_node(), self.site.world
        happened = world.time.step(self.began + self.outline.horizon)
        self.acts += 1
        if node is not None and node.role == "worker":
            # What a worker does alone, no primary knows yet.
            self.history.see_executions(self.site.now(), world.executions)
        else:
            self.observe()
        return happened

    def reach(self, acts: int) -> None:
        while self.acts < acts and self.step():
            pass

    def end(self) -> None:
        """Play on until nothing is to come, and write down the final state."""
        while not self.over() and self.step():
            pass
        self.close()

    def close(self) -> None:
        """Write the last lines: what lives on, the operator's ledger, and what is owed by now."""
        now = self.site.now()
        self.history.see_last(now, self.site.executions())
        if self.leader() is not None:
            self.history.add(Ledger(at=now, entries=tuple(self.client.ledger())))
            # If a server is online on which the event may run, nothing may wait any more.
            if self.runs_somewhere():
                self.history.add(Owed(at=now, what="rest", until=now, since=self.began))
        for owed in list(returns_are_prompt(self.history.lines)):
            self.history.add(msgspec.structs.replace(owed, at=now))
        self.history.add(End(at=now))

    def runs_somewhere(self) -> bool:
        """Whether a server is online on which the event may run now."""
        event = leader.state.event(EVENT) if (leader := self.leader()) else None
        target = event.target if event else self.outline.target
        return any(fnmatch(server, target) for server in self.client.online())

    def waiting(self) -> str:
        """The lineage of the newest job that waits; without one, of the job of the story."""
        leader = self.leader()
        jobs = leader.state.live() if leader else []
        return next((job.root for job in reversed(jobs) if job.state == "waiting"), self.root)

    def over(self) -> bool:
        """Whether nothing is to come: all jobs may end, and none runs or is owed."""
        if self.is_lost():
            return True
        if self.site.now() < self.began + RELEASED + MOMENT:
            return False
        unsettled = self.site.world.store.load_kinds(Job, Reopened)
        runs = any(node.disks["worker"].load_kinds(Run) for node in self.nodes() if node.up)
        return not (unsettled or runs or self.returning() or self.is_due())

    def is_lost(self) -> bool:
        """Whether no primary will lead any more, and no job runs: then nothing can follow."""
        nodes = self.site.world.nodes
        if any(nodes[name].up for name in self.outline.primaries):
            return False
        runs = any(node.processes for node in nodes.values())
        return not runs and self.returning().isdisjoint(self.outline.primaries)

    def returning(self) -> set[str]:
        """The nodes whose start is planned, and those that are being stopped to start again."""
        acts: list[Any] = [planned.act for planned in self.site.world.time.planned()]
        names = [(act.func.__name__, act.args) for act in acts if isinstance(act, partial)]
        stopped = {args[0] for name, args in names if name == "await_end" and args[-1] is not None}
        return stopped | {args[0] for name, args in names if name == "restart"}

    def is_due(self) -> bool:
        """Whether a slot of this story is still ahead, or has only just begun."""
        leader = self.leader()
        return leader is not None and bool(self.slots_since(self.site.now() - PROMPT - MOMENT))

    def clock(self) -> Clock:
        """The schedule's clock: that of who leads, or of the primary to come."""
        if leader := self.leader():
            return leader.state.clock
        lease = self.site.world.store.lease()
        return Clock(scale=self.outline.settings.time_scale, origin=lease.origin if lease else 0.0)

    def slots_since(self, since: float) -> list[int]:
        """The slots of all events that are a part of this story and begin after that second."""
        clock = self.clock()
        first, last = clock.slot(self.began), clock.slot(self.began + self.outline.awaited)
        return [
            slot
            for event in self.site.world.store.load_kinds(Event)
            if isinstance(event, Event)
            for slot in self.due(event, first - 1, last - 1)
            if clock.starts(slot) > since
        ]

    def due(self, event: Event, after: int, until: int) -> tuple[int, ...]:
        window = (event.timing, event.timezone, after, until)
        if window not in self.windows:
            self.windows[window] = tuple(due_slots(*window))
        return self.windows[window]

    def leader(self) -> Primary | None:
        """The brain of the primary that leads and answers; None without one."""
        try:
            return self.client.brain()
        except Unreachable:
            return None

    def nodes(self) -> list[Node]:
        return list(self.site.world.nodes.values())

    def next_node(self) -> Node | None:
        """The node that does the next act; None if a person or the nemesis does it."""
        planned = self.site.world.time.next()
        act = planned.act if planned else None
        return act.node if isinstance(act, ActOfStart) else None

    def observe(self) -> None:
        """Write down what the last act has changed, if it has changed anything."""
        world = self.site.world
        leader = self.leader()
        links = tuple(link.state for link in leader.state.links.values()) if leader else ()
        state = (world.store.commits, links, len(world.executions))
        if state != self.seen:
            self.seen = state
            shown = self.client.jobs() if leader else self.committed()
            self.history.see_leader(self.site.now(), self.client.leader() if leader else "")
            self.history.see_jobs(self.site.now(), shown)
        self.history.see_executions(self.site.now(), world.executions)

    def committed(self) -> list[JobView]:
        """The jobs that are over by the records, while nobody answers: a commit is a commit."""
        over = self.site.world.store.load_kinds(Finished)
        records = [(each.job, each.late_code) for each in over if isinstance(each, Finished)]
        shown = [{**msgspec.to_builtins(job), "late_code": late} for job, late in records]
        return [job_of({"limbo": False, **each}) for each in shown]

    def note(self, proof: Proof) -> None:
        self.history.add(Fault(at=proof.at, proof=proof))

    def call(self, verb: str, **args: Any) -> None:
        """Ask the scheduler for something; a refusal or a missing answer is written down."""
        with suppress(Rejected, Unreachable):
            self.calls.call(verb, **args)
        self.observe()

    def kill(self, node: str, back: float | None) -> None:
        """Kill a node, if it is up; it is back after so many seconds, or never (None)."""
        if self.site.alive(node):
            self.note(self.site.kill(node))
            self.returns(node, back)

    def returns(self, node: str, back: float | None) -> None:
        """Plan the next start of a node: at the first instant of the grid after so many seconds."""
        if back is not None:
            self.plan(self.rounded(back, GRID), "restart", node)

    def rounded(self, delay: float, grid: float) -> float:
        """So many seconds, up to the next instant of that grid."""
        ends = self.site.now() + delay - EPOCH
        return delay + (floor(ends / grid) + 1) * grid - ends

    def restart(self, node: str) -> None:
        if not self.site.alive(node):
            self.start(node)

    def start(self, node: str) -> None:
        role = "primary" if node in self.outline.primaries else "worker"
        self.history.add(Start(at=self.site.now(), node=node, role=role))
        settings = self.outline.settings
        self.site.start(NodeSpec(name=node, role=role, command=(), simulate=settings))

    def stop(self, node: str, back: float | None) -> None:
        """SIGTERM to a node; it is back so many seconds after it has left."""
        victim = self.site.node(node)
        if victim.up and not victim.leaving:
            self.note(self.site.proof("stop", node, True, "SIGTERM"))
            victim.drain()
            self.plan(MOMENT, "await_end", node, victim.boots, back)

    def await_end(self, node: str, boots: int, back: float | None) -> None:
        victim = self.site.node(node)
        if not victim.up:
            self.history.add(Exit(at=self.site.now(), node=node))
            self.returns(node, back)
        elif victim.boots == boots:
            self.plan(MOMENT, "await_end", node, boots, back)

    def pause(self, node: str, lasting: float) -> None:
        if self.site.alive(node) and not self.site.node(node).frozen:
            self.note(self.site.pause(node))
            self.plan(self.rounded(lasting, FINE), "unpause", node, self.site.node(node).boots)

    def unpause(self, node: str, boots: int) -> None:
        """End a node's freeze, unless the node was started anew since."""
        victim = self.site.node(node)
        if victim.up and victim.frozen and victim.boots == boots:
            self.note(self.site.unpause(node))

    def cut(self, node: str, lasting: float) -> None:
        if not self.site.node(node).cut:
            self.note(self.site.cut(node))
            self.plan(self.rounded(lasting, FINE), "join", node)

    def join(self, node: str) -> None:
        if self.site.node(node).cut:
            self.note(self.site.join(node))

    def copies(self) -> Iterator["Play"]:
        """Any number of independent copies, with all that is planned."""
        return copies_of(self)

    def copy(self) -> "Play":
        return next(self.copies())
