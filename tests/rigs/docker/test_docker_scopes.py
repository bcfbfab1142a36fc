"""A part of a container is hurt, and no other: the daemon alone, its jobs alone, all at once.

The daemon here writes down what it sees. A fault that takes one process after the other would show
it something that the fault does not mean.
"""

import json
import signal
import uuid
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import closing
from typing import Any, cast

import pytest
from runall_harness.evidence.facts import Proof
from runall_harness.rigs.base import NodeSpec
from runall_harness.rigs.docker import DockerRig, container_shell
from runall_harness.rigs.docker.ownership import RUN
from runall_harness.rigs.docker.site import DockerSite

SOON = 20.0
# Starts the jobs of JOBS, each an environment, and prints what it sees: the end of one, SIGTERM.
# It leaves when WAITS of them have ended; with DEAF, never. It kills itself when there is a file
# named doom.
DAEMON = """
import json, os, signal, subprocess, threading, time
def say(*words): os.write(1, (" ".join(map(str, words)) + "\\n").encode())
ended = threading.Semaphore(0)
def leave(*_): say("leaving"); threading.Thread(target=await_ends).start()
def await_ends():
    for _ in range(int(os.environ.get("WAITS", "0"))): ended.acquire()
    os._exit(7)
signal.signal(signal.SIGTERM, (lambda *_: None) if "DEAF" in os.environ else leave)
witness = os.environ["RUNALL_WITNESS"] + "/witness.sh"
def run(job):
    command = job.pop("COMMAND", ["sh", witness])
    say("ended", subprocess.Popen(command, env={**os.environ, **job}, process_group=0).wait())
    ended.release()
for job in json.loads(os.environ.get("JOBS", "[]")):
    threading.Thread(target=run, args=(job,), daemon=True).start()
say("ready", os.getpid())
while not os.path.exists("/runall/data/doom"): time.sleep(0.05)
os.kill(os.getpid(), signal.SIGKILL)
"""
# A job of three generations, two of which leave its group.
FAMILY = [
    "sh",
    "-c",
    "setsid sleep 1000 & setsid sh -c 'setsid sleep 1001 & wait' & exec sh \"$0\"",
]


@pytest.fixture(scope="module")
def rig(image: str) -> Iterator[DockerRig]:
    made = DockerRig(f"test-{uuid.uuid4().hex[:8]}", image)
    yield made
    made.close()


@pytest.fixture(params=[True, False], ids=["supervised", "plain"])
def site(rig: DockerRig, request: pytest.FixtureRequest) -> Iterator[DockerSite]:
    """A site with supervisors, and one without."""
    with closing(cast(DockerSite, rig.site("a case", orphans=request.param))) as made:
        yield made


@pytest.fixture
def supervised(rig: DockerRig) -> Iterator[DockerSite]:
    with closing(cast(DockerSite, rig.site("a case", orphans=True))) as made:
        yield made


def daemon(*jobs: dict[str, Any], name: str = "worker", **env: str) -> NodeSpec:
    """A node that runs those jobs."""
    command = ("python3", "-u", "-c", DAEMON)
    return NodeSpec(
        name=name, role="worker", command=command, env={"JOBS": json.dumps(jobs), **env}
    )


def start(site: DockerSite, *specs: NodeSpec, jobs: int = 1) -> None:
    """Start nodes, and wait until they and that many jobs run."""
    site.start(*specs)
    assert site.wait(lambda: len(runs(site)) == jobs, SOON), site.logs(specs[0].name)
    for spec in specs:
        says(site, "ready", spec.name)


def runs(site: DockerSite, how: str = "running") -> list[str]:
    """The tags of the executions in that state."""
    return [execution.tag for execution in site.executions() if execution.how == how]


def says(site: DockerSite, word: str, node: str = "worker", times: int = 1) -> None:
    assert site.wait(lambda: site.logs(node).count(word) == times, SOON), site.logs(node)


def processes(site: DockerSite, node: str = "worker") -> list[str]:
    """The commands that run in a node's container, as the engine lists them."""
    listing: Any = site._containers[node]._api.top(site._containers[node].id)
    column = listing["Titles"].index("CMD")
    return [row[column] for row in listing["Processes"]]


# ------------------------------------------------------------------ the daemon alone
def test_a_daemon_killed_alone_leaves_its_job_an_orphan_that_goes_on(
    supervised: DockerSite,
) -> None:
    start(supervised, daemon({"TAG": "a"}))
    proof = supervised.kill("worker", "daemon")
    assert proof.proven, proof
    assert proof.kind == "kill daemon"
    assert "frozen, then exit code 137; left behind:" in proof.evidence
    assert not supervised.alive("worker")
    assert supervised.wait(lambda: supervised.executions()[0].beat_at > proof.at + 0.2, SOON)
    assert runs(supervised) == ["a"]
    assert not [command for command in processes(supervised) if DAEMON[:20] in command]
    assert "ended" not in supervised.logs("worker")


