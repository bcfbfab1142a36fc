"""What waits to start: reruns, retries and queued runs; and how waiting ends without a start."""

from collections.abc import Iterator

from msgspec.structs import replace

from ..machines import JOB
from ..records import Finished, Job, Reopened
from .placement import Placement
from .state import State


class Waiting:
    """Starts or refuses what waits. It is in the records, so it survives a crash (RA-4.6)."""

    def __init__(self, state: State, placement: Placement) -> None:
        self.state, self.placement = state, placement

    def jobs(self) -> list[Job]:
        """What waits: reruns and retries, then the queue, each in the order it came (RA-6.6)."""
        waits = [job for job in self.state.live() if job.state == "waiting"]
        return sorted(waits, key=lambda job: job.cause == "manual")

    def place_all(self) -> None:
        """Start what waits, in its turn (RA-6.10); one that can't holds up no other (RA-4.11)."""
        for job in self.jobs():
            if job.not_before <= self.state.now:  # a retry after its delay (RA-11.5)
                self.place_held(job)

    def place_held(self, job: Job) -> None:
        """Start one waiting job if its event is enabled (RA-6.4) and a node may take it now."""
        event = self.state.event(job.event)
        if event is not None and event.enabled and (node := self.placement.free_node(event)):
            self.placement.place(job, node)

    def drop_stale(self) -> None:
        """Refuse what has waited for so long that nobody wants it any more (RA-8.2)."""
        for held in (*self.jobs(), *self.state.owed()):
            if self.placement.too_old(self.state.event(held.event), held.lost_at):
                self.refuse(held, "RA-8.2", "it waited too long")

    def refuse(self, held: Job | Reopened, clause: str, reason: str) -> None:
        """Give up a waiting job or an owed slot, with the reason in the ledger (RA-8.3)."""
        if isinstance(held, Job):
            self.state.note(held, "waiting", "refused", clause, reason)
            self.cancel(held)
        else:
            self.state.note(held.job, "owed slot", "refused", clause, reason)
            self.state.records.drop(held)

    def cancel(self, job: Job) -> None:
        state = JOB.fire(job.state, "cancel")
        self.state.records.drop(job)
        done = replace(job, state=state, finalized_at=self.state.now)
        self.state.records.put(Finished(job=done))

    def wakes(self) -> Iterator[float]:
        for held in (*self.jobs(), *self.state.owed()):
            stale = self.placement.too_old_at(self.state.event(held.event), held.lost_at)
            yield from (at for at in (held.not_before, stale) if at > self.state.now)
