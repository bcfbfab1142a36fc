"""Bugs that show only where two things meet: an edit and a takeover, a clock and what waits."""

from typing import Any

from msgspec.structs import replace
from runall_reference.brain import rerun
from runall_reference.brain.primary.finalization import Finalization
from runall_reference.brain.primary.inventories import Inventories
from runall_reference.brain.primary.orders import Orders
from runall_reference.brain.primary.placement import Placement
from runall_reference.brain.primary.reachability import Reachability
from runall_reference.brain.primary.stopping import Stopping
from runall_reference.brain.primary.waiting import Waiting
from runall_reference.brain.records import Cursor, Event, Finished, Job, PastTiming

from .mutant import FROM_THE_RULE, mutant
from .planting import Plant
from .takeovers import at_takeover, changes, forgets


# ------------------------------------------------------------------ a takeover, and what was before
@mutant(source=FROM_THE_RULE, clause="RA-9.8", also=("RA-5.14",))
def past_timings_are_forgotten(plant: Plant) -> None:
    """Whoever takes over knows the timing of today only, and serves nothing of an earlier one."""
    forgets(plant, PastTiming, lambda _: True)


@mutant(source=FROM_THE_RULE, clause="RA-9.8", also=("RA-5.15", "RA-5.4"))
def takeover_ends_pauses(plant: Plant) -> None:
    """Whoever takes over begins at its own present for an event that is disabled just then."""

    def seen(self: Any, _: Any) -> None:
        state = self.state
        state.clock = replace(state.clock, origin=self.leadership.lease().origin)
        present = state.clock.slot(state.now)
        for event in self.records.all(Event).values():
            if not event.enabled and (cursor := self.records.get(Cursor, event.id)):
                self.records.put(replace(cursor, slot=present))

    at_takeover(plant, seen)


@mutant(source=FROM_THE_RULE, clause="RA-9.10", also=("RA-6.3",))
def deletions_are_forgotten(plant: Plant) -> None:
    """Whoever takes over counts a job of a deleted event as one of the event that has its name."""
    changes(plant, Job, lambda _, job: replace(job, orphaned=False))


@mutant(source=FROM_THE_RULE, clause="RA-9.4", also=("RA-2.4", "RA-2.11"))
def first_count_is_kept(plant: Plant) -> None:
    """A worker that was missed once, and is back, has been missed since then for the next primary.

    So it is given up as soon as that one leads.
    """

    @plant.method(Reachability)
    def returned(self: Any, _: str, link: Any, *, draining: bool) -> None:
        self.move(link, "last_beats" if draining else "beat")


@mutant(source=FROM_THE_RULE, clause="RA-7.8")
def owners_are_forgotten(plant: Plant) -> None:
    """Who owns a name is only in memory: after a takeover the next to ask for it gets it."""
    original = Inventories.meet

    @plant.method(Inventories)
    def meet(self: Any, beat: Any, link: Any) -> Any:
        met = original(self, beat, link)
        self.reachability.remember(beat.node, home="")
        return met


@mutant(source="Mars 470, for more than one worker", clause="RA-2.11")
def forgives_one_worker(plant: Plant) -> None:
    """Of several workers that were missed before a stall, one gets the time to report after it."""
    original = Reachability.forgive

    @plant.method(Reachability)
    def forgive(self: Any, deaf: float) -> None:
        links = self.state.links
        first = next((node for node, link in links.items() if link.state == "suspect"), None)
        self.state.links = {node: link for node, link in links.items() if node == first}
        original(self, deaf)
        self.state.links = links


# ------------------------------------------------------------------ what waits, and what it is not
@mutant(source=FROM_THE_RULE, clause="RA-11.5")
def enabling_ends_delays(plant: Plant) -> None:
    """Who enables an event lets its retries start, whatever their delay."""
    original = Orders.update_event

    @plant.method(Orders)
    def update_event(self: Any, order: Any) -> Any:
        event = original(self, order)
        for job in self.waiting.jobs():
            if job.event == event.id and job.cause == "retry" and order.fields.get("enabled"):
                self.records.put(replace(job, not_before=self.state.now))
        return event


