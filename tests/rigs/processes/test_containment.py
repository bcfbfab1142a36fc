"""A job that leaves its node's session, parents and environment dies with it, or shows itself."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from runall_harness.checks import examine, judge
from runall_harness.contract.verdicts import Inconclusive
from runall_harness.evidence.facts import Execution, Proof
from runall_harness.evidence.history import AnyLine, Fault, History
from runall_harness.rigs.processes import containment
from runall_harness.rigs.processes.rig import ProcessesRig, ProcessesSite
from support.process_nodes import LONG, daemon, running
from support.small_histories import fault, meta, ran

# What a launcher that works as cron does: a session and an environment of the job's own.
LEAVES = """
exec setsid -f env -i "PATH=$PATH" TAG=t1 RUNALL_NODE=alpha "RUNALL_WITNESS=$RUNALL_WITNESS" \\
    sh "$RUNALL_WITNESS/witness.sh"
"""
ALONE = {"COMMAND": ["sh", "-c", LEAVES]}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[ProcessesRig]:
    rig = ProcessesRig(f"test-{os.getpid()}-{time.monotonic_ns()}", records=tmp_path / "runs")
    yield rig
    rig.close()


def lone_job(site: ProcessesSite) -> Execution:
    site.start(daemon("alpha", ALONE))
    return running(site)[0]


def lives_on(site: ProcessesSite, run: Execution, since: float) -> bool | None:
    """Whether a second of signs of life came after that time, awaited."""

    def look() -> bool | None:
        return next(e for e in site.executions() if e.id == run.id).beat_at > since + 1.2 or None

    return site.wait(look, LONG)


def history(site: ProcessesSite, proof: Proof) -> list[AnyLine]:
    kept = History()
    kept.add(meta("fencing"))
    kept.see_executions(site.now(), list(site.executions()))
    kept.add(Fault(at=proof.at, proof=proof))
    kept.see_last(site.now(), site.executions())
    return list(kept.lines)


@pytest.mark.skipif(containment.find_base() is None, reason="no control groups can be made here")
def test_a_job_that_left_its_session_and_environment_dies_with_its_node(rig: ProcessesRig) -> None:
    site = rig.site("a case")
    run = lone_job(site)
    proof = site.kill("alpha")
    assert (proof.proven, str(site.witness.pid(run.id)) in proof.evidence) == (True, True)
    assert site.job_gone(run)


@pytest.mark.skipif(containment.find_base() is None, reason="no control groups can be made here")
def test_a_closed_site_leaves_no_control_group(rig: ProcessesRig) -> None:
    site = rig.site("a case")
    lone_job(site)
    assert containment.left_groups(rig.run)
    site.close()
    assert containment.left_groups(rig.run) == []


def test_without_control_groups_a_job_that_outlives_the_kill_makes_it_unproven(
    rig: ProcessesRig,
) -> None:
    rig.groups = None
    site = rig.site("a case")
    run = lone_job(site)
    try:
        proof = site.kill("alpha")
        assert (proof.proven, lives_on(site, run, proof.at)) == (True, True)
        with pytest.raises(Inconclusive, match=f"the kill of alpha did not end .*{run.id}"):
            judge(history(site, proof))
    finally:
        os.kill(site.witness.pid(run.id), 9)


def test_two_executions_at_once_after_an_escape_are_named_and_accuse_nobody() -> None:
    escaped = ran("j1", 1, 10, "killed")
    escaped.execution.beat_at = 14.0
    found = examine([meta("fencing"), fault("kill", 10), ran("j1.2", 12, 30, node="w2"), escaped])
    assert "did not end j1 (x-j1-1): it lived on for 4.0 s, beside j1.2 on w2" in found.void


@pytest.mark.parametrize(
    ("how", "beat", "kind"),
    [("killed", 10.5, "kill"), ("killed", 14.0, "kill daemon"), ("killed", 14.0, "pause")],
    ids=["the beat of that moment", "its daemon alone was killed", "it was frozen"],
)
def test_an_execution_that_may_live_on_makes_no_fault_unproven(
    how: str, beat: float, kind: str
) -> None:
    run = ran("j1", 1, 10, how)
    run.execution.beat_at = beat
    assert examine([meta("fencing"), fault(kind, 10), run]).void == ""
