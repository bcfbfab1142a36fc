"""Bugs at the edges of a rule: one too many, one too few, and what is counted from where."""

from typing import Any

from msgspec.structs import replace
from runall_reference.brain import rerun
from runall_reference.brain.machines import ACTIVE
from runall_reference.brain.primary import Primary, finalization, policy, slots
from runall_reference.brain.primary.finalization import Finalization
from runall_reference.brain.primary.placement import Placement
from runall_reference.brain.primary.policy import Policy
from runall_reference.brain.primary.state import State
from runall_reference.brain.primary.stopping import Stopping
from runall_reference.brain.primary.waiting import Waiting
from runall_reference.brain.records import Job

from .mutant import FROM_THE_RULE, mutant
from .planting import Plant


def changes_attempts(plant: Plant, change: Any) -> None:
    """Let each new attempt differ: `change` gets the job, the cause and the new attempt."""
    original = rerun.again

    def again(job: Any, event: Any, *, cause: str, **times: float) -> Any:
        return change(job, cause, original(job, event, cause=cause, **times))

    for module in (policy, slots, finalization):
        plant(module, "again", again)


# ------------------------------------------------------------------ counts
@mutant(source=FROM_THE_RULE, clause="RA-8.1")
def retry_forgets_interruptions(plant: Plant) -> None:
    """A retry begins the count of interruptions anew, so a lineage may go on for ever."""

    def change(_: Any, cause: str, attempt: Any) -> Any:
        return replace(attempt, reruns=0) if cause == "retry" else attempt

    changes_attempts(plant, change)


@mutant(source=FROM_THE_RULE, clause="RA-1.1", also=("RA-1.2", "RA-8.1"))
def retry_counts_as_interruption(plant: Plant) -> None:
    """A retry uses up one of the times that a lineage may be run again."""

    def change(job: Any, _: str, attempt: Any) -> Any:
        return replace(attempt, reruns=job.reruns + 1)

    changes_attempts(plant, change)


@mutant(source=FROM_THE_RULE, clause="RA-8.1")
def one_rerun_too_many(plant: Plant) -> None:
    """A lineage is run again once more than its event allows."""
    original = Policy.refusal

    @plant.method(Policy)
    def refusal(self: Any, job: Any, event: Any) -> Any:
        return original(self, replace(job, reruns=max(job.reruns - 1, 0)), event)


@mutant(source=FROM_THE_RULE, clause="RA-11.1")
def one_try_for_all(plant: Plant) -> None:
    """A job that failed is tried again once, also if its event wants no tries."""
    original = Finalization.follow

    @plant.method(Finalization)
    def follow(self: Any, done: Any, cause: str) -> None:
        if done.state == "failed" and done.attempt == 1:
            done = replace(done, retries=max(done.retries, 1))
        original(self, done, cause)


@mutant(source=FROM_THE_RULE, clause="RA-11.1")
def last_try_is_lost(plant: Plant) -> None:
    """Of several tries the last never comes."""
    original = Finalization.follow

    @plant.method(Finalization)
    def follow(self: Any, done: Any, cause: str) -> None:
        if done.cause != "retry" or done.retries != 1:
            original(self, done, cause)


# ------------------------------------------------------------------ ages and limits
@mutant(source=FROM_THE_RULE, clause="RA-8.2")
def age_counts_from_finalization(plant: Plant) -> None:
    """What was lost is as old as its end in the records, however long nobody had heard of it."""

    @plant.method(State)
    def alive_at(self: Any, _: str) -> Any:
        return self.now


@mutant(source=FROM_THE_RULE, clause="RA-1.1", also=("RA-1.2", "RA-8.2", "RA-8.3"))
def old_before_its_time(plant: Plant) -> None:
    """What was lost is given up when half of the time for which it is worth running has passed."""
    original = Placement.too_old_at

    @plant.method(Placement)
    def too_old_at(self: Any, event: Any, lost_at: float) -> float:
        half = event and replace(event, rerun_age=event.rerun_age / 2)
        return original(self, half, lost_at)


@mutant(source=FROM_THE_RULE, clause="RA-4.10", also=("RA-9.10",))
def limits_are_short(plant: Plant) -> None:
    """A job is stopped when most of its time limit has passed."""

    @plant.method(Stopping)
    def overdue_at(_: Any, job: Any) -> Any:
        return job.started_at + 0.7 * job.timeout


@mutant(source="Cronicle issue 369, the second time", clause="RA-2.6")
def rerun_loops_on_its_limit(plant: Plant) -> None:
    """A rerun that is over its time limit counts as interrupted, and begins anew."""
    original = Finalization.finalize

    @plant.method(Finalization)
    def finalize(self: Any, job: Any, description: str, *facts: str, cause: str) -> None:
        if job.stop_reason == "timeout" and job.attempt > 1:
            job = replace(job, stop_reason="", state="running")
        original(self, job, description, *facts, cause=cause)


@mutant(source=FROM_THE_RULE, clause="RA-1.3", also=("RA-1.1", "RA-1.2", "RA-9.10"))
def flag_of_the_start(plant: Plant) -> None:
    """Run All is judged as it was when the job began, whatever its owner wants now."""
    original = Policy.refusal

    @plant.method(Policy)
    def refusal(self: Any, job: Any, event: Any) -> Any:
        return original(self, job, replace(event, catch_up=job.catch_up))


# ------------------------------------------------------------------ places
def does_not_count(plant: Plant, state: str) -> None:
    @plant.method(Placement)
    def counts(_: Any, job: Any) -> bool:
        return job.state in ACTIVE and job.state != state


@mutant(source=FROM_THE_RULE, clause="RA-6.1", also=("RA-8.5",))
def what_starts_takes_no_place(plant: Plant) -> None:
    """A job counts against the limit once its start was reported: several start in one moment."""
    does_not_count(plant, "starting")


@mutant(source=FROM_THE_RULE, clause="RA-6.1", also=("RA-6.10",))
def what_stops_takes_no_place(plant: Plant) -> None:
    """A job that is being stopped gives its place away before it has ended."""
    does_not_count(plant, "stopping")


@mutant(source=FROM_THE_RULE, clause="RA-6.2")
def queue_passes_limbo(plant: Plant) -> None:
    """What waits in the queue takes the place of a job in limbo."""
    original = Waiting.place_held

    @plant.method(Waiting)
    def place_held(self: Any, job: Any) -> None:
        event, state = self.state.event(job.event), self.state
        lost = [one for one in state.live() if one.event == job.event and state.in_limbo(one)]
        if event is None or job.cause != "manual" or not lost:
            return original(self, job)
        roomy = replace(event, max_children=event.max_children + len(lost))
        if event.enabled and (node := self.placement.free_node(roomy)):
            self.placement.place(job, node)
        return None


# ------------------------------------------------------------------ after a restart
@mutant(source=FROM_THE_RULE, clause="RA-10.1")
def limbo_begins_with_a_report(plant: Plant) -> None:
    """After its restart a primary shows the jobs of a server that never came back as running."""

    @plant.method(State)
    def in_limbo(self: Any, job: Any) -> bool:
        link = self.links.get(job.node)
        return job.state in ACTIVE and bool(link and link.sent and link.state == "suspect")


@mutant(source=FROM_THE_RULE, clause="RA-8.5")
def reruns_last_first(plant: Plant) -> None:
    """After a restart of the primary, the reruns that wait start in the opposite order."""
    original = Primary.lead

    @plant.method(Primary)
    def lead(self: Any, boot: str) -> None:
        original(self, boot)
        table = self.records.all(Job)
        for key in reversed(list(table)):
            table[key] = table.pop(key)
