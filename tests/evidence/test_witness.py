"""The witness records what happened: real shells run the job, the reader reads what they wrote."""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.witness import Witness
from runall_harness.rigs.real_site import RealSite

LONG = 20.0
SHELLS = [
    command
    for command in (("sh",), ("dash",), ("bash",), ("busybox", "sh"))
    if shutil.which(command[0])
]
AWKWARD = 'it\'s "quoted", $HOME `date` \\n %s *\n\n\ttwo lines, und Umlaute: äöü 漢字 \n\n'


class WitnessedJobs:
    """A witness folder, and a way to run its job as a scheduler would."""

    def __init__(self, folder: Path, shell: tuple[str, ...]) -> None:
        self.witness = Witness(folder)
        self.site = RealSite(self.witness)
        self._shell = shell
        self._jobs: list[subprocess.Popen[bytes]] = []

    def run(self, node: str = "alpha", *words: str, **variables: str) -> subprocess.Popen[bytes]:
        env = {
            "PATH": os.environ["PATH"],
            "RUNALL_WITNESS": str(self.witness.folder),
            "RUNALL_NODE": node,
            **variables,
        }
        command = [*self._shell, str(self.witness.folder / "witness.sh"), *words]
        job = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, start_new_session=True)
        self._jobs.append(job)
        return job

    def wait_for(self, count: int, how: str = "running") -> list[Execution]:
        def enough() -> list[Execution] | None:
            found = [e for e in self.site.executions() if e.how == how]
            return found if len(found) >= count else None

        found = self.site.wait(enough, LONG)
        assert found is not None, f"{count} executions {how} expected: {self.site.executions()}"
        return found

    def close(self) -> None:
        for job in self._jobs:
            if job.poll() is None:
                os.killpg(job.pid, signal.SIGKILL)
            job.communicate()
        self.witness.close()


