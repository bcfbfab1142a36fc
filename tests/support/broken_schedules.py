"""References broken in the schedule, its cursor and its clock."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace
from runall_harness.mutants.planting import Bug, Plant
from runall_reference.brain import timing
from runall_reference.brain.primary import Primary, slots
from runall_reference.brain.primary.orders import Orders
from runall_reference.brain.primary.policy import Policy
from runall_reference.brain.primary.slots import Slots
from runall_reference.brain.records import Cursor

from support.stepped_slots import matches

Due = Callable[[Any, datetime], bool]


def wants_unless_told(plant: Plant, what: str) -> None:
    """Let an event want that, whatever its Run All, unless it says what it wants."""

    def changed(_: Any, event: Any) -> str:
        return event.missed or what

    plant(Slots, "missed", changed)


def forgets_what_it_missed(plant: Plant) -> None:
    """Run All brings back what was interrupted, and nothing that was missed."""
    wants_unless_told(plant, "none")


def serves_what_nobody_wants(plant: Plant) -> None:
    """What was missed is served later, with Run All or without."""
    wants_unless_told(plant, "all")


def serves_all_for_the_last(plant: Plant) -> None:
    """An event that wants the last missed slot gets all of them."""
    original = Slots.missed

    def changed(self: Any, event: Any) -> str:
        return "all" if event.missed == "last" else original(self, event)

    plant(Slots, "missed", changed)


def serves_at_any_age(plant: Plant) -> None:
    """No slot is too old to be served."""
    original = Slots.oldest_wanted

    def changed(self: Any, event: Any, present: int) -> int:
        return original(self, replace(event, missed_age=0.0), present)

    plant(Slots, "oldest_wanted", changed)


def serves_the_newest_first(plant: Plant) -> None:
    """Of several slots that are owed again, the latest comes first."""

    def changed(self: Any, event: Any) -> bool:
        owed = [slot for slot in self.state.owed() if slot.event == event.id]
        return all(self.serve_again(event, slot) for slot in sorted(owed, key=lambda s: -s.slot))

    plant(Slots, "serve_reopened", changed)


def rewinds_the_cursor(plant: Plant) -> None:
    """An interrupted slot is brought back by replaying all since, as three releases did."""

    def changed(self: Any, job: Any, cause: str) -> None:
        self.state.records.put(Cursor(event=job.event, slot=job.slot - 1))
        self.state.note(job, cause, "cursor rewound", "RA-4.2", "")

    plant(Policy, "recover_scheduled", changed)


def edits_reset_the_cursor(plant: Plant) -> None:
    """The cursor belongs to the event's record, and an edit begins it anew."""
    original = Orders.update_event

    def changed(self: Any, order: Any) -> Any:
        event = original(self, order)
        self.records.put(Cursor(event=event.id, slot=self.state.clock.slot(self.state.now)))
        return event

    plant(Orders, "update_event", changed)


def manual_runs_move_the_cursor(plant: Plant) -> None:
    """A manual run counts as the run of all minutes until then."""
    original = Orders.run_event

    def changed(self: Any, order: Any) -> Any:
        self.records.put(Cursor(event=order.event, slot=self.state.clock.slot(self.state.now)))
        return original(self, order)

    plant(Orders, "run_event", changed)


def due_by(plant: Plant, rule: Due) -> None:
    """Let the schedule step through all minutes and serve those that another rule names."""

    def changed(listed: Any, zone: str, after: int, until: int) -> Iterator[int]:
        span = range(after + 1, until + 1) if listed else ()
        return (slot for slot in span if rule(listed, timing.local_minute(slot, zone)))

    plant(slots, "due_slots", changed)


def days_or_weekdays(plant: Plant) -> None:
    """As in cron, a day of the month or a weekday is enough."""

    def rule(listed: Any, moment: datetime) -> bool:
        days, weekdays = replace(listed, weekdays=()), replace(listed, days=())
        return matches(days, moment) or matches(weekdays, moment)

    due_by(plant, rule)


def makes_up_for_spring(plant: Plant) -> None:
    """As some crons do, a local time that was skipped is served when the clock has changed."""

    def rule(listed: Any, moment: datetime) -> bool:
        was = (moment - timedelta(hours=1)).replace(tzinfo=None)
        before = moment.timestamp() - 3600
        skipped = datetime.fromtimestamp(before, moment.tzinfo).utcoffset() != moment.utcoffset()
        return matches(listed, moment) or (skipped and matches(listed, was))

    due_by(plant, rule)


def serves_autumn_once(plant: Plant) -> None:
    """As some crons do, a local time that comes again is not served again."""
    due_by(plant, lambda listed, moment: matches(listed, moment) and not moment.fold)


def follows_the_clock_back(plant: Plant) -> None:
    """The cursor is wherever the clock is."""

    def changed(self: Any, event: Any, slot: int) -> None:
        self.state.records.put(Cursor(event=event.id, slot=slot))

    plant(Slots, "move_cursor", changed)


def times_out_by_the_wall_clock(plant: Plant) -> None:
    """Silence is counted on a clock that people set."""
    from runall_reference.brain.inputs import ClockSet

    original = Primary.answer

    def changed(self: Any, message: Any) -> Any:
        if isinstance(message, ClockSet) and message.skew:
            for link in self.state.links.values():
                link.heard -= message.skew
            self.reachability.suspect_silent()
            for link in self.state.links.values():
                link.since -= message.skew
        return original(self, message)

    plant(Primary, "answer", changed)


BROKEN_SCHEDULES: dict[Bug, frozenset[str]] = {
    forgets_what_it_missed: frozenset({"RA-5.4"}),
    serves_what_nobody_wants: frozenset({"RA-5.7"}),
    serves_all_for_the_last: frozenset({"RA-5.6"}),
    serves_at_any_age: frozenset({"RA-5.5"}),
    serves_the_newest_first: frozenset({"RA-5.2"}),
    rewinds_the_cursor: frozenset({"RA-4.2", "RA-5.1"}),
    edits_reset_the_cursor: frozenset({"RA-5.3"}),
    manual_runs_move_the_cursor: frozenset({"RA-5.8"}),
    days_or_weekdays: frozenset({"RA-5.12"}),
    makes_up_for_spring: frozenset({"RA-5.9"}),
    serves_autumn_once: frozenset({"RA-5.9"}),
    follows_the_clock_back: frozenset({"RA-5.10"}),
    times_out_by_the_wall_clock: frozenset({"RA-5.11"}),
}
