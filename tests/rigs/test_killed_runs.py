"""A harness that is killed in the middle of a run leaves things behind; `runall clean` ends them.

A harness cannot clear up after its own SIGKILL, so this is the one case in which a user has to
ask for it. Nothing else on the machine is touched.
"""

import subprocess
import threading
from pathlib import Path

import psutil
import pytest
from runall_harness.rigs.docker.engine import Engine
from support.leftovers import RUNALL, clean, containers, networks, nodes_in, owned

# Each case of this feature leaves a worker dead for the whole dead-job timeout.
SCENARIO = "1_worker_lost*"


def run_until_first_case(rig: str, out: Path, *more: str) -> "subprocess.Popen[str]":
    """A run that has ended one case and is in the middle of others."""
    command = [*RUNALL, "conform", "--rig", rig, "--scenario", SCENARIO, "--out", str(out), *more]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert run.stdout is not None
    for line in run.stdout:
        if "1_worker_lost/" in line:
            return run
    raise AssertionError(f"the run ended with {run.wait()} before a case had")


def await_node(run: "subprocess.Popen[str]", folder: Path) -> None:
    """Wait until a case has a node again: the first of them may end while no other has begun."""
    look_again = threading.Event()
    while not nodes_in(folder):
        assert run.poll() is None, "the run ended before another case had a node"
        look_again.wait(0.01)


def kill(run: "subprocess.Popen[str]") -> set[int]:
    """SIGKILL the harness, wait until its own helpers are gone too, and return all their pids."""
    helpers = [p for p in psutil.Process(run.pid).children(recursive=True) if is_harness(p)]
    run.kill()
    run.wait()
    _, alive = psutil.wait_procs(helpers, timeout=60)
    assert not alive, f"parts of the harness outlive it: {alive}"
    return {run.pid, *(helper.pid for helper in helpers)}


def is_harness(process: psutil.Process) -> bool:
    """Whether that process is a part of the harness, a worker of its pool too, and not a node."""
    try:
        command = " ".join(process.cmdline())
        return "runall_harness" in command or "multiprocessing.spawn" in command
    except psutil.NoSuchProcess:
        return False


def test_after_a_killed_run_on_processes_clean_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    run = run_until_first_case("processes", tmp_path)
    await_node(run, tmp_path)
    kill(run)
    assert nodes_in(tmp_path), "the killed run had nothing to leave behind"
    clean()
    assert nodes_in(tmp_path) == []


@pytest.mark.usefixtures("image")
def test_after_a_killed_run_on_containers_clean_leaves_none(
    tmp_path: Path, engine: Engine, base: str
) -> None:
    pids = kill(run_until_first_case("docker", tmp_path, "--base-image", base))
    assert owned(networks(engine), pids), "the killed run had nothing to leave behind"
    clean()
    assert owned(containers(engine), pids) == []
    assert owned(networks(engine), pids) == []
