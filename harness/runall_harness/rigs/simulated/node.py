"""A node in virtual time: its disks survive its death, its brains and processes do not.

`SimulatedBrain` runs one brain in it, as the daemon's `BrainRunner` does in an event loop.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from math import floor
from typing import Any

from runall_reference.brain import inputs
from runall_reference.brain.primary import Primary, Standby
from runall_reference.brain.record_set import Change, Step
from runall_reference.brain.settings import Settings
from runall_reference.brain.worker import Worker
from runall_reference.daemon.failpoint import Trigger
from runall_reference.daemon.releases import POLICIES
from runall_reference.daemon.turn import Where, take_turn, wake_delay
from runall_reference.store import LeaseLost

from ..other_releases import THIS_RELEASE, Release
from . import speech
from .disk import Disk, Unavailable
from .network import LATENCY, REDIAL, Link
from .process import NOT_STARTED, TICK, Crashed, Process, ignore_exit, startable
from .shared_world import EPOCH, SharedWorld

Brain = Primary | Worker

# The seconds in which the guardian of a dead daemon ends the daemon's jobs.
GUARD = 0.02
# Instants that differ by less, as a part of an interval, are one: floating point is not exact.
TINY = 1e-5


class ActOfStart:
    """An act of one start of a node: dropped once that start is over, delayed while frozen.

    If the node crashes in the act, the act ends there.
    """

    def __init__(self, node: "Node", act: Callable[[], None]) -> None:
        self.node, self.act, self.boots = node, act, node.boots

    def __call__(self) -> None:
        node = self.node
        if node.up and node.boots == self.boots:
            node.inbox.append(self.act) if node.frozen else node.until_crash(self.act)


class SimulatedBrain:
    """A brain of one start of its node. Its turns are those of the daemon (see `turn`)."""

    def __init__(self, node: "Node", brain: Brain, disk: Disk, act: Callable[[Any], None]) -> None:
        self.node, self.brain, self.disk, self.act = node, brain, disk, act
        # How many wakes were planned, and the number of the planned act; 0 for none.
        self.wakes = self.planned = 0

    def handle(self, given: Any) -> Any:
        """Take one turn, plan the next wake, and return the reply; None if the lease is gone."""
        try:
            step = take_turn(self.brain, given, self.node.now, self.commit, self.act, self.reached)
        except (LeaseLost, Unavailable):
            return self.node.step_down()
        self.plan_wake()
        return step.reply

    def commit(self, change: Change, guard: int | None, written: Callable[[int], None]) -> None:
        """Write a step's change. Raises `LeaseLost` or `Unavailable`; then nothing is written.

        The disk writes all rows at once. So a crash between two of them comes before all.
        """
        for rows in range(1, len(change)):
            written(rows)
        if self.disk is self.node.world.store and not self.node.reaches_store():
            if self.node.world.server is not None:
                self.node.world.server.refuse(change, guard)
            raise Unavailable
        self.disk.commit(change, guard)

    def reached(self, where: Where, step: Step, act: int = 0) -> None:
        role = "primary" if isinstance(self.brain, Primary) else "worker"
        trigger = self.node.triggers.get(role)
        if trigger is not None and trigger.fires(where, step, act):
            del self.node.triggers[role]
            self.node.die()
            raise Crashed

    def plan_wake(self) -> None:
        """Plan the wake that the brain's state asks for, in the place of the one before."""
        self.wakes += 1
        if self.planned:
            self.node.world.time.cancel(self.planned)
        delay, wake = wake_delay(self.brain, self.node.now), partial(self.wake, self.wakes)
        self.planned = 0 if delay is None else self.node.later(delay, wake)

    def wake(self, number: int) -> None:
        """The wake came, unless the brain was given up, or woken while it was frozen."""
        if number == self.wakes:
            self.planned = 0
        if number == self.wakes and self in (self.node.primary, self.node.worker):
            self.handle(inputs.Tick())


