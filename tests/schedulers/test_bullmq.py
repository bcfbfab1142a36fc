"""BullMQ as a system under test: its adapter reports facts, and its verdicts are the known ones.

Real nodes, real Redis, real SIGKILL. Where node, npm or Redis is missing these tests are skipped;
in CI they fail.
"""

import json
import shutil
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from runall_harness.contract.cases import feature_folder, load_cases
from runall_harness.contract.verdicts import Verdict
from runall_harness.rigs.processes.rig import ProcessesRig
from runall_harness.scenario.cluster import PRIMARY, Cluster
from runall_harness.systems.adapter_check.run import check_adapter
from runall_harness.systems.described_system import DescribedSystem
from runall_harness.systems.lookup import shipped
from runall_reference.brain.jumps import due_slots
from runall_reference.brain.timing import Timing
from support.conform_runs import ROOT, ConformRun, conform
from support.machine import give_up

FILE = shipped()["bullmq"]
FOLDER = FILE.parent
PROGRAMS = ("node", "npm", "redis-server")
# The next minutes of a schedule after a slot, as the repeat strategy of queues and workers says.
NEXT = """
const { repeatOf, strategyFor } = require(process.argv[1]);
const [event, minute, after, count] = JSON.parse(process.argv[2]);
const next = strategyFor(minute);
const slots = [];
for (let at = after * minute; slots.length < count; slots.push(at / minute)) {
  at = next(at, repeatOf(event, minute));
  if (at === undefined) break;
}
console.log(JSON.stringify(slots));
"""
SLOT = 1_764_340_000  # of a schedule whose minutes are seconds, in 2025


@pytest.fixture(scope="module")
def system() -> DescribedSystem:
    """The shipped file, on processes."""
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        give_up(f"BullMQ's nodes need {', '.join(missing)}: .ci/run installs them")
    return DescribedSystem(FILE, "processes")


