"""The docker rig: what it claims of nodes in containers and their faults, on a real engine."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from runall_harness.contract.errors import KitCannotRun
from runall_harness.evidence.facts import Proof
from runall_harness.rigs.base import NodeSpec
from runall_harness.rigs.docker import DockerRig, connect
from runall_harness.rigs.docker import rig as docker_rig
from runall_harness.rigs.docker.site import DockerSite
from support.docker_nodes import SOON, daemon, greeted, greeting, open_site

LOCAL_BASE = "runall-base:bookworm"
# Dials the daemon and keeps sending numbers; what comes back is written down.
CALLER = """
import itertools, os, socket, threading, time
link = socket.create_connection((os.environ["PEER"], int(os.environ["PEER_PORT"])))
def listen():
    while data := link.recv(100): print("heard", data.decode().strip(), flush=True)
    print("end of stream", flush=True)
threading.Thread(target=listen).start()
for number in itertools.count():
    link.sendall(f"{number};".encode())
    time.sleep(0.05)
"""


@pytest.fixture(scope="module")
def rig(image: str) -> Iterator[DockerRig]:
    made = DockerRig(new_run(), image)
    yield made
    made.close()


@pytest.fixture
def site(rig: DockerRig) -> Iterator[DockerSite]:
    with closing(open_site(rig)) as made:
        yield made


@pytest.fixture
def cuttable(rig: DockerRig) -> Iterator[DockerSite]:
    with closing(open_site(rig, cuttable=True)) as made:
        yield made


def new_run() -> str:
    return f"test-{uuid.uuid4().hex[:8]}"


def caller(site: DockerSite, name: str, peer: str) -> NodeSpec:
    host, port = site.dial(name, peer)
    env = {"PEER": host, "PEER_PORT": str(port)}
    return NodeSpec(name=name, role="worker", command=("python3", "-u", "-c", CALLER), env=env)


def job_of(site: DockerSite, node: str, how: str = "running") -> bool:
    """Wait for an execution on that node which is in that state."""
    found = site.wait(
        lambda: [e for e in site.executions() if e.node == node and e.how == how], SOON
    )
    return found is not None


def heard(site: DockerSite, node: str) -> str:
    """The numbers that came back to a caller, put together again."""
    lines = site.logs(node).splitlines()
    return "".join(line.removeprefix("heard ") for line in lines if line.startswith("heard "))


def test_a_kill_is_proven_by_the_engines_die_event(site: DockerSite) -> None:
    site.start(daemon(site, "worker", JOB="1"))
    assert job_of(site, "worker")
    before = site.now()
    proof = site.kill("worker")
    assert proof.proven
    assert "die event with exit code 137" in proof.evidence
    assert before <= proof.at <= site.now()
    assert not site.alive("worker")


def test_a_kill_ends_the_jobs_of_the_node_without_a_goodbye(site: DockerSite) -> None:
    site.start(daemon(site, "worker", JOB="1"), daemon(site, "other", JOB="1"))
    assert job_of(site, "worker")
    assert job_of(site, "other")
    proof = site.kill("worker")
    how = {execution.node: execution.how for execution in site.executions()}
    assert how == {"worker": "killed", "other": "running"}
    ended = [e.ended_at for e in site.executions() if e.node == "worker"]
    assert ended == [proof.at]


def test_what_does_not_run_cannot_be_proven_to_be_killed(site: DockerSite) -> None:
    site.start(daemon(site, "worker"))
    assert site.kill("worker").proven
    for again in (site.kill("worker"), site.stop("worker", 1.0), site.pause("worker")):
        assert (again.proven, again.evidence) == (False, "it was not running")


def test_without_a_supervisor_a_container_ends_with_its_daemon(site: DockerSite) -> None:
    site.start(daemon(site, "worker"))
    with pytest.raises(NotImplementedError, match="unless made for orphans"):
        site.kill("worker", "daemon")


def test_a_kill_of_the_jobs_leaves_their_daemon_alone(site: DockerSite) -> None:
    site.start(daemon(site, "worker", JOB="1"))
    assert job_of(site, "worker")
    proof = site.kill("worker", "job")
    assert proof.proven, proof
    assert [execution.how for execution in site.executions()] == ["killed"]
    assert site.alive("worker")


def test_a_job_that_vanished_unseen_is_found_to_be_gone(site: DockerSite) -> None:
    site.start(daemon(site, "worker", JOB="1"))
    assert job_of(site, "worker")
    pid = site.witness.pid(site.executions()[0].id)
    assert site._containers["worker"].shell.inject("jobs", pid).proven
    assert job_of(site, "worker", "killed")


def test_a_frozen_job_is_not_taken_for_a_dead_one(site: DockerSite) -> None:
    site.start(daemon(site, "worker", JOB="1"))
    assert job_of(site, "worker")
    assert site.pause("worker").proven
    assert site.wait(lambda: [e for e in site.executions() if e.how == "killed"], 1.5) is None
    assert site.unpause("worker").proven


@pytest.mark.parametrize("is_cuttable", [False, True], ids=["shared network", "own interface"])
def test_a_node_that_is_started_again_keeps_its_data_and_its_address(
    rig: DockerRig, is_cuttable: bool
) -> None:
    with closing(open_site(rig, cuttable=is_cuttable)) as site:
        spec = daemon(site, "worker")
        site.start(spec)
        host = site.place("worker").host
        assert greeted(site, "worker") == f"x {host}"
        assert site.kill("worker").proven
        site.start(spec)
        assert greeted(site, "worker") == f"xx {host}"
        assert site.logs("worker").splitlines() == ["started x", "started xx"]


def test_a_node_that_is_started_another_way_keeps_its_data_and_its_log(site: DockerSite) -> None:
    site.start(daemon(site, "worker"))
    greeted(site, "worker")
    site.kill("worker")
    site.start(daemon(site, "worker", MODE="another"))
    assert greeted(site, "worker").startswith("xx ")
    assert site.logs("worker").splitlines() == ["started x", "started xx"]


def test_a_node_that_runs_is_not_started_again(site: DockerSite) -> None:
    spec = daemon(site, "worker")
    site.start(spec)
    with pytest.raises(ValueError, match="runs already"):
        site.start(spec)


def test_a_stop_reaches_the_daemon_and_is_proven_by_its_exit(site: DockerSite) -> None:
    site.start(daemon(site, "worker", JOB="1"))
    assert job_of(site, "worker")
    before = site.now()
    proof = site.stop("worker", SOON)
    assert proof.proven
    assert proof.evidence.startswith("exit code 143 after ")
    ended = [execution.ended_at or 0.0 for execution in site.executions()]
    assert before <= proof.at < ended[0], "the time of the signal, not that of the exit"


def test_a_daemon_that_ignores_sigterm_is_killed_which_is_no_proof_of_a_stop(
    site: DockerSite,
) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)"
    command = ("python3", "-c", f"{deaf}; signal.pause()")
    site.start(NodeSpec(name="worker", role="worker", command=command))
    assert site.wait(lambda: "deaf" in site.logs("worker"), SOON)
    proof = site.stop("worker", 0.5)
    assert not proof.proven
    assert proof.evidence.startswith("it did not leave within 0.5 s and was killed")
    assert not site.alive("worker")


def test_a_paused_node_is_silent_alive_and_goes_on_later(site: DockerSite) -> None:
    site.start(daemon(site, "worker"))
    greeted(site, "worker")
    assert site.pause("worker").proven
    assert site.alive("worker")
    assert greeting(site, "worker") is None
    assert site.unpause("worker").proven
    assert greeted(site, "worker").startswith("x ")


def test_a_paused_node_can_be_killed(site: DockerSite) -> None:
    site.start(daemon(site, "worker"))
    assert site.pause("worker").proven
    assert site.kill("worker").proven


def by_firewall(site: DockerSite) -> None:
    if not site._context.firewall.usable:
        pytest.skip("the engine's firewall is not ours to change here")


def by_unplugging(site: DockerSite) -> None:
    site._context.firewall.usable = False


@pytest.mark.parametrize("way", [by_firewall, by_unplugging])
def test_a_cut_is_silent_and_what_was_sent_meanwhile_arrives_after_it(
    rig: DockerRig, monkeypatch: pytest.MonkeyPatch, way: Callable[[DockerSite], None]
) -> None:
    monkeypatch.setattr(rig._context.firewall, "usable", rig._context.firewall.usable)
    with closing(open_site(rig, cuttable=True)) as site:
        site.start(daemon(site, "primary"))
        greeted(site, "primary")
        site.start(caller(site, "worker", "primary"))
        assert site.wait(lambda: "3;" in heard(site, "worker"), SOON)
        way(site)
        assert site.cut("worker").proven
        at_the_cut = heard(site, "worker")
        # A second without a word: no answer, and no end of the stream either.
        assert site.wait(lambda: heard(site, "worker") != at_the_cut, 1.0) is None
        assert "end of stream" not in site.logs("worker")
        assert site.join("worker").proven
        assert site.wait(lambda: len(heard(site, "worker")) > len(at_the_cut) + 60, SOON)
        numbers = heard(site, "worker").partition("\n")[0].split(";")
        got = [word for word in numbers if word.isdecimal()]
        assert got[1:-1] == [str(n) for n in range(int(got[1]), int(got[1]) + len(got) - 2)]


def test_the_harness_still_reaches_a_node_that_the_firewall_cuts_off(cuttable: DockerSite) -> None:
    by_firewall(cuttable)
    cuttable.start(daemon(cuttable, "primary"), daemon(cuttable, "worker"))
    greeted(cuttable, "primary")
    proof = cuttable.cut("primary")
    assert "no answer from" in proof.evidence
    assert greeted(cuttable, "primary").startswith("x ")


def test_a_firewall_that_lets_packets_pass_is_found_out(
    cuttable: DockerSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_firewall(cuttable)
    firewall = cuttable._context.firewall
    monkeypatch.setattr(firewall, "usable", True)
    # Rules that match nobody: what a bridge does that passes the firewall by.
    packets = firewall._packets

    def miss(address: str) -> Iterator[tuple[str, ...]]:  # noqa: ARG001 - that is the fault
        return packets("10.213.255.254")

    monkeypatch.setattr(firewall, "_packets", miss)
    cuttable.start(daemon(cuttable, "primary"), daemon(cuttable, "worker"))
    greeted(cuttable, "worker")  # a daemon that has no interface yet can't listen, and ends
    proof = cuttable.cut("worker")
    assert proof == Proof(
        kind="cut",
        node="worker",
        at=proof.at,
        proven=True,
        evidence="the engine lists no interface",
    )
    assert not firewall.usable
    assert cuttable.join("worker").proven


def test_a_site_that_shares_one_network_refuses_to_cut(site: DockerSite) -> None:
    site.start(daemon(site, "worker"))
    with pytest.raises(KitCannotRun, match="share one network"):
        site.cut("worker")


def test_nodes_of_a_cuttable_site_know_each_other_by_name(cuttable: DockerSite) -> None:
    ask = "import socket; print(socket.gethostname(), socket.gethostbyname('primary'))"
    command = ("python3", "-c", ask)
    cuttable.start(daemon(cuttable, "primary"))
    cuttable.start(NodeSpec(name="Worker", role="worker", command=command))
    address = cuttable.place("primary").host
    assert cuttable.wait(lambda: cuttable.logs("Worker") == f"worker {address}\n", SOON)


@pytest.mark.parametrize("is_cuttable", [False, True], ids=["shared network", "own interface"])
def test_without_a_shared_kernel_a_node_is_reached_by_a_published_port_that_outlives_faults(
    image: str, is_cuttable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Docker Desktop: addresses lead nowhere, and file events do not arrive."""
    monkeypatch.setattr(docker_rig, "connect", lambda: replace(connect(), native=False))
    with closing(DockerRig(new_run(), image)) as rig:
        site = open_site(rig, cuttable=is_cuttable)
        spec = daemon(site, "worker", JOB="1")
        assert site.url("worker").startswith("http://127.0.0.1:")
        site.start(spec)
        assert greeted(site, "worker").startswith("x ")
        assert job_of(site, "worker")
        assert site.kill("worker").proven
        assert job_of(site, "worker", "killed")
        site.start(spec)
        assert greeted(site, "worker").startswith("xx ")
        if is_cuttable:
            assert site.cut("worker").evidence == "the engine lists no interface"
            assert greeting(site, "worker") is None
            assert site.join("worker").proven
            assert greeted(site, "worker").startswith("xx ")


def test_a_node_runs_as_the_user_who_will_remove_its_files(
    image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_rig, "connect", lambda: replace(connect(), user="1234:1234"))
    with closing(DockerRig(new_run(), image)) as rig:
        site = open_site(rig)
        site.start(daemon(site, "worker", JOB="1"))
        assert job_of(site, "worker")
        assert site.wait(lambda: list(site._folder.glob("*/beats/*")), SOON), "the first beat"
        written = [site._folder / "data" / "worker" / "starts", *site._folder.glob("*/beats/*")]
        assert [(file.stat().st_uid, file.stat().st_gid) for file in written] == [(1234, 1234)] * 2
