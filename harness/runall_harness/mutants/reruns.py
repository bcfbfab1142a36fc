"""Bugs in the rerun itself, and in the limits and bounds that hold for it (chapters 4, 6 and 8)."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from msgspec.structs import replace
from runall_reference.brain.primary import Primary
from runall_reference.brain.primary.orders import Orders
from runall_reference.brain.primary.placement import Placement
from runall_reference.brain.primary.policy import Policy
from runall_reference.brain.primary.slots import Slots
from runall_reference.brain.primary.state import State
from runall_reference.brain.primary.waiting import Waiting
from runall_reference.brain.records import Cursor, Finished, Reopened

from .mutant import FROM_THE_RULE, mutant
from .planting import Plant
from .recovery import changes_reruns


# ------------------------------------------------------------------------------------ 4 the rerun
@mutant(source="Cronicle 0.9.50 and 0.9.51", clause="RA-4.1", also=("RA-4.3",))
def replays_a_slot_instead(plant: Plant) -> None:
    """For a lost manual job its event is run anew, for a minute of its schedule."""

    @plant.method(Policy)
    def recover_manual(self: Any, job: Any, event: Any, cause: str) -> None:
        slot = self.state.clock.slot(job.now)
        as_slot = replace(job, slot=slot, now=slot * 60.0, source="", params=event.params)
        self.recover_scheduled(as_slot, cause)


@mutant(source="Cronicle, all versions", clause="RA-4.2", also=("RA-5.1",))
def rewinds_for_slots(plant: Plant) -> None:
    """For a lost slot the cursor goes back, and every minute since is served again."""

    @plant.method(Policy)
    def recover_scheduled(self: Any, job: Any, cause: str) -> None:
        self.state.records.put(Cursor(event=job.event, slot=job.slot - 1))
        self.state.note(job, cause, "slot reopened", "RA-4.2", f"slot {job.slot}")


@mutant(source=FROM_THE_RULE, clause="RA-4.5")
def names_no_predecessor(plant: Plant) -> None:
    """A rerun does not say which attempt it replaces."""
    changes_reruns(plant, lambda _, again: replace(again, predecessor=""))


@mutant(source=FROM_THE_RULE, clause="RA-9.9", also=("RA-4.6",))
def what_waits_is_in_memory(plant: Plant) -> None:
    """A rerun that has not started when the primary crashes is gone."""
    original = Primary.lead

    @plant.method(Primary)
    def lead(self: Any, boot: str) -> None:
        original(self, boot)
        for job in self.state.live():
            if job.state == "waiting" and job.cause == "interrupted":
                self.records.drop(job)


@mutant(source=FROM_THE_RULE, clause="RA-4.8")
def starts_in_the_past(plant: Plant) -> None:
    """A rerun has the start time of the attempt that it replaces."""
    original = Placement.place

    @plant.method(Placement)
    def place(self: Any, job: Any, node: str) -> Any:
        placed = original(self, job, node)
        done = self.state.records.get(Finished, job.predecessor)
        if done is not None:
            placed = replace(placed, placed_at=done.job.placed_at)
            self.state.records.put(placed)
        return placed


@mutant(source=FROM_THE_RULE, clause="RA-4.9", also=("RA-11.3",))
def uses_up_a_retry(plant: Plant) -> None:
    """A loss counts as a failure: one try less is left."""
    changes_reruns(plant, lambda _, again: replace(again, retries=max(0, again.retries - 1)))


@mutant(source=FROM_THE_RULE, clause="RA-4.10")
def has_the_rest_of_the_time(plant: Plant) -> None:
    """The time that the lost attempt had is taken off the limit of its rerun."""

    def shortened(job: Any, again: Any) -> Any:
        used = again.lost_at - job.started_at
        return replace(again, timeout=max(0.1, again.timeout - used)) if again.timeout else again

    changes_reruns(plant, shortened)


@mutant(source=FROM_THE_RULE, clause="RA-4.11")
def first_come_first_served(plant: Plant) -> None:
    """What waits is one line: the first that can't start holds up all others."""

    @plant.method(Waiting)
    def place_all(self: Any) -> None:
        for job in self.jobs():
            if job.not_before > self.state.now:
                return
            self.place_held(job)
            if any(job.id == waiting.id for waiting in self.jobs()):
                return


