"""Bugs in what follows an interruption: no rerun, too many of them, or the wrong one."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from runall_reference.brain import rerun
from runall_reference.brain.primary import Primary, policy, slots
from runall_reference.brain.primary.finalization import Finalization
from runall_reference.brain.primary.inventories import Inventories
from runall_reference.brain.primary.placement import Placement
from runall_reference.brain.primary.policy import Policy
from runall_reference.brain.primary.slots import Slots
from runall_reference.brain.primary.state import State
from runall_reference.brain.primary.waiting import Waiting
from runall_reference.brain.records import Cursor, Entry, Event, Finished, Job, Lease

from .mutant import mutant
from .planting import Plant, never, nothing
from .takeovers import at_takeover

LEFTOVER = "a leftover record"


def rewind(state: State, job: Job) -> None:
    """Set the cursor to the minute before a manual job, so that all minutes since come again."""
    state.records.put(Cursor(event=job.event, slot=state.clock.slot(job.now) - 1))


@mutant(source="Cronicle up to 0.9.49, issue 757", clause="RA-1.1")
def schedule_only(plant: Plant) -> None:
    """Only slots come back: a job that a person started is ended, and nothing follows."""
    plant(Policy, "recover_manual", nothing)


@mutant(source="Cronicle 0.9.50 and 0.9.51", clause="RA-4.7", also=("RA-5.1",))
def rewinds_for_manual(plant: Plant) -> None:
    """For a lost manual job the schedule is replayed: served slots run again, the job does not."""

    @plant.method(Policy)
    def recover_manual(self: Any, job: Any, *_: Any) -> None:
        rewind(self.state, job)


@mutant(source="Cronicle 0.9.52 and later", clause="RA-4.7", also=("RA-5.1",))
def reruns_and_rewinds(plant: Plant) -> None:
    """The manual job comes back, and with it every minute that was served since it began."""
    original = Policy.recover_manual

    @plant.method(Policy)
    def recover_manual(self: Any, job: Any, event: Any, cause: str) -> None:
        rewind(self.state, job)
        original(self, job, event, cause)


@mutant(source="Cronicle 0.9.52 and later", clause="RA-4.6")
def one_try(plant: Plant) -> None:
    """A rerun has one chance: if no server can take it at that instant, it is gone."""
    original = Policy.recover_manual

    @plant.method(Policy)
    def recover_manual(self: Any, job: Any, event: Any, cause: str) -> None:
        if not self.placement.open_for_work() or self.placement.choose(event.target):
            original(self, job, event, cause)


@mutant(source="Cronicle, after a clean stop and a failover", clause="RA-1.1", also=("RA-4.6",))
def replay_eats_rerun(plant: Plant) -> None:
    """Slots are served before reruns, and a rerun that then finds no room is turned away."""
    original, start_in_order = Waiting.place_held, Primary.start_due

    @plant.method(Primary)
    def start_due(self: Any) -> None:
        self.slots.serve_all()
        start_in_order(self)

    @plant.method(Waiting)
    def place_held(self: Any, job: Any) -> None:
        event = self.state.event(job.event)
        if job.cause == "interrupted" and event and not self.placement.below_limit(event):
            return self.cancel(job)
        return original(self, job)


@mutant(source="Cronicle, all versions", clause="RA-1.2")
def crash_forgets_slot(plant: Plant) -> None:
    """When the primary has crashed, its manual jobs come back and its slots do not."""
    original = Policy.recover_scheduled

    @plant.method(Policy)
    def recover_scheduled(self: Any, job: Any, cause: str) -> None:
        if cause != "crash of the primary":
            original(self, job, cause)


def stopped_jobs_count_as_running(plant: Plant, reason: str) -> None:
    """Finalize a job that was stopped for that reason as if nobody had asked for its end."""
    original = Finalization.finalize

    @plant.method(Finalization)
    def finalize(self: Any, job: Any, description: str, *facts: str, cause: str) -> None:
        if job.stop_reason == reason:
            job = replace(job, stop_reason="", state="running")
        original(self, job, description, *facts, cause=cause)


@mutant(source="Cronicle issue 369", clause="RA-2.6")
def timeout_loops(plant: Plant) -> None:
    """Stopping a job for its time limit looks like losing it, so it begins anew each time."""
    stopped_jobs_count_as_running(plant, "timeout")


@mutant(source="Cronicle, by reading its code", clause="RA-3.1")
def finalizes_twice(plant: Plant) -> None:
    """An attempt that was given up ends once more when its server returns: a second rerun."""
    original = Inventories.meet

    @plant.method(Inventories)
    def meet(self: Any, beat: Any, link: Any) -> Any:
        returned = link is None or link.boot != beat.boot
        met, records = original(self, beat, link), self.state.records
        given_up = {e.job for e in records.all(Entry).values() if e.what == "dead-job timeout"}
        for done in [f.job for f in records.all(Finished).values() if f.key in given_up]:
            left = done.node == beat.node and done.boot != beat.boot
            if returned and left and done.description != LEFTOVER:
                again = replace(done, finalized_at=self.state.now, description=LEFTOVER)
                records.put(Finished(job=again))
                # A number of its own: two attempts of one number would be one record.
                again = replace(again, attempt=last_number(self.state, done.root))
                self.finalization.follow(again, "leftover")
        return met


def last_number(state: State, root: str) -> int:
    jobs = [*state.live(), *(f.job for f in state.records.all(Finished).values())]
    return max(job.attempt for job in jobs if job.root == root)


def changes_reruns(plant: Plant, change: Callable[[Any, Any], Any]) -> None:
    """Let every rerun of an interrupted job differ: `change` gets the job and its rerun."""
    original = rerun.again

    def again(job: Any, event: Any, **more: Any) -> Any:
        return change(job, original(job, event, **more))

    for module in (policy, slots):
        plant(module, "again", again)


@mutant(source="xyOps, its retry", clause="RA-4.3")
def drops_now(plant: Plant) -> None:
    """The rerun stands for the moment at which it was made, whatever the job stood for."""
    changes_reruns(plant, lambda _, again: replace(again, now=again.created_at))


@mutant(source="the field table of a rerun", clause="RA-4.3")
def drops_overrides(plant: Plant) -> None:
    """Parameters that were given with the run are gone: the rerun has those of the event."""
    plant.entry(rerun.FIELDS, "params", "refresh")


@mutant(source="xyOps; River 1302", clause="RA-3.5", also=("RA-3.1",))
def late_result_wins(plant: Plant) -> None:
    """An attempt that was given up becomes a success when its result arrives after all."""

    @plant.method(Finalization)
    def late(self: Any, done: Any, result: Any) -> None:
        if done.job.code is None:
            state = "failed" if result.code else "succeeded"
            job = replace(done.job, state=state, code=result.code, finalized_at=self.state.now)
            self.state.records.put(Finished(job=job))


@mutant(source="OpenClaw 46287", clause="RA-8.1")
def restart_loop(plant: Plant) -> None:
    """Nobody counts how often a job has taken its server down."""
    original = Policy.refusal

    @plant.method(Policy)
    def refusal(*about: Any) -> Any:
        reason = original(*about)
        return None if reason and reason[0] == "RA-8.1" else reason


@mutant(source="hermes-agent 111212; Cronicle", clause="RA-8.2")
def days_late(plant: Plant) -> None:
    """However long ago a job was lost, the return of its server brings it back."""
    plant(Placement, "too_old", never)


@mutant(source="Cronicle 0.9.52 and later", clause="RA-6.4")
def runs_disabled(plant: Plant) -> None:
    """Disabling an event does not hold back what is still to be run again."""
    original = Slots.serve_reopened

    @plant.method(Waiting)
    def place_held(self: Any, job: Any) -> None:
        event = self.state.event(job.event)
        node = self.placement.free_node(event) if event else None
        if node is not None:
            self.placement.place(job, node)

    @plant.method(Slots)
    def serve_all(self: Any) -> None:
        for event in list(self.state.records.all(Event).values()):
            if original(self, event) and event.enabled:
                self.serve_cursor(event)


@mutant(source="Quartz 1097", clause="RA-6.1")
def beside_the_normal_run(plant: Plant) -> None:
    """A rerun asks for no room, and starts beyond the limit of its event."""
    original = Slots.serve_again

    @plant.method(Waiting)
    def place_held(self: Any, job: Any) -> None:
        event, placement = self.state.event(job.event), self.placement
        node = placement.choose(event.target) if event and event.enabled else None
        if node is not None and (job.cause == "interrupted" or placement.below_limit(event)):
            placement.place(job, node)

    @plant.method(Slots)
    def serve_again(self: Any, event: Any, owed: Any) -> bool:
        return original(self, replace(event, max_children=0), owed)


@mutant(source="Rundeck 8786", clause="RA-4.4")
def dying_node(plant: Plant) -> None:
    """A primary in its clean stop goes on launching, reruns on itself among them."""

    @plant.method(Placement)
    def open_for_work(self: Any) -> bool:
        return self.state.role in ("primary", "draining")


@mutant(source="Cronicle, all versions", clause="RA-9.5")
def no_trace(plant: Plant) -> None:
    """A primary that takes over does not know of the jobs that the dead one ran itself."""

    def forget(self: Any, old: Lease) -> None:
        for job in self.state.active_on(old.holder):
            # From what this primary sees, not from the store: whoever returns finds them.
            self.records.all(Job).pop(job.id)

    at_takeover(plant, forget, late=True)
