"""The end of an attempt, whoever finds it: one move, one ledger line, one consequence.

Only a job in the table of live jobs can be finalized. A result, an inventory that lacks the job,
a timeout and a clean stop all come here, and the second of them finds no live job to move.
"""

from msgspec.structs import replace

from ..machines import JOB
from ..messages import Result
from ..records import Abort, Finished, Job
from ..rerun import again
from .policy import Policy
from .state import State

GONE = "Server {node!r} shut down unexpectedly"
DRAINED = "Server {node!r} was shut down"
FENCED = "Server {node!r} stopped the job: no primary was in reach"
STOPPED_BY_NODE = {"shutdown": DRAINED, "fenced": FENCED}


class Finalization:
    """Finalizes jobs and asks the policy what follows an interruption."""

    def __init__(self, state: State, policy: Policy) -> None:
        self.state, self.policy = state, policy

    def reached(self, result: Result) -> bool:
        """Whether the job ended by itself (RA-2.7), also with success in a clean stop (RA-2.9)."""
        return result.how == "exit" or (result.how in STOPPED_BY_NODE and result.code == 0)

    def conclude(self, job: Job, result: Result) -> None:
        """Finalize a live job by its result; a clean stop of its server interrupts it (RA-2.8)."""
        description = STOPPED_BY_NODE.get(result.how, "").format(node=job.node)
        holds = {"reached": self.reached(result), "good": result.code == 0}
        facts = [name for name, true in holds.items() if true]
        self.finalize(replace(job, code=result.code), description, *facts, cause=result.how)

    def lose(self, job: Job, cause: str) -> None:
        self.finalize(job, GONE.format(node=job.node), cause=cause)

    def finalize(self, job: Job, description: str, *facts: str, cause: str) -> None:
        """Move a job to the finished ones (RA-3.1), with all that follows, in one change (RA-3.2).

        A crash leaves all of it or none, so an interruption has one rerun (RA-1.4, RA-12.1). A job
        that is no longer live holds no place (RA-6.8).
        """
        if self.aborted(job.root):  # also while its server stops cleanly (RA-3.7)
            facts = (*facts, "aborted")
        if job.stop_reason == "timeout":  # also if its server died meanwhile (RA-11.4)
            facts = (*facts, "overdue")
        state = JOB.fire(job.state, "end", *facts)
        done = replace(job, state=state, finalized_at=self.state.now, description=description)
        self.state.records.drop(job)
        self.state.records.put(Finished(job=done))
        self.follow(done, cause)

    def aborted(self, root: str) -> bool:
        """Whether a user asked for the end of that lineage: then nothing follows (RA-3.3)."""
        return self.state.records.get(Abort, root) is not None

    def follow(self, done: Job, cause: str) -> None:
        """Recover an interrupted job, retry a failed one; nothing follows a success (RA-3.4)."""
        if done.state == "interrupted":
            self.policy.interrupted(done, cause)
        elif done.state == "failed" and done.retries > 0:
            self.retry(done)

    def retry(self, done: Job) -> None:
        """Try a failed job again (RA-11.1), as itself (RA-11.7), and on no node (RA-11.2)."""
        event = self.state.event_of(done)
        if event is None or self.aborted(done.root):
            return
        now, due = self.state.now, self.state.now + event.retry_delay
        attempt = again(done, event, cause="retry", created_at=now, not_before=due)
        self.state.records.put(replace(attempt, retries=done.retries - 1))

    def late(self, done: Finished, result: Result) -> None:
        """Record a result for an attempt that was given up: there, and nowhere else (RA-3.5)."""
        if done.job.code is None and done.late_code is None:
            self.state.records.put(replace(done, late_code=result.code))
            detail = f"exit status {result.code}"
            self.state.note(done.job, "late result", "recorded", "RA-3.5", detail)