def ages(plant: Plant, cause: str) -> None:
    """Let what waits for that cause get too old, as if it had been lost when it was made."""

    @plant.method(Waiting)
    def drop_stale(self: Any) -> None:
        for held in (*self.jobs(), *self.state.owed()):
            aged = getattr(held, "cause", "") == cause
            since = held.created_at if aged else held.lost_at
            if self.placement.too_old(self.state.event(held.event), since):
                self.refuse(held, "RA-8.2", "it waited too long")


@mutant(source=FROM_THE_RULE, clause="RA-11.1")
def retries_get_too_old(plant: Plant) -> None:
    """A retry that waits longer than a lost job is worth running is refused."""
    ages(plant, "retry")


@mutant(source=FROM_THE_RULE, clause="RA-6.10")
def queue_gets_too_old(plant: Plant) -> None:
    """A run in the queue that waits longer than a lost job is worth running is refused."""
    ages(plant, "manual")


@mutant(source="a queue that moves with an end", clause="RA-6.10")
def only_an_end_moves_the_queue(plant: Plant) -> None:
    """When its event gets more room, the queue waits for the end of a job all the same."""
    original = Waiting.place_held

    @plant.method(Waiting)
    def place_held(self: Any, job: Any) -> None:
        ended = self.state.records.all(Finished).values()
        moved = any(one.job.finalized_at == self.state.now for one in ended)
        if job.cause != "manual" or moved:
            original(self, job)


@mutant(source=FROM_THE_RULE, clause="RA-6.1")
def retries_need_no_place(plant: Plant) -> None:
    """A retry starts when its delay is over, whatever the limit of its event."""
    original = Waiting.place_held

    @plant.method(Waiting)
    def place_held(self: Any, job: Any) -> None:
        event = self.state.event(job.event)
        node = self.placement.choose(event.target) if event and event.enabled else None
        if job.cause == "retry" and node:
            self.placement.place(job, node)
        else:
            original(self, job)


@mutant(source=FROM_THE_RULE, clause="RA-6.10")
def an_abort_empties_the_queue(plant: Plant) -> None:
    """Who aborts a run in the queue aborts all that wait there."""
    original = Orders.abort_attempt

    @plant.method(Orders)
    def abort_attempt(self: Any, job: Any, by: str) -> None:
        original(self, job, by)
        for other in self.waiting.jobs() if job.state == "waiting" else ():
            if other.event == job.event and other.cause == "manual" == job.cause:
                self.waiting.cancel(other)


@mutant(source=FROM_THE_RULE, clause="RA-3.3", also=("RA-3.8",))
def a_failure_beats_an_abort_of_it(plant: Plant) -> None:
    """A job that was aborted, and failed by itself before that reached it, is tried again."""

    @plant.method(Finalization)
    def retry(self: Any, done: Any) -> None:
        if event := self.state.event_of(done):
            now, due = self.state.now, self.state.now + event.retry_delay
            times = {"created_at": now, "not_before": due}
            attempt = rerun.again(done, event, cause="retry", **times)
            self.state.records.put(replace(attempt, retries=done.retries - 1))


# ------------------------------------------------------------------ clocks
def ahead(self: Any) -> float:
    """By how many seconds the wall clock of a primary was set forward."""
    return max(self.state.clock.skew, 0.0)


@mutant(source="timers by the wall clock", clause="RA-5.11", also=("RA-2.6", "RA-4.10"))
def limits_by_the_wall_clock(plant: Plant) -> None:
    """A clock that is set forward ends all jobs that have a time limit."""
    original = Stopping.overdue_at

    @plant.method(Stopping)
    def overdue_at(self: Any, job: Any) -> float:
        return original(self, job) - ahead(self)


@mutant(source="timers by the wall clock", clause="RA-8.2", also=("RA-1.1", "RA-1.2"))
def ages_by_the_wall_clock(plant: Plant) -> None:
    """A clock that is set forward makes all that waits too old to be run again."""
    original = Placement.too_old_at

    @plant.method(Placement)
    def too_old_at(self: Any, event: Any, lost_at: float) -> float:
        return original(self, event, lost_at) - ahead(self)


@mutant(source="timers by the wall clock", clause="RA-11.5")
def delays_by_the_wall_clock(plant: Plant) -> None:
    """A clock that is set forward lets a retry start before its delay is over."""

    @plant.method(Waiting)
    def place_all(self: Any) -> None:
        for job in self.jobs():
            if job.not_before <= self.state.now + ahead(self):
                self.place_held(job)
