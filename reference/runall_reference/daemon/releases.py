"""Three releases of Cronicle as policies of the primary, as its own code and changelog have them.

They break the promise, so they stand outside of the brain; they do no I/O either. All three recover
by rewinding the event's cursor to the minute before the job's `now`, so that the minutes since are
replayed. That brings back a scheduled job, and runs again whatever was
served in between. They differ in what they do about a job that was started by hand.
"""

from runall_reference.brain.primary.policy import Policy
from runall_reference.brain.records import Cursor, Event, Job
from runall_reference.brain.rerun import again


class Cronicle0949(Policy):
    """Up to 0.9.49: only jobs that the clock started are recovered."""

    name = "cronicle-0.9.49"
    rewinds_all = reruns_manual = False

    def interrupted(self, job: Job, cause: str) -> None:
        """Judge the flag, then rewind; a leftover of a crash of the primary is only finalized."""
        event = self.state.event(job.event)
        if event is None or not job.catch_up:
            self.state.note(
                job, cause, "refused", "RA-1.3", "no event, or Run All was off at the start"
            )
            return
        if cause != "crash of the primary" and (self.rewinds_all or not job.source):
            self.rewind(job, cause)
        if self.reruns(job):
            self.run_job_again(job, event, cause)

    def reruns(self, job: Job) -> bool:
        """Whether the job itself is started again: a manual one, known by its source."""
        return self.reruns_manual and bool(job.source)

    def rewind(self, job: Job, cause: str) -> None:
        """Set the cursor to the minute before the job's own: all minutes since come again."""
        slot = (self.state.clock.slot(job.now) if job.slot is None else job.slot) - 1
        self.state.records.put(Cursor(event=job.event, slot=slot))
        self.state.note(job, cause, "cursor rewound", "RA-4.2", f"to {slot}")

    def run_job_again(self, job: Job, event: Event, cause: str) -> None:
        """Start the job again, in one try: with nowhere to run right now, it is dropped.

        A server that is going down keeps it in its queue on disk, and runs it after its return.
        """
        rerun = again(job, event, cause="interrupted", created_at=self.state.now)
        node = self.placement.free_node(event)
        if not self.placement.open_for_work():
            self.state.records.put(rerun)
        elif node is not None:
            self.placement.place(rerun, node)
        else:
            self.state.note(job, cause, "dropped", "RA-4.6", "it could not start at once")
            return
        self.state.note(job, cause, "rerun", "RA-4.1", f"as {rerun.id}")


class Cronicle0950(Cronicle0949):
    """0.9.50: the cursor is rewound for manual jobs too, which own no minute."""

    name = "cronicle-0.9.50"
    rewinds_all = True


class Cronicle0952(Cronicle0950):
    """0.9.52: a flag on the interrupted job, and a function that runs it again.

    Three conditions (the flag, Run All, a source) are looked at when the job is finalized. The
    cursor is still rewound, so the manual job comes back and served slots run twice.
    """

    name = "cronicle-0.9.52"
    reruns_manual = True


POLICIES: dict[str, type[Policy]] = {
    policy.name: policy for policy in (Policy, Cronicle0949, Cronicle0950, Cronicle0952)
}
