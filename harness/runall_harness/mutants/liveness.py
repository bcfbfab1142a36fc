"""Bugs in the detection of lost servers and jobs: a dead one counts as alive, or the reverse."""

from typing import Any, cast

from runall_reference.brain import worker
from runall_reference.brain.machines import ACTIVE
from runall_reference.brain.primary.inventories import Inventories
from runall_reference.brain.primary.placement import Placement
from runall_reference.brain.primary.reachability import Reachability
from runall_reference.brain.records import Server
from runall_reference.brain.worker import Worker

from .mutant import mutant
from .planting import Plant, for_ever, nothing


@mutant(source="Cronicle, all versions", clause="RA-6.2")
def limbo_not_counted(plant: Plant) -> None:
    """A job whose server is out of reach gives its place away, and another starts."""

    @plant.method(Placement)
    def counts(self: Any, job: Any) -> bool:
        return job.state in ACTIVE and not self.state.in_limbo(job)


@mutant(source="Cronicle, all versions", clause="RA-7.1", also=("RA-7.3",))
def two_live(plant: Plant) -> None:
    """A worker that reaches nobody keeps its job alive, and nobody stops it when it is back."""
    plant(Worker, "fence", for_ever)
    plant(Inventories, "stop_strays", nothing)


@mutant(source="Cronicle, all versions", clause="RA-2.2")
def return_is_late(plant: Plant) -> None:
    """A worker's return proves that its jobs are gone, and they stay in limbo all the same."""
    original = Inventories.compare

    @plant.method(Inventories)
    def compare(self: Any, job: Any, beat: Any) -> None:
        state = self.state
        server = state.records.get(Server, beat.node)
        waited = state.now - server.joined_at >= state.settings.dead_job_timeout
        if waited or job.boot == beat.boot or job.node == state.node:
            original(self, job, beat)


@mutant(source="Oban; River 682; Hangfire 514; Airflow 16023", clause="RA-2.10", also=("RA-7.1",))
def elapsed_not_liveness(plant: Plant) -> None:
    """Age alone condemns a job: its worker is well, and another attempt starts beside it."""
    original = Reachability.give_up_lost

    @plant.method(Reachability)
    def give_up_lost(self: Any) -> None:
        original(self)
        oldest = self.state.now - self.state.settings.dead_job_timeout
        for job in self.state.live():
            if job.state == "running" and job.started_at < oldest:
                self.finalization.lose(job, "it takes too long")

    plant(Inventories, "stop_strays", nothing)


@mutant(source="seen with containers", clause="RA-2.3")
def same_address_same_worker(plant: Plant) -> None:
    """A quick restart goes unnoticed, and the jobs that it ended are shown as running."""
    original = Inventories.compare

    @plant.method(Inventories)
    def compare(self: Any, job: Any, beat: Any) -> None:
        if job.id in beat.running or beat.draining:
            original(self, job, beat)


@mutant(source="Dkron 1569", clause="RA-2.11")
def reruns_the_living(plant: Plant) -> None:
    """A primary that restarts takes the jobs of every worker for lost."""
    original = Inventories.meet

    @plant.method(Inventories)
    def meet(self: Any, beat: Any, link: Any) -> Any:
        if link is not None and link.state == "suspect":
            for job in self.state.active_on(beat.node):
                self.finalization.lose(job, "restart")
        return original(self, beat, link)


@mutant(source="RQ, which has a worker of its own for Heroku", clause="RA-2.8")
def first_to_obey_fails(plant: Plant) -> None:
    """All of a server gets SIGTERM, its job ends first, and that is taken for a failure."""
    plant(worker, "TERMINATED", ())


@mutant(source="RQ 3.0, a restart of its store", clause="RA-2.11", also=("RA-2.4", "RA-9.4"))
def counts_on_after_return(plant: Plant) -> None:
    """A worker is back in time, and its jobs are given up when the timeout would have passed."""
    expect_known, miss = Reachability.expect_known, Reachability.miss
    give_up_lost, wakes = Reachability.give_up_lost, Reachability.wakes

    def ends(self: Any) -> dict[str, float]:
        """When the jobs of each worker are given up that was missed before; seconds."""
        self.__dict__.setdefault("ends", {})
        return cast(dict[str, float], self.ends)

    def expecting(self: Any, alive_at: float) -> None:
        expect_known(self, alive_at)
        ends(self).update({n: self.given_up_at(link) for n, link in self.state.links.items()})

    def missing(self: Any, node: str, link: Any) -> None:
        miss(self, node, link)
        ends(self)[node] = self.given_up_at(link)

    def giving_up(self: Any) -> None:
        give_up_lost(self)
        for node in [node for node, at in ends(self).items() if at <= self.state.now]:
            missed = ends(self).pop(node) - self.state.settings.dead_job_timeout
            for job in [job for job in self.state.active_on(node) if job.placed_at < missed]:
                self.finalization.lose(job, "dead-job timeout")

    def waking(self: Any) -> list[float]:
        return [*wakes(self), *ends(self).values()]

    plant(Reachability, "expect_known", expecting)
    plant(Reachability, "miss", missing)
    plant(Reachability, "give_up_lost", giving_up)
    plant(Reachability, "wakes", waking)
