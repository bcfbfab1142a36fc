"""Bugs in who is who (servers, runs, attempts of one lineage), and in clean stops."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from runall_reference.brain.inputs import AbortJob, Refused
from runall_reference.brain.primary import Primary
from runall_reference.brain.primary.finalization import Finalization
from runall_reference.brain.primary.inventories import Inventories
from runall_reference.brain.primary.lease import Standby
from runall_reference.brain.primary.orders import Orders
from runall_reference.brain.primary.stopping import Stopping
from runall_reference.brain.records import Counter, Finished, Job
from runall_reference.brain.worker import Worker

from .mutant import FROM_THE_RULE, mutant
from .planting import Plant
from .second_faults import SECOND
from .takeovers import at_takeover


# ------------------------------------------------------------------ names and leases
@mutant(source=FROM_THE_RULE, clause="RA-7.8", also=("RA-7.1",))
def who_goes_down_has_no_name(plant: Plant) -> None:
    """A worker that goes down cleanly has given its name away before its jobs have ended."""
    original = Inventories.refusal

    @plant.method(Inventories)
    def refusal(self: Any, beat: Any, link: Any) -> str:
        return "" if link.state == "draining" else original(self, beat, link)


@mutant(source=FROM_THE_RULE, clause="RA-9.2")
def half_a_lease_is_enough(plant: Plant) -> None:
    """A backup leads when the lease has stood still for half of its life."""
    original = Standby.may_lead

    @plant.method(Standby)
    def may_lead(self: Any, lease: Any, now: float) -> bool:
        return original(self, lease, now) or now - self.since >= self.settings.lease / 2


# ------------------------------------------------------------------ ids
@mutant(source="a counter in memory", clause="RA-12.3")
def ids_begin_anew(plant: Plant) -> None:
    """A primary that starts counts its runs from one."""
    original = Primary.lead

    @plant.method(Primary)
    def lead(self: Any, boot: str) -> None:
        self.records.all(Counter).pop("job", None)
        original(self, boot)


@mutant(source="a counter in memory", clause="RA-12.3")
def a_takeover_counts_what_lives(plant: Plant) -> None:
    """Whoever takes over goes on with the number after that of the jobs that have not ended."""

    def seen(self: Any, _: Any) -> None:
        number = 1 + len(self.records.all(Job))
        self.records.all(Counter)["job"] = Counter(name="job", next=number)

    at_takeover(plant, seen)


@mutant(source="ids that are made of the clock's minute", clause="RA-12.3")
def ids_are_of_the_present(plant: Plant) -> None:
    """The id of a run is the number of the runs that its event has had and still has."""
    original = Orders.run_event

    @plant.method(Orders)
    def run_event(self: Any, order: Any) -> Any:
        number = 1 + sum(job.event == order.event for job in self.state.live())
        self.records.put(Counter(name="job", next=number))
        return original(self, order)


# ------------------------------------------------------------------ attempts of a lineage
@mutant(source=FROM_THE_RULE, clause="RA-3.9")
def only_the_latest_is_aborted(plant: Plant) -> None:
    """An abort by the id of an attempt that is over is refused, though a later one runs."""
    original = Orders.abort_job

    @plant.method(Orders)
    def abort_job(self: Any, order: AbortJob) -> Any:
        if self.records.get(Finished, order.job) is not None:
            raise Refused("ended", f"job {order.job!r} has ended")
        return original(self, order)


@mutant(source=FROM_THE_RULE, clause="RA-3.9")
def an_abort_ends_what_it_names(plant: Plant) -> None:
    """An abort by the id of an attempt that is over is answered, and nothing is stopped."""
    original = Orders.abort_attempt

    @plant.method(Orders)
    def abort_attempt(self: Any, job: Job, by: str) -> None:
        if self.named == job.id:
            original(self, job, by)

    obeyed = Orders.abort_job

    @plant.method(Orders)
    def abort_job(self: Any, order: AbortJob) -> Any:
        self.named = order.job
        return obeyed(self, order)


@mutant(source=FROM_THE_RULE, clause="RA-3.9")
def an_abort_overlooks_owed_slots(plant: Plant) -> None:
    """An abort by the id of an earlier attempt is answered, and the slot stays owed."""
    original = Orders.abort_job

    @plant.method(Orders)
    def abort_job(self: Any, order: AbortJob) -> Any:
        root = self.root_of(order.job)
        ids = [slot.job.id for slot in self.state.owed() if slot.job.root == root]
        return original(self, order) if not ids or order.job in ids else root


# ------------------------------------------------------------------ retries
def changes_retries(plant: Plant, tried: Callable[[Any, Job], Job | None]) -> None:
    """Try a job again as what this makes of the one that failed; not at all if that is None."""
    original = Finalization.retry

    @plant.method(Finalization)
    def retry(self: Any, done: Job) -> None:
        if (again := tried(self, done)) is not None:
            original(self, again)


@mutant(source=SECOND, clause="RA-11.7")
def second_retries_have_no_slot(plant: Plant) -> None:
    """The retry of a retry is a run of no minute."""
    changes_retries(plant, lambda _, job: replace(job, slot=None) if job.cause == "retry" else job)


@mutant(source=FROM_THE_RULE, clause="RA-11.1")
def tries_with_run_all_alone(plant: Plant) -> None:
    """A job is tried again only where a lost one would be run again."""
    changes_retries(plant, lambda _, job: job if job.catch_up else None)


@mutant(source=FROM_THE_RULE, clause="RA-11.1")
def disabled_events_are_not_tried_again(plant: Plant) -> None:
    """A job that fails while its event is disabled is not tried again, then or later."""

    def tried(self: Any, job: Job) -> Job | None:
        event = self.state.event_of(job)
        return job if event is not None and event.enabled else None

    changes_retries(plant, tried)


@mutant(source=FROM_THE_RULE, clause="RA-11.7")
def retries_have_no_slot(plant: Plant) -> None:
    """The retry of a scheduled run is a run of no minute, and is recovered as a manual one."""
    changes_retries(plant, lambda _, job: replace(job, slot=None))


@mutant(source=FROM_THE_RULE, clause="RA-11.7")
def retries_have_no_source(plant: Plant) -> None:
    """The retry of a manual run is the scheduler's own, and nobody asked for it."""
    changes_retries(plant, lambda _, job: replace(job, source=""))