@pytest.fixture(params=SHELLS, ids=" ".join)
def jobs(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[WitnessedJobs]:
    """Jobs in each POSIX shell that this machine has."""
    jobs = WitnessedJobs(tmp_path / "witness", request.param)
    yield jobs
    jobs.close()


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Without the slow poll, a wait that nobody wakes ends at its deadline, and is too late."""
    monkeypatch.setattr("runall_harness.rigs.real_site.SAFETY_POLL", 2 * LONG)
    started = time.monotonic()
    yield
    assert time.monotonic() - started < LONG, "the wait ended by its deadline, nobody woke it"


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[WitnessedJobs]:
    """Jobs in the system's sh, for claims about the reader."""
    jobs = WitnessedJobs(tmp_path / "witness", ("sh",))
    yield jobs
    jobs.close()


# ------------------------------------------------------------------ what a job records
def test_a_job_runs_until_its_tag_is_released_and_then_completes(jobs: WitnessedJobs) -> None:
    job = jobs.run(TAG="t1")
    [running] = jobs.wait_for(1)
    assert (running.tag, running.node, running.ended_at) == ("t1", "alpha", None)
    jobs.site.release("another")
    jobs.site.release("t1")
    [done] = jobs.wait_for(1, "completed")
    assert job.wait(LONG) == 0
    assert done.id == running.id
    assert done.ended_at is not None
    assert done.started_at <= done.beat_at <= done.ended_at


def test_a_release_holds_for_jobs_that_start_later(jobs: WitnessedJobs) -> None:
    jobs.site.release("t1")
    assert jobs.run(TAG="t1").wait(LONG) == 0
    jobs.wait_for(1, "completed")


def test_another_tag_is_not_released(jobs: WitnessedJobs) -> None:
    jobs.run(TAG="t1")
    jobs.run(TAG="t10")
    jobs.wait_for(2)
    jobs.site.release("t1")
    jobs.wait_for(1, "completed")
    assert [e.tag for e in jobs.wait_for(1)] == ["t10"]


def test_a_job_that_lost_its_tag_is_still_witnessed_and_holds(jobs: WitnessedJobs) -> None:
    jobs.run()
    [lost] = jobs.wait_for(1)
    assert (lost.tag, lost.params) == ("", {})


def test_without_hold_a_job_ends_at_once(jobs: WitnessedJobs) -> None:
    assert jobs.run(TAG="t1", HOLD="0").wait(LONG) == 0
    jobs.wait_for(1, "completed")


def test_a_job_that_is_to_fail_fails_with_that_status(jobs: WitnessedJobs) -> None:
    assert jobs.run(TAG="t1", HOLD="0", ENDS="7").wait(LONG) == 7
    jobs.wait_for(1, "failed")


@pytest.mark.parametrize(
    ("on_term", "how", "status"), [("die", "terminated", 143), ("finish", "completed", 0)]
)
def test_a_job_answers_sigterm_to_its_whole_group_as_it_was_set_to(
    jobs: WitnessedJobs, on_term: str, how: str, status: int
) -> None:
    job = jobs.run(TAG="t1", ON_TERM=on_term, ENDS="5")
    jobs.wait_for(1)
    os.killpg(job.pid, signal.SIGTERM)
    assert job.wait(LONG) == status
    jobs.wait_for(1, how)


def test_a_job_that_ignores_sigterm_goes_on_beating(jobs: WitnessedJobs) -> None:
    job = jobs.run(TAG="t1", ON_TERM="ignore")
    [before] = jobs.wait_for(1)
    os.killpg(job.pid, signal.SIGTERM)
    later = jobs.site.now()
    assert jobs.site.wait(lambda: jobs.site.executions()[0].beat_at > later, LONG)
    assert jobs.site.executions()[0].id == before.id
    jobs.site.release("t1")
    assert job.wait(LONG) == 0


@pytest.mark.parametrize("on_term", ["die", "finish"])
def test_a_sigterm_at_any_moment_leaves_no_end_without_a_start(
    jobs: WitnessedJobs, on_term: str
) -> None:
    for _ in range(30):
        job = jobs.run(TAG="t1", ON_TERM=on_term)
        job.send_signal(signal.SIGTERM)
        job.wait(LONG)
    names = {path.name for path in (jobs.witness.folder / "events").iterdir()}
    ends = [name for name in names if not name.endswith(".started")]
    assert [end for end in ends if f"{end.rpartition('.')[0]}.started" not in names] == []
    assert [e for e in jobs.witness.executions() if e.how == "running"] == []


# ------------------------------------------------------------------ fidelity
def test_values_with_newlines_and_quotes_come_through_verbatim(jobs: WitnessedJobs) -> None:
    given = {"TAG": "t1", "NOTE": AWKWARD, "ENDS": "3", "HOLD": "1", "ON_TERM": "ignore"}
    claims = {"JOB_ID": "j 'x'\n", "JOB_NOW": "1700000000", "JOB_ROOT": "", "JOB_SOURCE": "Ann"}
    jobs.run(node="beta-2", RECORD="COLOUR EMPTY", COLOUR=AWKWARD, EMPTY="", **given, **claims)
    [execution] = jobs.wait_for(1)
    assert execution.params == given | {"RECORD": "COLOUR EMPTY", "COLOUR": AWKWARD, "EMPTY": ""}
    assert (execution.job, execution.now, execution.node) == (
        claims["JOB_ID"],
        "1700000000",
        "beta-2",
    )
    assert execution.claims == claims


def test_a_value_that_did_not_reach_the_job_is_missing_not_empty(jobs: WitnessedJobs) -> None:
    jobs.run(TAG="t1", RECORD="COLOUR")
    [execution] = jobs.wait_for(1)
    assert "COLOUR" not in execution.params
    assert "NOTE" not in execution.params


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"RECORD": "x;touch${IFS}owned"}, "is no name of a parameter"),
        ({"ON_TERM": "dance"}, "ON_TERM is 'dance'"),
        ({"ENDS": "soon"}, "ENDS is 'soon'"),
        ({"RUNALL_WITNESS": "/nowhere"}, "cannot write to /nowhere/values"),
    ],
)
def test_nonsense_is_refused_with_its_reason_and_is_no_execution(
    jobs: WitnessedJobs, variables: dict[str, str], reason: str
) -> None:
    job = jobs.run(**variables)
    _, errors = job.communicate(timeout=LONG)
    assert job.returncode == 70
    assert reason in errors.decode()
    assert jobs.witness.executions() == []


