"""Bugs in the schedule: slots served twice, late, in a wrong order, or never (chapter 5)."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace
from runall_reference.brain import jumps
from runall_reference.brain.inputs import ClockSet
from runall_reference.brain.jumps import due_slots
from runall_reference.brain.primary import Primary, slots
from runall_reference.brain.primary.orders import Orders
from runall_reference.brain.primary.slots import Slots
from runall_reference.brain.primary.state import State
from runall_reference.brain.records import Cursor
from runall_reference.brain.timing import allows, local_minute

from .mutant import FROM_THE_RULE, mutant
from .planting import Plant


def moves_cursors_on_leading(plant: Plant, by: Callable[[State, Cursor], int]) -> None:
    """Set each cursor anew when a primary begins to lead: `by` gets the state and the cursor."""
    original = Primary.lead

    @plant.method(Primary)
    def lead(self: Any, boot: str) -> None:
        original(self, boot)
        for cursor in list(self.records.all(Cursor).values()):
            self.records.put(replace(cursor, slot=by(self.state, cursor)))


@mutant(source=FROM_THE_RULE, clause="RA-5.1", also=("RA-4.7",))
def serves_a_minute_again(plant: Plant) -> None:
    """A primary that starts serves the last minute once more, in case it was not served."""
    moves_cursors_on_leading(plant, lambda _, cursor: cursor.slot - 1)


@mutant(source=FROM_THE_RULE, clause="RA-5.2", also=("RA-5.4",))
def newest_slot_first(plant: Plant) -> None:
    """Of the minutes that are owed again, the last is served first."""

    @plant.method(Slots)
    def serve_reopened(self: Any, event: Any) -> bool:
        owed = [slot for slot in self.state.owed() if slot.event == event.id]
        newest_first = sorted(owed, key=lambda slot: -slot.slot)
        return all(self.serve_again(event, slot) for slot in newest_first)


@mutant(source=FROM_THE_RULE, clause="RA-5.3", also=("RA-5.4",))
def an_edit_counts_as_served(plant: Plant) -> None:
    """An edit of an event begins its schedule anew, and what was owed is forgotten."""
    original = Orders.update_event

    @plant.method(Orders)
    def update_event(self: Any, order: Any) -> Any:
        event = original(self, order)
        present = self.state.clock.slot(self.state.now)
        self.records.put(Cursor(event=event.id, slot=present))
        return event


@mutant(source="pg-boss 914", clause="RA-5.4")
def starts_from_the_present(plant: Plant) -> None:
    """A primary that starts serves from now on: what was due while none led is never served."""
    moves_cursors_on_leading(plant, lambda state, _: state.clock.slot(state.now))


@mutant(source="hermes-agent 111212; Cronicle", clause="RA-5.5")
def serves_whatever_is_old(plant: Plant) -> None:
    """A minute that was missed days ago is served, whatever its event says."""
    original = Slots.oldest_wanted

    @plant.method(Slots)
    def oldest_wanted(self: Any, event: Any, present: int) -> int:
        return original(self, replace(event, missed_age=0.0), present)


@mutant(source=FROM_THE_RULE, clause="RA-5.6")
def last_means_all(plant: Plant) -> None:
    """An event that wants its last missed minute gets all of them."""
    original = Slots.missed

    @plant.method(Slots)
    def missed(self: Any, event: Any) -> Any:
        return "all" if event.missed == "last" else original(self, event)


@mutant(source=FROM_THE_RULE, clause="RA-5.7")
def missed_without_run_all(plant: Plant) -> None:
    """Missed minutes are served later, whether the event wants that or not."""

    def missed(_: Any, event: Any) -> Any:
        return event.missed or "all"

    plant(Slots, "missed", missed)


@mutant(source="hermes-agent 106166", clause="RA-5.8", also=("RA-5.4",))
def a_run_takes_the_next_slot(plant: Plant) -> None:
    """A run by hand counts as the next minute of the schedule, which is then skipped."""
    original = Orders.run_event

    @plant.method(Orders)
    def run_event(self: Any, order: Any) -> Any:
        job = original(self, order)
        event, cursor = self.state.event(order.event), self.records.get(Cursor, order.event)
        present = self.state.clock.slot(self.state.now)
        following = due_slots(event.timing, event.timezone, max(present, cursor.slot), present + 60)
        if (slot := next(iter(following), None)) is not None:
            self.records.put(Cursor(event=event.id, slot=slot))
        return job


@mutant(source=FROM_THE_RULE, clause="RA-5.9")
def a_repeated_hour_is_served_once(plant: Plant) -> None:
    """Of an hour that comes twice in autumn, only the first is served."""

    def each_local_time_once(timing: Any, timezone: str, after: int, until: int) -> Iterator[int]:
        for slot in due_slots(timing, timezone, after, until):
            if not local_minute(slot, timezone).fold:
                yield slot

    plant(slots, "due_slots", each_local_time_once)


@mutant(source="Nomad 2721", clause="RA-5.9")
def time_zones_are_ignored(plant: Plant) -> None:
    """Every schedule is in UTC, whatever zone its event names."""

    def in_utc(timing: Any, _: str, after: int, until: int) -> Iterator[int]:
        return due_slots(timing, "UTC", after, until)

    plant(slots, "due_slots", in_utc)


@mutant(source=FROM_THE_RULE, clause="RA-5.10", also=("RA-5.1",))
def the_cursor_follows_the_clock(plant: Plant) -> None:
    """A clock that is set back takes the cursor along, and its minutes come again."""

    @plant.method(Slots)
    def move_cursor(self: Any, event: Any, slot: int) -> None:
        if slot != self.cursor(event):
            self.state.records.put(Cursor(event=event.id, slot=slot))


@mutant(source=FROM_THE_RULE, clause="RA-5.11", also=("RA-2.10",))
def silence_by_the_wall_clock(plant: Plant) -> None:
    """Timeouts go by the wall clock: when it is set forward, all servers seem silent for long."""
    original = Primary.answer

    @plant.method(Primary)
    def answer(self: Any, given: Any) -> Any:
        leap = given.skew - self.state.clock.skew if isinstance(given, ClockSet) else 0.0
        reply = original(self, given)
        if leap > self.state.settings.silence:
            for node, link in self.state.links.items():
                if link.state != "lost":
                    self.reachability.miss(node, link) if link.state != "suspect" else None
                    link.since -= leap
        return reply


@mutant(source="cron, as Vixie wrote it", clause="RA-5.12")
def days_or_weekdays(plant: Plant) -> None:
    """Where both days and weekdays are given, one of the two is enough."""

    def matches_day(timing: Any, day: Any) -> bool:
        days, weekdays = timing.days, timing.weekdays
        either = day.day in days or day.isoweekday() % 7 in weekdays
        both = allows(days, day.day) and allows(weekdays, day.isoweekday() % 7)
        chosen = either if days and weekdays else both
        return chosen and allows(timing.months, day.month) and allows(timing.years, day.year)

    plant(jumps, "matches_day", matches_day)
