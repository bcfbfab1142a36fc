"""Bugs that only a check can judge: what the scheduler says of itself is not what happened."""

from typing import Any

from msgspec.structs import replace
from runall_reference.brain.primary.inventories import Inventories
from runall_reference.brain.primary.placement import Placement
from runall_reference.brain.primary.policy import Policy
from runall_reference.brain.primary.primary import Primary
from runall_reference.brain.primary.slots import Slots
from runall_reference.brain.primary.state import State
from runall_reference.brain.records import Entry, Event, Job

from .mutant import mutant
from .planting import Plant


@mutant(source="by hand: a bound that is one too small", clause="RA-8.3", also=("RA-1.1", "RA-1.2"))
def counts_one_too_many(plant: Plant) -> None:
    """A lineage is given up one interruption too early, and the ledger gives a wrong number."""
    original = Policy.refusal

    @plant.method(Policy)
    def refusal(self: Any, job: Any, event: Any) -> Any:
        return original(self, replace(job, reruns=job.reruns + 1), event)


@mutant(source="by hand: an age in the wrong unit", clause="RA-8.3", also=("RA-1.1", "RA-1.2"))
def ages_twice_as_fast(plant: Plant) -> None:
    """What was lost a moment ago is refused as too old, long before its limit."""
    original = Placement.too_old_at

    @plant.method(Placement)
    def too_old_at(self: Any, event: Any, lost_at: float) -> float:
        return original(self, event and replace(event, rerun_age=event.rerun_age / 4), lost_at)


@mutant(source="by hand: an event read by half", clause="RA-8.3", also=("RA-1.1", "RA-1.2"))
def takes_a_disabled_event_for_a_deleted_one(plant: Plant) -> None:
    """What is interrupted while its event is disabled is refused: the event was deleted."""
    original = Policy.interrupted

    @plant.method(Policy)
    def interrupted(self: Any, job: Any, cause: str) -> None:
        event = self.state.event(job.event)
        if event is not None and not event.enabled:
            return self.state.note(job, cause, "refused", "RA-6.3", "the event was deleted")
        return original(self, job, cause)


@mutant(source="blind spot: results that nobody took in", clause="RA-3.4", also=("RA-2.7",))
def forgets_a_quick_result(plant: Plant) -> None:
    """The result of a job that ended before its start was noted is dropped: it runs again."""
    original = Inventories.take_result

    @plant.method(Inventories)
    def take_result(self: Any, beat: Any, result: Any) -> bool:
        job = self.state.records.get(Job, result.job)
        if job is not None and job.state == "starting" and job.attempt == 1:
            self.finalization.lose(job, "absent")
            return True
        return original(self, beat, result)


@mutant(source="blind spot: a message that is lost", clause="RA-2.10", also=("RA-2.4",))
def a_lost_report_is_a_loss(plant: Plant) -> None:
    """A worker of which one report was missing is back at once, and its jobs are given up."""
    original = Inventories.meet

    @plant.method(Inventories)
    def meet(self: Any, beat: Any, link: Any) -> Any:
        state = self.state
        missing = link and (link.state, link.boot) == ("suspect", beat.boot)
        if missing and state.now - link.since < state.settings.heartbeat:
            for job in state.active_on(beat.node):
                self.finalization.lose(job, "a report is missing")
        return original(self, beat, link)


@mutant(source="the second time of everything", clause="RA-8.4")
def tells_the_first_loss_only(plant: Plant) -> None:
    """The second interruption of a lineage is in no line of the ledger."""
    original = State.note

    @plant.method(State)
    def note(self: Any, job: Any, *about: str) -> None:
        if job.reruns == 0:
            original(self, job, *about)


@mutant(source="a timer that is set once", clause="RA-5.4")
def serves_a_schedule_until_its_first_loss(plant: Plant) -> None:
    """The schedule of an event whose job was lost is dead: no later minute of it is served."""
    original = Slots.serve_cursor

    @plant.method(Slots)
    def serve_cursor(self: Any, event: Any) -> None:
        lost = (entry.event for entry in self.state.records.all(Entry).values())
        if event.id not in lost:
            original(self, event)


@mutant(source="Cronicle, events that are run when they are loaded", clause="RA-5.12")
def forces_every_event(plant: Plant) -> None:
    """A primary that leads again runs every event at once, due or not."""
    original = Primary.lead

    @plant.method(Primary)
    def lead(self: Any, boot: str) -> None:
        before = self.leadership.lease()
        original(self, boot)
        if before is not None:
            self.forced = list(self.records.all(Event).values())

    serve = Primary.start_due

    @plant.method(Primary)
    def start_due(self: Any) -> None:
        serve(self)
        forced, slot = self.__dict__.get("forced", []), self.state.clock.slot(self.state.now)
        self.forced = [event for event in forced if not self.slots.launch(event, slot)]
