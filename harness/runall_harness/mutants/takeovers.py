"""Bugs in what a takeover carries on: a schedule, something that waits, or something that binds.

Each of them leaves a primary that comes back itself alone, so that only a takeover shows it. A bug
changes what the new primary sees, and not the store, unless the bug itself writes.
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from runall_reference.brain.primary import Primary
from runall_reference.brain.records import (
    Abort,
    Counter,
    Cursor,
    Entry,
    Event,
    Job,
    Lease,
    Record,
    Reopened,
)

from .mutant import mutant
from .planting import Plant

Seen = Callable[[Any, Lease], None]
CARRIED = "what a takeover carries on"


def at_takeover(plant: Plant, seen: Seen, *, since: int = 1, late: bool = False) -> None:
    """Let something else be seen by a primary that leads after another server has.

    `seen` gets that primary and the lease that it took over; `since` is the first epoch of another
    server after which it is called. `late` calls it once that primary leads.
    """
    original = Primary.lead

    @plant.method(Primary)
    def lead(self: Any, boot: str) -> None:
        old = self.leadership.lease()
        if late:
            original(self, boot)
        if old is not None and old.holder not in ("", self.state.node) and old.epoch >= since:
            seen(self, old)
        if not late:
            original(self, boot)


def changes(plant: Plant, kind: type[Record], change: Callable[[Any, Any], Any]) -> None:
    """Let a new primary see every record of a kind changed; `change` gets the primary too."""

    def seen(self: Any, _: Lease) -> None:
        table = self.records.all(kind)
        table.update({key: change(self, record) for key, record in table.items()})

    at_takeover(plant, seen)


def forgets(plant: Plant, kind: type[Record], which: Callable[[Any], bool]) -> None:
    """Let a new primary not see those records of a kind."""

    def seen(self: Any, _: Lease) -> None:
        table = self.records.all(kind)
        for key in [key for key, record in table.items() if which(record)]:
            del table[key]

    at_takeover(plant, seen)


def to_the_present(self: Any, _: Lease) -> None:
    """Set all cursors to the minute that is running."""
    self.state.clock = replace(self.state.clock, origin=self.leadership.lease().origin)
    present = self.state.clock.slot(self.state.now)
    for cursor in list(self.records.all(Cursor).values()):
        self.records.put(replace(cursor, slot=max(present, cursor.slot)))


# ---------------------------------------------------------------------------- schedules
@mutant(source="pg-boss 914; n8n 38010", clause="RA-9.8", also=("RA-5.4",))
def begins_at_its_own_present(plant: Plant) -> None:
    """The backup starts every schedule at its own present: nobody serves the minutes between."""
    at_takeover(plant, to_the_present)


@mutant(source=CARRIED, clause="RA-9.8", also=("RA-5.4",))
def second_takeover_begins_anew(plant: Plant) -> None:
    """The first takeover serves the minutes without a primary, the second one does not."""
    at_takeover(plant, to_the_present, since=2)


@mutant(source="n8n 38010", clause="RA-9.8", also=("RA-5.4",))
def known_events_fall_silent(plant: Plant) -> None:
    """What was scheduled before the takeover never fires again."""
    changes(plant, Event, lambda _, event: replace(event, timing=None))


@mutant(source="Nomad 2721", clause="RA-9.8", also=("RA-5.4",))
def time_zone_is_forgotten(plant: Plant) -> None:
    """Whoever takes the lead reads every timing as one of UTC."""
    changes(plant, Event, lambda _, event: replace(event, timezone="UTC"))


@mutant(source=CARRIED, clause="RA-9.8", also=("RA-5.7",))
def takeover_serves_all(plant: Plant) -> None:
    """The minutes without a primary are served, also of an event that wants none of them."""
    changes(plant, Event, lambda _, event: replace(event, missed="all"))


@mutant(source=CARRIED, clause="RA-9.8", also=("RA-5.1", "RA-3.4"))
def every_event_starts(plant: Plant) -> None:
    """Whoever takes over starts every event once, as if all of them were due."""

    def seen(self: Any, _: Lease) -> None:
        for event in self.records.all(Event).values():
            job = self.placement.new_job(event, "schedule", "", self.state.now, None)
            self.records.put(job)

    at_takeover(plant, seen)


# ---------------------------------------------------------------------------- what waits
@mutant(source="the queue of a primary", clause="RA-9.9")
def queue_is_dropped(plant: Plant) -> None:
    """Manual runs that wait for their turn are gone with the primary that had accepted them."""
    forgets(plant, Job, lambda job: job.state == "waiting" and job.cause == "manual")


@mutant(source="a store that is read by its keys", clause="RA-9.9", also=("RA-6.6",))
def queue_is_sorted_by_name(plant: Plant) -> None:
    """After a takeover the tenth run starts before the second, as text is sorted."""

    def seen(self: Any, _: Lease) -> None:
        jobs = self.records.all(Job)
        ordered = sorted(jobs.items())
        jobs.clear()
        jobs.update(ordered)

    at_takeover(plant, seen)


@mutant(source=CARRIED, clause="RA-9.9")
def held_rerun_is_dropped(plant: Plant) -> None:
    """A rerun that waits for its server is nobody's any more once its primary has died."""
    forgets(plant, Job, lambda job: job.state == "waiting" and job.cause == "interrupted")


