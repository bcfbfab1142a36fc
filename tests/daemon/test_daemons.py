"""The daemons keep the promise with real processes, real sockets and real signals."""

import contextlib
import os
import select
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.real_daemons import BOUND, Daemon, RealDaemons, gone

# Says its id, attempt, own parameter and process, then holds until somebody ends it.
HOLD = 'echo "$JOB_ID $JOB_ATTEMPT $WHO $$" > $PIPE; sleep 600 & wait'


# ------------------------------------------------------------------ servers that die
def test_a_job_whose_worker_is_killed_runs_again_on_the_other_with_its_own_parameters(
    daemons: RealDaemons,
):
    pipe, (_, api) = daemons.pipe(), daemons.primary()
    first, _ = daemons.worker("w1", api), daemons.worker("w2", api)
    for name in ("w1", "w2"):
        api.server_in("online", name)
    api.event("e", HOLD, target="w*", params={"PIPE": str(pipe.path), "who": "the event"})
    job = api.run("e", who="me")
    name, attempt, who, pid = pipe.read_word().split()
    assert (name, attempt, who, job["node"]) == (job["id"], "1", "me", "w1")
    first.end(signal.SIGKILL)
    # Its guardian ends the job too.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(int(pid), signal.SIGKILL)
    rerun, attempt, who, _ = pipe.read_word().split()
    assert (rerun, attempt, who) == (f"{job['id']}.2", "2", "me")
    assert api.job_in("running", rerun)["node"] == "w2"
    assert api.job_in("interrupted", job["id"])["source"] == "API"


