"""Bugs in what waits to start, and in the places that ended jobs have held."""

from contextlib import suppress
from typing import Any

from msgspec.structs import replace
from runall_reference.brain.inputs import Refused
from runall_reference.brain.jumps import due_slots
from runall_reference.brain.primary import Primary
from runall_reference.brain.primary.finalization import Finalization
from runall_reference.brain.primary.orders import Orders
from runall_reference.brain.primary.placement import Placement
from runall_reference.brain.primary.slots import Slots
from runall_reference.brain.primary.waiting import Waiting
from runall_reference.brain.records import Abort, Cursor, Entry, Finished, Job

from .mutant import FROM_THE_RULE, mutant
from .planting import Plant


def after_lead(plant: Plant, forget: Any) -> None:
    """Let a primary that begins to lead change its records by `forget` once it has them."""
    original = Primary.lead

    @plant.method(Primary)
    def lead(self: Any, boot: str) -> None:
        original(self, boot)
        forget(self)


# ------------------------------------------------------------------ aborts
@mutant(source="Kestra 19683", clause="RA-11.6")
def abort_misses_retry(plant: Plant) -> None:
    """An abort while a retry waits for its delay is answered, and the retry runs all the same."""
    original = Orders.abort_attempt

    @plant.method(Orders)
    def abort_attempt(self: Any, job: Any, by: str) -> None:
        if job.state != "waiting" or job.cause != "retry":
            original(self, job, by)


@mutant(source="Jenkins workflow-job 167", clause="RA-3.8", also=("RA-3.3", "RA-3.7", "RA-10.2"))
def aborts_in_memory(plant: Plant) -> None:
    """The next primary does not know of an abort, and lets what was being stopped go on."""

    def forget(self: Any) -> None:
        for abort in list(self.records.all(Abort).values()):
            self.records.drop(abort)
        for job in self.state.live():
            if job.stop_reason == "abort":
                state = "running" if job.started_at else "starting"
                self.records.put(replace(job, state=state, stop_reason=""))

    after_lead(plant, forget)


@mutant(source=FROM_THE_RULE, clause="RA-3.8", also=("RA-3.3", "RA-10.2", "RA-11.6"))
def aborts_after_the_answer(plant: Plant) -> None:
    """An abort is answered first and carried out with the next input, if there is one."""
    original, handle = Orders.abort_job, Primary.handle
    put_off: dict[int, Any] = {}

    @plant.method(Orders)
    def abort_job(self: Any, order: Any) -> str:
        root = self.root_of(order.job)
        put_off[id(self)] = order
        return str(root)

    def first(self: Any, given: Any, now: float) -> Any:
        if order := put_off.pop(id(self.orders), None):
            self.state.now, self.state.actions = now, []
            with suppress(Refused):
                original(self.orders, order)
        return handle(self, given, now)

    plant(Primary, "handle", first)


# ------------------------------------------------------------------ places
@mutant(source="Prefect 17415", clause="RA-6.8")
def refused_keep_their_places(plant: Plant) -> None:
    """A lost job that is not run again is over, and counts against its event's limit for ever."""
    original = Placement.below_limit

    @plant.method(Placement)
    def below_limit(self: Any, event: Any) -> bool:
        lines = self.state.records.all(Entry).values()
        held = sum(line.event == event.id and line.decision == "refused" for line in lines)
        taken = event.max_children and event.max_children <= held
        return not taken and original(self, event)


# ------------------------------------------------------------------ retries
def retries(self: Any) -> list[Job]:
    return [job for job in self.waiting.jobs() if job.cause == "retry"]


@mutant(source=FROM_THE_RULE, clause="RA-11.5")
def restart_ends_delays(plant: Plant) -> None:
    """When a retry is due is only in memory: the next primary starts it at once."""

    def forget(self: Any) -> None:
        for job in retries(self):
            self.records.put(replace(job, not_before=0.0))

    after_lead(plant, forget)


@mutant(source=FROM_THE_RULE, clause="RA-11.5")
def restart_begins_delays_anew(plant: Plant) -> None:
    """The next primary lets each retry wait for its whole delay once more."""

    def forget(self: Any) -> None:
        for job in retries(self):
            self.records.put(replace(job, not_before=self.state.now + job.retry_delay))

    after_lead(plant, forget)


@mutant(source=FROM_THE_RULE, clause="RA-11.6")
def retries_run_disabled(plant: Plant) -> None:
    """Disabling an event does not hold back a retry that waits."""
    original = Waiting.place_held

    @plant.method(Waiting)
    def place_held(self: Any, job: Any) -> None:
        event = self.state.event(job.event)
        if job.cause == "retry" and event and (node := self.placement.free_node(event)):
            self.placement.place(job, node)
        else:
            original(self, job)


@mutant(source=FROM_THE_RULE, clause="RA-11.6", also=("RA-6.5",))
def retries_keep_their_target(plant: Plant) -> None:
    """A retry goes where its event might run when the job had failed."""
    original = Waiting.place_held

    @plant.method(Waiting)
    def place_held(self: Any, job: Any) -> None:
        event = self.state.event(job.event)
        if job.cause != "retry" or event is None:
            return original(self, job)
        node = self.placement.free_node(replace(event, target=job.target))
        if event.enabled and node:
            self.placement.place(job, node)
        return None


