"""A node in virtual time: disks that last, brains and processes that die with it.

`SimulatedBrain` runs one brain in it, as the daemon's `BrainRunner` does in an event loop.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from runall_reference.brain.failpoint import Trigger
from runall_reference.brain.inputs import (
    BeatReceived,
    Boot,
    ClockSet,
    Connected,
    Disconnected,
    Drain,
    Exited,
    Halt,
    Leave,
    MessageReceived,
    Retire,
    Send,
    Signal,
    Spawn,
    Tick,
    WorkerDisconnected,
)
from runall_reference.brain.primary import Primary, Standby
from runall_reference.brain.record_set import Change, Step
from runall_reference.brain.settings import Settings
from runall_reference.brain.turn import Where, take_turn, wake_delay
from runall_reference.brain.worker import Worker

from .disk import Disk, LeaseLost
from .network import LATENCY, REDIAL, Link
from .process import TICK, Process, unheard

if TYPE_CHECKING:
    from .world import World

Brain = Primary | Worker


class Unavailable(Exception):
    """The store is out of reach."""


class Crashed(Exception):
    """The node died in the middle of a step: nothing more of it is done."""


# How soon the guardian of a daemon that died has ended its jobs, in seconds.
GUARD = 0.02


class Living:
    """An act of one start of a node: done if that start lives by then; a frozen one does it later.

    An act in which its node crashes is over; the world goes on.
    """

    def __init__(self, node: "Node", act: Callable[[], None]) -> None:
        self.node, self.act, self.boots = node, act, node.boots

    def __call__(self) -> None:
        """Do it, do it later, or not at all."""
        node = self.node
        if node.up and node.boots == self.boots:
            node.inbox.append(self.act) if node.frozen else node.survive(self.act)


class SimulatedBrain:
    """A brain of one start of its node. Its turns are those of the daemon (see `brain.turn`)."""

    def __init__(self, node: "Node", brain: Brain, disk: Disk, act: Callable[[Any], None]) -> None:
        self.node, self.brain, self.disk, self.act = node, brain, disk, act
        self.wakes = 0

    def handle(self, given: Any) -> Any:
        """Take one turn, plan the next wake, and return the reply; None if the lease is gone."""
        now = self.node.world.time.now
        try:
            step = take_turn(self.brain, given, now, self.commit, self.act, self.reached)
        except (LeaseLost, Unavailable):
            return self.node.step_down()
        self.plan_wake()
        return step.reply

    def commit(self, change: Change, guard: int | None) -> None:
        """Write a step's change. Raises `LeaseLost` or `Unavailable`; then nothing is written."""
        if self.disk is self.node.disks["primary"] and not self.node.reaches_store():
            raise Unavailable
        self.disk.commit(change, guard)

    def reached(self, where: Where, step: Step, act: int = 0) -> None:
        """Die here, if this is where this brain is to crash. Raises `Crashed`."""
        role = "primary" if isinstance(self.brain, Primary) else "worker"
        trigger = self.node.triggers.get(role)
        if trigger is not None and trigger.fires(where, step, act):
            del self.node.triggers[role]
            self.node.die()
            raise Crashed

    def plan_wake(self) -> None:
        """Plan the wake that the brain's state asks for; every earlier plan is void."""
        self.wakes += 1
        time = self.node.world.time
        delay = wake_delay(self.brain, time.now)
        if delay is not None:
            time.after(delay, self.node.living(partial(self.wake, self.wakes)))

    def wake(self, number: int) -> None:
        """The wake came, unless something else woke the brain before, or it was given up."""
        if number == self.wakes and self in (self.node.primary, self.node.worker):
            self.handle(Tick())