def test_the_daemon_comes_back_beside_its_orphan_in_the_same_container(
    supervised: DockerSite,
) -> None:
    spec = daemon({"TAG": "a"})
    start(supervised, spec)
    container = supervised._containers["worker"].id
    for times in (2, 3):
        assert supervised.kill("worker", "daemon").proven
        supervised.start(spec)
        assert supervised.alive("worker")
        says(supervised, "ready", times=times)
    assert supervised._containers["worker"].id == container
    assert supervised.wait(lambda: runs(supervised) == ["a"] * 3, SOON)
    with pytest.raises(ValueError, match="runs already"):
        supervised.start(spec)


def test_a_node_killed_after_its_daemon_takes_the_orphan_with_it(supervised: DockerSite) -> None:
    spec = daemon({"TAG": "a"})
    start(supervised, spec)
    assert supervised.kill("worker", "daemon").proven
    proof = supervised.kill("worker")
    assert proof.proven, proof
    assert [(e.how, e.ended_at) for e in supervised.executions()] == [("killed", proof.at)]
    supervised.start(spec)
    says(supervised, "ready", times=2)
    assert supervised.wait(lambda: runs(supervised) == ["a"], SOON)


def test_an_orphan_can_be_killed_and_no_other_fault_finds_a_daemon(supervised: DockerSite) -> None:
    start(supervised, daemon({"TAG": "a"}))
    assert supervised.kill("worker", "daemon").proven
    for again in (supervised.kill("worker", "daemon"), supervised.stop("worker", 1.0)):
        assert (again.proven, again.evidence) == (False, "it was not running")
    assert supervised.kill("worker", "job").proven
    assert runs(supervised, "killed") == ["a"]


def test_a_supervised_daemon_that_dies_by_itself_ends_its_container_as_any_other(
    supervised: DockerSite,
) -> None:
    spec = daemon({"TAG": "a"})
    start(supervised, spec)
    (supervised.data_folder("worker") / "doom").touch()
    assert supervised.wait(lambda: not supervised.alive("worker"), SOON)
    assert supervised.end_remaining("worker") == (True, "exit code 137")
    assert runs(supervised, "killed") == ["a"]
    (supervised.data_folder("worker") / "doom").unlink()
    supervised.start(spec)
    says(supervised, "ready", times=2)


def test_a_node_with_orphans_is_started_as_before_or_not_at_all(supervised: DockerSite) -> None:
    start(supervised, daemon({"TAG": "a"}))
    assert supervised.kill("worker", "daemon").proven
    with pytest.raises(ValueError, match="as before only"):
        supervised.start(daemon({"TAG": "b"}))


