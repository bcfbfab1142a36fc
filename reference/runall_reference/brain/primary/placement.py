"""Where and whether a job may start: targets, limits, and the order among those that wait."""

from fnmatch import fnmatchcase
from math import inf

from msgspec.structs import replace

from ..machines import ACTIVE, JOB
from ..messages import Start
from ..records import Abort, Event, Job
from ..rerun import born
from .state import Desk, Link


class Placement(Desk):
    """Starts jobs. Everything that is started, for whatever cause, goes through `place`."""

    def open_for_work(self) -> bool:
        """Whether this primary places anything: one that is going down does not (RA-4.4)."""
        return self.role == "primary"

    def eligible(self, target: str) -> list[str]:
        """The nodes that a target names and that take work now."""
        online = (
            name
            for name, link in self.links.items()
            if link.state == "online" and not self.unsafe(link)
        )
        return sorted(name for name in online if fnmatchcase(name, target))

    def unsafe(self, link: Link) -> str:
        """Why a worker is given no work; empty if it is. Its jobs might outlive theirs (RA-7.7)."""
        patience = self.settings.dead_job_timeout
        if link.outlives < patience:
            return ""
        limit = f"the dead-job timeout is {patience:g} s"
        return f"its jobs may outlive it {link.outlives:g} s, {limit}"

    def choose(self, target: str) -> str | None:
        """The eligible node with the least work, or None. Ties go by name."""
        nodes = self.eligible(target)
        return min(nodes, key=lambda node: (len(self.active_on(node)), node), default=None)

    def counts(self, job: Job) -> bool:
        """Whether a job takes up one of its event's places: also while in limbo (RA-6.2)."""
        return job.state in ACTIVE

    def room(self, event: Event) -> bool:
        """Whether one more job of the event may run beside those that do."""
        running = sum(job.event == event.id and self.counts(job) for job in self.live())
        return not event.max_children or running < event.max_children

    def aborted(self, root: str) -> bool:
        """Whether a user asked for the end of that lineage."""
        return self.records.get(Abort, root) is not None

    def new_job(self, event: Event, cause: str, source: str, now: float, slot: int | None) -> Job:
        """The first attempt of a new lineage."""
        name = f"j{self.count('job')}"
        return born(
            event,
            id=name,
            root=name,
            attempt=1,
            cause=cause,
            source=source,
            now=now,
            slot=slot,
            created_at=self.now,
        )

    def place(self, job: Job, node: str) -> Job:
        """Record that a job starts on a node, and tell the node so after that is committed."""
        link = self.links[node]
        placed = replace(
            job, state=JOB.fire(job.state, "place"), node=node, boot=link.boot, placed_at=self.now
        )
        self.records.put(placed)
        self.order_start(placed)
        return placed

    def order_start(self, job: Job) -> None:
        """Tell a worker to start what was placed on it. Said again until the worker lists it."""
        link = self.links[job.node]
        self.send(job.node, Start(epoch=self.epoch, boot=link.boot, sent=link.sent, job=job))

    def waiting(self) -> list[Job]:
        """What waits, in the order in which it may start: reruns and retries, then the queue."""
        waits = [job for job in self.live() if job.state == "waiting"]
        return sorted(waits, key=lambda job: job.cause == "manual")

    def place_waiting(self) -> None:
        """Start what waits and can start; one that can't does not hold up the next (RA-4.6)."""
        for job in self.waiting():
            if job.not_before <= self.now:
                self.place_held(job)

    def too_old(self, event: Event, lost_at: float) -> bool:
        """Whether what was lost at that time is no longer worth running (RA-8.2)."""
        return self.too_old_at(event, lost_at) <= self.now

    def too_old_at(self, event: Event | None, lost_at: float) -> float:
        """When what was lost at that time gets too old, in seconds; infinite: never."""
        if event is None or not event.rerun_age or not lost_at:
            return inf
        return lost_at + event.rerun_age

    def place_held(self, job: Job) -> None:
        """Start one waiting job if its event is enabled, has room, and a node is there."""
        event = self.event(job.event)
        if event is None or not event.enabled or not self.room(event):
            return
        node = self.choose(event.target)
        if node is not None:
            self.place(job, node)
