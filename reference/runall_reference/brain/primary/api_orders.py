"""What people ask for: events created, edited and deleted, jobs run by hand and aborted.

Each order either happens whole or is refused with a reason before anything is changed.
"""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import msgspec

from ..inputs import AbortJob, CreateEvent, DeleteEvent, Order, Refused, RunEvent, UpdateEvent
from ..records import Abort, Cursor, Event, Finished, Job, Reopened
from ..timing import zone
from .reconcile import Links


def checked(event: Event) -> Event:
    """The event, or `Refused` with the first thing that is wrong with it."""
    try:
        zone(event.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refused("invalid", f"timezone: {event.timezone!r} is not a known time zone") from None
    if not event.id or "/" in event.id:
        raise Refused("invalid", "id: must not be empty nor contain a slash")
    for name in (
        "max_children",
        "retries",
        "retry_delay",
        "timeout",
        "missed_age",
        "rerun_age",
        "max_reruns",
        "queue_max",
    ):
        if getattr(event, name) < 0:
            raise Refused("invalid", f"{name}: must not be negative")
    return event


class Orders(Links):
    """Carries out orders. Raises `Refused` for those that it does not."""

    def obey(self, order: Order) -> Any:
        """Carry out one order and return what the caller is told."""
        verbs: dict[type, Callable[[Any], Any]] = {
            CreateEvent: self.create_event,
            UpdateEvent: self.update_event,
            DeleteEvent: self.delete_event,
            RunEvent: self.run_event,
            AbortJob: self.abort_job,
        }
        return verbs[type(order)](order)

    def known(self, name: str) -> Event:
        """The event of that id, or `Refused`."""
        event = self.event(name)
        if event is None:
            raise Refused("unknown-event", f"there is no event {name!r}")
        return event

    def create_event(self, order: CreateEvent) -> Event:
        """Schedule something from now on: the cursor of a new event is the present minute."""
        event = checked(order.event)
        if self.event(event.id) is not None:
            raise Refused("exists", f"there is an event {event.id!r} already")
        self.records.put(event)
        self.records.put(Cursor(event=event.id, slot=self.clock.slot(self.now)))
        return event

    def update_event(self, order: UpdateEvent) -> Event:
        """Edit an event. Its cursor and its running jobs stay as they are."""
        merged = {**msgspec.to_builtins(self.known(order.event)), **order.fields}
        if merged["id"] != order.event:
            raise Refused("invalid", "id: an event keeps its id")
        try:
            event = checked(msgspec.convert(merged, Event))
        except msgspec.ValidationError as error:
            raise Refused("invalid", str(error)) from None
        self.records.put(event)
        return event

    def delete_event(self, order: DeleteEvent) -> None:
        """Delete an event. Jobs that run go on; what waits or is owed ends, with its reason."""
        event = self.known(order.event)
        self.records.drop(event)
        if cursor := self.records.get(Cursor, event.id):
            self.records.drop(cursor)
        for job in self.live():
            if job.event == event.id and job.state == "waiting":
                self.note(job, "waiting", "refused", "RA-6.3", "the event was deleted")
                self.cancel(job)
        for owed in [s for s in self.records.all(Reopened).values() if s.event == event.id]:
            self.note(owed.job, "owed slot", "refused", "RA-6.3", "the event was deleted")
            self.records.drop(owed)

    def run_event(self, order: RunEvent) -> Job:
        """Start an event by hand, now or not at all: what is accepted is never lost."""
        event = self.known(order.event)
        asked = msgspec.structs.replace(event, params={**event.params, **order.params})
        if not self.open_for_work():
            raise Refused("no-server", "this primary is going down")
        if not self.room(event):
            return self.queue(asked, order.source)
        node = self.choose(event.target)
        if node is None:
            raise Refused("no-server", f"no server that {event.target!r} names takes work now")
        return self.place(self.new_job(asked, "manual", order.source, self.now, None), node)

    def queue(self, asked: Event, source: str) -> Job:
        """Let a manual run wait for its turn, if its event has a queue and the queue has room."""
        queued = sum(job.event == asked.id and job.cause == "manual" for job in self.waiting())
        if queued >= asked.queue_max:
            told = f"{asked.id!r} runs {asked.max_children} jobs, its limit"
            raise Refused("limit", f"{told}, and its queue of {asked.queue_max} is full")
        job = self.new_job(asked, "manual", source, self.now, None)
        self.records.put(job)
        return job

    def abort_job(self, order: AbortJob) -> str:
        """End a lineage for ever: what runs, what waits, and what would have come."""
        root = self.root_of(order.job)
        attempts = [job for job in self.live() if job.root == root]
        owed = [slot for slot in self.records.all(Reopened).values() if slot.job.root == root]
        if not attempts and not owed:
            raise Refused("ended", f"job {order.job!r} has ended, and nothing follows it")
        self.records.put(Abort(root=root, at=self.now, by=order.by))
        for slot in owed:
            self.note(slot.job, "owed slot", "refused", "RA-3.3", f"aborted by {order.by}")
            self.records.drop(slot)
        for job in attempts:
            self.abort_attempt(job, order.by)
        return root

    def abort_attempt(self, job: Job, by: str) -> None:
        """End one attempt: what runs is told to stop, and what waits will not start."""
        if job.state != "waiting":
            return self.request_stop(job, "abort")
        if job.cause == "interrupted":
            self.note(job, "waiting", "refused", "RA-3.3", f"aborted by {by}")
        return self.cancel(job)

    def root_of(self, name: str) -> str:
        """The lineage of a job, live or finished, or `Refused`."""
        if job := self.records.get(Job, name):
            return job.root
        if done := self.records.get(Finished, name):
            return done.job.root
        raise Refused("unknown-job", f"there is no job {name!r}")