def test_a_daemon_that_is_gone_when_it_is_to_be_killed_is_no_proof(
    supervised: DockerSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(supervised, daemon(name="other"), daemon({"TAG": "a"}))
    container = supervised._containers["worker"]
    assert container.kill_daemon().proven
    monkeypatch.setattr(container, "_orphaned", False)
    monkeypatch.setattr(container_shell, "SCOPED_FAULTS", short_of_patience())
    proof = supervised.kill("worker", "daemon")
    assert (proof.proven, proof.evidence) == (False, "there was no daemon")
    assert supervised.wait(lambda: supervised.executions()[0].beat_at > proof.at, SOON), (
        "all goes on"
    )


def short_of_patience() -> str:
    """The script, which waits for nothing that is not there at once."""
    assert container_shell.SCOPED_FAULTS.count("-lt 500") == 1
    return container_shell.SCOPED_FAULTS.replace("-lt 500", "-lt 5")


# ------------------------------------------------------------------ jobs alone
def test_all_processes_of_the_jobs_die_and_nothing_else(site: DockerSite) -> None:
    family = [*FAMILY, "/runall/witness/witness.sh"]
    start(
        site,
        daemon({"TAG": "a", "COMMAND": family}, {"TAG": "b"}, {"COMMAND": ["sleep", "1002"]}),
        daemon({"TAG": "c"}, name="other"),
        jobs=3,
    )
    proof = site.kill("worker", "job")
    assert proof.proven, proof
    assert proof.kind == "kill job"
    assert sorted(runs(site, "killed")) == ["a", "b"]
    assert runs(site) == ["c"]
    says(site, "ended -9", times=2)
    left = " ".join(processes(site))
    assert "sleep 1002" in left
    assert "sleep 1000" not in left
    assert "sleep 1001" not in left
    assert site.alive("worker")


def test_a_job_that_had_ended_by_itself_is_no_proof(site: DockerSite) -> None:
    start(site, daemon({"TAG": "a"}))
    pid = site.witness.pid(site.executions()[0].id)
    assert site._containers["worker"].shell.inject("jobs", pid).proven
    result = site._containers["worker"].shell.inject("jobs", pid)
    assert (result.proven, result.text) == (False, f"the job {pid} had ended before")
    assert site.alive("worker")
    says(site, "ended -9")


def test_without_a_job_there_is_none_to_kill(site: DockerSite) -> None:
    start(site, daemon(), jobs=0)
    proof = site.kill("worker", "job")
    assert (proof.proven, proof.evidence) == (False, "no job ran on it")


# ------------------------------------------------------------------ SIGTERM
def test_sigterm_to_the_daemon_reaches_no_job(site: DockerSite) -> None:
    start(site, daemon({"TAG": "a"}))
    proof = site.stop("worker", SOON, to="daemon")
    assert proof.proven, proof
    assert proof.evidence.startswith("exit code 7 after ")
    assert proof.evidence.endswith("SIGTERM to the daemon")
    assert runs(site, "killed") == ["a"]
    says(site, "leaving")


def test_sigterm_to_the_group_reaches_each_process_once(site: DockerSite) -> None:
    jobs = {"TAG": "a"}, {"TAG": "b", "ON_TERM": "finish"}, {"TAG": "c", "ON_TERM": "ignore"}
    start(site, daemon(*jobs, WAITS="2"), jobs=3)
    proof = site.stop("worker", SOON, to="group")
    assert proof.proven, proof
    assert "SIGTERM at one instant to all of it:" in proof.evidence
    assert (runs(site, "terminated"), runs(site, "completed")) == (["a"], ["b"])
    assert runs(site, "killed") == ["c"]
    says(site, "leaving")


def test_the_spec_says_who_gets_the_signal_and_which(site: DockerSite) -> None:
    shell = "trap 'echo hup' HUP; trap 'exit 5' TERM; echo ready; while :; do sleep 0.1; done"
    spec = NodeSpec(name="worker", role="worker", command=("sh", "-c", shell), stop_signal="SIGHUP")
    start(site, spec, jobs=0)
    assert not site.stop("worker", 1.0).proven
    says(site, "hup")
    site.start(NodeSpec(name="worker", role="worker", command=("sh", "-c", shell), stop_to="group"))
    says(site, "ready", times=2)
    proof = site.stop("worker", SOON)
    assert proof.proven, proof
    assert "all of it" in proof.evidence


def test_a_daemon_that_ignores_the_signal_of_its_group_was_not_stopped(site: DockerSite) -> None:
    start(site, daemon({"TAG": "a"}, DEAF="1"))
    proof = site.stop("worker", 1.0, to="group")
    assert not proof.proven
    assert proof.evidence.startswith("it did not leave within 1 s and was killed")
    assert runs(site, "terminated") == ["a"]


def test_a_signal_that_did_not_wait_for_everybody_is_no_proof(
    site: DockerSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(site, daemon({"TAG": "a"}))
    # A kernel that loses the signal: it is not sent at all.
    missing = container_shell.SCOPED_FAULTS.replace('kill -s "$2" "$pid" 2>/dev/null', ":")
    assert missing != container_shell.SCOPED_FAULTS
    monkeypatch.setattr(container_shell, "SCOPED_FAULTS", missing)
    result = site._containers["worker"].shell.inject(
        "group", container_shell.SUPERVISOR_FOLDER, "TERM", int(signal.SIGTERM)
    )
    assert not result.proven
    assert result.text.endswith("did not get SIGTERM")
    assert runs(site) == ["a"], "all goes on"
    assert site.alive("worker")


# ------------------------------------------------------------------ nothing is left
def test_a_run_with_orphans_leaves_nothing_behind(image: str) -> None:
    rig = DockerRig(f"test-{uuid.uuid4().hex[:8]}", image)
    site = cast(DockerSite, rig.site("a case", orphans=True))
    start(site, daemon({"TAG": "a"}))
    assert isinstance(site.kill("worker", "daemon"), Proof)
    client: Any = rig._engine.client
    containers = client.containers.list(all=True, filters={"label": f"{RUN}={rig.run}"})
    folder = site._folder
    assert containers
    site.close()
    wait(rig._removals)
    assert not folder.exists()
    rig.close()
    with closing(DockerRig(f"test-{uuid.uuid4().hex[:8]}", image)) as other:
        client = other._engine.client
        found = client.containers.list(all=True, filters={"name": containers[0].name})
        assert found == []