def node(system: DescribedSystem, *words: str) -> str:
    """What node prints, with BullMQ to be required."""
    env = {"NODE_PATH": f"{system.cache}/node_modules"}
    command = [shutil.which("node") or "node", *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


# ------------------------------------------------------------------ the schedule
@pytest.mark.parametrize(
    ("timing", "timezone"),
    [
        ({}, "UTC"),
        ({"minutes": [0, 7, 59]}, "UTC"),
        ({"minutes": [5], "hours": [0, 23], "months": [2, 12]}, "Asia/Kolkata"),
        ({"minutes": [0], "hours": [12], "weekdays": [0, 3]}, "UTC"),
        ({"minutes": [30], "hours": [6], "days": [29], "months": [2]}, "Europe/Berlin"),
        ({"minutes": [1], "hours": [], "days": [31]}, "UTC"),
    ],
)
def test_bullmq_serves_the_minutes_that_a_timing_names(
    timing: dict[str, Any], timezone: str, system: DescribedSystem
) -> None:
    asked = json.dumps([{"timing": timing, "timezone": timezone}, 1000, SLOT, 5])
    found = json.loads(node(system, "-e", NEXT, str(FOLDER / "schedule.js"), asked))
    named = msgspec.convert(timing, Timing)
    assert len(found) == 5
    assert found == list(due_slots(named, timezone, SLOT, found[-1]))


def test_a_timing_of_one_year_ends_with_it(system: DescribedSystem) -> None:
    year = 5325  # the slot lies in the summer of the year before
    timing = {"minutes": [0], "hours": [0], "days": [1], "months": [6], "years": [year]}
    event = {"timing": timing, "timezone": "UTC"}
    asked = json.dumps([event, 1000, SLOT, 5])
    found = json.loads(node(system, "-e", NEXT, str(FOLDER / "schedule.js"), asked))
    named = msgspec.convert(timing, Timing)
    assert found == list(due_slots(named, "UTC", SLOT, SLOT + 5 * 366 * 24 * 60))
    assert len(found) == 1


def test_of_days_and_weekdays_bullmq_takes_either(system: DescribedSystem) -> None:
    timing = {"minutes": [0], "hours": [0], "days": [13], "weekdays": [5]}
    event = {"timing": timing, "timezone": "UTC"}
    asked = json.dumps([event, 1000, SLOT, 12])
    found = json.loads(node(system, "-e", NEXT, str(FOLDER / "schedule.js"), asked))
    both = msgspec.convert(timing, Timing)
    assert not set(found) <= set(due_slots(both, "UTC", SLOT, found[-1]))
    either = [
        Timing(minutes=(0,), hours=(0,), **one) for one in ({"days": (13,)}, {"weekdays": (5,)})
    ]
    named = {slot for one in either for slot in due_slots(one, "UTC", SLOT, found[-1])}
    assert found == sorted(named)


# ------------------------------------------------------------------ the attempts
# The states of a job's attempts, by the events of its stream and by the fields of its record.
ATTEMPTS = """
const { attemptsOf, viewsOf } = require(process.argv[1]);
const [events, fields] = JSON.parse(process.argv[2]);
const entries = events.map((event, at) => [`${at}-0`, ['event', event, 'jobId', 'j']]);
const job = { id: 'j', name: 'e', data: {}, ...fields };
console.log(JSON.stringify(viewsOf(job, attemptsOf(entries).get('j'), 0).map((v) => v.state)));
"""
GIVEN_UP = "job stalled more than allowable limit"


@pytest.mark.parametrize("field", ["deferredFailure", "failedReason"])
@pytest.mark.parametrize("events", [["active", "stalled"], ["active", "stalled", "active"]])
def test_the_start_that_records_a_failure_is_never_shown_as_an_attempt(
    field: str, events: list[str], system: DescribedSystem
) -> None:
    asked = json.dumps([events, {field: GIVEN_UP}])
    found = json.loads(node(system, "-e", ATTEMPTS, str(FOLDER / "attempts.js"), asked))
    assert found == ["interrupted"]


def test_a_job_that_may_stall_once_more_is_run_again(system: DescribedSystem) -> None:
    asked = json.dumps([["active", "stalled"], {}])
    found = json.loads(node(system, "-e", ATTEMPTS, str(FOLDER / "attempts.js"), asked))
    assert found == ["interrupted", "waiting"]


# ------------------------------------------------------------------ the adapter
def test_the_adapter_reports_real_nodes_as_they_are(system: DescribedSystem) -> None:
    case = load_cases(feature_folder())[0]
    with closing(ProcessesRig(f"test-{uuid.uuid4().hex[:8]}")) as rig:
        cluster = Cluster(rig, case, system)
        try:
            cluster.up("worker-1")
            command, env = system.program(cluster.site, (PRIMARY,))
            report = check_adapter(
                [command[0], *(str(FOLDER / word) for word in command[1:])],
                env=env,
                minute=system.timings.minute,
            )
        finally:
            cluster.close()
    found = {rule.rule: rule.verdict for rule in report.rules}
    assert found.pop("aborts") is Verdict.UNSUPPORTED
    assert set(found.values()) == {Verdict.PASS}, [rule.seen for rule in report.rules]


# ------------------------------------------------------------------ the verdicts
# What is shown here: each of the three ways of losing a job, who counts its attempts, and what
# BullMQ breaks by its design, or is never in.
EXPECTED = {
    "1_worker_lost/another-worker-of-the-group-takes-over/manual": "pass",
    "2_worker_back/the-rerun-names-what-it-stands-for/scheduled": "pass",
    "3_primary_crash/the-same-primary-comes-back-and-its-local-job-is-run-again/manual": "pass",
    "5_worker_restart/its-job-is-run-again-by-another-worker/scheduled": "pass",
    "side_effects/with-run-all-off-nothing-is-run-again/manual": "pass",
    "side_effects/with-run-all-off-nothing-is-run-again/scheduled": "known-failure",
    "slots/with-run-all-off-nothing-that-was-missed-is-served/scheduled-killed": "known-failure",
    "fencing/a-job-that-was-handed-to-a-server-which-died-before-it-began/manual": "unsupported",
    "side_effects/a-job-that-a-user-aborted-is-not-run-again/manual": "unsupported",
}
AT_ONCE = 2


def test_bullmq_gets_the_verdicts_that_its_file_declares(
    system: DescribedSystem, tmp_path: Path
) -> None:
    assert system.cache.is_dir(), "fetched once, before several runs want it"

    def run(numbered: tuple[int, str]) -> ConformRun:
        number, case = numbered
        asked = ("--system", "bullmq", "--rig", "processes", "--scenario", case)
        return conform(*asked, out=tmp_path / str(number))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs = list(pool.map(run, enumerate(EXPECTED)))
    found = {case: verdict for run in runs for case, verdict in run.verdicts().items()}
    assert found == EXPECTED, [run.red() for run in runs]
    assert {run.code for run in runs} == {0, 2}, "a run of nothing but unsupported is no success"
    messages = {case["id"]: case["message"] for run in runs for case in run.report["cases"]}
    assert "none is given to a server" in messages[next(c for c in EXPECTED if "handed" in c)]


@pytest.mark.usefixtures("system", "engine")
def test_bullmq_gets_the_same_verdict_in_containers(tmp_path: Path) -> None:
    made = subprocess.run(
        [ROOT / "ci/system-image", "bullmq"], capture_output=True, text=True, check=False
    )
    if made.returncode:
        give_up(f"no image for BullMQ's nodes: {made.stderr[-500:]}")
    # A shorter lock than the file's own: what it promises is kept all the sooner.
    asked = ("--image", made.stdout.strip(), "--set", "lock_duration=4000")
    case = "2_worker_back/it-is-back-before-the-timeout-without-the-job/manual"
    asked = ("--system", "bullmq", "--rig", "docker", *asked, "--scenario", case)
    found = conform(*asked, out=tmp_path / "out")
    assert (found.code, found.verdicts()) == (0, {case: "pass"}), found.report["cases"]


def test_every_program_of_bullmqs_nodes_is_read_by_node(system: DescribedSystem) -> None:
    programs = sorted(FOLDER.glob("*.js"))
    assert len(programs) > 5
    for program in programs:
        assert node(system, "--check", str(program)) == ""