# ------------------------------------------------------------------ who is who
def test_executions_of_one_job_on_two_nodes_at_once_are_two(jobs: WitnessedJobs) -> None:
    for _ in range(5):
        for node in ("alpha", "beta"):
            jobs.run(node=node, TAG="t1", JOB_ID="j1")
    found = jobs.wait_for(10)
    assert len({e.id for e in found}) == 10
    assert sorted(e.node for e in found) == ["alpha"] * 5 + ["beta"] * 5
    assert {e.job for e in found} == {"j1"}


def test_a_process_id_used_again_on_the_same_node_is_another_execution(jobs: WitnessedJobs) -> None:
    job = jobs.run(TAG="t1", HOLD="0")
    job.wait(LONG)
    [first] = jobs.wait_for(1, "completed")
    # What a restarted container does: the same node, the same process id, once more.
    script = (jobs.witness.folder / "witness.sh").read_text()
    (jobs.witness.folder / "witness.sh").write_text(script.replace("$$", str(job.pid)))
    jobs.run(TAG="t2", HOLD="0").wait(LONG)
    both = jobs.wait_for(2, "completed")
    assert [e.tag for e in both] == ["t1", "t2"]
    assert both[0].id == first.id != both[1].id


# ------------------------------------------------------------------ the reader
def test_an_execution_whose_node_died_is_killed_at_that_time(plain: WitnessedJobs) -> None:
    job = plain.run(TAG="t1")
    [running] = plain.wait_for(1)
    os.killpg(job.pid, signal.SIGKILL)
    job.wait(LONG)
    died_at = plain.site.now()
    plain.witness.node_died("beta", died_at)
    assert plain.witness.executions()[0].how == "running"
    plain.witness.node_died("alpha", died_at)
    [killed] = plain.witness.executions()
    assert (killed.how, killed.ended_at) == ("killed", died_at)
    assert running.started_at <= killed.beat_at <= died_at


def test_the_first_death_counts_and_a_later_start_survives_it(plain: WitnessedJobs) -> None:
    job = plain.run(TAG="t1")
    plain.wait_for(1)
    os.killpg(job.pid, signal.SIGKILL)
    first = plain.site.now()
    plain.witness.node_died("alpha", first)
    plain.run(TAG="t2")
    assert [e.tag for e in plain.wait_for(1)] == ["t2"]
    plain.witness.node_died("alpha", plain.site.now())
    found = {e.tag: e for e in plain.witness.executions()}
    assert found["t1"].ended_at == first
    assert found["t2"].how == "killed"


def test_a_start_in_the_tick_of_the_death_before_it_survives_that_death(
    plain: WitnessedJobs,
) -> None:
    reader = Witness(plain.witness.folder)
    died_at = plain.site.now()
    reader.node_died("alpha", died_at)
    plain.run(TAG="t1")
    [running] = plain.wait_for(1)
    os.utime(plain.witness.folder / "events" / f"{running.id}.started", (died_at, died_at))
    assert [e.how for e in reader.executions()] == ["running"]


def test_a_start_that_shows_only_after_the_death_of_its_node_is_killed(
    plain: WitnessedJobs,
) -> None:
    reader = Witness(plain.witness.folder)
    died_at = plain.site.now() + LONG
    reader.node_died("alpha", died_at)
    plain.run(TAG="t1")
    plain.wait_for(1)
    assert [(e.how, e.ended_at) for e in reader.executions()] == [("killed", died_at)]


