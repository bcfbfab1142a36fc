"""The processes rig hurts real processes as it says, finds all of them, and leaves none.

The daemons here are as small as a scheduler can be: they start their jobs in sessions or groups
of their own, and write down whatever they get to see. A crash must leave them nothing to see.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from runall_harness.contract.errors import KitCannotRun
from runall_harness.host.process_identity import ProcessIdentity, identify
from runall_harness.rigs.base import NodeSpec, Rig, Site
from runall_harness.rigs.processes import process_tree
from runall_harness.rigs.processes.rig import ProcessesRig, ProcessesSite, run_records
from support.process_nodes import DAEMON, LONG, OBSERVER, appears, daemon, marked, running

# A job that leaves no trace but its place in the tree: no environment, a session of its own.
UNMARKED_JOB = ["env", "-i", "/bin/sh", "-c", "exec /bin/sleep 1000"]

# Leaves its daemon by two forks, so that init adopts it, but keeps its environment.
DETACHED_JOB = ["sh", "-c", "setsid sh -c 'setsid sh \"$RUNALL_WITNESS/witness.sh\" & exit' & exit"]


def sh(script: str, name: str = "alpha", **env: str) -> NodeSpec:
    return NodeSpec(name=name, role="worker", command=("sh", "-c", script), env=env)


def python(script: str, name: str, *arguments: str) -> NodeSpec:
    command = (sys.executable, "-c", textwrap.dedent(script), *arguments)
    return NodeSpec(name=name, role="worker", command=command)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[ProcessesRig]:
    rig = ProcessesRig(f"test-{os.getpid()}-{time.monotonic_ns()}", records=tmp_path / "runs")
    yield rig
    rig.close()


@pytest.fixture
def site(rig: ProcessesRig) -> ProcessesSite:
    return rig.site("a case: with (odd) words")


# ------------------------------------------------------------------ starting
def test_it_is_a_rig_and_its_sites_are_sites(rig: ProcessesRig) -> None:
    as_rig: Rig = rig
    as_site: Site = as_rig.site("case")
    assert isinstance(rig, Rig)
    assert as_site.dial("worker", "primary") == (
        as_site.place("primary").host,
        as_site.place("primary").port,
    )


def test_a_node_gets_a_clean_environment_and_its_own_settings(
    site: ProcessesSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAKED", "from the user's shell")
    site.start(sh("env -u _ -u PWD -u SHLVL -u OLDPWD | cut -d= -f1 | sort", COLOUR="blue"))
    assert site.wait(lambda: not site.alive("alpha"), LONG)
    assert site.logs("alpha").split() == [
        "COLOUR",
        "HOME",
        "LANG",
        "PATH",
        "RUNALL_NODE",
        "RUNALL_RUN",
        "RUNALL_SITE",
        "RUNALL_WITNESS",
    ]


def test_a_command_that_does_not_exist_says_what_to_do(site: ProcessesSite) -> None:
    spec = NodeSpec(name="alpha", role="worker", command=("no-such-daemon",))
    with pytest.raises(KitCannotRun, match="'no-such-daemon' is installed"):
        site.start(spec)
    assert not site.alive("alpha")


def test_a_node_that_runs_is_not_started_twice(site: ProcessesSite) -> None:
    site.start(daemon())
    with pytest.raises(ValueError, match="runs already"):
        site.start(daemon())


@pytest.mark.parametrize("name", ["", "a/b", "..", "a b"])
def test_a_name_that_is_no_folder_name_is_refused(site: ProcessesSite, name: str) -> None:
    with pytest.raises(ValueError, match="is no plain word"):
        site.place(name)


def test_a_restarted_node_keeps_its_data_its_port_and_its_log(site: ProcessesSite) -> None:
    place = site.place("alpha")
    script = f'echo start >>"{place.data}/starts"; cat "{place.data}/starts"; exec sleep 1000'
    starts = Path(place.data) / "starts"
    site.start(sh(script))
    appears(site, starts)
    assert site.kill("alpha").proven
    assert not site.alive("alpha")
    site.start(sh(script))
    assert site.wait(lambda: site.logs("alpha") == "start\n" * 3, LONG)
    assert site.place("alpha") == place


def test_a_port_stays_the_nodes_own_while_the_node_is_down(site: ProcessesSite) -> None:
    place = site.place("alpha")
    thief = socket.socket()
    with thief, pytest.raises(OSError, match="in use"):
        thief.bind((place.host, place.port))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((place.host, place.port))
    with socket.create_server((place.host, place.port)):
        socket.create_connection((place.host, place.port)).close()


def test_a_daemon_that_ends_by_itself_wakes_those_who_wait(
    site: ProcessesSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runall_harness.rigs.real_site.SAFETY_POLL", 2 * LONG)
    asked_at = time.monotonic()
    site.start(sh("sleep 0.2"))
    assert site.wait(lambda: not site.alive("alpha"), LONG)
    assert time.monotonic() - asked_at < LONG


# ------------------------------------------------------------------ kill
def test_a_killed_node_takes_its_jobs_with_it_and_they_are_killed(site: ProcessesSite) -> None:
    site.start(daemon("alpha", {"TAG": "t1"}, {"TAG": "t2", "GROUP": "1"}), daemon("beta"))
    running(site, 3)
    proof = site.kill("alpha")
    assert proof.proven, proof
    found = {(e.node, e.tag): e for e in site.executions()}
    assert [found["alpha", tag].how for tag in ("t1", "t2")] == ["killed", "killed"]
    assert {found["alpha", tag].ended_at for tag in ("t1", "t2")} == {proof.at}
    assert all(e.beat_at <= proof.at for e in site.executions() if e.node == "alpha")
    assert found["beta", "t1"].how == "running"
    assert site.alive("beta")
    assert marked(RUNALL_NODE="beta", **site._markers)
    assert marked(RUNALL_NODE="alpha", **site._markers) == []


@pytest.mark.parametrize("apart", ["", "1"])
@pytest.mark.parametrize("turn", range(3))
def test_no_daemon_sees_its_job_die_first_and_no_job_its_daemon(
    site: ProcessesSite, tmp_path: Path, turn: int, apart: str
) -> None:
    note = str(tmp_path / f"observer{turn}")
    # Many processes, so that a kill of one after the other would take its time and be seen.
    many = [{"COMMAND": ["sleep", "1000"], "GROUP": apart}] * 60
    observers = [
        {"COMMAND": [sys.executable, "-c", OBSERVER, f"{note}-{n}"], "GROUP": apart}
        for n in range(2)
    ]
    site.start(daemon("alpha", *observers, *many, {"TAG": "t1"}))
    running(site)
    for n in range(2):
        appears(site, Path(f"{note}-{n}.ready"))
    assert site.kill("alpha").proven
    assert site.logs("alpha") == "ready\n"
    assert {path.suffix for path in tmp_path.glob("observer*")} == {".ready"}


def test_processes_that_left_the_session_the_tree_or_their_environment_are_found(
    site: ProcessesSite,
) -> None:
    site.start(daemon("alpha", {"COMMAND": DETACHED_JOB, "TAG": "t1"}, {"COMMAND": UNMARKED_JOB}))
    [job] = running(site)
    detached = psutil.Process(site.witness.pid(job.id))
    top = psutil.Process(site._node("alpha").pid)
    named = site.wait(lambda: [p for p in top.children() if p.name() == "sleep"], LONG)
    [unmarked] = named or []
    assert detached not in top.children(recursive=True)
    assert "RUNALL_NODE" not in unmarked.environ()
    assert os.getsid(unmarked.pid) == unmarked.pid
    assert site.kill("alpha").proven
    assert not process_tree.survivors([detached, unmarked], 0)


def test_what_starts_processes_without_end_is_killed_to_the_last(site: ProcessesSite) -> None:
    site.start(sh("while :; do sh -c 'sleep 5 & sleep 5' & sleep 0.01; done"))
    assert site.wait(lambda: len(marked(RUNALL_NODE="alpha", **site._markers)) > 20, LONG)
    proof = site.kill("alpha")
    assert proof.proven, proof
    assert marked(RUNALL_NODE="alpha", **site._markers) == []


def test_killing_the_daemon_alone_leaves_its_job_an_orphan(site: ProcessesSite) -> None:
    site.start(daemon())
    running(site)
    proof = site.kill("alpha", scope="daemon")
    assert proof.proven, proof
    assert not site.alive("alpha")
    assert site.wait(lambda: site.executions()[0].beat_at > proof.at, LONG)
    assert site.executions()[0].how == "running"
    orphaned = site.kill("alpha")
    assert orphaned.proven, orphaned
    assert [e.how for e in site.executions()] == ["killed"]


def test_killing_the_job_alone_is_seen_by_its_daemon(site: ProcessesSite) -> None:
    site.start(daemon())
    running(site)
    proof = site.kill("alpha", scope="job")
    assert proof.proven, proof
    assert [(e.how, e.ended_at) for e in site.executions()] == [("killed", proof.at)]
    assert site.wait(lambda: "ended -9" in site.logs("alpha"), LONG)
    assert site.alive("alpha")


def test_a_job_that_its_own_daemon_kills_is_seen_to_be_gone(site: ProcessesSite) -> None:
    site.start(daemon())
    [job] = running(site)
    os.kill(site.witness.pid(job.id), signal.SIGKILL)
    assert site.wait(lambda: site.executions()[0].how == "killed", LONG)
    assert site.alive("alpha")


@pytest.mark.parametrize("scope", ["node", "daemon", "job"])
def test_a_kill_that_hits_nothing_is_not_proven(site: ProcessesSite, scope: Any) -> None:
    assert not site.kill("alpha", scope=scope).proven
    site.start(sh("exit 3"))
    assert site.wait(lambda: not site.alive("alpha"), LONG)
    assert not site.kill("alpha", scope=scope).proven


# ------------------------------------------------------------------ stop
def test_a_stop_lets_the_daemon_leave_and_returns_its_exit_status(site: ProcessesSite) -> None:
    site.start(daemon("alpha", {"COMMAND": ["true"]}, LEAVES="7"))
    assert site.wait(lambda: "ended 0" in site.logs("alpha"), LONG)
    proof = site.stop("alpha", LONG)
    assert proof.proven, proof
    assert proof.evidence.startswith("exit status 7 after ")
    assert "leaving" in site.logs("alpha")


def test_only_the_daemon_gets_the_sigterm_and_what_it_leaves_behind_is_killed(
    site: ProcessesSite,
) -> None:
    site.start(daemon("alpha", {"TAG": "t1", "GROUP": "1"}))
    running(site)
    proof = site.stop("alpha", LONG)
    assert proof.proven, proof
    assert "left: " in proof.evidence
    [job] = site.executions()
    assert job.how == "killed"
    assert proof.at <= (job.ended_at or 0.0) <= site.now()


def test_a_stop_that_takes_longer_than_its_grace_is_not_proven(site: ProcessesSite) -> None:
    site.start(daemon(LEAVES="never"))
    running(site)
    proof = site.stop("alpha", 0.2)
    assert not proof.proven
    assert "did not leave within 0.2 s and was killed" in proof.evidence
    assert marked(RUNALL_NODE="alpha", **site._markers) == []
    assert [e.how for e in site.executions()] == ["killed"]


def test_a_stop_that_only_begins_leaves_the_node_at_work_on_it(site: ProcessesSite) -> None:
    site.start(sh("trap 'echo told' TERM; echo ready; while :; do sleep 1000 & wait; done"))
    assert site.wait(lambda: "ready" in site.logs("alpha"), LONG)
    proof = site.begin_stop("alpha")
    assert proof.proven, proof
    assert site.wait(lambda: "told" in site.logs("alpha"), LONG)
    assert site.alive("alpha")
    assert site.kill("alpha").proven


def test_the_beginning_of_a_stop_is_not_proven_for_a_node_that_is_gone(site: ProcessesSite) -> None:
    site.start(daemon())
    running(site)
    site.kill("alpha")
    assert not site.begin_stop("alpha").proven


# ------------------------------------------------------------------ pause
def test_a_frozen_node_writes_no_witness_and_goes_on_when_let(site: ProcessesSite) -> None:
    site.start(daemon(), daemon("beta"))
    running(site, 2)
    proof = site.pause("alpha")
    assert proof.proven, proof

    def beats(node: str) -> float:
        return next(e.beat_at for e in site.executions() if e.node == node)

    # The other node's clock: while it beat ten times, the frozen one did not beat once.
    assert site.wait(lambda: beats("beta") > proof.at + 1, LONG)
    assert beats("alpha") <= proof.at
    assert site.alive("alpha")
    assert all(e.how == "running" for e in site.executions())
    thawed = site.unpause("alpha")
    assert thawed.proven, thawed
    assert site.wait(lambda: beats("alpha") > thawed.at, LONG)


def test_a_frozen_node_can_be_killed(site: ProcessesSite) -> None:
    site.start(daemon())
    running(site)
    assert site.pause("alpha").proven
    assert site.kill("alpha").proven


def test_freezing_or_thawing_nothing_is_not_proven(site: ProcessesSite) -> None:
    assert not site.pause("alpha").proven
    assert not site.unpause("alpha").proven


# ------------------------------------------------------------------ cut
ECHO = """
import socket, sys
server = socket.create_server((sys.argv[1], int(sys.argv[2])))
while True:
    peer = server.accept()[0]
    print("connected", flush=True)
    while data := peer.recv(1 << 20): peer.sendall(data)
    print("closed", flush=True)
