"""What happened around the jobs of a history: faults, clocks, and changes of event settings."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import compress
from math import inf
from operator import attrgetter
from typing import Any, cast

import msgspec

from runall_harness.evidence.facts import Execution, Proof
from runall_harness.evidence.history import BadHistory, Call

from .records import CLOCKS, NONE, UNDER_WAY, Attempt, Debt, RunRecord, Samples, last_sign

# Faults that end jobs by ending their node, or a part of it.
ENDINGS = frozenset({"kill", "kill daemon", "kill job", "stop", "crash"})
# Faults that end a whole node at once.
GONE = frozenset({"kill", "crash"})
# Faults that keep a node from being heard, each with the one that mends it.
# Faults that end every execution of their node, and how many seconds after one a sign of life shows
# that it did not.
DEADLY, OUTLIVES = frozenset({"kill", "crash"}), 1.0
SILENCES = {"cut": "join", "pause": "unpause", "lock": "unlock"}
AT = attrgetter("at")

# The settings of an event that checks use, with the types that they must have.
KINDS: dict[str, Any] = {
    **dict.fromkeys(
        ("max_children", "max_reruns", "rerun_age", "retry_delay", "timeout"), (int, float)
    ),
    **dict.fromkeys(("catch_up", "enabled"), bool),
}


class Freeze(msgspec.Struct):
    """A node was frozen, or cut off, from `since` until that was over, in seconds."""

    since: float
    until: float = inf


class Edit(msgspec.Struct):
    """Settings that a call gave an event.

    `called_at` and `done_at` are seconds; `done_at` is inf until the edit has surely taken effect.
    """

    fields: Mapping[str, Any]
    called_at: float
    lines: tuple[int, ...]
    done_at: float = inf


@cache
def defaults() -> dict[str, Any]:
    """The settings of an event for which a call names none: those of the reference."""
    from runall_reference.brain.records import Event

    return {field.name: field.default for field in msgspec.structs.fields(Event)}


class CleanStop(msgspec.Struct):
    """A clean stop of a node, from its SIGTERM to its exit or its next start, in seconds."""

    node: str
    since: float
    line: int
    until: float = inf


def end(stretches: Iterable[Freeze | CleanStop], at: float) -> None:
    for stretch in stretches:
        stretch.until = min(stretch.until, at)


class Context:
    """All that is known besides the jobs, so far.

    `now` is the latest time of any line. `faulty` is the time of the first fault; before it nothing
    is known of faults. Up to `trusted` the system's own times are those of the history. Each
    question is answered by what was known at its time, so the answer is the same whenever asked.
    """

    def __init__(self) -> None:
        self.capabilities: frozenset[str] = frozenset()
        self.grace, self.lag, self.now = 0.0, UNDER_WAY, -inf
        self.faulty = self.trusted = inf
        self.proven, self.jobs_shown, self.ledger_shown = True, False, False
        self.escaped: dict[str, str] = {}
        # Nobody leads without them: the nodes that may lead, and the store that they share.
        self.primaries: dict[str, float] = {}
        self.stores: set[str] = set()
        self.leads: list[tuple[float, str]] = []
        self.freezes: dict[str, list[Freeze]] = {}
        self.cuts: dict[str, list[Freeze]] = {}
        self.hurts: dict[str, list[Proof]] = {}
        self.stops: list[CleanStop] = []
        self.starts: dict[str, list[float]] = {}
        self.edits: dict[str, list[Edit]] = {}
        self.deletions: dict[str, list[Edit]] = {}
        self.aborting: set[str] = set()
        self.timings: Mapping[str, float] = {}
        self.debts: list[Debt] = []
        self.tagged: dict[str, list[RunRecord]] = {}
        self.timed = False
        self.samples = Samples()

    def traits(self) -> frozenset[str]:
        """What there is to judge about any lineage; see `Lineage.traits`."""
        found = self.stops, self.debts, self.timed
        return frozenset(compress(("drain", "debt", "limit"), found)) if any(found) else NONE

    def hurt(self, fault: Proof, line: int) -> None:
        """Remember a fault. A freeze ends when its node is woken or ended."""
        self.faulty, self.proven = min(self.faulty, fault.at), self.proven and fault.proven
        if fault.kind == "clock":
            self.set_clock(fault.at)
        insort(self.hurts.setdefault(fault.node, []), fault, key=AT)
        self.silence(fault)
        if fault.kind == "stop" and fault.proven:
            self.stops.append(CleanStop(fault.node, fault.at, line))

    def outlived(self, run: Execution) -> Proof | None:
        """The fault that was to end an execution, which has shown signs of life long after it."""
        last = last_sign(run) if run.how != "killed" else run.beat_at
        for fault in self.hurts.get(run.node, ()):
            over = max(fault.at, run.ended_at or 0.0) if run.how == "killed" else fault.at
            if fault.kind in DEADLY and run.started_at < fault.at and last - over > OUTLIVES:
                return fault
        return None

    def silence(self, fault: Proof) -> None:
        """Remember from when to when a node is frozen or cut off."""
        stretches = self.cuts if fault.kind in ("cut", "join") else self.freezes
        if fault.kind in ("kill", *SILENCES.values()):
            end(stretches.get(fault.node, ()), fault.at)
        elif fault.kind in SILENCES:
            stretches.setdefault(fault.node, []).append(Freeze(fault.at))

    def start(self, node: str, role: str, at: float) -> None:
        """Remember that a node was started."""
        if role == "primary":
            self.primaries.setdefault(node, at)
        if role == "store":
            self.stores.add(node)
        self.starts.setdefault(node, []).append(at)
        self.exit(node, at)

    def exit(self, node: str, at: float) -> None:
        """Remember that a node has ended, or was started anew.

        Only now is its clean stop over, and with it a freeze: who is frozen obeys no signal yet.
        """
        end((stop for stop in self.stops if stop.node == node), at)
        end(self.freezes.get(node, ()), at)

    def set_clock(self, at: float) -> None:
        """Remember that a clock was set: from then on the system's times are not the rig's."""
        self.trusted = min(self.trusted, at)

    def calm(self, since: float, until: float) -> bool:
        """Whether nothing was wrong with any server in that time, nor started; seconds."""
        starts = (at for each in self.starts.values() for at in each)
        if any(since <= at <= until for at in starts):
            return False
        return not any(self.troubled(node, since, until) for node in self.hurts)

    def troubled(self, node: str, since: float, until: float) -> bool:
        """Whether a fault fell into that time, or one from before had not been mended by then."""
        faults = [fault for fault in self.hurts[node] if fault.at <= until]
        if not faults or (faults[-1].at < since and faults[-1].kind in SILENCES.values()):
            return False
        return not any(faults[-1].at <= at < since for at in self.starts.get(node, ()))

    def leaders(self, at: float) -> set[str]:
        """The nodes that were started as primaries by then."""
        return {node for node, since in self.primaries.items() if since <= at}

    def slept_into(self, earlier: RunRecord, later: RunRecord) -> bool:
        """Whether one execution outlived the start of another only because its node was frozen.

        A frozen job cannot stop itself: it has the kill grace from its waking (RA-7.6).
        """
        return any(
            freeze.since <= later.started_at and earlier.seen <= freeze.until + self.grace
            for freeze in self.freezes.get(earlier.node, ())
        )

    def faults(self, node: str, since: float, until: float) -> list[Proof]:
        """The faults of a node in that time, in order, with those that were still under way."""
        hurts = self.hurts.get(node, [])
        start = bisect_left(hurts, since - UNDER_WAY, key=AT)
        return hurts[start : bisect_right(hurts, until, key=AT)]

    def down(self, node: str, at: float) -> bool:
        """Whether a node had surely been ended, and was not started again by then."""
        ended = [one.at for one in self.hurts.get(node, ()) if one.kind in GONE and one.at <= at]
        return bool(ended) and not any(ended[-1] <= one <= at for one in self.starts.get(node, ()))

    def unheard(self, node: str, since: float, until: float) -> bool:
        """Whether what a node had to say may not have been heard in that time (seconds).

        It or a part of it ended, or it, a primary or the store was out of touch. A primary that
        ends is heard of again, and asks.
        """
        ended = any(one.kind in ENDINGS for one in self.faults(node, since, until))
        ended = ended or self.store_failed(since - UNDER_WAY, until)
        return ended or any(self.silent(one, since, until) for one in {node, *self.primaries})

    def store_failed(self, since: float, until: float) -> bool:
        """Whether the store was out of use at any moment of that time (seconds)."""
        away = (one for node in self.stores for one in self.away(node))
        return any(one.since <= until and one.until >= since for one in away)

    def lead_failed(self, since: float, until: float) -> bool:
        """Whether a primary had a fault in that time (seconds), or the store of all was away."""
        hurt = any(self.faults(node, since, until) for node in self.primaries)
        return hurt or self.store_failed(since, until)

    def silent(self, node: str, since: float, until: float) -> bool:
        """Whether a node was cut off or frozen at any moment of that time (seconds)."""
        stretches = (*self.freezes.get(node, ()), *self.cuts.get(node, ()))
        return any(one.since <= until and one.until >= since - UNDER_WAY for one in stretches)

    def last_heard(self, node: str, at: float, again: float) -> float:
        """The time up to which nothing kept the words of a node from who led; by `at` it was over.

        Who was out of touch, or gone, may need `again` seconds more until it is heard.
        """
        stretches = [*self.away(node), *self.unled()]
        for stretch in sorted(stretches, key=lambda one: one.since, reverse=True):
            if stretch.since < at <= stretch.until + again:
                at = stretch.since
        return at

    def away(self, node: str) -> Iterator[Freeze]:
        """When a node was frozen, cut off, or gone with its daemon."""
        yield from (*self.freezes.get(node, ()), *self.cuts.get(node, ()))
        for fault in self.hurts.get(node, ()):
            if fault.kind in ENDINGS - {"kill job"}:
                starts = (at for at in self.starts.get(node, ()) if at >= fault.at)
                yield Freeze(fault.at, min(starts, default=inf))

    def unled(self) -> Iterator[Freeze]:
        """When the store, or the node that led or may have led, was away; until one leads again."""
        yield from (one for node in self.stores for one in self.away(node))
        for node in self.primaries:
            for one in self.away(node):
                before = [who for at, who in self.leads if at <= one.since][-1:]
                led = any(who == node and one.since < at <= one.until for at, who in self.leads)
                others = [at for at, who in self.leads if at > one.since and who != node]
                if before in ([], [node]) or led:
                    yield Freeze(one.since, min([one.until, *others]))

    def disturbed(self, node: str, since: float, until: float) -> bool:
        """Whether a message of a node or to a primary may have been lost or late; seconds."""
        kinds = {
            one.kind for each in (node, *self.primaries) for one in self.faults(each, since, until)
        }
        return not kinds <= ENDINGS | {*SILENCES, *SILENCES.values()}

    def deaf(self, at: float) -> bool:
        """Whether a primary was out of touch then: it may take an old message for a new one."""
        latest = [self.faults(node, -inf, at)[-1:] for node in self.leaders(at)]
        return any(fault.kind in SILENCES for faults in latest for fault in faults)

    def edit(self, call: Call, line: int) -> tuple[str, Edit] | None:
        """The event that a call may change and the edit, which counts until it is refused."""
        if (settings := settings_in(call, line)) is None:
            return None
        event, given = settings
        fields = {name: value for name, value in given.items() if name not in call.ignored}
        made = Edit(fields, call.at, (line,))
        self.timed = self.timed or bool(fields.get("timeout"))
        edits = self.deletions if call.verb == "delete_event" else self.edits
        edits.setdefault(event, []).append(made)
        return event, made

    def settle(self, event: str, edit: Edit, outcome: str, at: float, line: int) -> None:
        edit.lines += (line,)
        if outcome == "done":
            edit.done_at = at + UNDER_WAY
        elif outcome == "refused":
            for edits in (self.deletions, self.edits):
                edits[event] = [one for one in edits.get(event, ()) if one is not edit]

    def deletion(self, event: str, line: int) -> Edit | None:
        """The first deletion of an event, or what may be one, after that line of the history."""
        gone = (one for one in self.deletions.get(event, ()) if one.lines[0] > line)
        return next(gone, None)

    def possible(self, event: str, field: str, at: float) -> list[Edit]:
        """The edits that may have set a setting of an event to its value at that time.

        The time may be the system's own: what was asked for just after it may hold already.
        """
        found: list[Edit] = []
        for edit in reversed(self.edits.get(event, ())):
            if edit.called_at <= at + CLOCKS and field in edit.fields:
                found.append(edit)
                if edit.done_at < at:  # so nothing that was set before can still hold
                    break
        return found

    def values(self, event: str, field: str, at: float) -> tuple[list[Any], tuple[int, ...]]:
        """Each value that a setting may have had then, and the lines that give them."""
        edits = self.possible(event, field, at)
        return [one.fields[field] for one in edits], tuple(n for one in edits for n in one.lines)

    def most(self, event: str, at: float) -> tuple[float, tuple[int, ...]]:
        """The highest job limit that an event may have had then, and the lines that give it."""
        limits, lines = self.values(event, "max_children", at)
        return max(((limit or inf) for limit in limits), default=inf), lines

    def surely(self, event: str, field: str, value: Any, at: float) -> tuple[int, ...]:
        """The lines by which a setting surely had that value then; none if that is not sure."""
        values, lines = self.values(event, field, at)
        return lines if all(each == value for each in values) else ()

    def finalized(self, attempt: Attempt | None) -> float | None:
        """When an attempt was finalized; None where that was not shown or clocks were set."""
        if attempt is None or not attempt.ends or attempt.ends[0].at > self.trusted:
            return None
        return attempt.over


def settings_in(call: Call, line: int) -> tuple[str, Mapping[str, Any]] | None:
    """The event that a call edits, and the settings it gives. Raises `BadHistory`."""
    if call.verb == "delete_event":
        return name_in(call, "event", line), {}
    if call.verb not in ("create_event", "update_event"):
        return None
    created = call.verb == "create_event"
    given = call.args.get("event" if created else "fields")
    fields = cast(Mapping[str, Any], given) if isinstance(given, Mapping) else None
    if created and (fields is None or not isinstance(fields.get("id"), str)):
        raise BadHistory(line, "create_event needs args.event, an object with an id")
    if fields is None:
        raise BadHistory(line, "update_event needs args.fields, an object")
    for name, kind in KINDS.items():
        if name in fields and not isinstance(fields[name], kind):
            raise BadHistory(line, f"{name} is {fields[name]!r}")
    if created:
        return fields["id"], {**defaults(), **fields}
    return name_in(call, "event", line), fields


def name_in(call: Call, name: str, line: int) -> str:
    """An id among the arguments of a call. Raises `BadHistory`."""
    value = call.args.get(name)
    if not isinstance(value, str):
        raise BadHistory(line, f"{call.verb} needs args.{name}, an id")
    return value
