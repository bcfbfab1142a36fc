"""Bugs in what outlasts an edit, a restart or a stall: counts, debts, identities and orders."""

from typing import Any

from runall_reference.brain.primary import Primary
from runall_reference.brain.primary.inventories import Inventories
from runall_reference.brain.primary.orders import Orders
from runall_reference.brain.primary.reachability import Reachability
from runall_reference.brain.primary.slots import Slots
from runall_reference.brain.primary.state import State
from runall_reference.brain.records import Cursor
from runall_reference.brain.worker import Worker

from .mutant import mutant
from .planting import Plant, nothing


def no_words(*_: Any) -> str:
    return ""


def no_seconds(*_: Any) -> float:
    return 0.0


@mutant(source="this kit's reference, until it was tried in a crash loop", clause="RA-2.14")
def counts_anew(plant: Plant) -> None:
    """Each primary that leads begins to count anew how long a dead worker has been away."""
    plant(Reachability, "missed_for", no_seconds)


@mutant(source="Mars 470", clause="RA-2.11")
def deaf_time_counts(plant: Plant) -> None:
    """A primary that was stalled takes its own deaf time for the silence of a worker."""
    original = Reachability.miss

    @plant.method(Reachability)
    def miss(self: Any, node: str, link: Any) -> None:
        original(self, node, link)
        link.since = link.heard


@mutant(source="this kit's reference, until a primary was frozen", clause="RA-2.11")
def forgives_no_deafness(plant: Plant) -> None:
    """A worker that was missed before the primary was stalled gets no time to report after it."""
    plant(Primary, "notice_deafness", nothing)


def timing_changes(old: Any, new: Any) -> bool:
    return (old.timing, old.timezone) != (new.timing, new.timezone)


@mutant(source="this kit's reference, until a timing was edited", clause="RA-5.14")
def debts_follow_the_timing(plant: Plant) -> None:
    """What is owed is worked out by the timing of today, whatever was due at the time."""
    plant(Slots, "edited", nothing)


@mutant(source="Dagster 13597; Kubernetes 63371", clause="RA-5.13")
def new_timing_looks_back(plant: Plant) -> None:
    """A new timing fires at once, for a minute that it names and that has just passed."""

    @plant.method(Slots)
    def edited(self: Any, old: Any, new: Any) -> None:
        if timing_changes(old, new):
            slot = self.state.clock.slot(self.state.now)
            self.state.records.put(Cursor(event=old.id, slot=slot - 2))


@mutant(source="a schedule that is made anew by every edit", clause="RA-5.14")
def edit_pays_all_debts(plant: Plant) -> None:
    """An edit of the timing moves the cursor to the present: what was owed is forgotten."""

    @plant.method(Slots)
    def edited(self: Any, old: Any, new: Any) -> None:
        if timing_changes(old, new):
            self.move_cursor(old, self.state.clock.slot(self.state.now))


@mutant(source="a schedule that outlives its event", clause="RA-5.13")
def old_life_of_an_event(plant: Plant) -> None:
    """An event that is made anew under the same name goes on from the cursor of the old one."""
    plant(Slots, "deleted", nothing)
    original = Orders.create_event

    @plant.method(Orders)
    def create_event(self: Any, order: Any) -> Any:
        before = self.records.get(Cursor, order.event.id)
        event = original(self, order)
        if before is not None:
            self.records.put(before)
        return event


def resumes(plant: Plant, cursor_from: Any) -> None:
    """Let the cursor of an event that is enabled again be what that function says."""
    original = Orders.update_event

    @plant.method(Orders)
    def update_event(self: Any, order: Any) -> Any:
        paused = not self.known(order.event).enabled
        event = original(self, order)
        if paused and event.enabled:
            cursor_from(self, event)
        return event


@mutant(source="a pause that is taken for a holiday", clause="RA-5.15")
def pause_swallows_minutes(plant: Plant) -> None:
    """When an event is enabled again, the minutes of its pause are skipped, whatever it wants."""

    def skip(orders: Any, event: Any) -> None:
        orders.slots.move_cursor(event, orders.state.clock.slot(orders.state.now))

    resumes(plant, skip)


@mutant(source="a pause that is no outage", clause="RA-5.15")
def pause_is_made_up_for(plant: Plant) -> None:
    """When an event is enabled again, all minutes of its pause are served, whatever it wants."""

    def serve(orders: Any, event: Any) -> None:
        slots = orders.slots
        present = slots.state.clock.slot(slots.state.now)
        for slot in slots.due(event, slots.cursor(event), present):
            slots.launch(event, slot)

    resumes(plant, serve)


@mutant(source="this kit's reference, until an event was made again", clause="RA-6.3")
def same_name_same_event(plant: Plant) -> None:
    """A job of an event that was deleted counts as one of the event that has its name now."""

    @plant.method(State)
    def event_of(self: Any, job: Any) -> Any:
        return self.event(job.event)


@mutant(
    source="this kit's reference, until seed 200 of a campaign", clause="RA-3.4", also=("RA-4.8",)
)
def obeys_overtaken_orders(plant: Plant) -> None:
    """A start order that arrives after its job has ended, and its end was told, is obeyed."""

    @plant.method(Worker)
    def void(self: Any, order: Any) -> bool:
        stale = self.now - order.sent >= self.fence()
        return self.draining or order.boot != self.boot or stale


@mutant(source="this kit's reference, until two workers had one name", clause="RA-7.8")
def the_last_one_has_the_name(plant: Plant) -> None:
    """A second worker under one name replaces the first, whose jobs are lost although it lives."""
    plant(Inventories, "refusal", no_words)