"""


class Call:
    """A client at the worker's end of the wire; what it hears is collected by a thread."""

    def __init__(self, site: Site) -> None:
        self._socket = socket.create_connection(site.dial("worker", "primary"))
        self._site = site
        self.heard = bytearray()
        self.closed = False
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                data = self._socket.recv(1 << 20)
            except OSError:
                data = b""
            self.heard += data
            self.closed = not data
            self._site.notify()
            if self.closed:
                return

    def say(self, data: bytes) -> None:
        self._socket.sendall(data)

    def hears(self, data: bytes, within: float = LONG) -> bool:
        return bool(self._site.wait(lambda: bytes(self.heard) == data, within))

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def wired(rig: ProcessesRig) -> ProcessesSite:
    """A primary that echoes, and a worker's way to it through a wire that can be cut."""
    site = rig.site("wired", cuttable=True)
    place = site.place("primary")
    site.start(python(ECHO, "primary", place.host, str(place.port)))
    assert site.wait(lambda: _listens(place.host, place.port), LONG)
    assert site.wait(lambda: "closed" in site.logs("primary"), LONG)
    return site


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port)).close()
    except OSError:
        return False
    return True


def test_a_cut_wire_holds_bytes_back_and_delivers_them_when_mended(wired: ProcessesSite) -> None:
    call = Call(wired)
    call.say(b"before,")
    assert call.hears(b"before,")
    proof = wired.cut("worker")
    assert proof.proven, proof
    assert "keeps 1 connections open" in proof.evidence
    call.say(b"during,")
    assert not call.hears(b"before,during,", 0.3)
    assert not call.closed
    mended = wired.join("worker")
    assert mended.proven, mended
    assert "held back 7 bytes" in mended.evidence
    assert call.hears(b"before,during,")


