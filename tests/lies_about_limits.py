"""Lies about limbo, reruns that wait, bounds, limits and the ledger. See `lies`."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace
from runall_reference import rerun
from runall_reference.machines import ACTIVE
from runall_reference.policies import base
from runall_reference.policies.base import Policy
from runall_reference.primary import Primary
from runall_reference.primary.desk import Desk
from runall_reference.primary.links import Links
from runall_reference.primary.orders import Orders
from runall_reference.primary.placement import Placement
from runall_reference.primary.schedule import Schedule
from runall_reference.records import Event


def plant(where: Any, name: str, lie: Callable[..., Any]) -> None:
    """Put a lie in the place of an honest method."""
    setattr(where, name, lie)


def never(*_: Any) -> bool:
    """Say no."""
    return False


def present(self: Any, *_: Any) -> float:
    """The time that it is."""
    return self.now


def nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


# ------------------------------------------------------------------ limbo
def hides_limbo() -> None:
    """A job of a server that is out of reach is shown as if nothing were in doubt."""
    plant(Desk, "in_limbo", never)


def limbo_is_free() -> None:
    """A job in limbo gives its place to others."""
    honest = Desk.in_limbo

    def lying(self: Any, job: Any) -> bool:
        return job.state in ACTIVE and not honest(self, job)

    plant(Placement, "counts", lying)


def notices_no_silence() -> None:
    """Only a closed link makes a worker suspect."""

    def link_wakes(self: Any) -> Iterator[float]:
        for link in self.links.values():
            if link.state == "suspect":
                yield link.since + self.settings.dead_job_timeout

    plant(Links, "suspect_silent", nothing)
    plant(Primary, "link_wakes", link_wakes)


def loses_aborts_in_limbo() -> None:
    """An abort is passed on to the server, which is out of reach, and then forgotten."""
    honest = Orders.abort_job

    def lying(self: Any, order: Any) -> str:
        root = self.root_of(order.job)
        lost = any(job.root == root and self.in_limbo(job) for job in self.live())
        return root if lost else honest(self, order)

    plant(Orders, "abort_job", lying)


# ------------------------------------------------------------------ reruns that wait
def runs_disabled_events() -> None:
    """What is owed is started, whether its event is enabled or not."""
    honest = Schedule.serve_reopened

    def place_held(self: Any, job: Any) -> None:
        event = self.event(job.event)
        node = self.choose(event.target) if event and self.room(event) else None
        if node is not None:
            self.place(job, node)

    def serve_schedule(self: Any) -> None:
        for event in list(self.books.all(Event).values()):
            if honest(self, event) and event.enabled:
                self.serve_cursor(event)

    plant(Placement, "place_held", place_held)
    plant(Schedule, "serve_schedule", serve_schedule)


def deletes_nothing() -> None:
    """A deletion is answered, and the event goes on."""
    plant(Orders, "delete_event", nothing)


def goes_where_it_was() -> None:
    """The rerun of a manual job goes where the event might run when the job began."""
    rerun.FIELDS["target"] = "keep"

    def lying(self: Any, job: Any) -> None:
        event = self.event(job.event)
        node = self.choose(job.target) if event and event.enabled and self.room(event) else None
        if node is not None:
            self.place(job, node)

    plant(Placement, "place_held", lying)


def one_waits_for_all() -> None:
    """What waits is started in its order, and the first that cannot start stops the rest."""

    def lying(self: Any) -> None:
        for job in self.waiting():
            self.place_held(job)
            if self.books.get(type(job), job.id).state == "waiting":
                return

    plant(Placement, "place_waiting", lying)


def keeps_its_id() -> None:
    """The rerun of a manual job goes by the name of the job that it replaces."""
    honest = rerun.again

    def lying(job: Any, event: Any, **more: Any) -> Any:
        return replace(honest(job, event, **more), id=job.id)

    plant(base, "again", lying)


# ------------------------------------------------------------------ bounds
def without(clause: str) -> Callable[..., Any]:
    """Every reason against a rerun but that of one clause."""
    honest = Policy.refusal

    def lying(*about: Any) -> Any:
        reason = honest(*about)
        return None if reason and reason[0] == clause else reason

    return lying


def never_gives_up() -> None:
    """A job that takes its servers down is run again for ever."""
    plant(Policy, "refusal", without("RA-8.1"))


def nothing_is_too_old() -> None:
    """What was lost is run again, however long ago that was."""
    plant(Placement, "too_old", never)


def outages_take_no_time() -> None:
    """A lost job counts as lost when the primary finds out."""
    plant(Desk, "alive_at", present)


def all_at_once() -> None:
    """The reruns of a lost server start at the same moment."""
    plant(Desk, "stagger", present)


def refuses_in_silence() -> None:
    """A rerun that is refused leaves no trace."""
    honest = Desk.note

    def lying(self: Any, job: Any, what: str, decision: str, *more: str) -> None:
        if decision != "refused":
            honest(self, job, what, decision, *more)

    plant(Desk, "note", lying)


def keeps_no_ledger() -> None:
    """Nothing is written down for the operator."""
    plant(Desk, "note", nothing)


# ------------------------------------------------------------------ limits
def reruns_know_no_limit() -> None:
    """A rerun starts wherever a server is free; only others ask for room."""

    def lying(self: Any, job: Any) -> None:
        event = self.event(job.event)
        node = self.choose(event.target) if event and event.enabled else None
        if node is not None and (job.cause == "interrupted" or self.room(event)):
            self.place(job, node)

    plant(Placement, "place_held", lying)


def last_come_first_served() -> None:
    """The queue is a stack."""
    honest = Placement.waiting

    def lying(self: Any) -> list[Any]:
        waits = honest(self)
        first = [job for job in waits if job.cause != "manual"]
        return first + [job for job in waits if job.cause == "manual"][::-1]

    plant(Placement, "waiting", lying)


def endless_queue() -> None:
    """Whatever is asked for may wait."""
    honest = Orders.queue

    def lying(self: Any, asked: Any, source: str) -> Any:
        return honest(self, replace(asked, queue_max=999), source)

    plant(Orders, "queue", lying)


LIES_ABOUT_LIMITS: dict[Callable[[], None], frozenset[str]] = {
    hides_limbo: frozenset({"RA-10.1"}),
    limbo_is_free: frozenset({"RA-6.2"}),
    notices_no_silence: frozenset({"RA-2.12"}),
    loses_aborts_in_limbo: frozenset({"RA-10.2"}),
    runs_disabled_events: frozenset({"RA-6.4"}),
    deletes_nothing: frozenset({"RA-6.3"}),
    goes_where_it_was: frozenset({"RA-6.5"}),
    one_waits_for_all: frozenset({"RA-4.11"}),
    keeps_its_id: frozenset({"RA-4.8"}),
    never_gives_up: frozenset({"RA-8.1"}),
    nothing_is_too_old: frozenset({"RA-8.2"}),
    outages_take_no_time: frozenset({"RA-8.2"}),
    all_at_once: frozenset({"RA-8.5"}),
    refuses_in_silence: frozenset({"RA-8.3"}),
    keeps_no_ledger: frozenset({"RA-8.4"}),
    reruns_know_no_limit: frozenset({"RA-6.1"}),
    last_come_first_served: frozenset({"RA-6.6"}),
    endless_queue: frozenset({"RA-6.7"}),
}
