"""Celery as a system under test: its adapter reports facts, and its policies differ as declared.

Real nodes, real Redis, real SIGKILL. Where Redis is missing these tests are skipped; in CI they
fail.
"""

import json
import shutil
import subprocess
import sys
import uuid
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from runall_harness.contract.cases import base_id, feature_folder, load_cases
from runall_harness.contract.verdicts import Verdict
from runall_harness.evidence.views import JobView
from runall_harness.reports.comparison import read_report
from runall_harness.rigs.processes.rig import ProcessesRig, ProcessesSite
from runall_harness.scenario.cluster import PRIMARY, Cluster
from runall_harness.systems.adapter_check.run import check_adapter
from runall_harness.systems.described_system import DescribedSystem
from runall_harness.systems.lookup import shipped
from runall_reference.brain.jumps import due_slots
from runall_reference.brain.timing import Timing
from support.conform_runs import ROOT, ConformRun, conform
from support.machine import give_up
from support.places import DOCS

FILE = shipped()["celery"]
FOLDER = FILE.parent
POLICIES = ("", "acks_late", "acks_late_lost")
WORKER = "worker-1"
SOON = 20.0
# The minutes at which the crontab of an event is due, one after the other.
NEXT = """
import json, sys
from datetime import UTC, datetime
import minutes
event, slot, count = json.loads(sys.argv[1])
minutes.schedule_now = lambda: datetime.now(UTC)
crontab, slots = minutes.timing_of(event), []
while len(slots) < count:
    slot = int(crontab.due_at(datetime.fromtimestamp(slot * 60, UTC)).timestamp()) // 60
    slots.append(slot)
print(json.dumps(slots))
"""
KEPT: dict[str, Any] = {"catch_up": True, "params": {}}
SLOT = 29_400_000  # in the autumn of 2025


@pytest.fixture(scope="module", autouse=True)
def redis() -> None:
    """Skip these tests where no Redis is installed; in CI, fail them."""
    if shutil.which("redis-server") is None:
        give_up("Celery's nodes need redis-server: .ci/run installs it")