def test_no_byte_is_lost_or_passes_however_much_is_under_way(wired: ProcessesSite) -> None:
    call = Call(wired)
    said, enough = bytearray(), threading.Event()

    def talk() -> None:
        while not enough.is_set():
            chunk = os.urandom(1 << 16)
            said.extend(chunk)
            call.say(chunk)

    sender = threading.Thread(target=talk)
    sender.start()
    assert wired.wait(lambda: len(call.heard) > 1 << 18, LONG)
    assert wired.cut("primary").proven
    # What had left the relay may still be in the last socket; once that is read, nothing comes.
    heard = -1
    while heard != len(call.heard):
        heard = len(call.heard)
        wired.wait(lambda before=heard: len(call.heard) != before, 0.5)
    assert len(call.heard) < len(said)
    enough.set()
    wired.join("primary")
    sender.join(LONG)
    assert call.hears(bytes(said))


def test_a_connection_made_during_the_cut_gets_no_answer_until_it_is_mended(
    wired: ProcessesSite,
) -> None:
    wired.dial("worker", "primary")
    assert wired.cut("worker").proven
    before = wired.logs("primary").count("connected")
    call = Call(wired)
    call.say(b"hello")
    assert not call.hears(b"hello", 0.3)
    assert wired.logs("primary").count("connected") == before
    wired.join("worker")
    assert call.hears(b"hello")


