"""Bugs in telling who is alive: the dead are taken for living, or the living for dead."""

from typing import Any

from runall_reference.brain import worker
from runall_reference.brain.machines import ACTIVE
from runall_reference.brain.primary import Primary
from runall_reference.brain.primary.placement import Placement
from runall_reference.brain.primary.reconcile import Links
from runall_reference.brain.primary.state import Desk
from runall_reference.brain.records import Server
from runall_reference.brain.worker import Worker

from .mutant import mutant
from .planting import Plant, for_ever, nothing


@mutant(source="Cronicle, all versions", clause="RA-6.2")
def limbo_not_counted(plant: Plant) -> None:
    """A job whose server is out of reach gives its place away, and another starts."""
    limbo = Desk.in_limbo

    def counts(self: Any, job: Any) -> bool:
        return job.state in ACTIVE and not limbo(self, job)

    plant(Placement, "counts", counts)


@mutant(source="Cronicle, all versions", clause="RA-7.1", also=("RA-7.3",))
def two_live(plant: Plant) -> None:
    """A worker that reaches nobody keeps its job alive, and nobody stops it when it is back."""
    plant(Worker, "fence", for_ever)
    plant(Links, "stop_strays", nothing)


@mutant(source="Cronicle, all versions", clause="RA-2.2")
def return_is_late(plant: Plant) -> None:
    """A worker's return proves that its jobs are gone, and they stay in limbo all the same."""
    honest = Links.compare

    def compare(self: Any, job: Any, beat: Any) -> None:
        if job.boot == beat.boot or job.node == self.node:
            return honest(self, job, beat)
        server = self.records.get(Server, beat.node)
        if self.now - server.joined_at >= self.settings.dead_job_timeout:
            honest(self, job, beat)
        return None

    plant(Links, "compare", compare)


@mutant(source="Oban; River 682; Hangfire 514; Airflow 16023", clause="RA-2.10", also=("RA-7.1",))
def elapsed_not_liveness(plant: Plant) -> None:
    """Age alone condemns a job: its worker is well, and another attempt starts beside it."""
    honest = Primary.give_up_lost

    def give_up_lost(self: Any) -> None:
        honest(self)
        for job in self.live():
            if (
                job.state == "running"
                and self.now - job.started_at > self.settings.dead_job_timeout
            ):
                self.lose(job, "it takes too long")

    plant(Primary, "give_up_lost", give_up_lost)
    plant(Links, "stop_strays", nothing)


@mutant(source="seen with containers", clause="RA-2.3")
def same_address_same_worker(plant: Plant) -> None:
    """A quick restart goes unnoticed, and the jobs that it ended are shown as running."""
    honest = Links.compare

    def compare(self: Any, job: Any, beat: Any) -> None:
        if job.id in beat.running or beat.draining:
            honest(self, job, beat)

    plant(Links, "compare", compare)


@mutant(source="Dkron 1569", clause="RA-2.11")
def reruns_the_living(plant: Plant) -> None:
    """A primary that restarts takes the jobs of every worker for lost."""
    honest = Links.meet

    def meet(self: Any, beat: Any, link: Any) -> Any:
        if link is not None and link.state == "suspect":
            for job in self.active_on(beat.node):
                self.lose(job, "restart")
        return honest(self, beat, link)

    plant(Links, "meet", meet)


@mutant(source="RQ, which has a worker of its own for Heroku", clause="RA-2.8")
def first_to_obey_fails(plant: Plant) -> None:
    """All of a server is told to stop, its job obeys first, and that is taken for a failure."""
    plant(worker, "TERMED", ())
