"""The reference's recovery: exactly the interrupted work, once, and nothing beside it."""

from typing import TYPE_CHECKING

from ...records import Event, Job, Reopened
from ...rerun import again

if TYPE_CHECKING:
    from ..finalization import Finalization


class Policy:
    """Reopens the interrupted slot of a scheduled job; holds the rerun of a manual one.

    Both are part of the change that finalizes the job, so there is no moment at which the job
    is over and its recovery not yet decided (RA-3.2).
    """

    name = "reference"

    def interrupted(self, desk: "Finalization", job: Job, cause: str) -> None:
        """Decide what follows, do it, and write into the ledger why."""
        event = desk.event(job.event)
        if event is None:
            desk.note(job, cause, "refused", "RA-6.3", "the event was deleted")
        elif refusal := self.refusal(desk, job, event):
            desk.note(job, cause, "refused", *refusal)
        elif job.slot is not None:
            self.recover_scheduled(desk, job, cause)
        else:
            self.recover_manual(desk, job, event, cause)

    def refusal(self, desk: "Finalization", job: Job, event: Event) -> tuple[str, str] | None:
        """The clause and the reason why no rerun follows, or None. Judged on the event as it is."""
        if not event.catch_up:
            return "RA-1.3", "Run All is off"
        if event.max_reruns and job.reruns >= event.max_reruns:
            return "RA-8.1", f"servers took it down {job.reruns + 1} times"
        if desk.too_old(event, desk.alive_at(job.node)):
            return "RA-8.2", f"it was lost more than {event.rerun_age:g} s ago"
        return None

    def recover_scheduled(self, desk: "Finalization", job: Job, cause: str) -> None:
        """A scheduled job is recovered by its slot: reopened, and the cursor stays (RA-4.2)."""
        assert job.slot is not None
        lost_at = desk.alive_at(job.node)
        desk.records.put(
            Reopened(
                event=job.event, slot=job.slot, job=job, lost_at=lost_at, not_before=desk.stagger()
            )
        )
        desk.note(job, cause, "slot reopened", "RA-4.2", f"slot {job.slot}")

    def recover_manual(self, desk: "Finalization", job: Job, event: Event, cause: str) -> None:
        """A manual job owns no slot: the rerun itself waits among the live jobs (RA-4.1)."""
        rerun = again(
            job,
            event,
            cause="interrupted",
            created_at=desk.now,
            lost_at=desk.alive_at(job.node),
            not_before=desk.stagger(),
        )
        desk.records.put(rerun)
        desk.note(job, cause, "rerun", "RA-4.1", f"as {rerun.id}")