# ------------------------------------------------------------------ the schedule
@pytest.mark.parametrize(
    ("timing", "timezone"),
    [
        ({}, "UTC"),
        ({"minutes": [0, 7, 59]}, "UTC"),
        ({"minutes": [5], "hours": [0, 23], "months": [2, 12]}, "Asia/Kolkata"),
        ({"minutes": [0], "hours": [12], "weekdays": [0, 3]}, "UTC"),
        ({"minutes": [0], "hours": [0], "days": [13], "weekdays": [5]}, "UTC"),
    ],
)
def test_beat_takes_the_minutes_for_due_that_a_timing_names(
    timing: dict[str, Any], timezone: str
) -> None:
    asked = json.dumps([{"timing": timing, "timezone": timezone}, SLOT, 5])
    env = {"PYTHONPATH": str(FOLDER), "RUNALL_REDIS": "redis://"}
    done = subprocess.run(
        [sys.executable, "-c", NEXT, asked], env=env, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert len(found) == 5
    assert found == list(due_slots(msgspec.convert(timing, Timing), timezone, SLOT, found[-1]))


# ------------------------------------------------------------------ the adapter
def test_without_celery_the_adapter_says_what_to_install() -> None:
    program = str(FOLDER / "adapter.py")
    hide = f"import runpy, sys; sys.modules['celery'] = None; runpy.run_path({program!r})"
    done = subprocess.run([sys.executable, "-c", hide], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "needs celery: pip install 'runall-kit[celery]'" in done.stderr


@contextmanager
def running(policy: str) -> Generator[Cluster]:
    """A primary and a worker, on processes of this machine."""
    case = load_cases(feature_folder())[0]
    with closing(ProcessesRig(f"test-{uuid.uuid4().hex[:8]}")) as rig:
        cluster = Cluster(rig, case, DescribedSystem(FILE, "processes", policy))
        try:
            cluster.up(WORKER)
            yield cluster
        finally:
            cluster.close()


def test_the_adapter_reports_real_nodes_as_they_are() -> None:
    with running("acks_late") as cluster:
        assert isinstance(cluster.system, DescribedSystem)
        command, env = cluster.system.program(cluster.site, (PRIMARY,))
        report = check_adapter(command, env=env, minute=cluster.system.timings.minute)
    found = {rule.rule: rule.verdict for rule in report.rules}
    assert set(found.values()) == {Verdict.PASS}, [rule.seen for rule in report.rules]


def test_a_revocation_that_a_worker_stored_without_the_task_is_shown_as_an_abort() -> None:
    with running("acks_late") as cluster:
        cluster.site.kill(WORKER)
        cluster.calls.call("create_event", event={"id": "e", "target": WORKER, **KEPT})
        root = cluster.calls.call("run", event="e", params={}, source="test")
        cluster.calls.call("abort", job=root)
        # The primary's own worker has stored it, and knew nothing but its id.
        cluster.await_evidence("its end", lambda: cluster.attempts(root)[0].final, SOON)
        (shown,) = cluster.attempts(root)
        assert (shown.state, shown.source, shown.event) == ("aborted", "test", "e")


# ------------------------------------------------------------------ what the settings decide
def lose_pool_process(cluster: Cluster) -> list[JobView]:
    """SIGKILL the process of Celery's pool that runs a job; the job, once that was noticed."""
    site = cluster.site
    assert isinstance(site, ProcessesSite)
    script = 'exec sh "$RUNALL_WITNESS/witness.sh"'
    event = {
        "id": "e",
        "target": WORKER,
        "catch_up": True,
        "params": {"script": script, "tag": "t"},
    }
    cluster.calls.call("create_event", event=event)
    root = cluster.calls.call("run", event="e", params={}, source="test")
    first = cluster.await_evidence("it runs", lambda: cluster.tagged("t"), SOON)[0]
    pool = psutil.Process(site.witness.pid(first.id)).parent()
    assert pool is not None
    pool.kill()
    cluster.await_evidence(
        "its end is shown", lambda: cluster.attempts(root)[0].state == "interrupted", SOON
    )
    return cluster.attempts(root)


def test_a_lost_process_of_the_pool_is_the_end_of_its_job_unless_it_is_to_be_rejected() -> None:
    with running("acks_late") as cluster:
        (only,) = lose_pool_process(cluster)
        assert "WorkerLostError" in only.description


def test_a_job_that_is_rejected_when_its_process_is_lost_is_delivered_again_at_once() -> None:
    with running("acks_late_lost") as cluster:
        first, second = lose_pool_process(cluster)
        assert (second.id, second.attempt, second.cause) == (f"{first.id}#2", 2, "interrupted")
        runs = cluster.site.wait(lambda: (r := cluster.tagged("t"))[1:] and r, SOON)
        assert runs, "it runs again, beside what its lost process has left"
        assert [run.claims["JOB_ATTEMPT"] for run in runs] == ["1", "2"]
        assert [run.job for run in runs] == [first.id, second.id]


LOST = "1_worker_lost/another-worker-of-the-group-takes-over/manual"
BROKER = "3_primary_crash/a-job-on-a-worker-outlives-the-crash-and-is-not-run-again/manual"
GROUP = "scopes/all-of-it-gets-sigterm-at-once-and-the-job-is-the-first-to-obey/manual"
# With Celery's defaults a message is gone when its job starts: nothing brings a lost job back, and
# nothing disturbs one that lives. Acknowledged late it is the other way round, both times. And a
# process of the pool that obeys a signal takes its job with it, unless lost ones are rejected.
EXPECTED = {
    "": {LOST: "known-failure", BROKER: "pass"},
    "acks_late": {LOST: "pass", BROKER: "known-failure", GROUP: "known-failure"},
    "acks_late_lost": {LOST: "pass", GROUP: "pass"},
}
AT_ONCE = 3


def test_the_policies_differ_where_their_settings_do(tmp_path: Path) -> None:
    def run(asked: tuple[str, str]) -> ConformRun:
        policy, case = asked
        words = ("--policy", policy) if policy else ()
        out = tmp_path / (policy or "default") / case.partition("/")[0]
        return conform(
            "--system", "celery", *words, "--rig", "processes", "--scenario", case, out=out
        )

    asked = [(policy, case) for policy, cases in EXPECTED.items() for case in cases]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs = dict(zip(asked, pool.map(run, asked), strict=True))
    found = {one: made.verdicts()[one[1]] for one, made in runs.items()}
    wanted = {(policy, case): v for policy, cases in EXPECTED.items() for case, v in cases.items()}
    assert found == wanted, [made.red() for made in runs.values()]
    assert {made.code for made in runs.values()} == {0}


# ------------------------------------------------------------------ the whole runs
def kept(policy: str) -> dict[str, Verdict]:
    """The verdicts of the whole run that the documentation shows, for each case and its repeats."""
    version = DescribedSystem(FILE, "processes", policy).described.version
    name = "-".join(filter(None, ("celery", version, policy, "processes.json")))
    return {c.id: c.verdict for c in read_report(DOCS / "results" / "reports" / name).cases}


@pytest.mark.parametrize("policy", POLICIES)
def test_each_case_was_run_twice_and_ended_alike(policy: str) -> None:
    found = kept(policy)
    # The runs that are kept are of an earlier, smaller set of cases.
    assert {base_id(case) for case in found} <= {case.id for case in load_cases()}
    assert len(found) > 400
    assert set(found.values()) == {Verdict.PASS, Verdict.KNOWN_FAILURE, Verdict.UNSUPPORTED}
    for case, verdict in found.items():
        assert found[f"{base_id(case)}#2"] == verdict


def test_what_is_rejected_with_a_lost_process_decides_one_scenario_and_no_other() -> None:
    late, lost = kept("acks_late"), kept("acks_late_lost")
    differ = {case.rpartition("/")[0] for case in late if late[case] != lost[case]}
    assert differ == {GROUP.rpartition("/")[0]}


@pytest.mark.usefixtures("engine")
def test_celery_gets_the_same_verdict_in_containers(tmp_path: Path) -> None:
    made = subprocess.run(
        [ROOT / "ci/system-image", "celery"], capture_output=True, text=True, check=False
    )
    if made.returncode:
        give_up(f"no image for Celery's nodes: {made.stderr[-500:]}")
    case = "2_worker_back/it-is-back-before-the-timeout-without-the-job/manual"
    asked = ("--system", "celery", "--policy", "acks_late_lost", "--rig", "docker")
    found = conform(*asked, "--image", made.stdout.strip(), "--scenario", case, out=tmp_path / "o")
    assert (found.code, found.verdicts()) == (0, {case: "pass"}), found.report["cases"]


def test_each_known_failure_has_a_reason_that_names_what_in_celery_causes_it() -> None:
    for policy in POLICIES:
        known = DescribedSystem(FILE, "processes", policy).described.known_failures
        assert known, policy
        for case, reason in known.items():
            assert len(reason.split()) > 5, f"{policy} {case}: {reason}"
