"""What users order: events created, edited and deleted, jobs run by hand and aborted.

Each order either happens whole or is refused with a reason before anything is changed (RA-8.7).
"""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import msgspec
from msgspec.structs import replace

from ..inputs import AbortJob, CreateEvent, DeleteEvent, Order, Refused, RunEvent, UpdateEvent
from ..records import Abort, Cursor, Event, Finished, Job, Reopened
from ..timing import zone
from ..values import impossible
from .placement import Placement
from .slots import Slots
from .stopping import Stopping
from .waiting import Waiting


def checked(event: Event, source: str = "") -> Event:
    """The event, or `Refused` with the first thing that is wrong with it."""
    try:
        zone(event.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refused("invalid", f"timezone: {event.timezone!r} is not a known time zone") from None
    if not event.id or "/" in event.id:
        raise Refused("invalid", "id: must not be empty nor contain a slash")
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if isinstance(value, int | float) and value < 0:
            raise Refused("invalid", f"{name}: must not be negative")
    if why := impossible(event, source):
        raise Refused("invalid", why)
    return event


class Orders:
    """Carries out orders. Raises `Refused` for one that can't be carried out."""

    def __init__(
        self, placement: Placement, stopping: Stopping, waiting: Waiting, slots: Slots
    ) -> None:
        self.state, self.records = placement.state, placement.state.records
        self.placement, self.stopping = placement, stopping
        self.waiting, self.slots = waiting, slots

    def obey(self, order: Order) -> Any:
        verbs: dict[type, Callable[[Any], Any]] = {
            CreateEvent: self.create_event,
            UpdateEvent: self.update_event,
            DeleteEvent: self.delete_event,
            RunEvent: self.run_event,
            AbortJob: self.abort_job,
        }
        return verbs[type(order)](order)

    def known(self, name: str) -> Event:
        event = self.state.event(name)
        if event is None:
            raise Refused("unknown-event", f"there is no event {name!r}")
        return event

    def create_event(self, order: CreateEvent) -> Event:
        """Create an event. Its cursor is the present minute, so it is served from now on."""
        event = checked(order.event)
        if self.state.event(event.id) is not None:
            raise Refused("exists", f"there is an event {event.id!r} already")
        self.records.put(event)
        self.records.put(Cursor(event=event.id, slot=self.state.clock.slot(self.state.now)))
        return event

    def update_event(self, order: UpdateEvent) -> Event:
        """Edit an event. Its cursor (RA-5.3) and its running jobs stay as they are."""
        merged = {**msgspec.to_builtins(self.known(order.event)), **order.fields}
        if merged["id"] != order.event:
            raise Refused("invalid", "id: an event keeps its id")
        try:
            event = checked(msgspec.convert(merged, Event))
        except msgspec.ValidationError as error:
            raise Refused("invalid", str(error)) from None
        self.slots.edited(self.known(order.event), event)
        self.records.put(event)
        return event

    def delete_event(self, order: DeleteEvent) -> None:
        """Delete an event: what runs goes on; what waits or is owed is refused (RA-6.3, RA-6.9)."""
        event = self.known(order.event)
        self.records.drop(event)
        self.slots.deleted(event)
        for held in (*self.state.live(), *self.state.owed()):
            if held.event == event.id:
                self.orphan(held)

    def orphan(self, held: Job | Reopened) -> None:
        """Let nothing follow a job of a deleted event, also if the event is made again (RA-6.3)."""
        if isinstance(held, Job) and held.state != "waiting":
            self.records.put(replace(held, orphaned=True))
        else:
            self.waiting.refuse(held, "RA-6.3", "the event was deleted")

    def run_event(self, order: RunEvent) -> Job:
        """Run an event by hand: recorded before the answer (RA-12.2), no cursor moves (RA-5.8)."""
        event = self.known(order.event)
        asked = checked(replace(event, params={**event.params, **order.params}), order.source)
        if not self.placement.open_for_work():
            raise Refused("no-server", "this primary is going down")
        if not self.placement.below_limit(event):
            return self.queue(asked, order.source)
        node = self.placement.choose(event.target)
        if node is None:
            raise Refused("no-server", f"no server that {event.target!r} names takes work now")
        job = self.placement.new_job(asked, "manual", order.source, self.state.now, None)
        return self.placement.place(job, node)

    def queue(self, asked: Event, source: str) -> Job:
        """Let a manual run wait for its turn, unless its event's queue is full (RA-6.7)."""
        jobs = self.waiting.jobs()
        queued = sum(job.event == asked.id and job.cause == "manual" for job in jobs)
        if queued >= asked.queue_max:
            limit = f"{asked.id!r} runs {asked.max_children} jobs, its limit"
            raise Refused("limit", f"{limit}, and its queue of {asked.queue_max} is full")
        job = self.placement.new_job(asked, "manual", source, self.state.now, None)
        self.records.put(job)
        return job

    def abort_job(self, order: AbortJob) -> str:
        """End a lineage for ever (RA-3.3): what runs, also in limbo (RA-10.2), waits or is owed.

        Any attempt names it (RA-3.9). The next primary knows it (RA-3.8), from the records.
        """
        root = self.root_of(order.job)
        attempts = [job for job in self.state.live() if job.root == root]
        owed = [slot for slot in self.state.owed() if slot.job.root == root]
        if not attempts and not owed:
            raise Refused("ended", f"job {order.job!r} has ended, and nothing follows it")
        self.records.put(Abort(root=root, at=self.state.now, by=order.by))
        for slot in owed:
            self.waiting.refuse(slot, "RA-3.3", f"aborted by {order.by}")
        for job in attempts:
            self.abort_attempt(job, order.by)
        return root

    def abort_attempt(self, job: Job, by: str) -> None:
        """Stop an attempt that runs; one that waits, a retry too (RA-11.6), never starts."""
        if job.state != "waiting":
            self.stopping.request(job, "abort")
        elif job.cause == "interrupted":
            self.waiting.refuse(job, "RA-3.3", f"aborted by {by}")
        else:
            self.waiting.cancel(job)

    def root_of(self, name: str) -> str:
        if job := self.records.get(Job, name):
            return job.root
        if done := self.records.get(Finished, name):
            return done.job.root
        raise Refused("unknown-job", f"there is no job {name!r}")