@mutant(source=FROM_THE_RULE, clause="RA-11.7")
def retries_get_the_values_of_the_event(plant: Plant) -> None:
    """A retry has the parameters of its event, not those with which it was run."""

    def tried(self: Any, job: Job) -> Job:
        event = self.state.event_of(job)
        return replace(job, params=event.params) if event else job

    changes_retries(plant, tried)


# ------------------------------------------------------------------ time limits
def times_only(plant: Plant, timed: Callable[[Any, Job], bool]) -> None:
    """Watch the time limit of those jobs alone."""
    original = Stopping.is_timed

    @plant.method(Stopping)
    def is_timed(self: Any, job: Job) -> bool:
        return original(self, job) and timed(self, job)


@mutant(source="a timer that only a takeover sets", clause="RA-11.8")
def limits_begin_with_a_takeover(plant: Plant) -> None:
    """The time limit of a job is watched by the primary that found it running."""
    times_only(plant, lambda self, job: job.placed_at < self.led_at)
    led = Primary.lead

    @plant.method(Primary)
    def lead(self: Any, boot: str) -> None:
        led(self, boot)
        self.stopping.led_at = self.state.now


@mutant(source=FROM_THE_RULE, clause="RA-11.8")
def retries_have_no_limit(plant: Plant) -> None:
    """Only the first attempt of a job has a time limit."""
    times_only(plant, lambda _, job: job.cause != "retry")


@mutant(source=FROM_THE_RULE, clause="RA-11.8")
def limits_with_run_all_alone(plant: Plant) -> None:
    """The time limit of an event counts only with Run All on."""
    times_only(plant, lambda _, job: job.catch_up)


# ------------------------------------------------------------------ clean stops
@mutant(source=FROM_THE_RULE, clause="RA-2.16")
def stays_for_every_job(plant: Plant) -> None:
    """A primary that goes down waits for the jobs of all servers."""
    original = Primary.settle

    @plant.method(Primary)
    def settle(self: Any) -> None:
        def on_any(_: str) -> list[Job]:
            return [job for job in self.state.live() if job.node]

        with Plant() as waiting:
            if self.state.role == "draining":
                waiting(self.state, "active_on", on_any)
            original(self)


@mutant(source=FROM_THE_RULE, clause="RA-2.16")
def stays_until_it_is_heard(plant: Plant) -> None:
    """A worker that goes down waits until a primary has taken in how its jobs ended."""
    original = Worker.halt_when_drained

    @plant.method(Worker)
    def halt_when_drained(self: Any) -> None:
        if not self.results():
            original(self)


@mutant(source=FROM_THE_RULE, clause="RA-2.16")
def a_stubborn_job_keeps_its_server(plant: Plant) -> None:
    """A job that ignores the signal of a clean stop is waited for."""
    original = Worker.kill_stubborn

    @plant.method(Worker)
    def kill_stubborn(self: Any) -> None:
        if not self.draining:
            original(self)