def test_a_worker_that_returns_gets_its_interrupted_job_again_at_once(daemons: RealDaemons):
    slow: dict[str, Any] = {"dead_job_timeout": 600.0}
    pipe, (_, api) = daemons.pipe(), daemons.primary(**slow)
    worker = daemons.worker("w1", api, **slow)
    api.server_in("online", "w1")
    api.event("e", HOLD, target="w1", params={"PIPE": str(pipe.path), "who": "x"})
    job = api.run("e")
    pid = int(pipe.read_word().split()[3])
    worker.end(signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    api.server_in("suspect", "w1")
    daemons.worker("w1", api, **slow)
    assert pipe.read_word().split()[:2] == [f"{job['id']}.2", "2"]


def test_the_job_of_a_daemon_that_is_killed_alone_ends_with_it(daemons: RealDaemons):
    pipe, (_, api) = daemons.pipe(), daemons.primary()
    worker = daemons.worker("w1", api)
    api.server_in("online", "w1")
    api.event(
        "e", f"trap '' TERM; {HOLD}", target="w1", params={"PIPE": str(pipe.path), "who": "x"}
    )
    api.run("e")
    orphan = os.pidfd_open(int(pipe.read_word().split()[3]))
    worker.end(signal.SIGKILL)
    assert select.select([orphan], [], [], BOUND)[0], "nobody ended it"
    os.close(orphan)


def test_an_orphan_of_a_killed_daemon_is_ended_before_its_job_runs_again(daemons: RealDaemons):
    """Its guardian is killed too, or else there would be no orphan."""
    pipe, (_, api) = daemons.pipe(), daemons.primary()
    worker = daemons.worker("w1", api)
    api.server_in("online", "w1")
    api.event("e", HOLD, target="w1", params={"PIPE": str(pipe.path), "who": "x"})
    api.run("e")
    orphan = os.pidfd_open(int(pipe.read_word().split()[3]))
    os.kill(guardian_of(worker), signal.SIGKILL)
    worker.end(signal.SIGKILL)
    assert not has_ended(orphan)
    again = daemons.worker("w1", api)
    assert pipe.read_word().split()[1] == "2"
    assert has_ended(orphan)
    again.says("processes of an earlier start were ended")
    os.close(orphan)


def test_a_guardian_outlives_no_daemon_and_no_signal_of_a_clean_stop_ends_it(daemons: RealDaemons):
    _, api = daemons.primary()
    worker = daemons.worker("w1", api)
    api.server_in("online", "w1")
    guardian = guardian_of(worker)
    handle = os.pidfd_open(guardian)
    status = Path(f"/proc/{guardian}/status").read_text().split()
    ignored = int(status[status.index("SigIgn:") + 1], 16)
    for which in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        assert ignored >> (which - 1) & 1, which
    assert os.getsid(guardian) == guardian, "a signal to the group of its daemon does not reach it"
    held = {str(entry.readlink()) for entry in Path(f"/proc/{guardian}/fd").iterdir()}
    assert not [name for name in held if name.startswith("socket") or name.endswith("/lock")]
    assert worker.end() == 0
    assert has_ended(handle)
    os.close(handle)


def test_a_new_start_waits_for_the_guardian_of_the_last(daemons: RealDaemons):
    _, api = daemons.primary()
    worker = daemons.worker("w1", api)
    api.server_in("online", "w1")
    guardian = guardian_of(worker)
    os.kill(guardian, signal.SIGSTOP)
    worker.end(signal.SIGKILL)
    api.server_in("suspect", "w1")
    again = daemons.worker("w1", api)
    lock = (daemons.folder / "w1" / "guardian").stat().st_ino
    becomes(lambda: waits_for(again.process.pid, lock))
    assert not again.line("the worker starts")
    os.kill(guardian, signal.SIGCONT)
    again.says("the worker starts")
    api.server_in("online", "w1")


def becomes(condition: Callable[[], bool]) -> None:
    """Wait for something that the kernel does not notify of, so that one has to ask."""
    deadline = time.monotonic() + BOUND
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        select.select([], [], [], 0.01)


def waits_for(pid: int, inode: int) -> bool:
    """Whether a process waits for the lock of that file, as the kernel lists it."""
    return any(
        "->" in line and f" {pid} " in line and line.split()[6].endswith(f":{inode}")
        for line in Path("/proc/locks").read_text().splitlines()
    )


def guardian_of(daemon: Daemon) -> int:
    """The process that a daemon started to end its jobs."""
    command = Path(f"/proc/{daemon.process.pid}/cmdline").read_bytes()
    children = Path(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children").read_text()
    [guardian] = [
        int(child)
        for child in children.split()
        if Path(f"/proc/{child}/cmdline").read_bytes() == command
    ]
    return guardian


def has_ended(handle: int) -> bool:
    """Whether a process has ended, right now."""
    return bool(select.select([handle], [], [], 0)[0])


def test_a_killed_primary_that_returns_runs_its_local_job_again(daemons: RealDaemons):
    pipe, (primary, api) = daemons.pipe(), daemons.primary(worker=True)
    api.server_in("online", "p")
    api.event("e", HOLD, target="p", params={"PIPE": str(pipe.path), "who": "x"})
    job = api.run("e", who="me")
    pid = int(pipe.read_word().split()[3])
    primary.end(signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    _, api = daemons.primary(worker=True)
    assert pipe.read_word().split()[:3] == [f"{job['id']}.2", "2", "me"]
    assert api.job_in("interrupted", job["id"])


# ------------------------------------------------------------------ servers that go down cleanly
def test_a_clean_stop_of_the_primary_records_its_local_job_and_launches_nothing_more(
    daemons: RealDaemons,
):
    pipe, (primary, api) = daemons.pipe(), daemons.primary(worker=True)
    api.server_in("online", "p")
    api.event("e", HOLD, target="p", params={"PIPE": str(pipe.path), "who": "x"})
    job = api.run("e", who="me")
    pid = int(pipe.read_word().split()[3])
    assert primary.end() == 0
    assert gone(pid, 0)
    assert f"job {job['id']} of e interrupted" in primary.log()
    assert f"job {job['id']}.2 of e is starting" not in primary.log()
    _, api = daemons.primary(worker=True)
    assert pipe.read_word().split()[:3] == [f"{job['id']}.2", "2", "me"]
    assert api.job_in("interrupted", job["id"])["description"] == "Server 'p' was shut down"


def test_a_job_that_ends_well_while_its_worker_drains_has_succeeded(daemons: RealDaemons):
    pipe, (_, api) = daemons.pipe(), daemons.primary()
    worker = daemons.worker("w1", api)
    api.server_in("online", "w1")
    script = 'trap "echo stopping > $PIPE; exit 0" TERM; echo up > $PIPE; sleep 600 & wait'
    api.event("e", script, target="w1", params={"PIPE": str(pipe.path)})
    job = api.run("e")
    assert pipe.read_word() == "up"
    assert worker.end() == 0
    assert pipe.read_word() == "stopping"
    assert api.job_in("succeeded", job["id"])["code"] == 0
    assert len(api.get("/v1/jobs")) == 1


def test_a_draining_primary_still_answers_reads_and_says_that_it_drains(daemons: RealDaemons):
    pipe, leave = daemons.pipe(), daemons.pipe()
    primary, api = daemons.primary(worker=True, kill_grace=20.0, dead_job_timeout=60.0)
    api.server_in("online", "p")
    last_words = "echo stopping > $PIPE; read word < $LEAVE; exit 0"
    script = f'trap "{last_words}" TERM; echo up > $PIPE; sleep 600 & wait'
    params = {"PIPE": str(pipe.path), "LEAVE": str(leave.path)}
    api.event("e", script, target="p", params=params, max_children=0)
    job = api.run("e")
    assert pipe.read_word() == "up"
    primary.send(signal.SIGTERM)
    assert pipe.read_word() == "stopping"
    health = api.http.get("/health")
    assert (health.status_code, health.json()["role"]) == (503, "draining")
    assert api.get(f"/v1/jobs/{job['id']}")["event"] == "e"
    assert api.http.post("/v1/events/e/run").json()["error"]["code"] == "no-server"
    os.write(leave.pipe, b"go\n")
    assert primary.wait() == 0
    assert f"job {job['id']} of e succeeded" in primary.log()


@pytest.mark.parametrize("role", ["primary", "worker"])
def test_a_second_signal_kills_the_jobs_and_leaves_at_once(daemons: RealDaemons, role: str):
    pipe = daemons.pipe()
    patient: dict[str, Any] = {"kill_grace": 300.0, "dead_job_timeout": 600.0}
    primary, api = daemons.primary(worker=role == "primary", **patient)
    node = primary if role == "primary" else daemons.worker("w1", api, **patient)
    api.until(lambda: [s for s in api.get("/v1/servers") if s["state"] == "online"])
    script = 'trap "echo deaf > $PIPE" TERM; echo $$ > $PIPE; while :; do sleep 600 & wait; done'
    api.event("e", script, params={"PIPE": str(pipe.path)})
    api.run("e")
    pid = int(pipe.read_word())
    node.send(signal.SIGTERM)
    assert pipe.read_word() == "deaf"
    assert node.end(signal.SIGTERM) == 128 + signal.SIGTERM
    assert gone(pid, 0)
    assert "never retrieved" not in node.log()


# ------------------------------------------------------------------ a disk that fails
def test_a_store_that_fails_is_read_again_and_the_primary_goes_on(daemons: RealDaemons):
    primary, api = daemons.primary()
    daemons.worker("w1", api)
    api.server_in("online", "w1")
    api.event("before", "true")
    other = sqlite3.connect(daemons.folder / "p" / "primary.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer = api.http.post("/v1/events", json={"id": "during"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "outcome-unknown")
    primary.says("the state is read from the store again")
    other.execute("ROLLBACK")
    other.close()
    primary.says("is primary, epoch 2")
    assert [event["id"] for event in api.get("/v1/events")] == ["before"]
    assert api.server_in("online", "w1")


def test_a_primary_whose_store_stays_away_still_leaves_when_it_is_asked_to(daemons: RealDaemons):
    primary, api = daemons.primary()
    other = sqlite3.connect(daemons.folder / "p" / "primary.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert api.http.post("/v1/events", json={"id": "e"}).status_code == 503
    primary.says("the state is read from the store again")
    assert primary.end() == 0
    assert "not finalized" in primary.log()
    other.close()


def test_a_worker_whose_store_fails_stops_its_jobs_and_starts_again(daemons: RealDaemons):
    pipe, (_, api) = daemons.pipe(), daemons.primary()
    worker = daemons.worker("w1", api)
    api.server_in("online", "w1")
    api.event("e", HOLD, params={"PIPE": str(pipe.path), "who": "x"})
    job = api.run("e")
    pid = int(pipe.read_word().split()[3])
    other = sqlite3.connect(daemons.folder / "w1" / "worker.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    api.http.post(f"/v1/jobs/{job['id']}/abort").raise_for_status()
    worker.says("all jobs here are stopped, and a new start follows")
    assert gone(pid)
    other.execute("ROLLBACK")
    other.close()
    assert api.job_in("aborted", job["id"])


# ------------------------------------------------------------------ a network that says nothing
def test_a_worker_gives_up_a_link_on_which_nothing_is_heard_and_comes_back(daemons: RealDaemons):
    primary, api = daemons.primary()
    worker = daemons.worker("w1", api)
    api.server_in("online", "w1")
    primary.send(signal.SIGSTOP)
    worker.says("it said nothing for 1 s")
    primary.send(signal.SIGCONT)
    primary.says("worker w1 is linked", within=20)
    assert api.server_in("online", "w1")