def test_no_job_starts_before_the_time_that_was_asked_for_first(plain: WitnessedJobs) -> None:
    for count in range(1, 21):
        asked_at = plain.site.now()
        plain.run(TAG="t1", HOLD="0").wait(LONG)
        assert plain.wait_for(count, "completed")[-1].started_at >= asked_at


def test_what_a_job_said_itself_outweighs_the_death_of_its_node(plain: WitnessedJobs) -> None:
    plain.run(TAG="t1", HOLD="0").wait(LONG)
    plain.witness.node_died("alpha", plain.site.now())
    assert [e.how for e in plain.witness.executions()] == ["completed"]


@pytest.mark.usefixtures("woken")
def test_a_wait_is_woken_by_starts_and_ends_and_not_by_its_slow_poll(plain: WitnessedJobs) -> None:
    plain.run(TAG="t1", HOLD="0")
    assert plain.site.wait(lambda: plain.witness.executions() or None, LONG)
    assert plain.wait_for(1, "completed")


@pytest.mark.usefixtures("woken")
def test_polling_sees_starts_without_file_events(tmp_path: Path) -> None:
    witness = Witness(tmp_path / "witness", polling=True)
    site = RealSite(witness)
    (witness.folder / "values" / "x").mkdir()
    threading.Timer(0.3, (witness.folder / "events" / "x.started").touch).start()
    assert site.wait(witness.executions, LONG)
    witness.close()


@pytest.mark.usefixtures("woken")
def test_a_wait_is_woken_by_notify(plain: WitnessedJobs) -> None:
    changed = threading.Event()

    def change() -> None:
        changed.set()
        plain.site.notify()

    threading.Timer(0.1, change).start()
    assert plain.site.wait(changed.is_set, LONG)


def test_a_wait_without_evidence_ends_with_none(plain: WitnessedJobs) -> None:
    assert plain.site.wait(lambda: None, 0.05) is None


@pytest.mark.parametrize("tag", ["", "..", "a/b", "a b"])
def test_a_tag_that_is_no_file_name_is_refused(plain: WitnessedJobs, tag: str) -> None:
    with pytest.raises(ValueError, match="is no plain word"):
        plain.witness.release(tag)


def test_closing_twice_does_no_harm(plain: WitnessedJobs) -> None:
    plain.witness.close()
    plain.witness.close()


def test_an_execution_without_the_word_of_its_event_is_a_stranger(jobs: WitnessedJobs) -> None:
    mine, others = jobs.witness.word("mine"), jobs.witness.word("others")
    jobs.run("own", mine, JOB_EVENT="mine")
    jobs.run("unnamed", others)
    jobs.run("none", JOB_EVENT="mine")
    jobs.run("wrong", others, JOB_EVENT="mine")
    jobs.run("guessed", "0123456789abcdef")
    jobs.wait_for(5)
    assert {name.split("-")[0] for name in jobs.witness.strangers()} == {"none", "wrong", "guessed"}


def test_a_start_that_somebody_else_wrote_into_the_folder_is_a_stranger(
    jobs: WitnessedJobs,
) -> None:
    word = jobs.witness.word("mine")
    jobs.run("own", word, JOB_EVENT="mine", TAG="t1")
    jobs.wait_for(1)
    values = jobs.witness.folder / "values" / "forged-1-0"
    values.mkdir()
    (values / "TAG").write_text("t1")
    (jobs.witness.folder / "events" / "forged-1-0.started").touch()
    assert jobs.witness.strangers() == ["forged-1-0"]


def test_each_run_of_the_harness_gives_other_words(tmp_path: Path) -> None:
    assert Witness(tmp_path / "a").word("mine") != Witness(tmp_path / "b").word("mine")
