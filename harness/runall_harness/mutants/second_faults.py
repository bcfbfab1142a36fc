"""Bugs that only a second fault shows, a second time of the same fault, or a large number."""

from itertools import islice
from typing import Any

from msgspec.structs import replace
from runall_reference.brain import rerun
from runall_reference.brain.primary import Primary, policy, reachability, slots
from runall_reference.brain.primary.finalization import Finalization
from runall_reference.brain.primary.lease import Standby
from runall_reference.brain.primary.orders import Orders
from runall_reference.brain.primary.policy import Policy
from runall_reference.brain.primary.reachability import Reachability
from runall_reference.brain.primary.slots import Slots
from runall_reference.brain.records import Abort, Job, Lease, Reopened

from .mutant import mutant
from .planting import Plant, nothing
from .takeovers import at_takeover

SECOND = "the second time of everything"
MANY = 100


@mutant(source="Sidekiq 4715", clause="RA-2.1")
def killed_in_its_stop(plant: Plant) -> None:
    """A worker that said that it goes down is waited for no more, also when it is killed then."""
    plant(reachability, "IN_REACH", ("online",))


@mutant(source="a timer for each rerun", clause="RA-1.1", also=("RA-12.1",))
def spread_dies_with_the_primary(plant: Plant) -> None:
    """Of the reruns that are spread, those whose turn has not come die with their primary."""
    original = Primary.lead

    @plant.method(Primary)
    def lead(self: Any, boot: str) -> None:
        jobs = self.records.all(Job)
        later = [job for job in jobs.values() if job.not_before > self.state.now]
        for job in later:
            if job.state == "waiting" and job.cause == "interrupted":
                del jobs[job.id]
        original(self, boot)


@mutant(source=SECOND, clause="RA-4.6", also=("RA-1.1", "RA-1.2"))
def held_for_one_return(plant: Plant) -> None:
    """A rerun that waits is dropped when the server for which it waits is lost again."""
    original = Reachability.give_up_lost

    @plant.method(Reachability)
    def give_up_lost(self: Any) -> None:
        state = self.state
        due = [
            node
            for node, link in state.links.items()
            if link.state == "suspect" and self.given_up_at(link) <= state.now
        ]
        for table in (state.records.all(Job), state.records.all(Reopened)) if due else ():
            for held in list(table.values()):
                event = state.event(held.event)
                if getattr(held, "state", "waiting") == "waiting" and event and event.target in due:
                    state.records.drop(held)
        original(self)


@mutant(source="Kubernetes, CronJob controller before 1.21", clause="RA-5.4")
def a_hundred_at_most(plant: Plant) -> None:
    """An event that has missed more than a hundred minutes is not served any more."""
    original = Slots.owed_slots

    @plant.method(Slots)
    def owed_slots(self: Any, event: Any, present: int) -> Any:
        owed = list(islice(original(self, event, present), MANY + 1))
        return () if len(owed) > MANY else owed


@mutant(source="an answer that comes page by page", clause="RA-9.9", also=("RA-1.1",))
def first_page_of_what_waits(plant: Plant) -> None:
    """Whoever takes over reads the first hundred of what waits."""

    def seen(self: Any, _: Lease) -> None:
        waiting = [job for job in self.state.live() if job.state == "waiting"]
        for job in waiting[MANY:]:
            del self.records.all(Job)[job.id]

    at_takeover(plant, seen)


@mutant(source=SECOND, clause="RA-9.2")
def one_takeover(plant: Plant) -> None:
    """A backup that has seen one takeover waits for ever for the server that leads since."""
    original = Standby.may_lead

    @plant.method(Standby)
    def may_lead(self: Any, lease: Any, now: float) -> bool:
        free = lease is None or lease.holder in ("", self.node) or lease.epoch < 2
        return original(self, lease, now) and free


def changes_second_reruns(plant: Plant, *modules: Any, **fields: str) -> None:
    """Let the rerun of a rerun take those fields from other fields of the job it replaces."""
    original = rerun.again

    def again(job: Any, event: Any, **more: Any) -> Any:
        made = original(job, event, **more)
        taken = {name: getattr(job, other) for name, other in fields.items()}
        return replace(made, **taken) if job.attempt > 1 else made

    for module in modules or (policy, slots):
        plant(module, "again", again)


@mutant(source=SECOND, clause="RA-8.4")
def second_interruption_is_not_told(plant: Plant) -> None:
    """The ledger tells of the first interruption of a lineage and of no later one."""
    original = Policy.interrupted

    @plant.method(Policy)
    def interrupted(self: Any, job: Any, cause: str) -> None:
        with Plant() as quiet:
            if job.attempt > 1:
                quiet(self.state, "note", nothing)
            original(self, job, cause)


@mutant(source=SECOND, clause="RA-4.5")
def all_replace_the_first(plant: Plant) -> None:
    """Every rerun names the first attempt as its predecessor."""
    changes_second_reruns(plant, predecessor="root")


@mutant(source=SECOND, clause="RA-4.5")
def root_moves_on(plant: Plant) -> None:
    """The rerun of a rerun takes that rerun for its root."""
    changes_second_reruns(plant, root="id")


@mutant(source=SECOND, clause="RA-4.3")
def second_rerun_forgets(plant: Plant) -> None:
    """The first rerun has the parameters of the run, the second one those of the event."""
    original = rerun.again

    def again(job: Any, event: Any, **more: Any) -> Any:
        made = original(job, event, **more)
        return replace(made, params=event.params) if job.attempt > 1 else made

    for module in (policy, slots):
        plant(module, "again", again)


@mutant(source=SECOND, clause="RA-3.3")
def only_first_attempts_are_aborted(plant: Plant) -> None:
    """An abort of a rerun that is answered is lost with the server of that rerun."""
    original = Finalization.finalize

    @plant.method(Finalization)
    def finalize(self: Any, job: Any, description: str, *facts: str, cause: str) -> None:
        abort = self.state.records.get(Abort, job.root)
        if job.attempt > 1 and abort is not None:
            self.state.records.drop(abort)
            job = replace(job, state="running", stop_reason="")
        original(self, job, description, *facts, cause=cause)


@mutant(source=SECOND, clause="RA-3.3")
def second_abort_undoes_the_first(plant: Plant) -> None:
    """A job that was asked twice to end is a job that nobody asked."""
    original = Orders.abort_job

    @plant.method(Orders)
    def abort_job(self: Any, order: Any) -> str:
        root = self.root_of(order.job)
        if (known := self.records.get(Abort, root)) is None:
            return original(self, order)
        self.records.drop(known)
        for job in self.state.live():
            if job.root == root:
                self.records.put(replace(job, state="running", stop_reason=""))
        return root