def test_an_end_that_dies_is_heard_of_at_once_but_not_through_a_cut(wired: ProcessesSite) -> None:
    first = Call(wired)
    first.say(b"x")
    assert first.hears(b"x")
    assert wired.cut("primary").proven
    assert wired.kill("primary").proven
    assert not wired.wait(lambda: first.closed, 0.3)
    wired.join("primary")
    assert wired.wait(lambda: first.closed, LONG)
    refused = Call(wired)
    assert wired.wait(lambda: refused.closed, LONG), "nobody listens, so the caller is reset"


def test_the_harness_reaches_a_node_that_is_cut_off(wired: ProcessesSite) -> None:
    wired.dial("worker", "primary")
    assert wired.cut("primary").proven
    host, port = wired.url("primary").removeprefix("http://").split(":")
    assert _listens(host, int(port))


def test_a_wire_is_whole_only_when_neither_end_is_cut_off(wired: ProcessesSite) -> None:
    call = Call(wired)
    wired.cut("primary")
    wired.cut("worker")
    call.say(b"x")
    wired.join("primary")
    assert not call.hears(b"x", 0.2)
    wired.join("worker")
    assert call.hears(b"x")


def test_a_cut_of_a_node_that_nobody_dials_is_not_proven(
    wired: ProcessesSite, site: ProcessesSite
) -> None:
    assert not wired.cut("loner").proven
    proof = site.cut("alpha")
    assert not proof.proven
    assert "not made to be cut" in proof.evidence


