"""A part of a node made of processes is hurt, and no other: its daemon, its jobs, all at once."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from runall_harness.rigs.base import NodeSpec
from runall_harness.rigs.processes import process_tree
from runall_harness.rigs.processes.rig import ProcessesRig, ProcessesSite
from support.process_nodes import LONG, OBSERVER, appears, daemon, marked, running

# A job whose child leaves its group and its session, and one that stays.
FAMILY = ["sh", "-c", 'setsid sleep 1000 & sleep 1001 & exec sh "$RUNALL_WITNESS/witness.sh"']


# Starts jobs as the other does, and leaves after its SIGTERM when WAITS of them have ended.
PATIENT = """
import json, os, signal, subprocess, threading
heard = threading.Event()
def leave(*_): os.write(1, b"leaving\\n"); heard.set()
signal.signal(signal.SIGTERM, leave)
ended = threading.Semaphore(0)
def run(job):
    script = os.environ["RUNALL_WITNESS"] + "/witness.sh"
    subprocess.Popen(["sh", script], env={**os.environ, **job}, start_new_session=True).wait()
    ended.release()
for job in json.loads(os.environ["JOBS"]):
    threading.Thread(target=run, args=(job,), daemon=True).start()
while not heard.wait(0.05): pass
for _ in range(int(os.environ["WAITS"])): ended.acquire()
"""


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[ProcessesRig]:
    rig = ProcessesRig(f"test-{os.getpid()}-{time.monotonic_ns()}", records=tmp_path / "runs")
    yield rig
    rig.close()


@pytest.fixture
def site(rig: ProcessesRig) -> ProcessesSite:
    return rig.site("a case", orphans=True)


@pytest.fixture
def deaf() -> Iterator[None]:
    """This process ignores SIGHUP, as under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("deaf")
def test_a_node_hears_what_a_harness_under_nohup_ignores(tmp_path: Path) -> None:
    rig = ProcessesRig(f"test-{os.getpid()}-{time.monotonic_ns()}", records=tmp_path / "runs")
    with closing(rig):
        site = rig.site("a case")
        command = ("sh", "-c", "echo ready; exec sleep 600")
        site.start(NodeSpec(name="a", role="worker", command=command, stop_signal="SIGHUP"))
        assert site.wait(lambda: "ready" in site.logs("a"), LONG)
        os.kill(os.getpid(), signal.SIGHUP)
        assert site.stop("a", LONG).proven


def patient(name: str, waits: int, *jobs: dict[str, Any]) -> NodeSpec:
    """A node that leaves when that many of its jobs have ended."""
    command = (sys.executable, "-c", PATIENT)
    env = {"JOBS": json.dumps(jobs), "WAITS": str(waits)}
    return NodeSpec(name=name, role="worker", command=command, env=env)


def observer(note: Path, apart: str = "") -> dict[str, Any]:
    """A job that notes what it sees of its daemon's death."""
    return {"COMMAND": [sys.executable, "-c", OBSERVER, str(note)], "GROUP": apart}


def how(site: ProcessesSite) -> dict[str, str]:
    """How each execution stands, by its tag."""
    return {execution.tag: execution.how for execution in site.executions()}


def commands(site: ProcessesSite, node: str = "alpha") -> str:
    """All command lines of a node's processes that live."""
    found: list[str] = []
    for process in site._node(node).tree.members():
        with suppress(psutil.NoSuchProcess):
            found.append(" ".join(process.cmdline()))
    return "\n".join(found)


