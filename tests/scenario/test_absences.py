"""A primary that was away for too long on a slow machine accuses nobody.

A worker lets its jobs go on without a primary for a time, and then it must stop them. So a case
in which the primary came back later says nothing of what a short absence does.
"""

import math
from collections.abc import Iterator
from contextlib import closing

import msgspec
import pytest
from runall_harness.checks.records import BEAT
from runall_harness.contract.cases import Case
from runall_harness.contract.verdicts import Inconclusive
from runall_harness.evidence.history import Witnessed
from runall_harness.rigs.simulated.rig import SimulatedRig
from runall_harness.scenario.cluster import PRIMARY, Cluster
from runall_harness.scenario.steps.scene import Scene
from runall_harness.systems import find

CASE = Case(
    id="tests/absence",
    feature="tests",
    scenario="absence",
    trigger="manual",
    clauses=(),
    needs=(),
    tags=frozenset(),
    file=__file__,
    line=1,
    scenario_line=1,
)


@pytest.fixture
def scene() -> Iterator[Scene]:
    """A scene whose manual job runs on a worker."""
    with closing(Cluster(SimulatedRig(), CASE, find("reference", rig="simulated"))) as cluster:
        scene = Scene(cluster)
        scene.workers = ("worker-1",)
        cluster.up(*scene.workers)
        scene.plan = {"target": "worker-1", "catch_up": True}
        scene.launch("manual")
        yield scene


def test_what_still_runs_at_the_end_is_told_with_its_last_sign_of_life(scene: Scene) -> None:
    cluster = scene.cluster
    cluster.wait(lambda: None, 3.0)
    cluster.judge()
    *_, last = (line.execution for line in cluster.history.lines if isinstance(line, Witnessed))
    assert (last.job, last.how) == (scene.work.first.job, "running")
    assert last.beat_at > cluster.site.now() - BEAT


def come_back_after(scene: Scene, seconds: float) -> None:
    """Kill the primary, and start it again so many seconds later."""
    scene.kill(PRIMARY)
    scene.expect("RA-2.11", scene.promise_after_return())
    scene.cluster.wait(lambda: None, seconds)
    scene.come_back_with_all(PRIMARY)


def test_a_short_absence_is_judged(scene: Scene) -> None:
    come_back_after(scene, 0.1)
    scene.require_undisturbed(scene.work, executions=1)


def test_an_absence_that_ended_the_job_by_itself_is_inconclusive(scene: Scene) -> None:
    with pytest.raises(Inconclusive, match=r"the primary was away for .* s"):
        come_back_after(scene, 2 * scene.timings.alone)


def test_it_is_judged_where_the_system_does_not_say_that_jobs_end_without_a_primary(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    timings = scene.timings
    monkeypatch.setattr(Scene, "timings", msgspec.structs.replace(timings, alone=math.inf))
    come_back_after(scene, 2 * timings.alone)