# ------------------------------------------------------------- 6 limits and changes of the event
@mutant(source=FROM_THE_RULE, clause="RA-6.3")
def deleted_without_a_word(plant: Plant) -> None:
    """What was to be run again of a deleted event is gone, and nobody is told."""
    original, delete = Policy.interrupted, Orders.delete_event

    @plant.method(Policy)
    def interrupted(self: Any, job: Any, cause: str) -> None:
        if self.state.event(job.event) is not None:
            original(self, job, cause)

    @plant.method(Orders)
    def delete_event(self: Any, order: Any) -> None:
        for held in (*self.waiting.jobs(), *self.state.owed()):
            if held.event == order.event:
                if isinstance(held, Reopened):
                    self.records.drop(held)
                else:
                    self.waiting.cancel(held)
        delete(self, order)


@mutant(source=FROM_THE_RULE, clause="RA-6.5")
def goes_where_it_was(plant: Plant) -> None:
    """A rerun goes where its event might run when the job began."""
    changes_reruns(plant, lambda job, again: replace(again, target=job.target))
    held, owed = Waiting.place_held, Slots.serve_again

    @plant.method(Waiting)
    def place_held(self: Any, job: Any) -> None:
        with at_its_old_place(self.placement, job.target):
            held(self, job)

    @plant.method(Slots)
    def serve_again(self: Any, event: Any, slot: Any) -> bool:
        with at_its_old_place(self.placement, slot.job.target):
            return owed(self, event, slot)


@contextmanager
def at_its_old_place(placement: Any, target: str) -> Generator[None]:
    """Let a target win over that of the event, for as long as one thing is placed."""
    choose = placement.choose

    def choose_by_old_target(_: str) -> Any:
        return choose(target)

    placement.choose = choose_by_old_target
    try:
        yield
    finally:
        del placement.choose


@mutant(source=FROM_THE_RULE, clause="RA-6.6")
def last_come_first_served(plant: Plant) -> None:
    """Of the runs that wait in a queue, the youngest starts first."""
    original = Waiting.jobs

    @plant.method(Waiting)
    def jobs(self: Any) -> Any:
        waits = original(self)
        queued = [job for job in waits if job.cause == "manual"]
        return [job for job in waits if job.cause != "manual"] + queued[::-1]


@mutant(source=FROM_THE_RULE, clause="RA-6.7")
def queue_without_an_end(plant: Plant) -> None:
    """However many runs wait, one more is accepted."""
    original = Orders.queue

    @plant.method(Orders)
    def queue(self: Any, asked: Any, source: str) -> Any:
        return original(self, replace(asked, queue_max=1_000_000), source)


# --------------------------------------------------------------------------------------- 8 bounds
@mutant(source=FROM_THE_RULE, clause="RA-8.3")
def refuses_in_silence(plant: Plant) -> None:
    """What is not run again is in no ledger."""
    original = State.note

    @plant.method(State)
    def note(self: Any, job: Any, what: str, decision: str, *why: str) -> None:
        if decision != "refused":
            original(self, job, what, decision, *why)


@mutant(source=FROM_THE_RULE, clause="RA-8.5")
def all_at_once(plant: Plant) -> None:
    """Two hundred jobs of a lost server start in one instant."""

    @plant.method(Policy)
    def stagger(self: Any) -> float:
        return self.state.now


@mutant(source=FROM_THE_RULE, clause="RA-8.5")
def youngest_of_a_loss_first(plant: Plant) -> None:
    """The reruns of a lost server come in the opposite order of their jobs."""

    @plant.method(Policy)
    def stagger(self: Any) -> float:
        self.state.losses += 1
        return self.state.now + (1000 - self.state.losses) * self.state.settings.spread / 100