class Node:
    """One server: a worker, and on a primary its primary too.

    `called` is the name under which it joins; two nodes may be called alike by mistake. `speaks`
    is the release that it is on its links.
    """

    def __init__(
        self,
        world: "World",
        name: str,
        role: str,
        settings: Settings,
        called: str = "",
        speaks: Release = THIS_RELEASE,
    ) -> None:
        self.world = world
        self.name, self.role, self.settings = name, role, settings
        self.called, self.speaks = called or name, speaks
        # Primaries share one store; each worker has a disk of its own.
        self.disks = {"primary": world.store, "worker": Disk()}
        self.boots = 0
        # How far the wall clock is ahead, and how far it was when this start of the node began.
        self.skew = self.base = 0.0
        self.up = self.frozen = self.cut = self.leaving = self.seeking = False
        # Where each of the two brains is to crash, if anywhere.
        self.triggers: dict[str, Trigger] = {}
        self.inbox: list[Callable[[], None]] = []
        self.processes: dict[str, Process] = {}
        self.link: Link[Node] | None = None
        self.links: dict[str, Link[Node]] = {}
        self.primary: SimulatedBrain | None = None
        self.worker: SimulatedBrain | None = None

    @property
    def boot(self) -> str:
        return f"{self.name}#{self.boots}"

    @property
    def now(self) -> float:
        """This start's steady clock: the wall clock at its beginning, and the time since."""
        return self.world.time.now + self.base

    def later(self, delay: float, act: Callable[[], None]) -> int:
        """Plan an act for `delay` seconds from now, in this start of the node only."""
        return self.world.time.after(delay, ActOfStart(self, act))

    def to_next(self, interval: float) -> float:
        """The seconds until the next multiple of an interval.

        So it makes no difference when a node began to try, and stories become the same sooner.
        """
        since = self.world.time.now - EPOCH
        return (floor(since / interval + TINY) + 1) * interval - since

    def until_crash(self, act: Callable[[], None]) -> None:
        with suppress(Crashed):
            act()

    def start(self) -> None:
        """Start, or start again from what the disks hold. Orphans of the last start are ended."""
        self.up, self.leaving, self.boots = True, False, self.boots + 1
        self.base = self.skew
        self.end_processes()
        self.until_crash(self.start_brains)

    def start_brains(self) -> None:
        if self.role == "primary":
            self.standby = Standby(self.name, self.settings)
            self.watch_lease()
        brain = Worker(self.called, self.settings, self.disks["worker"].load())
        self.worker = SimulatedBrain(self, brain, self.disks["worker"], self.act_worker)
        self.worker.handle(inputs.Boot(self.boot, self.name))
        self.dial()

    def watch_lease(self) -> None:
        """Check the lease at intervals, and lead as soon as the lease allows it."""
        store = self.disks["primary"]
        if self.reaches_store() and self.standby.may_lead(store.lease(), self.now):
            brain = Primary(self.name, self.settings, store.load(), POLICIES[self.settings.policy])
            self.primary = SimulatedBrain(self, brain, store, self.act_primary)
            self.primary.handle(inputs.Boot(self.boot))
            self.give_primary(inputs.ClockSet(self.skew - self.base))
            self.world.let_dial()
        else:
            self.later(self.to_next(self.standby.poll_every()), self.watch_lease)

    def reaches_store(self) -> bool:
        """Whether the primaries' store can be used: a shared one is out of reach for a cut node."""
        server = self.world.server
        if server is not None and not server.answers:
            return False
        eligible = sum(node.role == "primary" for node in self.world.nodes.values())
        return not (self.cut and eligible > 1)

    def step_down(self) -> None:
        """This primary may not write any more: discard its brain, and watch the lease again."""
        self.primary = None
        for link in list(self.links.values()):
            link.close(self)
        self.links = {}
        self.later(self.to_next(self.standby.poll_every()), self.watch_lease)
        self.leave_when_done()

    def end_processes(self) -> None:
        """Kill all processes. No worker sees their exit: the worker has ended, too."""
        for process in self.processes.values():
            process.on_exit = ignore_exit
            process.end("killed", -9, self.world.time.now)
        self.processes = {}

    def die(self, *, orphans: bool = False) -> None:
        """End the node at one instant; with `orphans`, only its daemon."""
        self.up = self.frozen = self.seeking = False
        self.inbox, self.primary, self.worker = [], None, None
        if orphans:
            self.world.time.after(GUARD, partial(self.end_orphans, self.boots))
        else:
            self.end_processes()
        for link in [*self.links.values(), *([self.link] if self.link else [])]:
            link.close(self)
        self.links, self.link = {}, None

    def end_orphans(self, boots: int) -> None:
        """The guardian of a daemon that died ends its jobs, unless the next start has done so."""
        if self.boots == boots:
            self.end_processes()

    def terminate_all(self) -> None:
        """SIGTERM to all, in the worst order: the worker sees its jobs end before it drains."""
        for process in list(self.processes.values()):
            process.signal("TERM", self.world.time.now)
        self.later(0, self.drain)

    def drain(self) -> None:
        """SIGTERM to the daemon: both brains drain, and the node ends when both are done."""
        self.leaving = True
        self.until_crash(self.drain_brains)

    def drain_brains(self) -> None:
        for brain in (self.worker, self.primary):
            if brain is not None:
                brain.handle(inputs.Drain())

    def set_clock(self, ahead: float) -> None:
        """Set the wall clock of this node ahead by so many seconds; the primary notices."""
        self.skew += ahead
        ActOfStart(self, partial(self.give_primary, inputs.ClockSet(self.skew - self.base)))()

    def unfreeze(self) -> None:
        """Go on after a freeze: whatever arrived meanwhile is handled now, in order."""
        self.frozen, inbox, self.inbox = False, self.inbox, []
        for act in inbox:
            self.later(0, act)
        self.world.let_dial()

    def dial(self) -> None:
        """Connect the worker to a primary; while there is none, wait until there is one."""
        target = next(filter(self.reaches_primary, self.world.nodes.values()), None)
        if target is None:
            self.seeking = True
            return
        spoken = speech.agreed(self, target)
        if spoken is None:
            self.later(self.settings.heartbeat, self.dial)
            return
        self.link = Link(self.world.time, self, target, spoken)
        self.later(LATENCY, self.connected)

    def say(self, line: str) -> None:
        self.world.say(self.name, line)

    def reaches_primary(self, node: "Node") -> bool:
        answers = node is self or not (node.cut or self.cut or node.frozen)
        return node.up and node.primary is not None and answers

    def connected(self) -> None:
        """The call has arrived, unless who led there has hung up meanwhile."""
        if self.worker is not None and self.link is not None:
            if self.link.primary.primary is None:
                self.link = None
                return self.disconnected()
            self.link.primary.links[self.link.boot] = self.link
            self.worker.handle(inputs.Connected())
        return None

    def close_link(self, pause: float) -> None:
        if self.link is not None:
            link, self.link = self.link, None
            link.close(self)
            self.later(pause, self.disconnected)

    def lost_link(self, link: Link[Any]) -> None:
        if link is self.link:
            self.link = None
            ActOfStart(self, self.disconnected)()
        elif link is self.links.get(link.boot):
            del self.links[link.boot]
            closed = inputs.WorkerDisconnected(link.worker.called, link.boot)
            ActOfStart(self, partial(self.give_primary, closed))()

    def disconnected(self) -> None:
        if self.worker is not None:
            self.worker.handle(inputs.Disconnected())
            self.later(self.to_next(REDIAL), self.dial)

    def mend(self) -> None:
        self.cut = False
        for node in self.world.nodes.values():
            for link in node.links.values():
                link.deliver_held()
        for node in self.world.nodes.values():
            if node.link is not None:
                node.link.deliver_held()
        self.world.let_dial()

    def give_primary(self, given: Any) -> None:
        if self.primary is not None:
            self.primary.handle(given)

    def give_worker(self, given: Any) -> None:
        if self.worker is not None:
            self.worker.handle(given)

    def act_primary(self, action: inputs.Send | inputs.Retire) -> None:
        if isinstance(action, inputs.Retire):
            self.primary = None
            self.leave_when_done()
        elif link := self.links.get(action.boot):
            link.carry(self, ActOfStart(link.worker, speech.ordered(link, action.message)))

    def act_worker(
        self, action: inputs.Send | inputs.Spawn | inputs.Signal | inputs.Leave | inputs.Halt
    ) -> None:
        match action:
            case inputs.Send(_, beat):
                self.send_beat(beat)
            case inputs.Spawn(job):
                self.spawn(job) if startable(job) else self.exited(job.id, NOT_STARTED)
            case inputs.Signal(name, signal):
                # It may have ended by itself, and its exit not have reached the worker yet.
                if process := self.processes.get(name):
                    process.signal(signal, self.world.time.now)
            case inputs.Leave(why, pause):
                self.say(f"it leaves the primary: {why}")
                self.close_link(pause)
            case inputs.Halt():
                self.worker = None
                self.leave_when_done()

    def send_beat(self, beat: Any) -> None:
        if (link := self.link) is not None:
            link.carry(self, ActOfStart(link.primary, speech.reported(link, beat)))

    def spawn(self, job: Any) -> None:
        """Start a job's process; the list of executions is what the witness is on real rigs."""
        process = Process(job, len(self.world.executions) + 1, self.name, self.world.time.now)
        self.processes[job.id] = process
        process.on_exit = partial(self.exited, job.id)
        self.world.executions.append(process.execution)
        if not process.holds or process.execution.tag in self.world.released:
            self.plan_end(process)

    def release(self, tag: str) -> None:
        for process in list(self.processes.values()):
            if process.execution.tag == tag and self.up:
                self.plan_end(process)

    def plan_end(self, process: Process) -> None:
        self.later(TICK, partial(self.finish, process))

    def finish(self, process: Process) -> None:
        process.finish(self.world.time.now)

    def exited(self, name: str, code: int) -> None:
        """A process ended; the worker learns of it a moment later."""
        self.processes.pop(name, None)
        self.later(0, partial(self.give_worker, inputs.Exited(name, code)))

    def leave_when_done(self) -> None:
        """After a clean stop, the node ends once neither brain is left."""
        if self.worker is None and self.primary is None:
            self.later(0, self.die)


class World(SharedWorld[Node]):
    """What all nodes of one case share."""

    def let_dial(self) -> None:
        """A primary may be in reach now: each worker that is seeking one dials again."""
        for node in self.nodes.values():
            if node.seeking:
                node.seeking = False
                node.later(node.to_next(REDIAL), node.dial)