# ------------------------------------------------------------------ nothing is left
def test_a_closed_site_leaves_no_process_no_folder_and_no_other_site_hurt(
    rig: ProcessesRig,
) -> None:
    first, second = rig.site("first"), rig.site("second", cuttable=True)
    for site in (first, second):
        site.start(daemon("alpha", {"TAG": "t1"}, {"COMMAND": DETACHED_JOB, "TAG": "t2"}))
        running(site, 2)
    first.pause("alpha")
    first.close()
    first.close()
    assert marked(RUNALL_SITE=f"{rig.run}.1") == []
    assert not first.folder.exists()
    assert second.alive("alpha")
    assert [e.how for e in second.executions()] == ["running", "running"]
    rig.close()
    rig.close()
    assert marked(RUNALL_RUN=rig.run) == []
    assert not rig.folder.exists()


HARNESS = """
import json, sys
from pathlib import Path
from runall_harness.rigs.base import NodeSpec
from runall_harness.rigs.processes.rig import ProcessesRig
rig = ProcessesRig(sys.argv[1], records=Path(sys.argv[2]))
site = rig.site("case", cuttable=True)
env = {"JOBS": json.dumps([{"TAG": "t1"}, {"TAG": "t2", "COMMAND": json.loads(sys.argv[4])}])}
spec = NodeSpec(name="alpha", role="worker", command=(sys.executable, "-c", sys.argv[3]), env=env)
site.start(spec)
site.wait(lambda: len(site.executions()) == 2 or None, 20)
print(rig.folder, flush=True)
site.wait(lambda: None, 1000)
"""


