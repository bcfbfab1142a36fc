"""The reference's recovery: exactly the interrupted work, once, and nothing beside it."""

from typing import TYPE_CHECKING

from ..records import Event, Job, Reopened
from ..rerun import again

if TYPE_CHECKING:
    from ..primary.finalization import Finalization


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
            desk.note(job, cause, "refused", "RA-5.3", "the event was deleted")
        elif refusal := self.refusal(job, event):
            desk.note(job, cause, "refused", "RA-1.3", refusal)
        elif job.slot is not None:
            self.recover_scheduled(desk, job, cause)
        else:
            self.recover_manual(desk, job, event, cause)

    def refusal(self, job: Job, event: Event) -> str:  # noqa: ARG002 - bounds will look at it
        """Why this interruption is not followed by a rerun; empty if it is. Judged now."""
        return "" if event.catch_up else "Run All is off"

    def recover_scheduled(self, desk: "Finalization", job: Job, cause: str) -> None:
        """A scheduled job is recovered by its slot: reopened, and the cursor stays (RA-4.2)."""
        assert job.slot is not None
        desk.books.put(Reopened(event=job.event, slot=job.slot, job=job))
        desk.note(job, cause, "slot reopened", "RA-4.2", f"slot {job.slot}")

    def recover_manual(self, desk: "Finalization", job: Job, event: Event, cause: str) -> None:
        """A manual job owns no slot: the rerun itself waits in the books (RA-4.1)."""
        rerun = again(job, event, cause="interrupted", created_at=desk.now)
        desk.books.put(rerun)
        desk.note(job, cause, "rerun", "RA-4.1", f"as {rerun.id}")
