"""What surrounds the jobs of a history: faults, clocks, and what users set of events when."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping
from functools import cache
from itertools import compress
from math import inf
from typing import Any, cast

import msgspec

from runall_harness.evidence.facts import Proof
from runall_harness.evidence.history import BadHistory, Call, Meta

from .records import NONE, UNDER_WAY, Attempt, Debt, RunRecord

# What ends jobs by ending their node, or a part of it.
ENDINGS = frozenset({"kill", "kill daemon", "kill job", "stop", "crash"})
# What ends a whole node at once.
GONE = frozenset({"kill", "crash"})
# After these nobody can tell from outside what a node's jobs went through.
HIDDEN = ENDINGS | {"message"}
# What keeps a node from being heard; `join` and `unpause` mend it.
SILENCES = {"cut": "join", "pause": "unpause"}


# The settings of an event that checks reckon with.
KINDS: dict[str, Any] = {
    "max_children": (int, float),
    "max_reruns": (int, float),
    "rerun_age": (int, float),
    "timeout": (int, float),
    "catch_up": bool,
    "enabled": bool,
}


class Freeze(msgspec.Struct):
    """A node stood still from `since` until it was woken or ended, in seconds."""

    since: float
    until: float = inf


class Edit(msgspec.Struct):
    """Settings of an event that a call gave. `done_at` is inf until it was surely taken in."""

    fields: Mapping[str, Any]
    called_at: float
    lines: tuple[int, ...]
    done_at: float = inf


@cache
def defaults() -> dict[str, Any]:
    """What holds for an event of which nothing else is said."""
    from runall_reference.brain.records import Event

    return {field.name: field.default for field in msgspec.structs.fields(Event)}


class CleanStop(msgspec.Struct):
    """A clean stop of a node, from its SIGTERM to its next start, in seconds."""

    node: str
    since: float
    line: int
    until: float = inf


Hurt = tuple[Proof, int]
"""A fault, and the line that tells of it."""


def told_at(hurt: Hurt) -> float:
    """When a fault took effect, seconds."""
    return hurt[0].at


def between(hurts: list[Hurt], since: float, until: float) -> list[Hurt]:
    """Those of some faults, in order, that took effect in that time."""
    return hurts[bisect_left(hurts, since, key=told_at) : bisect_right(hurts, until, key=told_at)]


class Context:
    """All that is known besides the jobs, so far.

    `now` is the latest time of any line. From `faulty` on faults are told: where none ever was,
    nothing is known of them. Up to `trusted` the system's own times are those of the history.
    All is judged by what was known at its time, so that it does not matter when that happens.
    """

    def __init__(self) -> None:
        self.capabilities: frozenset[str] = frozenset()
        self.grace, self.lag, self.now = 0.0, UNDER_WAY, -inf
        self.faulty = self.trusted = inf
        self.proven, self.jobs_shown, self.ledger_shown = True, False, False
        self.primaries: dict[str, float] = {}
        self.freezes: dict[str, list[Freeze]] = {}
        self.hurts: dict[str, list[Hurt]] = {}
        self.all_hurts: list[Hurt] = []
        self.drains: list[CleanStop] = []
        self.starts: dict[str, list[float]] = {}
        self.edits: dict[str, list[Edit]] = {}
        self.deleted: dict[str, Edit] = {}
        self.debts: list[Debt] = []
        self.tagged: dict[str, list[RunRecord]] = {}
        self.timed = False

    def meet(self, meta: Meta) -> None:
        """Learn what the system declares."""
        self.capabilities = frozenset(meta.capabilities)
        self.grace, self.lag = meta.grace, meta.lag

    @property
    def links(self) -> bool:
        """Whether the system declares that a rerun names what it stands for."""
        return "lineage" in self.capabilities

    def traits(self) -> frozenset[str]:
        """What there is to judge about any lineage: see the same of `Lineage`."""
        told = self.drains, self.debts, self.timed
        return frozenset(compress(("drain", "debt", "limit"), told)) if any(told) else NONE

    # ---------------------------------------------------------------- faults
    def hurt(self, fault: Proof, line: int) -> None:
        """Remember a fault; the end or the waking of a node ends its freeze."""
        self.faulty, self.proven = min(self.faulty, fault.at), self.proven and fault.proven
        if fault.kind == "clock":
            self.set_clock(fault.at)
        for faults in (self.hurts.setdefault(fault.node, []), self.all_hurts):
            insort(faults, (fault, line), key=told_at)
        if fault.kind in ("unpause", "kill", "stop"):
            for freeze in self.freezes.get(fault.node, ()):
                freeze.until = min(freeze.until, fault.at)
        if fault.kind == "pause":
            self.freezes.setdefault(fault.node, []).append(Freeze(fault.at))
        if fault.kind == "stop" and fault.proven:
            self.drains.append(CleanStop(fault.node, fault.at, line))

    def start(self, node: str, role: str, at: float) -> None:
        """A node was started; that ends its drain."""
        if role == "primary":
            self.primaries.setdefault(node, at)
        self.starts.setdefault(node, []).append(at)
        for drain in self.drains:
            if drain.node == node:
                drain.until = min(drain.until, at)

    def set_clock(self, at: float) -> None:
        """A clock was set: from now on, times that the system tells are its own."""
        self.trusted = min(self.trusted, at)

    def leaders(self, at: float) -> set[str]:
        """The nodes that were started as primaries by then."""
        return {node for node, since in self.primaries.items() if since <= at}

    def slept_into(self, earlier: RunRecord, later: RunRecord) -> bool:
        """Whether one execution outlived the start of another only because its node was frozen.

        What does not run cannot stop itself: it has the kill grace from its waking (RA-7.6).
        """
        return any(
            freeze.since <= later.started_at and earlier.seen <= freeze.until + self.grace
            for freeze in self.freezes.get(earlier.node, ())
        )

    def faults(self, node: str, since: float, until: float) -> list[Hurt]:
        """What was done to a node in that time, what was under way included."""
        return between(self.hurts.get(node, []), since - UNDER_WAY, until)

    def hurt_nodes(self, since: float, until: float) -> set[str]:
        """The nodes to which anything was done in that time."""
        return {fault.node for fault, _ in between(self.all_hurts, since - UNDER_WAY, until)}

    def down(self, node: str, at: float) -> bool:
        """Whether a node had surely been ended, and was not started again by then."""
        ended = [one.at for one, _ in self.hurts.get(node, ()) if one.kind in GONE and one.at <= at]
        return bool(ended) and not any(ended[-1] <= one <= at for one in self.starts.get(node, ()))

    def deaf(self, at: float) -> bool:
        """Whether a primary could hear nothing then, and may take what it reads later for fresh."""
        told = [[one for one, _ in self.hurts.get(node, ())] for node in self.leaders(at)]
        last = [next((one.kind for one in reversed(ones) if one.at <= at), "") for ones in told]
        return "pause" in last or "cut" in last

    # ---------------------------------------------------------------- settings
    def edit(self, call: Call, line: int) -> tuple[str, Edit] | None:
        """What a call may set from now on: the event, and the edit to be confirmed or undone."""
        if (said := said_by(call, line)) is None:
            return None
        event, fields = said
        made = Edit(fields, call.at, (line,))
        self.timed = self.timed or bool(fields.get("timeout"))
        if call.verb == "delete_event":
            self.deleted[event] = made
        else:
            self.edits.setdefault(event, []).append(made)
            if call.verb == "create_event":
                self.deleted.pop(event, None)
        return event, made

    def settle(self, event: str, edit: Edit, outcome: str, at: float, line: int) -> None:
        """The system answered: the edit was made, or it was not, or nobody knows."""
        edit.lines += (line,)
        if outcome == "done":
            edit.done_at = at + UNDER_WAY
        elif outcome == "refused":
            if self.deleted.get(event) is edit:
                del self.deleted[event]
            self.edits[event] = [one for one in self.edits.get(event, ()) if one is not edit]

    def possible(self, event: str, field: str, at: float) -> list[tuple[Any, Edit]]:
        """Each value that a setting of an event may have had then, with the call that gave it.

        None if nothing was ever said about that event.
        """
        found: list[tuple[Any, Edit]] = []
        for edit in reversed(self.edits.get(event, ())):
            if edit.called_at <= at and field in edit.fields:
                found.append((edit.fields[field], edit))
                if edit.done_at < at:  # so nothing that was set before can still hold
                    break
        return found

    def most(self, event: str, at: float) -> tuple[float, tuple[int, ...]]:
        """The most jobs at once that an event may have had then, and the lines that say so."""
        told = self.possible(event, "max_children", at)
        most = max(((value or inf) for value, _ in told), default=inf)
        return most, tuple(line for _, edit in told for line in edit.lines)

    def surely(self, event: str, field: str, value: Any, at: float) -> tuple[int, ...]:
        """The lines by which a setting surely had that value then; none if that is not sure."""
        told = self.possible(event, field, at)
        if not told or any(each != value for each, _ in told):
            return ()
        return tuple(line for _, edit in told for line in edit.lines)

    def finalized(self, attempt: Attempt | None) -> float | None:
        """When an attempt was finalized; None where that was not shown or clocks were set."""
        if attempt is None or not attempt.ends or attempt.ends[0].at > self.trusted:
            return None
        return attempt.over


def said_by(call: Call, line: int) -> tuple[str, Mapping[str, Any]] | None:
    """The event that a call is about, and the settings it gives. Raises `BadHistory`."""
    if call.verb == "create_event":
        told = call.args.get("event")
        if not isinstance(told, Mapping) or not isinstance(told.get("id"), str):  # pyright: ignore[reportUnknownMemberType] - it is checked here
            raise BadHistory(line, "create_event needs args.event, an object with an id")
        fields = cast(Mapping[str, Any], told)
        check_settings(fields, line)
        return str(fields["id"]), {**defaults(), **fields}
    if call.verb == "update_event":
        fields = call.args.get("fields")
        if not isinstance(fields, Mapping):
            raise BadHistory(line, "update_event needs args.fields, an object")
        check_settings(cast(Mapping[str, Any], fields), line)
        return name_in(call, "event", line), cast(Mapping[str, Any], fields)
    return (name_in(call, "event", line), {}) if call.verb == "delete_event" else None


def check_settings(fields: Mapping[str, Any], line: int) -> None:
    """The settings that checks reckon with are what they must be. Raises `BadHistory`."""
    for name, kind in KINDS.items():
        if name in fields and not isinstance(fields[name], kind):
            raise BadHistory(line, f"{name} is {fields[name]!r}")


def name_in(call: Call, name: str, line: int) -> str:
    """An id among the arguments of a call. Raises `BadHistory`."""
    value = call.args.get(name)
    if not isinstance(value, str):
        raise BadHistory(line, f"{call.verb} needs args.{name}, an id")
    return value
