"""Where and whether a job may start: the targets, the limits of an event, and the ages."""

from fnmatch import fnmatchcase
from math import inf

from msgspec.structs import replace

from ..machines import ACTIVE, JOB
from ..messages import Start
from ..records import Event, Job
from ..rerun import born
from .state import Link, State


class Placement:
    """Starts jobs. Everything that is started, for whatever cause, goes through `place`."""

    def __init__(self, state: State) -> None:
        self.state = state

    def open_for_work(self) -> bool:
        """Whether this primary places anything: one that is going down does not (RA-4.4)."""
        return self.state.role == "primary"

    def eligible(self, target: str) -> list[str]:
        return sorted(
            name
            for name, link in self.state.links.items()
            if link.state == "online" and not self.unsafe(link) and fnmatchcase(name, target)
        )

    def unsafe(self, link: Link) -> str:
        """Why a worker gets no work: its jobs outlive the timeout (RA-7.7). Empty if it may."""
        patience = self.state.settings.dead_job_timeout
        if link.outlives < patience:
            return ""
        limit = f"the dead-job timeout is {patience:g} s"
        return f"its jobs may outlive it {link.outlives:g} s, {limit}"

    def choose(self, target: str) -> str | None:
        """The eligible node with the least work, or None. Ties go by name."""
        nodes = self.eligible(target)
        return min(nodes, key=lambda node: (len(self.state.active_on(node)), node), default=None)

    def counts(self, job: Job) -> bool:
        """Whether a job counts against its event's limit: also while in limbo (RA-6.2)."""
        return job.state in ACTIVE

    def below_limit(self, event: Event) -> bool:
        """Whether one more job of the event may run beside those that do (RA-6.1)."""
        running = sum(job.event == event.id and self.counts(job) for job in self.state.live())
        return not event.max_children or running < event.max_children

    def free_node(self, event: Event) -> str | None:
        """The node, by the present target (RA-6.5), where one more job can start now, or None."""
        return self.choose(event.target) if self.below_limit(event) else None

    def new_job(self, event: Event, cause: str, source: str, now: float, slot: int | None) -> Job:
        """The first attempt of a lineage, with a new id (RA-12.3); a manual one serves no slot."""
        name = f"j{self.state.count('job')}"
        own = {"id": name, "root": name, "attempt": 1, "created_at": self.state.now}
        return born(event, cause=cause, source=source, now=now, slot=slot, **own)

    def place(self, job: Job, node: str) -> Job:
        """Record that a job starts there, so that the next primary finds it (RA-9.5, RA-12.2)."""
        state = JOB.fire(job.state, "place")
        boot = self.state.links[node].boot
        placed = replace(job, state=state, node=node, boot=boot, placed_at=self.state.now)
        self.state.records.put(placed)
        self.order_start(placed)
        return placed

    def order_start(self, job: Job) -> None:
        """Order a worker to start what was placed on it. Repeated until the worker lists it."""
        link = self.state.links[job.node]
        start = Start(epoch=self.state.epoch, boot=link.boot, sent=link.sent, job=job)
        self.state.send(job.node, start)

    def too_old(self, event: Event | None, lost_at: float) -> bool:
        """Whether what was lost at that time is no longer worth running (RA-8.2)."""
        return self.too_old_at(event, lost_at) <= self.state.now

    def too_old_at(self, event: Event | None, lost_at: float) -> float:
        """When what was lost at that time gets too old, in seconds; infinite: never."""
        if event is None or not event.rerun_age or not lost_at:
            return inf
        return lost_at + event.rerun_age
