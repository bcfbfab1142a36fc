"""The end of an attempt, whatever path finds it: one move, one ledger line, one consequence.

Being in the table of live jobs is the compare-and-set. A result, an inventory that lacks the
job, a timeout and a clean stop all come here, and the second of them finds nothing to move.
"""

from msgspec.structs import replace

from ..machines import JOB
from ..messages import Result
from ..records import Finished, Job, Reopened
from ..rerun import again
from .placement import Placement
from .policies import Policy

GONE = "Server {node!r} shut down unexpectedly"
DRAINED = "Server {node!r} was shut down"
FENCED = "Server {node!r} stopped the job: no primary was in reach"
ENDED_WORDS = {"shutdown": DRAINED, "fenced": FENCED}


class Finalization(Placement):
    """Finalizes jobs and asks the policy what follows an interruption."""

    policy: Policy

    def reached(self, result: Result) -> bool:
        """Whether the job came to its own end. Ending well while being told to leave is one too."""
        return result.how == "exit" or (result.how in ENDED_WORDS and result.code == 0)

    def conclude(self, job: Job, result: Result) -> None:
        """Finalize a live job by the result that its worker committed."""
        words = ENDED_WORDS.get(result.how, "").format(node=job.node)
        facts = [
            name
            for name, holds in (("reached", self.reached(result)), ("good", result.code == 0))
            if holds
        ]
        self.finalize(replace(job, code=result.code), words, *facts, cause=result.how)

    def lose(self, job: Job, cause: str) -> None:
        """Finalize a job whose server no longer runs it, or is taken for dead."""
        self.finalize(job, GONE.format(node=job.node), cause=cause)

    def finalize(self, job: Job, words: str, *facts: str, cause: str) -> None:
        """Move a job to the finished ones, with all that follows, in this one change."""
        if self.aborted(job.root):
            facts = (*facts, "aborted")
        if job.stop_reason == "timeout":
            facts = (*facts, "overdue")
        state = JOB.fire(job.state, "end", *facts)
        done = replace(job, state=state, finalized_at=self.now, description=words)
        self.records.drop(job)
        self.records.put(Finished(job=done))
        self.follow(done, cause)

    def follow(self, done: Job, cause: str) -> None:
        """What comes after the end: a recovery, a retry, or nothing."""
        if done.state == "interrupted":
            self.policy.interrupted(self, done, cause)
        elif done.state == "failed" and done.retries > 0:
            self.retry(done)

    def retry(self, done: Job) -> None:
        """A job that failed by itself is tried again after its delay, if it has tries left."""
        event = self.event(done.event)
        if event is None or self.aborted(done.root):
            return
        attempt = again(done, event, cause="retry", created_at=self.now)
        due = self.now + event.retry_delay
        self.records.put(replace(attempt, retries=done.retries - 1, not_before=due))

    def late(self, done: Finished, result: Result) -> None:
        """A result for an attempt that was given up: recorded there, and nowhere else (RA-3.5)."""
        if done.job.code is None and done.late_code is None:
            self.records.put(replace(done, late_code=result.code))
            self.note(done.job, "late result", "recorded", "RA-3.5", f"exit status {result.code}")

    def drop_stale(self) -> None:
        """Refuse what has waited for so long that nobody wants it any more, with the reason."""
        for job in self.waiting():
            event = self.event(job.event)
            if event is not None and self.too_old(event, job.lost_at):
                self.note(job, "waiting", "refused", "RA-8.2", "it waited too long")
                self.cancel(job)
        for owed in list(self.records.all(Reopened).values()):
            event = self.event(owed.event)
            if event is not None and self.too_old(event, owed.lost_at):
                self.note(owed.job, "owed slot", "refused", "RA-8.2", "it waited too long")
                self.records.drop(owed)

    def cancel(self, job: Job) -> None:
        """End a job that has not started: nothing has to be stopped."""
        state = JOB.fire(job.state, "cancel")
        self.records.drop(job)
        self.records.put(Finished(job=replace(job, state=state, finalized_at=self.now)))
