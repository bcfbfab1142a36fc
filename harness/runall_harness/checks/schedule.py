"""What must hold of every slot of a schedule: it is served if it is due, and only then.

Which slots are due says the one place that says it for the reference, `brain.jumps`. A history
tells the rest: the timing of an event and since when it holds, whether the event wants what was
missed, which minute of the schedule was running at some instant, and how long a minute lasts. What
it does not tell makes a slot uncertain, and nothing is owed for an uncertain slot. Slots are
minutes since the epoch on the clock of the schedule; all other times are seconds.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from math import inf
from typing import Any, NamedTuple

import msgspec
from runall_reference.brain.jumps import due_slots
from runall_reference.brain.timing import Timing

from runall_harness.evidence.history import Lead, Minute
from runall_harness.evidence.views import JobView

from .check import Finding, finding
from .context import Context, Edit
from .records import UNDER_WAY, Debt, minute_words

# How many slots are named in one finding, and how many are looked at for an event in one stretch.
NAMED, MOST = 6, 100_000
WHEN = ("timing", "timezone")


class Takeover(NamedTuple):
    """Another server leads than before, from `at` on; the line says so."""

    at: float
    line: int


class Places(msgspec.Struct):
    """The jobs that hold a place of an event, and when one was taken or freed last; seconds."""

    held: set[str]
    taken_at: float = -inf
    freed_at: float = -inf
    line: int = 0


class Stretch(NamedTuple):
    """Between two edits of when an event is due: its timing, and the lines that give it."""

    timing: Timing
    timezone: str
    since: float
    until: float
    lines: tuple[int, ...]


class ScheduleClock:
    """Which minute of the schedule runs when, as far as a history tells."""

    def __init__(self) -> None:
        self.minute = 0.0
        self.earliest, self.latest = -inf, inf
        self.slot: int | None = None

    def take(self, line: Minute) -> None:
        """A minute began when the line says, or else within the minute before the line."""
        if not self.minute:
            return
        self.slot = line.slot if self.slot is None else self.slot
        shift = (line.slot - self.slot) * self.minute
        known = line.began is not None
        first, last = (line.began, line.began) if known else (line.at - self.minute, line.at)
        self.earliest = max(self.earliest, (first or 0.0) - shift)
        self.latest = min(self.latest, (last or 0.0) - shift)

    @property
    def known(self) -> bool:
        return self.slot is not None and self.earliest <= self.latest

    def begins(self, slot: int) -> tuple[float, float]:
        """The earliest and the latest time at which a slot can have begun."""
        shift = (slot - (self.slot or 0)) * self.minute
        return self.earliest + shift, self.latest + shift

    def running(self, at: float) -> int:
        """The latest slot that can have begun at that time."""
        return (self.slot or 0) + int((at - self.earliest) // self.minute)


class ScheduleChecks:
    """Judges the slots of all events. `report` takes a finding by the name of its check.

    `served` has the slots of each event for which a job was shown or ran, `debts` say by when.
    """

    def __init__(self, context: Context, report: Callable[[str, Finding], None]) -> None:
        self.context, self.report = context, report
        self.clock = ScheduleClock()
        self.served: dict[str, set[int]] = {}
        self.debts: list[Debt] = []
        self.places: dict[str, Places] = {}
        self.leads = ""
        self.takeovers: list[Takeover] = []

    def lead(self, line: Lead, number: int) -> None:
        if self.leads not in ("", line.node):
            self.takeovers.append(Takeover(line.at, number))
        self.leads = line.node
        self.context.leads.append((line.at, line.node))

    def serve(self, name: str, line: int) -> None:
        """A job serves a slot, as `lineage_index` names it: the slot must be one that is due."""
        event, _, now = name.rpartition("@")
        edits = [edit for edit in self.context.edits.get(event, ()) if "timing" in edit.fields]
        if not edits or not now.isdigit() or int(now) % 60:
            return
        slot, served = int(now) // 60, self.served.setdefault(event, set())
        if slot not in served:
            served.add(slot)
            self.judge_minute(event, slot, line)

    def judge_minute(self, event: str, slot: int, line: int) -> None:
        """A job of the clock stands for a minute that some timing of its event has named."""
        edits = [one for one in self.context.edits[event] if not one.fields.keys().isdisjoint(WHEN)]
        zones = {str(edit.fields["timezone"]) for edit in edits if "timezone" in edit.fields}
        timings = [edit.fields["timing"] for edit in edits if "timing" in edit.fields]
        if not zones:
            return
        due = any(may_be_due(timing, zone, slot) for timing in timings for zone in zones)
        expected = f"{event} runs only when it is due"
        seen = f"a job of {slot_words(slot)}, which its timing does not name"
        lines = [number for edit in edits for number in edit.lines]
        self.report("only-due-slots-run", finding(due, expected, seen, *lines, line))

    def finish(self) -> None:
        """Judge all that was due by the times until which it had to be served."""
        if not self.clock.known:
            return
        for event, edits in list(self.context.edits.items()):
            debts = self.last_debts(event)
            for stretch in stretches(edits, self.context.deletions.get(event, [])) if debts else ():
                for debt in debts:
                    self.judge_stretch(event, stretch, debt)

    def last_debts(self, event: str) -> list[Debt]:
        """What is owed of an event's slots: by what names it, and by the last rest of all."""
        rests = [debt for debt in self.debts if debt.owed.what == "rest"]
        over = [debt for debt in rests if debt.owed.until <= self.context.now]
        own = [debt for debt in self.debts if debt.owed.what == "slots"]
        last = sorted(over, key=lambda debt: debt.owed.until)[-1:]
        return [debt for debt in own if debt.owed.event == event] + last

    def show(self, job: JobView, at: float, line: int) -> None:
        """Note which jobs of an event hold a place, and when the last one ended."""
        places = self.places.setdefault(job.event, Places(set()))
        if job.final:
            places.held.discard(job.id)
            places.freed_at, places.line = at, line
        elif job.state != "waiting":
            places.held.add(job.id)
            places.taken_at = at

    def judge_places(self, event: str, debt: Debt, *, free: bool) -> None:
        """While slots are owed and every place is free, the last end has not freed its place.

        That is so only if no primary failed since: another clause says what must survive that.
        """
        places, (most, lines) = self.places.get(event), self.context.most(event, debt.owed.until)
        if places is None or most == inf or not places.line:
            return
        failed = self.context.lead_failed(places.freed_at, self.context.now)
        if not free and (failed or places.held or places.taken_at >= places.freed_at):
            return
        expected = f"the place of what ended is free, for {event} is owed more"
        seen = f"nothing of it has started since, and its limit is {most:g}"
        found = finding(free, expected, seen, *lines, places.line, debt)
        self.report("places-are-freed", found)

    def cutoff(self, debt: Debt) -> float:
        """When a slot must have begun to be owed; seconds. One that begins at a rest is not."""
        if debt.owed.what == "slots":
            return debt.since
        return debt.owed.until - self.context.timings.get("prompt", self.clock.minute)

    def judge_stretch(self, event: str, stretch: Stretch, debt: Debt) -> None:
        """Each slot that was due, and that the event wants, is served by then."""
        wanted = list(self.wanted(event, stretch, debt))
        if not wanted:
            return
        served = self.served.get(event, set())
        missed = [slot for slot in wanted if slot not in served]
        if missed and debt.owed.until > self.context.now:
            return
        expected = f"each minute at which {event} was due is served"
        more = f", and {len(missed) - NAMED} more" if len(missed) > NAMED else ""
        seen = f"never served: {', '.join(map(slot_words, missed[:NAMED]))}{more}"
        proof = (*stretch.lines, debt)
        self.report("slots-are-served", finding(not missed, expected, seen, *proof))
        self.judge_places(event, debt, free=not missed)
        if after := self.takeover_before((missed or wanted)[-1]):
            found = finding(not missed, expected, seen, *proof, after.line)
            self.report("takeovers-go-on", found)

    def wanted(self, event: str, stretch: Stretch, debt: Debt) -> Iterator[int]:
        """The slots of a stretch that surely were due, and surely had to be served by then."""
        until, cutoff = min(debt.owed.until, self.context.now), self.cutoff(debt)
        first = self.clock.running(stretch.since)
        last = self.clock.running(min(stretch.until, cutoff, self.context.trusted))
        missed = self.missed(event, stretch.since, until)
        if missed == "none":
            return
        slots = due_between(stretch, first - 1, last)
        for slot in slots[-1:] if missed == "last" else slots:
            earliest, latest = self.clock.begins(slot)
            surely = stretch.since < earliest and latest < stretch.until
            surely = surely and latest <= cutoff and latest < self.context.trusted
            if surely and self.open(event, earliest, until):
                yield slot

    def missed(self, event: str, since: float, until: float) -> str:
        """What an event surely wants of what was missed in that time: all, last, or else none."""
        flags = self.over_time(event, "catch_up", since, until)
        ages = self.over_time(event, "missed_age", since, until)
        policies = {
            policy or ("all" if all(flags) else "none")
            for policy in self.over_time(event, "missed", since, until) or [None]
        }
        return policies.pop() if len(policies) == 1 and not any(ages) else "none"

    def open(self, event: str, since: float, until: float) -> bool:
        """Whether an event was surely enabled all that time."""
        return all(self.over_time(event, "enabled", since, until))

    def over_time(self, event: str, field: str, since: float, until: float) -> list[Any]:
        """Each value that a setting may have had at any moment of that time."""
        values, _ = self.context.values(event, field, since)
        edits = self.context.edits.get(event, ())
        later = [edit for edit in edits if since < edit.called_at <= until]
        return values + [edit.fields[field] for edit in later if field in edit.fields]

    def takeover_before(self, slot: int) -> Takeover | None:
        """The last takeover in whose gap, or after which, a slot began; None if none did."""
        timings = self.context.timings
        gap = timings.get("takeover", 0.0) + timings.get("notice", 0.0)
        _, began = self.clock.begins(slot)
        before = [one for one in self.takeovers if began >= one.at - gap]
        return before[-1] if before else None