# ------------------------------------------------------------------ the daemon alone
@pytest.mark.parametrize("apart", ["", "1"])
def test_an_orphan_sees_the_death_of_its_daemon_and_no_hangup(
    site: ProcessesSite, tmp_path: Path, apart: str
) -> None:
    note = tmp_path / "observer"
    site.start(daemon("alpha", observer(note, apart), {"TAG": "t1"}), daemon("beta"))
    running(site, 2)
    appears(site, note.with_suffix(".ready"))
    proof = site.kill("alpha", "daemon")
    assert proof.proven, proof
    assert proof.kind == "kill daemon"
    assert "frozen, then ended by SIGKILL; left behind: " in proof.evidence
    appears(site, note.with_suffix(".orphan"))
    assert site.wait(lambda: site.executions()[0].beat_at > proof.at, LONG)
    assert not note.with_suffix(".hangup").exists()
    assert not site.alive("alpha")
    assert site.alive("beta")
    assert [execution.how for execution in site.executions()] == ["running", "running"]


def test_a_daemon_comes_back_beside_its_orphan(site: ProcessesSite) -> None:
    spec = daemon("alpha", {"TAG": "t1", "GROUP": "1"})
    site.start(spec)
    running(site)
    assert site.kill("alpha", "daemon").proven
    site.start(spec)
    running(site, 2)
    assert site.alive("alpha")
    assert site.kill("alpha").proven
    assert [execution.how for execution in site.executions()] == ["killed", "killed"]


def test_a_kill_of_the_daemon_does_not_thaw_what_was_frozen_before(site: ProcessesSite) -> None:
    site.start(daemon("alpha"), daemon("beta"))
    running(site, 2)
    paused = site.pause("alpha")
    proof = site.kill("alpha", "daemon")
    assert proof.proven, proof
    beats = {e.node: e.beat_at for e in site.executions()}
    assert site.wait(
        lambda: {e.node: e.beat_at for e in site.executions()}["beta"] > beats["beta"] + 0.5, LONG
    )
    assert {e.node: e.beat_at for e in site.executions()}["alpha"] <= paused.at


def test_a_daemon_that_survives_is_no_proof(
    site: ProcessesSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_tree, "PATIENCE", 0.3)
    site.start(daemon())
    running(site)
    node = site._node("alpha")

    def send_nothing(number: signal.Signals) -> float:  # noqa: ARG001 - that is the fault
        return node.now()

    monkeypatch.setattr(node, "signal_daemon", send_nothing)
    proof = site.kill("alpha", "daemon")
    assert not proof.proven
    assert "the daemon was not killed" in proof.evidence
    assert site.alive("alpha")


# ------------------------------------------------------------------ jobs alone
def test_all_processes_of_the_jobs_die_and_nothing_else(site: ProcessesSite) -> None:
    other = {"COMMAND": ["sleep", "1002"]}
    family = {"TAG": "a", "COMMAND": FAMILY}
    site.start(daemon("alpha", family, {"TAG": "b", "GROUP": "1"}, other), daemon("beta"))
    running(site, 3)
    assert "sleep 1000" in commands(site)
    proof = site.kill("alpha", "job")
    assert proof.proven, proof
    assert proof.kind == "kill job"
    assert how(site) == {"a": "killed", "b": "killed", "t1": "running"}
    assert site.wait(lambda: site.logs("alpha").count("-9") == 2, LONG)
    left = commands(site)
    assert "sleep 1002" in left
    assert "sleep 1000" not in left
    assert "sleep 1001" not in left
    assert site.alive("alpha")


@pytest.mark.parametrize("turn", range(3))
def test_no_process_of_a_job_sees_another_die_first(
    site: ProcessesSite, tmp_path: Path, turn: int
) -> None:
    note = tmp_path / f"observer{turn}"
    script = f'"$@" "{note}" & for n in $(seq 40); do sleep 1000 & done; {FAMILY[2]}'
    command = ["sh", "-c", script, "sh", sys.executable, "-c", OBSERVER]
    site.start(daemon("alpha", {"TAG": "a", "COMMAND": command}))
    running(site)
    appears(site, note.with_suffix(".ready"))
    assert site.kill("alpha", "job").proven
    assert site.wait(lambda: "ended -9" in site.logs("alpha"), LONG)
    assert [path.suffix for path in tmp_path.glob("observer*")] == [".ready"]


