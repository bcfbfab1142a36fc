"""When are two plays the same from now on? When their signatures are equal.

A signature holds all that can still matter, with times that count from now. Only times of what is
over are left out: the checks compare them with nothing that is yet to come. Tests hold that a
search with merging finds what a search without it finds.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple, cast

import msgspec
from runall_reference.brain.clock import Clock
from runall_reference.brain.primary.state import Link as WorkerLink
from runall_reference.brain.record_set import RecordSet
from runall_reference.brain.records import Abort, Entry, Job, Lease, Reopened, Run, Server
from runall_reference.brain.settings import Settings

from runall_harness.evidence.facts import Execution
from runall_harness.evidence.history import Answer, Fault
from runall_harness.rigs.simulated.network import Link
from runall_harness.rigs.simulated.node import ActOfStart, Node, SimulatedBrain, World
from runall_harness.rigs.simulated.process import Process
from runall_harness.rigs.simulated.rig import SimulatedSite
from runall_harness.rigs.simulated.timeline import Act

from .copies import VALUES
from .play import MOMENT, Play
from .prompt_returns import Troubles

# Any number beyond is an instant, or a slot: nothing else in a play is that large.
INSTANT, SLOT = 100_000_000.0, 10_000_000
# Instants that differ by less are one: floating point adds the same seconds in many ways.
DIGITS = 6
# The last lines of a history among which a waking of a moment ago is found.
RECENT = 20
# What a brain was made with, or sets anew at the beginning of each step. All else that it has
# counts, whatever its name: a bug may keep state of its own.
OF_A_STEP = frozenset({"node", "settings", "now", "actions", "losses"})
# What a backup has seen of the lease is signed as whether that is the last renewal.
SEEN_BY_STANDBY = frozenset({"seen", "since"})

Frozen = Any


def signature(play: Play, now: float | None = None, known: "SignedValues | None" = None) -> int:
    """A number that two plays share only if they go on alike, but for collisions of hashes.

    `now` is the instant from which times count, if not that of the last act. `known` is what
    earlier signatures of plays of the same world have found out.
    """
    now = play.site.now() if now is None else now
    signing = Signing(play, now, SignedValues() if known is None else known)
    return hash((signing.whole(), signing.times()))


class Signed(NamedTuple):
    """What never changes, signed once: its shape, and the times in it (see `Signing`)."""

    value: Any
    shape: int
    instants: list[float]
    delays: list[float]


class SignedValues:
    """The values that were signed already, by their identity: copies of a play share them."""

    def __init__(self) -> None:
        self.by_clock: dict[Clock, dict[int, Signed]] = {}


class Signing:
    """Turns a play into nested tuples, with all times beside them.

    `instants` are those that count from now, before it or after it; `delays` those of which only
    what is still to come counts. So the tuples of what stays as it is are always the same.
    """

    def __init__(self, play: Play, now: float, known: SignedValues) -> None:
        self.play, self.world, self.now = play, play.site.world, now
        lease = self.world.store.lease()
        scale = play.outline.settings.time_scale
        self.clock = Clock(scale=scale, origin=lease.origin if lease else 0.0)
        self.memory = known.by_clock.setdefault(self.clock, {})
        self.instants: list[float] = []
        self.delays: list[float] = []
        # The parts of brains that are signed already: each part holds others.
        self.met: dict[int, int] = {}
        disks = (self.world.store, *(node.disks["worker"] for node in self.world.nodes.values()))
        self.stored = [disk.tables() for disk in disks]

    def whole(self) -> Frozen:
        world = self.world
        return (
            tuple(self.node(node) for node in world.nodes.values()),
            self.values(world.store.load()),
            self.values(world.executions),
            tuple(sorted(world.released)),
            self.planned(),
            self.slots(),
            self.answers(),
            self.wakings(),
            Troubles(self.play.history.lines).standing(self.now),
        )

    def times(self) -> Frozen:
        """All times that `whole` has met, counted from now."""
        now = self.now
        return (
            tuple([round(at - now, DIGITS) for at in self.instants]),
            tuple([round(at - now, DIGITS) if at > now else 0.0 for at in self.delays]),
        )

    def value(self, value: Any) -> Frozen:
        kind = value.__class__
        if kind is str or value is None or kind is bool:
            return value
        if kind is float:
            return self.instant(value) if value > INSTANT else value
        if kind is int:
            return self.slot(value) if value > SLOT else value
        return self.remembered(value) if kind in VALUES else self.fresh(value)

    def instant(self, at: float) -> Frozen:
        self.instants.append(at)
        return "instant"

    def slot(self, slot: int) -> Frozen:
        self.instants.append(self.clock.starts(slot))
        return "slot"

    def remembered(self, value: Any) -> Frozen:
        """Something that never changes: signed only when it is first met."""
        signed = self.memory.get(id(value))
        if signed is None:
            instants, delays = len(self.instants), len(self.delays)
            shape = hash(self.fresh(value))
            signed = Signed(value, shape, self.instants[instants:], self.delays[delays:])
            self.memory[id(value)] = signed
        else:
            self.instants += signed.instants
            self.delays += signed.delays
        return signed.shape

    def fresh(self, value: Any) -> Frozen:
        kind = KINDS.get(type(value))  # type: ignore[arg-type] # any kind of thing may come
        if kind:
            return kind(self, value)
        return self.part(value) if hasattr(value, "__dict__") else self.fields(value)

    def part(self, part: Any, besides: frozenset[str] = OF_A_STEP) -> Frozen:
        """A brain, or a part of one: all that it holds, by name. One met before has a number."""
        if isinstance(part, type) or callable(part):
            return getattr(part, "__qualname__", type(part).__qualname__)
        if id(part) in self.met:
            return ("part", self.met[id(part)])
        self.met[id(part)] = len(self.met)
        held = cast(dict[str, Any], vars(part))
        kept = ((name, self.value(one)) for name, one in held.items() if name not in besides)
        return (type(part).__name__, *kept)

    def records(self, records: RecordSet) -> Frozen:
        """What a brain has in memory, where that is not what is on a disk and signed as that."""
        more = self.part(records, OF_A_STEP | {"tables"})
        own = {name: list(table.values()) for name, table in records.tables.items() if table}
        if own in self.stored:
            return (more, "stored")
        return (more, *((name, self.values(table)) for name, table in sorted(own.items())))

    def values(self, values: Iterable[Any]) -> Frozen:
        return tuple(map(self.value, values))

    def fields(self, value: Any) -> Frozen:
        """A struct or a tuple: its kind, and those of its fields that a rule may still ask for."""
        if not isinstance(value, msgspec.Struct):
            return (type(value).__name__, *self.values(cast(Iterable[Any], value)))
        unasked = UNASKED.get(type(value), NONE)
        if self.play.outline.ages:
            unasked = unasked - AGES
        names = [name for name in value.__struct_fields__ if name not in unasked]
        return (type(value).__name__, *self.values(getattr(value, name) for name in names))

    def job(self, job: Job) -> Frozen:
        """A job that is not over; a delay that has passed is none."""
        self.delays.append(job.not_before)
        return self.fields(job)

    def owed(self, owed: Reopened) -> Frozen:
        """A slot that is owed again; a delay that has passed is none."""
        self.delays.append(owed.not_before)
        return (owed.slot, self.value(owed.job))

    def known(self, link: WorkerLink) -> Frozen:
        """What a primary knows of a worker: its times where they still matter."""
        times = {"since"} if link.state == "suspect" else {"heard"}
        if self.play.outline.ages:
            times.add("alive")
        unasked = TIMES_OF_LINK - times
        names = (name for name in link.__struct_fields__ if name not in unasked)
        return ("link", *self.values(getattr(link, name) for name in names))

    def execution(self, execution: Execution) -> Frozen:
        """An execution: the checks compare the ends of those that run with what is yet to start."""
        claims, note = execution.claims, execution.params.get("NOTE")
        origin = (claims["JOB_SOURCE"], claims["JOB_ROOT"], note, self.value(float(execution.now)))
        return (execution.job, execution.node, execution.how, origin)

    def node(self, node: Node) -> Frozen:
        return (
            (node.name, node.up, node.frozen, node.cut, node.boots, node.skew, node.base),
            node.seeking,
            tuple((name, process.over) for name, process in node.processes.items()),
            self.values(node.disks["worker"].load()),
            self.brain(node.primary),
            self.brain(node.worker),
            self.standby(node),
            self.link(node.link),
            tuple((n, self.link(link)) for n, link in node.links.items()),
            tuple(self.act(act) for act in node.inbox),
        )

    def brain(self, runner: SimulatedBrain | None) -> Frozen:
        """All that a brain holds, part by part."""
        return None if runner is None else self.part(runner.brain)

    def standby(self, node: Node) -> Frozen:
        """Whether a backup has seen the last renewal of the lease, and since when."""
        standby, lease = getattr(node, "standby", None), self.world.store.lease()
        if standby is None or lease is None:
            return None
        current = standby.seen == (lease.epoch, lease.renewals)
        more = self.part(standby, OF_A_STEP | SEEN_BY_STANDBY)
        return (current, self.value(standby.since) if current else "", more)

    def link(self, link: Link[Node] | None) -> Frozen:
        if link is None:
            return None
        held = tuple((by.name, self.act(act)) for by, act in link.held)
        return (self.value(link), link.open, link.stalled, link.fate, held)

    def planned(self) -> Frozen:
        """The acts to come that will do anything, in their order."""
        return tuple(
            (self.value(planned.at), self.act(planned.act))
            for planned in sorted(self.world.time.planned())
            if will_do(planned.act)
        )

    def act(self, act: Act) -> Frozen:
        if isinstance(act, ActOfStart):
            return ("act of start", act.node.name, act.boots, self.act(act.act))
        whose, name, args = parts(act)
        # A brain numbers its wakes; only the last one does anything (see `will_do`).
        counted = () if isinstance(whose, SimulatedBrain) else self.values(args)
        return (self.value(whose), name, counted)

    def slots(self) -> Frozen:
        """The slots of the story that are still to come."""
        return tuple([self.slot(slot) for slot in self.play.slots_since(self.now)])

    def answers(self) -> Frozen:
        """What users asked for and were answered: the checks hold the system to it."""
        lines = self.play.history.lines
        return tuple((line.number, line.outcome) for line in lines if isinstance(line, Answer))

    def wakings(self) -> Frozen:
        """Which nodes woke so lately that their jobs are still excused for living on."""
        since = self.now - self.play.outline.settings.kill_grace - 2 * MOMENT
        faults = [line for line in self.play.history.lines[-RECENT:] if isinstance(line, Fault)]
        return tuple((f.proof.kind, f.proof.node) for f in faults if f.at >= since)


def will_do(act: Act) -> bool:
    """Whether an act will do anything: its node has not started anew, and it is no void wake."""
    if not isinstance(act, ActOfStart):
        return True
    if not act.node.up or act.node.boots != act.boots:
        return False
    runner, _, args = parts(act.act)
    if not isinstance(runner, SimulatedBrain):
        return True
    return args == (runner.wakes,) and runner in (act.node.primary, act.node.worker)


def parts(act: Act) -> tuple[Any, str, tuple[Any, ...]]:
    call: Any = act.func if isinstance(act, partial) else act
    args: tuple[Any, ...] = act.args if isinstance(act, partial) else ()
    return call.__self__, call.__name__, args


NONE: frozenset[str] = frozenset()
# Times that only a limit or an age asks for, and those that no rule asks for: they are shown.
AGES = frozenset({"started_at", "lost_at"})
TIMES_OF_LINK = frozenset({"since", "heard", "alive"})
UNASKED: dict[type, frozenset[str]] = {
    Job: AGES | {"created_at", "placed_at", "finalized_at", "not_before"},
    Run: frozenset({"started_at", "ended_at"}),
    Server: frozenset({"joined_at"}),
    Abort: frozenset({"at"}),
    Entry: frozenset({"at"}),
}
# How a value of each type is signed; what a play has only one of is signed by its type.
KINDS: dict[type, Callable[[Signing, Any], Frozen]] = {
    dict: lambda s, pairs: tuple((s.value(key), s.value(each)) for key, each in pairs.items()),
    set: lambda s, members: s.values(sorted(members, key=repr)),
    Lease: lambda s, x: (x.holder, x.epoch, s.value(x.renewed_at), s.value(x.origin)),
    Execution: Signing.execution,
    Job: Signing.job,
    RecordSet: Signing.records,
    Reopened: Signing.owed,
    WorkerLink: Signing.known,
    Link: lambda _, link: ("link", link.worker.name, link.primary.name, link.boot),
    ActOfStart: Signing.act,
    partial: Signing.act,
    Process: lambda _, process: ("process", process.execution.id),
    Node: lambda _, node: ("node", node.name),
    SimulatedBrain: lambda _, runner: ("brain", runner.node.name, type(runner.brain).__name__),
    **dict.fromkeys((World, SimulatedSite, Play, Settings), lambda _, one: type(one).__name__),
}
