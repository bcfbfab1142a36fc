"""References broken in limbo, reruns that wait, bounds, limits and the ledger."""

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace
from runall_harness.mutants.planting import Bug, Plant, never, nothing
from runall_reference.brain import rerun
from runall_reference.brain.primary import policy
from runall_reference.brain.primary.orders import Orders
from runall_reference.brain.primary.policy import Policy
from runall_reference.brain.primary.reachability import Reachability
from runall_reference.brain.primary.state import State
from runall_reference.brain.primary.waiting import Waiting


# ------------------------------------------------------------------ limbo
def hides_limbo(plant: Plant) -> None:
    """A job of a server that is out of reach is shown as if nothing were in doubt."""
    plant(State, "in_limbo", never)


def notices_no_silence(plant: Plant) -> None:
    """Only a closed link makes a worker suspect."""

    def wakes(self: Any) -> Iterator[float]:
        for link in self.state.links.values():
            if link.state == "suspect":
                yield link.since + self.state.settings.dead_job_timeout

    plant(Reachability, "suspect_silent", nothing)
    plant(Reachability, "wakes", wakes)


def loses_aborts_in_limbo(plant: Plant) -> None:
    """An abort is passed on to the server, which is out of reach, and then forgotten."""
    original = Orders.abort_job

    def changed(self: Any, order: Any) -> str:
        root = self.root_of(order.job)
        lost = any(job.root == root and self.state.in_limbo(job) for job in self.state.live())
        return root if lost else original(self, order)

    plant(Orders, "abort_job", changed)


# ------------------------------------------------------------------ reruns that wait
def deletes_nothing(plant: Plant) -> None:
    """A deletion is answered, and the event goes on."""
    plant(Orders, "delete_event", nothing)


def goes_where_it_was(plant: Plant) -> None:
    """The rerun of a manual job goes where the event might run when the job began."""
    plant.entry(rerun.FIELDS, "target", "keep")

    def changed(self: Any, job: Any) -> None:
        event, placement = self.state.event(job.event), self.placement
        may = event and event.enabled and placement.below_limit(event)
        node = placement.choose(job.target) if may else None
        if node is not None:
            placement.place(job, node)

    plant(Waiting, "place_held", changed)


def one_waits_for_all(plant: Plant) -> None:
    """What waits is started in its order, and the first that cannot start stops the rest."""

    def changed(self: Any) -> None:
        for job in self.jobs():
            self.place_held(job)
            if self.state.records.get(type(job), job.id).state == "waiting":
                return

    plant(Waiting, "place_all", changed)


def keeps_its_id(plant: Plant) -> None:
    """The rerun of a manual job goes by the name of the job that it replaces."""
    original = rerun.again

    def changed(job: Any, event: Any, **more: Any) -> Any:
        return replace(original(job, event, **more), id=job.id)

    plant(policy, "again", changed)


# ------------------------------------------------------------------ bounds
def outages_take_no_time(plant: Plant) -> None:
    """A lost job counts as lost when the primary finds out."""

    def alive_at(self: Any, _: str) -> float:
        return self.now

    plant(State, "alive_at", alive_at)


def all_at_once(plant: Plant) -> None:
    """The reruns of a lost server start at the same moment."""

    def stagger(self: Any) -> float:
        return self.state.now

    plant(Policy, "stagger", stagger)


def refuses_in_silence(plant: Plant) -> None:
    """A rerun that is refused leaves no trace."""
    original = State.note

    def changed(self: Any, job: Any, what: str, decision: str, *more: str) -> None:
        if decision != "refused":
            original(self, job, what, decision, *more)

    plant(State, "note", changed)


def keeps_no_ledger(plant: Plant) -> None:
    """Nothing is written down for the operator."""
    plant(State, "note", nothing)


# ------------------------------------------------------------------ limits
def last_come_first_served(plant: Plant) -> None:
    """The queue is a stack."""
    original = Waiting.jobs

    def changed(self: Any) -> list[Any]:
        waits = original(self)
        first = [job for job in waits if job.cause != "manual"]
        return first + [job for job in waits if job.cause == "manual"][::-1]

    plant(Waiting, "jobs", changed)


def endless_queue(plant: Plant) -> None:
    """Whatever is asked for may wait."""
    original = Orders.queue

    def changed(self: Any, asked: Any, source: str) -> Any:
        return original(self, replace(asked, queue_max=999), source)

    plant(Orders, "queue", changed)


BROKEN_LIMITS: dict[Bug, frozenset[str]] = {
    hides_limbo: frozenset({"RA-10.1"}),
    notices_no_silence: frozenset({"RA-2.12"}),
    loses_aborts_in_limbo: frozenset({"RA-10.2"}),
    deletes_nothing: frozenset({"RA-6.3"}),
    goes_where_it_was: frozenset({"RA-6.5"}),
    one_waits_for_all: frozenset({"RA-4.11"}),
    keeps_its_id: frozenset({"RA-4.8"}),
    outages_take_no_time: frozenset({"RA-8.2"}),
    all_at_once: frozenset({"RA-8.5"}),
    refuses_in_silence: frozenset({"RA-8.3"}),
    keeps_no_ledger: frozenset({"RA-8.4"}),
    last_come_first_served: frozenset({"RA-6.6"}),
    endless_queue: frozenset({"RA-6.7"}),
}
