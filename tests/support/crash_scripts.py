"""Recoveries in which the primary crashes: the five scenarios as scripts, with a crash in them.

Each recovery is carried out once for each point at which a crash can fall, until a whole
recovery has passed without reaching the point. The crash is armed when the recovery is about to
begin, and the primary is started again whenever it is down.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from runall_harness.contract.cases import Case
from runall_harness.rigs.base import CrashPoint, Rig
from runall_harness.scenario.cluster import PRIMARY, Cluster
from runall_harness.scenario.expectations import Scenario
from runall_harness.systems import find

WORKERS = ("worker-1", "worker-2")


Arm = Callable[[], None]


class Recovery(NamedTuple):
    """A fault after which the primary has something to recover, and where the job runs before.

    The fault also arms the crash, at the moment from which the recovery can begin.
    """

    name: str
    target: str
    fault: Callable[[Scenario, Arm], None]


def dies_and_stays_away(scenario: Scenario, arm: Arm) -> None:
    """Scenario 1: the worker is killed and stays away."""
    arm()
    scenario.kill(scenario.victim)


def dies_and_comes_back(scenario: Scenario, arm: Arm) -> None:
    """Scenario 2: the worker is killed and started again."""
    arm()
    scenario.kill(scenario.victim)
    scenario.nodes.restart(scenario.victim)


def primary_crashes(scenario: Scenario, arm: Arm) -> None:
    """Scenario 3: the primary is killed and started again.

    Armed before the kill, it might crash first, and there would be nothing to kill.
    """
    scenario.kill(PRIMARY)
    arm()
    scenario.nodes.restart(PRIMARY)


def primary_is_restarted(scenario: Scenario, arm: Arm) -> None:
    """Scenario 4: the crash may come while it goes down."""
    arm()
    scenario.cluster.site.stop(PRIMARY, scenario.timings.stop + scenario.timings.slack)


def worker_is_restarted(scenario: Scenario, arm: Arm) -> None:
    """Scenario 5: the worker is stopped cleanly and started again."""
    arm()
    scenario.stop(scenario.victim)
    scenario.nodes.restart(scenario.victim)


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
        scenario = begin(cluster, recovery, trigger)
        crashes = Crashes(scenario, points)
        recovery.fault(scenario, crashes.arm)
        crashes.attend(lambda: rerun_lives(scenario))
        cluster.site.release(scenario.work.tag)
        crashes.attend(lambda: scenario.completed(scenario.work))
        crashes.end()
        return end(scenario, crashes.hits)
    finally:
        cluster.close()


class Crashes:
    """The crashes of one recovery: each is armed when the one before has come."""

    def __init__(self, scenario: Scenario, points: Sequence[CrashPoint]) -> None:
        self.scenario, self.cluster, self.points = scenario, scenario.cluster, list(points)
        self.within = 3 * scenario.deadline
        self.hits = 0
        self.armed = False

    def arm(self) -> None:
        """Ask for the next crash, if there is one."""
        self.armed = bool(self.points)
        if self.armed:
            self.cluster.site.arm(PRIMARY, self.points.pop(0))

    def attend(self, condition: Callable[[], bool]) -> None:
        """Wait for something, and start the primary again whenever it is down."""
        while True:
            seen = self.cluster.site.wait(
                lambda: self.down() or (condition() and "done"), self.within
            )
            assert seen, f"nothing came of it: {self.scenario.shown(self.scenario.work.root)}"
            if seen == "done":
                return
            self.bring_back(0)

    def bring_back(self, within: float) -> None:
        """Start the primary again, and count the crash if it is the one that was asked for."""
        if self.cluster.site.crashed(PRIMARY, within).proven:
            self.hits += 1
            self.arm()
        self.cluster.nodes.restart(PRIMARY)

    def end(self) -> None:
        """Withdraw the crash that did not come.

        A primary goes on committing when all was seen, if only its lease. So the crash may be under
        way by now: then it is waited for, and counted like any other.
        """
        while self.armed and not self.cluster.site.disarm(PRIMARY):
            self.bring_back(self.within)

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


def begin(cluster: Cluster, recovery: Recovery, trigger: str) -> Scenario:
    """A primary, two workers, and a job that runs where the recovery wants it."""
    scenario = Scenario(cluster)
    scenario.workers = WORKERS
    cluster.up(*WORKERS)
    scenario.plan = {"target": recovery.target, "catch_up": True}
    scenario.launch(trigger)
    scenario.expect_within(scenario.loss_timeout)
    return scenario


def rerun_lives(scenario: Scenario) -> bool:
    """Whether a later execution runs, and the system shows it."""
    last = scenario.cluster.tagged(scenario.work.tag)[-1]
    view = scenario.calls.job(last.job)
    again = last.job != scenario.work.first.job and last.how == "running"
    return again and view is not None and view.state == "running"


def end(scenario: Scenario, hits: int) -> Story:
    """See that nothing follows, and have every check judge what happened."""
    cluster, work = scenario.cluster, scenario.work
    cluster.nodes.await_online(PRIMARY)
    scenario.run_canaries()
    cluster.judge()
    executions = [run.how for run in cluster.tagged(work.tag)]
    return Story(hits, executions, [view.state for view in cluster.attempts(work.root)])
