"""What follows when an interrupted job is finalized: exactly that work, once, and nothing else.

A primary can be given another policy: `daemon.releases` has those of three real releases.
"""

from ..records import Event, Job, Reopened
from ..rerun import again
from .placement import Placement
from .state import State


class Policy:
    """Reopens the interrupted slot of a scheduled job; makes a waiting rerun of a manual one.

    Both are part of the change that finalizes the job, so there is no moment at which the job
    is over and its recovery not yet decided (RA-3.2). Neither starts anything: what is owed
    starts when it can (RA-4.6).
    """

    name = "reference"

    def __init__(self, state: State, placement: Placement) -> None:
        self.state, self.placement = state, placement

    def interrupted(self, job: Job, cause: str) -> None:
        """Decide what follows, do it, and write why (RA-8.4); no event, no rerun (RA-6.3)."""
        event = self.state.event_of(job)
        if event is None:
            self.state.note(job, cause, "refused", "RA-6.3", "the event was deleted")
        elif refusal := self.refusal(job, event):
            self.state.note(job, cause, "refused", *refusal)
        elif job.slot is not None:
            self.recover_scheduled(job, cause)
        else:
            self.recover_manual(job, event, cause)

    def refusal(self, job: Job, event: Event) -> tuple[str, str] | None:
        """The clause and the reason why the event, as it is now, allows no rerun; None if it does.

        RA-1.3: the flag; RA-8.1: the number of interruptions; RA-8.2: the age of the loss.
        """
        if not event.catch_up:
            return "RA-1.3", "Run All is off"
        if event.max_reruns and job.reruns >= event.max_reruns:
            return "RA-8.1", f"servers took it down {job.reruns + 1} times"
        if self.placement.too_old(event, self.state.alive_at(job.node)):
            return "RA-8.2", f"it was lost more than {event.rerun_age:g} s ago"
        return None

    def recover_scheduled(self, job: Job, cause: str) -> None:
        """A scheduled job runs again (RA-1.2): its slot is reopened, the cursor stays (RA-4.2)."""
        assert job.slot is not None
        lost_at, due = self.state.alive_at(job.node), self.stagger()
        self.state.records.put(
            Reopened(event=job.event, slot=job.slot, job=job, lost_at=lost_at, not_before=due)
        )
        self.state.note(job, cause, "slot reopened", "RA-4.2", f"slot {job.slot}")

    def recover_manual(self, job: Job, event: Event, cause: str) -> None:
        """A manual job runs again (RA-1.1) as itself (RA-4.1), and no cursor moves (RA-4.7)."""
        now, lost_at, due = self.state.now, self.state.alive_at(job.node), self.stagger()
        times = {"created_at": now, "lost_at": lost_at, "not_before": due}
        rerun = again(job, event, cause="interrupted", **times)
        self.state.records.put(rerun)
        self.state.note(job, cause, "rerun", "RA-4.1", f"as {rerun.id}")

    def stagger(self) -> float:
        """When the next rerun may start, in seconds: reruns of one loss are spread (RA-8.5)."""
        self.state.losses += 1
        return self.state.now + (self.state.losses - 1) * self.state.settings.spread