@mutant(source=CARRIED, clause="RA-9.9")
def owed_slot_is_dropped(plant: Plant) -> None:
    """An interrupted minute that waits to be served again is forgotten by a takeover."""
    forgets(plant, Reopened, lambda _: True)


@mutant(source=CARRIED, clause="RA-9.9", also=("RA-11.2",))
def retry_is_dropped(plant: Plant) -> None:
    """A retry lives in the memory of the primary that saw the failure."""
    forgets(plant, Job, lambda job: job.state == "waiting" and job.cause == "retry")


def with_due_time(job: Job, due: float) -> Job:
    return replace(job, not_before=due) if job.cause == "retry" else job


@mutant(source=CARRIED, clause="RA-9.9", also=("RA-11.1",))
def due_times_are_forgotten(plant: Plant) -> None:
    """A retry that waits for its delay starts at the takeover."""
    changes(plant, Job, lambda _, job: with_due_time(job, 0.0))


@mutant(source=CARRIED, clause="RA-9.9")
def delays_begin_anew(plant: Plant) -> None:
    """Each takeover makes a retry wait for its whole delay again."""
    changes(plant, Job, lambda p, job: with_due_time(job, p.state.now + job.retry_delay))


# ---------------------------------------------------------------------------- what binds
@mutant(source=CARRIED, clause="RA-9.10")
def time_limits_begin_anew(plant: Plant) -> None:
    """A job that runs gets its whole time once more from each new primary."""
    changes(plant, Job, lambda p, job: replace(job, started_at=job.started_at and p.state.now))


@mutant(source=CARRIED, clause="RA-9.10")
def time_limits_are_dropped(plant: Plant) -> None:
    """The timer of a job that runs dies with the primary that had set it."""
    changes(plant, Job, lambda _, job: replace(job, timeout=0.0))


@mutant(source=CARRIED, clause="RA-9.10", also=("RA-11.4",))
def stops_are_forgotten(plant: Plant) -> None:
    """A job that is being stopped for its time limit is one that runs, for the new primary."""
    changes(plant, Job, lambda _, job: running_again(job, "timeout"))


def running_again(job: Job, reason: str) -> Job:
    """The job as if nobody had asked for its end, if it is stopped for that reason."""
    return replace(job, state="running", stop_reason="") if job.stop_reason == reason else job


@mutant(source="Jenkins workflow-job 167", clause="RA-9.10", also=("RA-3.3",))
def aborts_are_forgotten(plant: Plant) -> None:
    """An abort that was answered is unknown to the next primary, and the job is run again."""
    forgets(plant, Abort, lambda _: True)
    changes(plant, Job, lambda _, job: running_again(job, "abort"))


@mutant(source=CARRIED, clause="RA-9.10", also=("RA-6.1",))
def event_limits_are_forgotten(plant: Plant) -> None:
    """The new primary knows no limit of an event: one more job starts beside what runs."""
    changes(plant, Event, lambda _, event: replace(event, max_children=0))


@mutant(source=CARRIED, clause="RA-9.10", also=("RA-8.1",))
def interruptions_are_not_counted_on(plant: Plant) -> None:
    """How often servers took a job down is counted by each primary for itself."""
    changes(plant, Job, lambda _, job: replace(job, reruns=0))


@mutant(source=CARRIED, clause="RA-9.10", also=("RA-8.2",))
def losses_get_younger(plant: Plant) -> None:
    """What waits counts as lost at the takeover, so that nothing is ever too old."""
    changes(plant, Job, lambda p, job: replace(job, lost_at=job.lost_at and p.state.now))
    changes(plant, Reopened, lambda p, slot: replace(slot, lost_at=p.state.now))


@mutant(source=CARRIED, clause="RA-9.10", also=("RA-6.4",))
def disabled_events_wake(plant: Plant) -> None:
    """Every event is enabled for a new primary."""
    changes(plant, Event, lambda _, event: replace(event, enabled=True))


@mutant(source=CARRIED, clause="RA-9.10", also=("RA-1.3",))
def settings_are_the_first(plant: Plant) -> None:
    """The new primary takes Run All for on, as the event had it when it was made."""
    changes(plant, Event, lambda _, event: replace(event, catch_up=True))


@mutant(source=CARRIED, clause="RA-9.10")
def ledger_is_lost(plant: Plant) -> None:
    """A takeover begins an empty ledger."""
    forgets(plant, Entry, lambda _: True)


@mutant(source=CARRIED, clause="RA-9.10")
def ledger_is_written_over(plant: Plant) -> None:
    """The new primary numbers its lines from one, over those that are there."""
    forgets(plant, Counter, lambda counter: counter.name == "ledger")


@mutant(source=CARRIED, clause="RA-9.10")
def ledger_is_doubled(plant: Plant) -> None:
    """Whoever takes over writes down once more what was decided before."""

    def seen(self: Any, _: Lease) -> None:
        for entry in list(self.records.all(Entry).values()):
            self.records.put(replace(entry, number=self.state.count("ledger")))

    at_takeover(plant, seen)
