"""What the primary makes of a worker's inventory, and of its silence.

Reconciliation goes by level. Each beat is compared with the records: what ended is finalized,
what runs is acknowledged, what is missing is started or lost, what is not ours is stopped.
"""

from msgspec.structs import replace

from ..machines import JOB
from ..messages import Ack, Beat, Result, Stop
from ..records import Finished, Job
from .finalization import Finalization
from .state import Link


class Links(Finalization):
    """Follows each worker: online, draining, suspect, lost."""

    def heard(self, beat: Beat) -> None:
        """Take in one inventory. One that was overtaken by a later one is ignored."""
        link = self.links.get(beat.node)
        if link and link.boot == beat.boot and beat.sent < link.sent:
            return
        link = self.meet(beat, link)
        done = tuple(result.job for result in beat.results if self.take_result(beat, result))
        for job in self.active_on(beat.node):
            self.compare(job, beat)
        link.alive = self.now
        self.stop_strays(beat)
        self.send(beat.node, Ack(epoch=self.epoch, sent=beat.sent, done=done))

    def meet(self, beat: Beat, link: Link | None) -> Link:
        """Bring the link up to date, and remember a start of the worker that is new."""
        if link is None or link.boot != beat.boot:
            self.join(beat.node, beat.boot)
        if link is None:
            link = self.links[beat.node] = Link(state="lost")
        self.move_link(link, "last_beats" if beat.draining else "beat")
        self.remember(beat.node, alive_at=0.0)
        link.boot, link.heard, link.sent = beat.boot, self.now, beat.sent
        link.outlives = beat.outlives
        return link

    def take_result(self, beat: Beat, result: Result) -> bool:
        """Commit a result; True lets the worker forget it."""
        job = self.records.get(Job, result.job)
        if job is not None and job.node == beat.node:
            self.conclude(job, result)
        elif done := self.records.get(Finished, result.job):
            self.late(done, result)
        return True

    def compare(self, job: Job, beat: Beat) -> None:
        """Bring one job's record and its worker's inventory together."""
        if job.id in beat.running:
            self.compare_running(job)
        elif self.missing_for_good(job, beat):
            self.lose(job, self.why_missing(job, beat))
        else:
            self.order_start(job)

    def compare_running(self, job: Job) -> None:
        """The worker runs it: begin its time, or repeat the wish that it ends."""
        if job.state == "starting":
            self.records.put(replace(job, state=JOB.fire(job.state, "begin"), started_at=self.now))
        elif job.state == "stopping":
            self.order_stop(job)

    def missing_for_good(self, job: Job, beat: Beat) -> bool:
        """Whether a job that an inventory lacks cannot be running, nor start any more.

        Another boot: all that the earlier start ran is gone (RA-2.3). The same boot: a Start may
        still be on its way, unless the worker takes none any more or the job had begun.
        """
        return job.boot != beat.boot or beat.draining or job.state != "starting"

    def why_missing(self, job: Job, beat: Beat) -> str:
        """The cause in the operator's ledger."""
        if job.boot == beat.boot:
            return "shutdown" if beat.draining else "absent"
        return "crash of the primary" if job.node == self.node else "restart"

    def stop_strays(self, beat: Beat) -> None:
        """Stop what runs there without being ours: it was given up, or never was ours."""
        for name in beat.running:
            job = self.records.get(Job, name)
            if job is None or job.node != beat.node or job.boot != beat.boot:
                self.send(beat.node, Stop(epoch=self.epoch, job=name, reason="stale"))

    def order_stop(self, job: Job) -> None:
        """Tell the job's worker to end it. Said again until the worker has."""
        if job.node:
            self.send(job.node, Stop(epoch=self.epoch, job=job.id, reason=job.stop_reason))

    def request_stop(self, job: Job, reason: str) -> None:
        """Ask for the end of a job that runs; an abort outranks a timeout asked for before."""
        if job.stop_reason != reason:
            job = replace(job, state=JOB.fire(job.state, "stop"), stop_reason=reason)
            self.records.put(job)
            self.order_stop(job)

    # ---------------------------------------------------------------- silence and time
    def unlinked(self, node: str, boot: str) -> None:
        """The link closed: the worker is suspect from this moment."""
        link = self.links.get(node)
        if link and link.boot == boot and link.state in ("online", "draining"):
            self.miss(node, link)

    def suspect_silent(self) -> None:
        """A worker that says nothing is suspect too: a cut network closes no connection."""
        for node, link in self.links.items():
            if link.state in ("online", "draining") and self.silent_at(link) <= self.now:
                self.miss(node, link)

    def miss(self, node: str, link: Link) -> None:
        """A worker is out of reach from now on; when it was last alive outlives this primary."""
        self.move_link(link, "miss")
        self.remember(node, alive_at=link.alive)

    def silent_at(self, link: Link) -> float:
        """When a worker that says nothing more becomes suspect, in seconds."""
        return link.heard + self.settings.silence

    def give_up_lost(self) -> None:
        """Finalize the jobs of workers that were suspect for the whole dead-job timeout."""
        for node, link in self.links.items():
            if link.state == "suspect" and self.given_up_at(link) <= self.now:
                self.move_link(link, "give_up")
                for job in self.active_on(node):
                    self.lose(job, "dead-job timeout")

    def given_up_at(self, link: Link) -> float:
        """When a worker that stays suspect is lost, in seconds."""
        return link.since + self.settings.dead_job_timeout

    def stop_overdue(self) -> None:
        """Stop the jobs that are over their time limit (RA-2.6: that is no interruption)."""
        for job in self.live():
            if self.is_timed(job) and self.overdue_at(job) <= self.now:
                self.request_stop(job, "timeout")

    def is_timed(self, job: Job) -> bool:
        """Whether a job's time limit counts now: not in limbo, where it may be long gone."""
        return job.state == "running" and bool(job.timeout) and not self.in_limbo(job)

    def overdue_at(self, job: Job) -> float:
        """When a running job will have used up its time limit, in seconds."""
        return job.started_at + job.timeout
