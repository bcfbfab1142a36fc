"""Bugs in limbo, retries, time limits and crashes of the recovery (chapters 10 to 12)."""

from typing import Any

from msgspec.structs import replace
from runall_reference.brain.inputs import Refused
from runall_reference.brain.primary.finalization import Finalization
from runall_reference.brain.primary.orders import Orders
from runall_reference.brain.primary.placement import Placement
from runall_reference.brain.primary.reachability import Reachability
from runall_reference.brain.primary.state import State
from runall_reference.brain.record_set import Put
from runall_reference.brain.records import Finished, Job

from .mutant import FROM_THE_RULE, mutant
from .planting import Plant, never, nothing
from .recovery import changes_reruns


# -------------------------------------------------------------------------------------- 10 limbo
@mutant(source="Cronicle, all versions", clause="RA-10.1")
def limbo_is_not_shown(plant: Plant) -> None:
    """A job whose server is out of reach is shown as if nothing had happened."""
    plant(State, "in_limbo", never)


@mutant(source=FROM_THE_RULE, clause="RA-10.2")
def limbo_cannot_be_aborted(plant: Plant) -> None:
    """An abort of a job in limbo is refused: its server can't be asked."""
    original = Orders.abort_job

    @plant.method(Orders)
    def abort_job(self: Any, order: Any) -> Any:
        job = self.records.get(Job, order.job)
        if job is not None and self.state.in_limbo(job):
            raise Refused("no-server", "the server of the job is out of reach")
        return original(self, order)


# -------------------------------------------------------------------- 11 retries and time limits
@mutant(source=FROM_THE_RULE, clause="RA-11.1")
def never_tries_again(plant: Plant) -> None:
    """A job that failed stays failed."""
    plant(Finalization, "retry", nothing)


@mutant(source=FROM_THE_RULE, clause="RA-11.2")
def a_retry_waits_on_its_server(plant: Plant) -> None:
    """A retry that waits is lost with the server on which the job had failed."""
    original = Reachability.miss

    @plant.method(Reachability)
    def miss(self: Any, node: str, link: Any) -> None:
        original(self, node, link)
        records = self.state.records
        for job in self.state.live():
            done = records.get(Finished, job.predecessor)
            if job.state == "waiting" and job.cause == "retry" and done and done.job.node == node:
                records.drop(job)
                records.put(
                    Finished(job=replace(job, state="aborted", finalized_at=self.state.now))
                )


@mutant(source=FROM_THE_RULE, clause="RA-11.3", also=("RA-4.9",))
def no_tries_after_a_loss(plant: Plant) -> None:
    """The rerun of a retry has no tries left."""

    def without(job: Any, again: Any) -> Any:
        return replace(again, retries=0) if job.cause == "retry" else again

    changes_reruns(plant, without)


@mutant(source="Cronicle issue 369", clause="RA-11.4", also=("RA-2.6",))
def a_loss_forgets_the_time_limit(plant: Plant) -> None:
    """A job that was being stopped for its time limit when its server died begins anew."""
    original = Finalization.lose

    @plant.method(Finalization)
    def lose(self: Any, job: Any, cause: str) -> None:
        if job.stop_reason == "timeout":
            job = replace(job, stop_reason="", state="running")
        original(self, job, cause)


# ------------------------------------------------------------------ 12 crashes inside the recovery
@mutant(source=FROM_THE_RULE, clause="RA-12.2")
def answers_before_it_writes(plant: Plant) -> None:
    """A run is answered first and recorded when it has begun: a crash between forgets it."""
    original = Placement.place

    @plant.method(Placement)
    def place(self: Any, job: Any, node: str) -> Any:
        placed, records = original(self, job, node), self.state.records
        if job.cause == "manual":
            *before, _ = records.take_change()
            for each in before:
                records.put(each.record) if isinstance(each, Put) else records.drop(each)
        return placed