def test_a_job_without_a_process_is_no_proof(
    site: ProcessesSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.start(daemon())
    [job] = running(site)

    def another(name: str) -> int:  # noqa: ARG001 - that is the fault
        return os.getpid()

    monkeypatch.setattr(site.witness, "pid", another)
    proof = site.kill("alpha", "job")
    assert not proof.proven
    assert f"{job.id} had no process" in proof.evidence
    assert site.executions()[0].how == "running"


# ------------------------------------------------------------------ the signal of a stop
def test_sigterm_to_the_group_reaches_each_process_once(site: ProcessesSite) -> None:
    jobs = [{"TAG": "a"}, {"TAG": "b", "ON_TERM": "finish"}, {"TAG": "c", "ON_TERM": "ignore"}]
    site.start(patient("alpha", 2, *jobs), daemon("beta"))
    running(site, 4)
    proof = site.stop("alpha", LONG, to="group")
    assert proof.proven, proof
    assert "SIGTERM at one instant to all of it: " in proof.evidence
    assert how(site) == {"a": "terminated", "b": "completed", "c": "killed", "t1": "running"}
    assert site.logs("alpha").count("leaving") == 1
    assert marked(RUNALL_NODE="alpha", **site._markers) == []


def test_sigterm_to_the_daemon_reaches_no_job(site: ProcessesSite) -> None:
    site.start(daemon("alpha", {"TAG": "a"}, {"TAG": "b", "ON_TERM": "finish"}))
    running(site, 2)
    proof = site.stop("alpha", LONG, to="daemon")
    assert proof.proven, proof
    assert "SIGTERM to the daemon " in proof.evidence
    assert how(site) == {"a": "killed", "b": "killed"}


def test_the_spec_says_who_gets_the_signal_and_which(site: ProcessesSite) -> None:
    # One child that lives as long: of those that come and go, one may miss the signal by its end.
    script = 'trap "echo hup; exit 5" HUP; trap "" TERM; sleep 600 & echo ready; wait'
    spec = NodeSpec(
        name="alpha",
        role="worker",
        command=("sh", "-c", script),
        stop_signal="SIGHUP",
        stop_to="group",
    )
    site.start(spec)
    assert site.wait(lambda: "ready" in site.logs("alpha"), LONG)
    proof = site.stop("alpha", LONG)
    assert proof.proven, proof
    assert "SIGHUP at one instant to all of it: " in proof.evidence
    assert site.logs("alpha").splitlines()[-1] == "hup"
    site.start(spec)
    assert site.wait(lambda: site.logs("alpha").count("ready") == 2, LONG)
    assert "SIGHUP to the daemon" in site.stop("alpha", LONG, to="daemon").evidence


def test_a_signal_that_reached_no_job_is_no_proof(
    site: ProcessesSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.start(daemon("alpha", {"TAG": "a"}))
    running(site)
    send = process_tree.send

    def loses_it(processes: Any, number: signal.Signals) -> None:
        if number is not signal.SIGTERM:
            send(processes, number)

    monkeypatch.setattr(process_tree, "send", loses_it)
    proof = site.stop("alpha", 0.5, to="group")
    assert not proof.proven
    assert " did not get SIGTERM" in proof.evidence


def test_a_group_without_a_daemon_was_not_stopped(site: ProcessesSite) -> None:
    site.start(daemon())
    running(site)
    assert site.kill("alpha", "daemon").proven
    proof = site.stop("alpha", 0.5, to="group")
    assert not proof.proven
    assert "the daemon was not running" in proof.evidence


# ------------------------------------------------------------------ nothing is left
def test_a_site_with_orphans_leaves_nothing_behind(rig: ProcessesRig, site: ProcessesSite) -> None:
    site.start(daemon("alpha", {"TAG": "t1", "GROUP": "1"}), daemon("beta"))
    running(site, 2)
    assert site.kill("alpha", "daemon").proven
    assert marked(**site._markers)
    rig.close()
    assert marked(**site._markers) == []
    assert not site.folder.exists()