# ------------------------------------------------------------------ the queue
def survives_deletion(plant: Plant, cause: str) -> None:
    """Let a deletion pass over what waits for that cause; it starts if the event is made anew."""
    original = Waiting.refuse

    @plant.method(Waiting)
    def refuse(self: Any, held: Any, clause: str, reason: str) -> None:
        kept = isinstance(held, Job) and held.cause == cause and "deleted" in reason
        if not kept:
            original(self, held, clause, reason)


@mutant(source=FROM_THE_RULE, clause="RA-6.9")
def queue_outlives_its_event(plant: Plant) -> None:
    """A deletion forgets the queue, which goes on when an event is made anew under that id."""
    survives_deletion(plant, "manual")


@mutant(source=FROM_THE_RULE, clause="RA-11.6", also=("RA-6.9",))
def retries_outlive_their_event(plant: Plant) -> None:
    """A deletion forgets a retry, which runs when an event is made anew under that id."""
    survives_deletion(plant, "retry")


@mutant(source=FROM_THE_RULE, clause="RA-6.10")
def queue_takes_edits(plant: Plant) -> None:
    """A run that waited in the queue has the parameters that its event has when it starts."""
    original = Waiting.place_held

    @plant.method(Waiting)
    def place_held(self: Any, job: Any) -> None:
        event = self.state.event(job.event)
        if job.cause == "manual" and event:
            job = replace(job, params={**job.params, **event.params})
        original(self, job)


# ------------------------------------------------------------------ more of places and aborts
def ended_keep_their_places(plant: Plant, *states: str) -> None:
    """Let a job that ended so count against its event's limit for ever."""
    original = Placement.below_limit

    @plant.method(Placement)
    def below_limit(self: Any, event: Any) -> bool:
        jobs = [done.job for done in self.state.records.all(Finished).values()]
        held = sum(job.event == event.id and job.state in states and bool(job.node) for job in jobs)
        return original(self, event) and not 0 < event.max_children <= held


@mutant(source=FROM_THE_RULE, clause="RA-6.8")
def aborted_keep_their_places(plant: Plant) -> None:
    """A job that a user ended is over, and counts against its event's limit for ever."""
    ended_keep_their_places(plant, "aborted")


@mutant(source=FROM_THE_RULE, clause="RA-6.8")
def unsuccessful_keep_their_places(plant: Plant) -> None:
    """Only a success frees a place: what failed or timed out holds its own for ever."""
    ended_keep_their_places(plant, "failed", "timed_out")


@mutant(source=FROM_THE_RULE, clause="RA-6.8")
def schedule_ends_with_a_refusal(plant: Plant) -> None:
    """An event of which a job was given up is served no more."""
    original = Slots.serve_cursor

    @plant.method(Slots)
    def serve_cursor(self: Any, event: Any) -> None:
        lines = self.state.records.all(Entry).values()
        if not any(line.event == event.id and line.decision == "refused" for line in lines):
            original(self, event)


@mutant(source=FROM_THE_RULE, clause="RA-3.8", also=("RA-3.3",))
def aborts_first_attempts(plant: Plant) -> None:
    """An abort is kept for the first attempt, so a rerun that loses its server comes again."""
    original = Finalization.finalize

    @plant.method(Finalization)
    def finalize(self: Any, job: Any, description: str, *facts: str, cause: str) -> None:
        abort = self.state.records.get(Abort, job.root)
        if abort and job.attempt > 1 and job.stop_reason == "abort" and cause != "stopped":
            self.state.records.drop(abort)
            job = replace(job, state="running", stop_reason="")
        original(self, job, description, *facts, cause=cause)


@mutant(source=FROM_THE_RULE, clause="RA-6.6", also=("RA-9.9",))
def queue_sorted_by_name(plant: Plant) -> None:
    """A primary reads its records in the order of their names, so the tenth run comes second."""

    def forget(self: Any) -> None:
        table = self.records.all(Job)
        for key in sorted(table):
            table[key] = table.pop(key)

    after_lead(plant, forget)


@mutant(source=FROM_THE_RULE, clause="RA-6.7")
def queues_are_one(plant: Plant) -> None:
    """What waits of other events, and reruns too, takes up the room of an event's queue."""

    @plant.method(Orders)
    def queue(self: Any, asked: Any, source: str) -> Job:
        if len(self.waiting.jobs()) >= asked.queue_max:
            raise Refused("limit", f"the queue of {asked.queue_max} is full")
        job: Job = self.placement.new_job(asked, "manual", source, self.state.now, None)
        self.records.put(job)
        return job


@mutant(source=FROM_THE_RULE, clause="RA-6.7")
def queue_one_short(plant: Plant) -> None:
    """The last place in the queue is never given."""
    original = Orders.queue

    @plant.method(Orders)
    def queue(self: Any, asked: Any, source: str) -> Job:
        return original(self, replace(asked, queue_max=max(asked.queue_max - 1, 0)), source)


@mutant(source="hermes-agent 106166", clause="RA-5.8", also=("RA-5.4",))
def manual_run_takes_the_next_slot(plant: Plant) -> None:
    """A manual run is stamped with the next minute of its event, which is then skipped."""
    original = Orders.run_event

    @plant.method(Orders)
    def run_event(self: Any, order: Any) -> Job:
        job: Job = original(self, order)
        event = self.known(order.event)
        if event.timing is not None and event.enabled:
            cursor = self.records.get(Cursor, event.id)
            after = max(self.state.clock.slot(self.state.now), cursor.slot if cursor else 0)
            soon = next(due_slots(event.timing, event.timezone, after, after + 24 * 60), None)
            if soon is not None:
                self.records.put(Cursor(event=event.id, slot=soon))
        return job
