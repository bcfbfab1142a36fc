"""What the primary concludes from a worker's inventory: ended, running, missing, or not ours."""

from msgspec.structs import replace

from ..machines import JOB
from ..messages import Ack, Beat, Refuse, Result, Stop
from ..records import Finished, Job, Server
from .placement import Placement
from .reachability import Reachability
from .state import Link
from .stopping import Stopping


class Inventories:
    """Brings the records and each worker's inventory together."""

    def __init__(
        self, placement: Placement, stopping: Stopping, reachability: Reachability
    ) -> None:
        self.placement, self.stopping, self.reachability = placement, stopping, reachability
        self.state, self.finalization = reachability.state, reachability.finalization

    def take_in(self, beat: Beat) -> None:
        """Take in one inventory. One that was overtaken by a later one is ignored."""
        link = self.state.links.get(beat.node)
        if link and link.boot == beat.boot and beat.sent < link.sent:
            return
        if link and (why := self.refusal(beat, link)):
            refusal = Refuse(epoch=self.state.epoch, why=why)
            self.state.send(beat.node, refusal, beat.boot)
            return
        link = self.meet(beat, link)
        done = tuple(result.job for result in beat.results if self.take_result(beat, result))
        for job in self.state.active_on(beat.node):
            self.compare(job, beat)
        link.alive = self.state.now
        self.stop_strays(beat)
        self.state.send(beat.node, Ack(epoch=self.state.epoch, sent=beat.sent, done=done))

    def refusal(self, beat: Beat, link: Link) -> str:
        """Why a worker may not have its name: another has it, and is not proven gone (RA-7.8).

        One that reports lives. One that does not, or is on its way out, may live, unless the
        newcomer has its data folder, or it has no jobs that could be run twice.
        """
        if link.boot == beat.boot or link.state == "lost":
            return ""
        stranger = len({link.home, beat.home} - {""}) > 1
        jobs = stranger and self.state.active_on(beat.node)
        if link.state != "online" and not jobs:
            return ""
        return f"another worker {beat.node!r} may be alive, as boot {link.boot}"

    def meet(self, beat: Beat, link: Link | None) -> Link:
        """Bring the link up to date. A new boot id is a new start of the worker (RA-2.3)."""
        if link is None or link.boot != beat.boot:
            known = Server(name=beat.node, boot=beat.boot, joined_at=self.state.now, home=beat.home)
            self.state.records.put(known)  # so the next primary knows whom to expect
        if link is None:
            link = self.state.links[beat.node] = Link(state="lost")
        self.reachability.returned(beat.node, link, draining=beat.draining)
        # Heard at this server's own time: the worker's clock may be off (RA-2.15).
        link.boot, link.heard, link.sent = beat.boot, self.state.now, beat.sent
        link.outlives, link.home = beat.outlives, beat.home
        return link

    def take_result(self, beat: Beat, result: Result) -> bool:
        """Record a result, also one from an outage (RA-3.6). True: the worker may forget it."""
        job = self.state.records.get(Job, result.job)
        if job is not None and job.node == beat.node:
            self.finalization.conclude(job, result)
        elif done := self.state.records.get(Finished, result.job):
            self.finalization.late(done, result)
        return True

    def compare(self, job: Job, beat: Beat) -> None:
        """Compare one job's record with its worker's inventory, and act at once (RA-2.2)."""
        if job.id in beat.running:
            self.compare_running(job)
        elif self.missing_for_good(job, beat):
            self.finalization.lose(job, self.why_missing(job, beat))
        else:
            self.placement.order_start(job)

    def compare_running(self, job: Job) -> None:
        """The worker runs the job: it is not lost (RA-2.4). Note its start, or repeat its stop."""
        if job.state == "starting":
            running = JOB.fire(job.state, "begin")
            self.state.records.put(replace(job, state=running, started_at=self.state.now))
        elif job.state == "stopping":
            self.stopping.order(job)

    def missing_for_good(self, job: Job, beat: Beat) -> bool:
        """Whether a job that an inventory lacks is gone: after a new boot it always is (RA-2.13).

        With the same boot a Start may be on its way, unless the worker takes none.
        """
        return job.boot != beat.boot or beat.draining or job.state != "starting"

    def why_missing(self, job: Job, beat: Beat) -> str:
        """The cause in the ledger. A primary's worker reports its lost jobs on return (RA-2.5)."""
        if job.boot == beat.boot:
            return "shutdown" if beat.draining else "absent"
        return "crash of the primary" if job.node == self.state.node else "restart"

    def stop_strays(self, beat: Beat) -> None:
        """Stop jobs that run there but were given up, or were never placed there (RA-7.5)."""
        for name in beat.running:
            job = self.state.records.get(Job, name)
            if job is None or job.node != beat.node or job.boot != beat.boot:
                stop = Stop(epoch=self.state.epoch, job=name, reason="stale")
                self.state.send(beat.node, stop)
