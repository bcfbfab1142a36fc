"""Recoveries in which the primary crashes: the five scenarios as scripts, with a crash in them.

Each recovery is carried out once for each point at which a crash can fall, until a whole
recovery has passed without reaching the point. The crash is armed just before the fault, and the
primary is started again whenever it is down.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from runall_harness.contract.cases import Case
from runall_harness.rigs.base import CrashPoint, Rig
from runall_harness.scenario.cluster import PRIMARY, Cluster
from runall_harness.scenario.steps.scene import Scene
from runall_harness.systems import find

WORKERS = ("worker-1", "worker-2")


class Recovery(NamedTuple):
    """A fault after which the primary has something to recover, and where the job runs before."""

    name: str
    target: str
    fault: Callable[[Scene], None]


def dies_and_stays_away(scene: Scene) -> None:
    """Scenario 1."""
    scene.kill(scene.victim)


def dies_and_comes_back(scene: Scene) -> None:
    """Scenario 2."""
    scene.kill(scene.victim)
    scene.cluster.restart(scene.victim)


def primary_crashes(scene: Scene) -> None:
    """Scenario 3."""
    scene.kill(PRIMARY)
    scene.cluster.restart(PRIMARY)


def primary_is_restarted(scene: Scene) -> None:
    """Scenario 4: the crash may come while it goes down."""
    scene.cluster.site.stop(PRIMARY, scene.timings.stop + scene.timings.slack)


def worker_is_restarted(scene: Scene) -> None:
    """Scenario 5."""
    scene.stop(scene.victim)
    scene.cluster.restart(scene.victim)


RECOVERIES = (
    Recovery("1_remote_worker_dies_and_stays_away", "worker-*", dies_and_stays_away),
    Recovery("2_remote_worker_dies_and_comes_back", "worker-*", dies_and_comes_back),
    Recovery("3_primary_crash", PRIMARY, primary_crashes),
    Recovery("4_primary_restart", PRIMARY, primary_is_restarted),
    Recovery("5_worker_restart", "worker-*", worker_is_restarted),
)


class Story(NamedTuple):
    """What came of one recovery. `hits` is how many of the points were reached, one after another.

    `executions` is how each execution ended, `attempts` how the system says that each ended.
    """

    hits: int
    executions: list[str]
    attempts: list[str]


def recover(rig: Rig, recovery: Recovery, trigger: str, *points: CrashPoint) -> Story:
    """Carry out one recovery with a crash at each of these points; every check has judged it."""
    cluster = Cluster(rig, case_of(recovery, trigger), find("reference", rig=rig.name))
    try:
        scene = begin(cluster, recovery, trigger)
        crashes = Crashes(scene, points)
        recovery.fault(scene)
        crashes.attend(lambda: rerun_lives(scene))
        cluster.site.release(scene.work.tag)
        crashes.attend(lambda: scene.completed(scene.work))
        return end(scene, crashes.hits)
    finally:
        cluster.close()


class Crashes:
    """The crashes of one recovery: each is armed when the one before has come."""

    def __init__(self, scene: Scene, points: Sequence[CrashPoint]) -> None:
        self.scene, self.cluster, self.points = scene, scene.cluster, list(points)
        self.hits = 0
        self.arm()

    def arm(self) -> None:
        """Ask for the next crash, if there is one."""
        if self.points:
            self.cluster.site.arm(PRIMARY, self.points.pop(0))

    def attend(self, condition: Callable[[], bool]) -> None:
        """Wait for something, and start the primary again whenever it is down."""
        within = 3 * self.scene.deadline
        while True:
            seen = self.cluster.wait(lambda: self.down() or (condition() and "done"), within)
            assert seen, f"nothing came of it: {self.scene.why(self.scene.work)}"
            if seen == "done":
                return
            if self.cluster.site.crashed(PRIMARY, 0).proven:
                self.hits += 1
                self.arm()
            self.cluster.restart(PRIMARY)

    def down(self) -> str:
        """Whether the primary has ended, as a word."""
        return "" if self.cluster.site.alive(PRIMARY) else "down"


def case_of(recovery: Recovery, trigger: str) -> Case:
    """A case of that name; it is written in no feature file."""
    return Case(
        id=f"crashes/{recovery.name}/{trigger}",
        feature="crashes",
        scenario=recovery.name,
        trigger=trigger,
        clauses=("RA-12.1",),
        needs=(),
        tags=frozenset(),
        file="",
        line=1,
        scenario_line=1,
    )


def begin(cluster: Cluster, recovery: Recovery, trigger: str) -> Scene:
    """A primary, two workers, and a job that runs where the recovery wants it."""
    scene = Scene(cluster)
    scene.workers = WORKERS
    cluster.up(*WORKERS)
    scene.plan = {"target": recovery.target, "catch_up": True}
    scene.launch(trigger)
    scene.expect("RA-12.1", scene.timings.notice + scene.timings.dead_job_timeout)
    return scene


def rerun_lives(scene: Scene) -> bool:
    """Whether a later execution runs, and the system shows it."""
    last = scene.cluster.tagged(scene.work.tag)[-1]
    view = scene.cluster.job(last.job)
    again = last.job != scene.work.first.job and last.how == "running"
    return again and view is not None and view.state == "running"


def end(scene: Scene, hits: int) -> Story:
    """See that nothing follows, and have every check judge what happened."""
    cluster, work = scene.cluster, scene.work
    cluster.site.disarm(PRIMARY)
    cluster.await_online(PRIMARY)
    scene.canary()
    cluster.judge()
    executions = [run.how for run in cluster.tagged(work.tag)]
    return Story(hits, executions, [view.state for view in cluster.attempts(work.root)])
