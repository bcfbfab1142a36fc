"""References broken in limbo, reruns that wait, bounds, limits and the ledger."""

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace
from runall_harness.mutants.planting import Lie, Plant, never, nothing
from runall_reference.brain import rerun
from runall_reference.brain.primary import Primary
from runall_reference.brain.primary.api_orders import Orders
from runall_reference.brain.primary.placement import Placement
from runall_reference.brain.primary.policies import reference
from runall_reference.brain.primary.reconcile import Links
from runall_reference.brain.primary.state import Desk


def present(self: Any, *_: Any) -> float:
    """The time that it is."""
    return self.now


# ------------------------------------------------------------------ limbo
def hides_limbo(plant: Plant) -> None:
    """A job of a server that is out of reach is shown as if nothing were in doubt."""
    plant(Desk, "in_limbo", never)


def notices_no_silence(plant: Plant) -> None:
    """Only a closed link makes a worker suspect."""

    def link_wakes(self: Any) -> Iterator[float]:
        for link in self.links.values():
            if link.state == "suspect":
                yield link.since + self.settings.dead_job_timeout

    plant(Links, "suspect_silent", nothing)
    plant(Primary, "link_wakes", link_wakes)


def loses_aborts_in_limbo(plant: Plant) -> None:
    """An abort is passed on to the server, which is out of reach, and then forgotten."""
    original = Orders.abort_job

    def changed(self: Any, order: Any) -> str:
        root = self.root_of(order.job)
        lost = any(job.root == root and self.in_limbo(job) for job in self.live())
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
        event = self.event(job.event)
        node = self.choose(job.target) if event and event.enabled and self.room(event) else None
        if node is not None:
            self.place(job, node)

    plant(Placement, "place_held", changed)


def one_waits_for_all(plant: Plant) -> None:
    """What waits is started in its order, and the first that cannot start stops the rest."""

    def changed(self: Any) -> None:
        for job in self.waiting():
            self.place_held(job)
            if self.records.get(type(job), job.id).state == "waiting":
                return

    plant(Placement, "place_waiting", changed)


def keeps_its_id(plant: Plant) -> None:
    """The rerun of a manual job goes by the name of the job that it replaces."""
    original = rerun.again

    def changed(job: Any, event: Any, **more: Any) -> Any:
        return replace(original(job, event, **more), id=job.id)

    plant(reference, "again", changed)


# ------------------------------------------------------------------ bounds
def outages_take_no_time(plant: Plant) -> None:
    """A lost job counts as lost when the primary finds out."""
    plant(Desk, "alive_at", present)


def all_at_once(plant: Plant) -> None:
    """The reruns of a lost server start at the same moment."""
    plant(Desk, "stagger", present)


def refuses_in_silence(plant: Plant) -> None:
    """A rerun that is refused leaves no trace."""
    original = Desk.note

    def changed(self: Any, job: Any, what: str, decision: str, *more: str) -> None:
        if decision != "refused":
            original(self, job, what, decision, *more)

    plant(Desk, "note", changed)


def keeps_no_ledger(plant: Plant) -> None:
    """Nothing is written down for the operator."""
    plant(Desk, "note", nothing)


# ------------------------------------------------------------------ limits
def last_come_first_served(plant: Plant) -> None:
    """The queue is a stack."""
    original = Placement.waiting

    def changed(self: Any) -> list[Any]:
        waits = original(self)
        first = [job for job in waits if job.cause != "manual"]
        return first + [job for job in waits if job.cause == "manual"][::-1]

    plant(Placement, "waiting", changed)


def endless_queue(plant: Plant) -> None:
    """Whatever is asked for may wait."""
    original = Orders.queue

    def changed(self: Any, asked: Any, source: str) -> Any:
        return original(self, replace(asked, queue_max=999), source)

    plant(Orders, "queue", changed)


BROKEN_LIMITS: dict[Lie, frozenset[str]] = {
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