def start_harness(run: str, records: Path) -> tuple[subprocess.Popen[str], Path]:
    """A harness of its own, in a process of its own, with a node that runs two jobs."""
    arguments = [run, str(records), DAEMON, json.dumps(DETACHED_JOB)]
    harness = subprocess.Popen(
        [sys.executable, "-c", HARNESS, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert harness.stdout is not None
    return harness, Path(harness.stdout.readline().strip())


def test_after_a_harness_is_killed_clean_ends_its_nodes_and_no_others(
    tmp_path: Path, site: ProcessesSite
) -> None:
    records = tmp_path / "runs"
    site.start(daemon())
    running(site)
    dead, live = f"dead-{os.getpid()}", f"live-{os.getpid()}"
    killed, folder = start_harness(dead, records)
    survivor, _ = start_harness(live, records)
    try:
        killed.kill()
        killed.communicate()
        assert len(marked(RUNALL_RUN=dead)) >= 3
        lines = run_records.clean_processes(records)
        assert marked(RUNALL_RUN=dead) == []
        assert not folder.exists()
        assert any("ended process" in line and dead in line for line in lines)
        assert not any(live in line for line in lines)
        assert len(marked(RUNALL_RUN=live)) >= 3
        assert site.alive("alpha")
        assert run_records.clean_processes(records) == []
    finally:
        survivor.kill()
        survivor.communicate()
        run_records.clean_processes(records)
    assert marked(RUNALL_RUN=live) == []


def test_ctrl_c_ends_the_nodes_with_the_harness(tmp_path: Path) -> None:
    run = f"ctrl-c-{os.getpid()}"
    harness, folder = start_harness(run, tmp_path / "runs")
    assert marked(RUNALL_RUN=run)
    harness.send_signal(signal.SIGINT)
    harness.communicate(timeout=LONG)
    assert marked(RUNALL_RUN=run) == []
    assert not folder.exists()
    assert list((tmp_path / "runs").glob("*.json")) == []


def test_clean_finds_an_orphan_that_shed_its_environment_by_its_session(
    tmp_path: Path, rig: ProcessesRig
) -> None:
    unmarked = subprocess.Popen(UNMARKED_JOB, start_new_session=True)
    try:
        born = identify(unmarked.pid)
        assert born is not None
        harness = ProcessIdentity(unmarked.pid, "before the last boot")
        record = run_records.SavedRun(
            run="gone", host=os.uname().nodename, harness=harness, folder="", leaders=[born]
        )
        path = tmp_path / "runs" / "gone.json"
        run_records.save(path, record)
        run_records.clean_processes(tmp_path / "runs")
        assert unmarked.wait(LONG) == -signal.SIGKILL
        assert not path.exists()
        assert (tmp_path / "runs" / f"{rig.run}.json").exists()
    finally:
        unmarked.kill()
        unmarked.wait()


def test_clean_spares_a_process_that_only_has_the_number_of_a_dead_one(tmp_path: Path) -> None:
    stranger = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    try:
        dead = ProcessIdentity(stranger.pid, "before the last boot")
        record = run_records.SavedRun(
            run="gone", host=os.uname().nodename, harness=dead, folder="/", leaders=[dead]
        )
        run_records.save(tmp_path / "gone.json", record)
        assert run_records.clean_processes(tmp_path) == ["removed the record of run gone"]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_clean_removes_no_folder_that_the_run_did_not_mark(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / run_records.FOLDER_MARK).write_text("another run")
    dead = ProcessIdentity(1, "before the last boot")
    record = run_records.SavedRun(
        run="gone", host=os.uname().nodename, harness=dead, folder=str(precious)
    )
    run_records.save(tmp_path / "gone.json", record)
    run_records.clean_processes(tmp_path)
    assert precious.exists()


@pytest.mark.parametrize("content", [b"{", b'{"run": 1}', b""])
def test_clean_names_and_leaves_what_it_cannot_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.json"
    path.write_bytes(content)
    [line] = run_records.clean_processes(tmp_path)
    assert line.startswith(f"left {path}: not a record of a run")
    assert path.exists()


def test_clean_leaves_the_runs_of_other_hosts(tmp_path: Path) -> None:
    dead = ProcessIdentity(1, "before the last boot")
    record = run_records.SavedRun(run="far", host="another.example", harness=dead, folder="")
    run_records.save(tmp_path / "far.json", record)
    assert run_records.clean_processes(tmp_path) == [
        "left run far: it belongs to the host another.example"
    ]
    assert msgspec.json.decode((tmp_path / "far.json").read_bytes())["run"] == "far"


def test_a_run_that_cannot_be_recorded_does_not_begin(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KitCannotRun, match="XDG_STATE_HOME"):
        ProcessesRig("test", records=tmp_path / "file" / "runs")
