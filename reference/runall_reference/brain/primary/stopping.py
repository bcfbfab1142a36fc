"""Ends that somebody asked for: a user's abort, or a time limit. A job is stopped by its worker."""

from collections.abc import Iterator

from msgspec.structs import replace

from ..machines import JOB
from ..messages import Stop
from ..records import Job
from .state import State


class Stopping:
    """Asks workers to end jobs, and remembers why: a stop is no interruption (RA-2.6)."""

    def __init__(self, state: State) -> None:
        self.state = state

    def request(self, job: Job, reason: str) -> None:
        """Ask for the end of a job that runs; an abort outranks a timeout asked for before."""
        if job.stop_reason != reason:
            job = replace(job, state=JOB.fire(job.state, "stop"), stop_reason=reason)
            self.state.records.put(job)
            self.order(job)

    def order(self, job: Job) -> None:
        """Order the job's worker to end it. Repeated until the worker has."""
        if job.node:
            stop = Stop(epoch=self.state.epoch, job=job.id, reason=job.stop_reason)
            self.state.send(job.node, stop)

    def stop_overdue(self) -> None:
        """Stop what has run for its whole time limit (RA-11.8)."""
        for job in self.state.live():
            if self.is_timed(job) and self.overdue_at(job) <= self.state.now:
                self.request(job, "timeout")

    def is_timed(self, job: Job) -> bool:
        """Whether a job's time limit counts now: not in limbo, where it may be long gone."""
        return job.state == "running" and bool(job.timeout) and not self.state.in_limbo(job)

    def overdue_at(self, job: Job) -> float:
        return job.started_at + job.timeout

    def wakes(self) -> Iterator[float]:
        return (self.overdue_at(job) for job in self.state.live() if self.is_timed(job))