class Node:
    """One server: a worker, and on a primary its primary too."""

    def __init__(self, world: "World", name: str, role: str, settings: Settings) -> None:
        self.world, self.name, self.role, self.settings = world, name, role, settings
        # Primaries share one store; what a worker writes down is its own.
        self.disks = {"primary": world.store, "worker": Disk()}
        self.boots = 0
        self.skew = 0.0
        self.up = self.frozen = self.cut = self.leaving = False
        # Where each of the two brains is to crash, if anywhere.
        self.triggers: dict[str, Trigger] = {}
        self.inbox: list[Callable[[], None]] = []
        self.processes: dict[str, Process] = {}
        self.link: Link | None = None
        self.links: dict[str, Link] = {}
        self.primary: SimulatedBrain | None = None
        self.worker: SimulatedBrain | None = None

    @property
    def boot(self) -> str:
        """The name of this start of the node."""
        return f"{self.name}#{self.boots}"

    def living(self, act: Callable[[], None]) -> Living:
        """The act, as one of this start of the node."""
        return Living(self, act)

    def survive(self, act: Callable[[], None]) -> None:
        """Do something in which this node may crash; the world goes on."""
        with suppress(Crashed):
            act()

    # ---------------------------------------------------------------- start and end
    def start(self) -> None:
        """Start, or start again from what the disks hold. Orphans of the last start are ended."""
        self.up, self.leaving, self.boots = True, False, self.boots + 1
        self.end_processes()
        self.survive(self.rise)

    def rise(self) -> None:
        """Let the brains begin, each with what its disk holds."""
        if self.role == "primary":
            self.standby = Standby(self.name, self.settings)
            self.stand_by()
        brain = Worker(self.name, self.settings, self.disks["worker"].load())
        self.worker = SimulatedBrain(self, brain, self.disks["worker"], self.act_worker)
        self.worker.handle(Boot(self.boot))
        self.dial()

    def stand_by(self) -> None:
        """Watch the lease, and lead as soon as that is allowed."""
        store = self.disks["primary"]
        if self.reaches_store() and self.standby.may_lead(store.lease(), self.world.time.now):
            brain = Primary(self.name, self.settings, store.load())
            self.primary = SimulatedBrain(self, brain, store, self.act_primary)
            self.primary.handle(Boot(self.boot))
            self.tell_primary(ClockSet(self.skew))
        else:
            self.world.time.after(self.standby.poll_every(), self.living(self.stand_by))

    def reaches_store(self) -> bool:
        """Whether the store can be written: one that is shared is out of reach for a cut node."""
        return not (self.cut and self.world.shares_store())

    def step_down(self) -> None:
        """This primary may write no more: forget what it knew, and watch the lease again."""
        self.primary = None
        for link in list(self.links.values()):
            link.close(self)
        self.links = {}
        self.world.time.after(self.standby.poll_every(), self.living(self.stand_by))

    def end_processes(self) -> None:
        """Nothing that ran here goes on; nobody is told, for there is nobody."""
        for process in self.processes.values():
            process.on_exit = unheard
            process.end("killed", -9, self.world.time.now)
        self.processes = {}

    def die(self, *, orphans: bool = False) -> None:
        """All of it is gone at one instant; with `orphans`, only the daemon is."""
        self.up = self.frozen = False
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
        """SIGTERM to all of it at one instant; the worst order: a job's end is heard of first."""
        for process in list(self.processes.values()):
            process.signal("TERM", self.world.time.now)
        self.world.time.after(0, self.living(self.drain))

    def drain(self) -> None:
        """SIGTERM: both brains are told; the node is gone when both have left."""
        self.leaving = True
        self.survive(self.tell_drain)

    def tell_drain(self) -> None:
        """Tell both brains."""
        for shell in (self.worker, self.primary):
            if shell is not None:
                shell.handle(Drain())

    def set_clock(self, ahead: float) -> None:
        """Somebody sets the wall clock of this node, in seconds; the daemons notice."""
        self.skew += ahead
        self.living(partial(self.tell_primary, ClockSet(self.skew)))()

    def thaw(self) -> None:
        """Go on after a freeze: all that came meanwhile comes now, in order."""
        self.frozen, inbox, self.inbox = False, self.inbox, []
        for act in inbox:
            self.world.time.after(0, self.living(act))

    # ---------------------------------------------------------------- links
    def dial(self) -> None:
        """Reach a primary; as long as there is none, try again."""
        target = self.world.primary_for(self)
        if target is None:
            self.world.time.after(REDIAL, self.living(self.dial))
            return
        self.link = Link(self.world, self, target)
        self.world.time.after(LATENCY, self.living(self.linked))

    def linked(self) -> None:
        """The link is open: let the worker speak."""
        if self.worker is not None and self.link is not None:
            self.link.primary.links[self.name] = self.link
            self.worker.handle(Connected())

    def leave_link(self) -> None:
        """Close the worker's link from this side, and dial again."""
        if self.link is not None:
            link, self.link = self.link, None
            link.close(self)
            self.world.time.after(0, self.living(self.worker_cut))

    def lost_link(self, link: Link) -> None:
        """The other end of a link is gone."""
        if link is self.link:
            self.link = None
            self.living(self.worker_cut)()
        elif link is self.links.get(link.worker.name):
            del self.links[link.worker.name]
            self.living(
                partial(self.tell_primary, WorkerDisconnected(link.worker.name, link.boot))
            )()

    def worker_cut(self) -> None:
        """Tell the worker, then look for a primary again."""
        if self.worker is not None:
            self.worker.handle(Disconnected())
            self.world.time.after(REDIAL, self.living(self.dial))

    def tell_primary(self, given: Any) -> None:
        """Tell the primary of this node, if there is one."""
        if self.primary is not None:
            self.primary.handle(given)

    def tell_worker(self, given: Any) -> None:
        """Tell the worker of this node, if it lives."""
        if self.worker is not None:
            self.worker.handle(given)

    # ---------------------------------------------------------------- acts
    def act_primary(self, action: Send | Retire) -> None:
        """Do what the primary's step says."""
        if isinstance(action, Retire):
            self.primary = None
            self.leave_when_done()
        elif link := self.links.get(action.node):
            far = link.worker
            told = MessageReceived(action.message)  # type: ignore[arg-type] # a primary sends orders only
            link.carry(self, far.living(partial(far.tell_worker, told)))

    def act_worker(self, action: Send | Spawn | Signal | Leave | Halt) -> None:
        """Do what the worker's step says."""
        match action:
            case Send(_, beat):
                self.send_beat(beat)
            case Spawn(job):
                self.spawn(job)
            case Signal(name, signal):
                # It may have ended by itself, and the worker be about to hear of it.
                if process := self.processes.get(name):
                    process.signal(signal, self.world.time.now)
            case Leave(_):
                self.leave_link()
            case Halt():
                self.worker = None
                self.leave_when_done()

    def send_beat(self, beat: Any) -> None:
        """Say something over the present link."""
        if self.link is not None:
            far = self.link.primary
            self.link.carry(self, far.living(partial(far.tell_primary, BeatReceived(beat))))

    def spawn(self, job: Any) -> None:
        """Start a job's process, which tells the witness itself."""
        process = Process(job, self.world.number(), self.name, self.world.time.now)
        self.processes[job.id] = process
        process.on_exit = partial(self.exited, job.id)
        self.world.executions.append(process.execution)
        if not process.holds or process.execution.tag in self.world.released:
            self.world.time.after(TICK, self.living(partial(self.finish, process)))

    def finish(self, process: Process) -> None:
        """A job's process comes to its own end."""
        process.finish(self.world.time.now)

    def exited(self, name: str, code: int) -> None:
        """A process ended; the worker learns of it a moment later."""
        self.processes.pop(name, None)
        self.world.time.after(0, self.living(partial(self.tell_worker, Exited(name, code))))

    def leave_when_done(self) -> None:
        """After a clean stop, the node is gone once neither brain is left."""
        if self.worker is None and self.primary is None:
            self.world.time.after(0, self.living(self.die))
