"""A real node gets a wall clock of its own, and a proof that its daemon goes by it."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from runall_harness.rigs.base import NodeSpec
from runall_harness.rigs.processes.rig import ProcessesRig, ProcessesSite
from runall_harness.rigs.wall_clock import find_library
from support.process_nodes import LONG

pytestmark = pytest.mark.skipif(find_library() is None, reason="libfaketime is not installed here")

HOUR = 3600.0
# Prints both clocks whenever it is asked to.
CLOCKS = """
import signal, time
def show(*_): print(round(time.time()), round(time.monotonic()), flush=True)
signal.signal(signal.SIGUSR1, show)
show()
while True: signal.pause()
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ProcessesSite]:
    rig = ProcessesRig(f"test-{os.getpid()}-{time.monotonic_ns()}", records=tmp_path / "runs")
    yield rig.site("a case", clocks=True)
    rig.close()


def clocks(*before: str) -> NodeSpec:
    return NodeSpec(name="a", role="worker", command=(*before, sys.executable, "-c", CLOCKS))


def shown(site: ProcessesSite, lines: int) -> tuple[float, float]:
    """How far the wall clock and the steady clock of the node are ahead of this process."""
    printed = site.wait(
        lambda: found if len(found := site.logs("a").split()) >= 2 * lines else None, LONG
    )
    assert printed is not None, site.logs("a")
    wall, steady = printed[2 * lines - 2 : 2 * lines]
    return int(wall) - time.time(), int(steady) - time.monotonic()


def test_a_node_starts_with_the_clock_that_was_set_before(site: ProcessesSite) -> None:
    before = site.set_clock("a", -HOUR)
    site.start(clocks())
    wall, steady = shown(site, 1)
    proof = site.set_clock("a", 0)
    assert "its next start is -3600 s off" in before.evidence
    assert (abs(wall + HOUR) < LONG, abs(steady) < LONG) == (True, True)
    assert (proof.kind, proof.proven) == ("clock", True), proof.evidence


def test_a_clock_that_is_set_moves_the_wall_clock_of_a_running_daemon_alone(
    site: ProcessesSite,
) -> None:
    site.start(clocks())
    shown(site, 1)
    first, second = site.set_clock("a", HOUR), site.set_clock("a", HOUR)
    os.kill(site._node("a").pid, signal.SIGUSR1)
    wall, steady = shown(site, 2)
    assert (first.proven, second.proven) == (True, True), second.evidence
    assert (abs(wall - 2 * HOUR) < LONG, abs(steady) < LONG) == (True, True)


def test_the_clock_of_a_daemon_that_does_not_take_it_is_not_proven(site: ProcessesSite) -> None:
    site.start(clocks("/usr/bin/env", "-u", "LD_PRELOAD"))
    shown(site, 1)
    proof = site.set_clock("a", HOUR)
    assert (proof.proven, "has not taken" in proof.evidence) == (False, True), proof.evidence


def test_a_site_without_clocks_says_so(site: ProcessesSite, tmp_path: Path) -> None:
    del site
    rig = ProcessesRig(f"test-{os.getpid()}-{time.monotonic_ns()}", records=tmp_path / "others")
    with pytest.raises(NotImplementedError, match="no own clock"):
        rig.site("a case").set_clock("a", HOUR)
    rig.close()