def stretches(edits: list[Edit], deletions: list[Edit]) -> Iterator[Stretch]:
    """The times in which one timing was surely in force, of an event that is not deleted."""
    now: dict[str, Any] = {}
    lines: tuple[int, ...] = ()
    timed = [edit for edit in edits if not edit.fields.keys().isdisjoint(WHEN)]
    for edit, after in zip(timed, [*timed[1:], None], strict=True):
        if edit.done_at == inf:
            return
        now |= {name: edit.fields[name] for name in WHEN if name in edit.fields}
        lines += edit.lines
        timing = timing_in(now.get("timing"))
        # What was owed when an event was deleted is owed no more.
        if timing and all(gone.lines[0] < edit.lines[0] for gone in deletions):
            since, until = edit.done_at - UNDER_WAY, after.called_at if after else inf
            yield Stretch(timing, str(now.get("timezone", "UTC")), since, until, lines)


def timing_in(value: Any) -> Timing | None:
    """The timing that a call gives; None for none, or for one of another kind."""
    try:
        return msgspec.convert(msgspec.to_builtins(value), Timing | None)
    except (msgspec.ValidationError, TypeError):
        return None


def due_between(stretch: Stretch, after: int, until: int) -> list[int]:
    """The due slots of a window; none where the calendar or the time zone is unknown."""
    try:
        return list(islice(due_slots(stretch.timing, stretch.timezone, after, until), MOST))
    except (KeyError, ValueError, OSError, OverflowError):
        return []


def may_be_due(value: Any, timezone: str, slot: int) -> bool:
    """Whether a timing, as a call gives it, names a slot, or is one that can't be understood."""
    if value is None:
        return False
    try:
        timing = timing_in(value)
        return timing is None or slot in due_slots(timing, timezone, slot - 1, slot)
    except (KeyError, ValueError, OSError, OverflowError):
        return True


def slot_words(slot: int) -> str:
    return minute_words(slot * 60.0)
