"""Every transition of the three machines is taken by a case, or by a test that says why by none.

The cases run once, in virtual time, while every machine is listened to: what is counted is what
the brains really did.
"""

import json
import os
import subprocess
import sys

import pytest
from runall_harness.reports.spec_diagrams import MACHINES
from runall_reference.brain.inputs import BeatReceived, Boot, RunEvent, Tick, WorkerDisconnected
from runall_reference.brain.machines import ACTIVE, JOB, LINK
from runall_reference.brain.messages import Beat, Result
from runall_reference.brain.primary import Primary
from runall_reference.brain.records import Event, Finished, Job
from runall_reference.brain.settings import Settings
from support.places import ROOT
from support.transition_recorder import Row
from transitions import MachineError

PROGRAM = "import support.transition_recorder; from runall_harness.cli import main; main()"
# The tests below take these rows. The first needs a connection that is still open when the next
# start of its worker reports: in virtual time the end of a connection always comes first. The
# others need a worker that is in reach again in the middle of its clean stop: the harness's stop
# waits for the exit, so no scenario can mend a cut within it.
NOT_BY_A_CASE = {
    ("link", "beat", "draining", "online"),
    ("link", "last_beats", "suspect", "draining"),
    ("link", "last_beats", "lost", "draining"),
}


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> set[Row]:
    """The transitions that the cases take on the simulated rig."""
    folder = tmp_path_factory.mktemp("taken")
    record = folder / "taken.json"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            PROGRAM,
            "conform",
            "--rig",
            "simulated",
            "--jobs",
            "1",
            "--out",
            str(folder),
        ],
        env={**os.environ, "RUNALL_TAKEN": str(record), "PYTHONPATH": str(ROOT / "tests")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert record.is_file(), done.stderr
    return {tuple(row) for row in json.loads(record.read_text("utf-8"))}


def every_row() -> set[Row]:
    """The transitions that there are: machine, trigger, from, to."""
    return {
        (life.name, rule.trigger, source, rule.dest)
        for life in MACHINES.values()
        for rule, source in life.rows()
    }


def test_every_transition_is_taken_by_a_case(taken: set[Row]) -> None:
    assert every_row() - taken == NOT_BY_A_CASE


def test_no_case_takes_a_transition_that_no_machine_has(taken: set[Row]) -> None:
    assert taken <= every_row()


def test_a_row_has_one_rule_so_that_a_row_that_was_taken_names_the_rule() -> None:
    for life in MACHINES.values():
        found = [(rule.trigger, source, rule.dest) for rule, source in life.rows()]
        assert len(found) == len(set(found))


def test_a_start_that_reports_before_the_drained_one_is_known_to_be_gone_takes_its_place() -> None:
    primary = Primary("p", Settings())
    primary.handle(Boot("p1"), 0.0)
    primary.records.put(Event(id="e", target="w", catch_up=True))
    primary.handle(BeatReceived(Beat(node="w", boot="old", sent=1.0)), 1.0)
    job: Job = primary.handle(RunEvent("e", {}, "operator"), 2.0).reply
    primary.handle(BeatReceived(Beat(node="w", boot="old", sent=3.0, running=(job.id,))), 3.0)
    last = Beat(node="w", boot="old", sent=4.0, running=(job.id,), draining=True)
    primary.handle(BeatReceived(last), 4.0)
    assert primary.state.links["w"].state == "draining"
    primary.handle(BeatReceived(Beat(node="w", boot="new", sent=5.0)), 5.0)
    assert primary.state.links["w"].state == "online"
    assert primary.records.all(Finished)[job.id].job.state == "interrupted"
    assert [attempt.node for attempt in primary.state.live()] == ["w"]


def missed_in_its_clean_stop(missed_for: float) -> tuple[Primary, Job]:
    """A worker ran a job, was missed for so long, and is in reach again while it drains."""
    primary = Primary("p", Settings())
    primary.handle(Boot("p1"), 0.0)
    primary.records.put(Event(id="e", target="w", catch_up=True))
    primary.handle(BeatReceived(Beat(node="w", boot="b", sent=1.0)), 1.0)
    job: Job = primary.handle(RunEvent("e", {}, "operator"), 2.0).reply
    primary.handle(BeatReceived(Beat(node="w", boot="b", sent=3.0, running=(job.id,))), 3.0)
    primary.handle(WorkerDisconnected("w", "b"), 4.0)
    back = 4.0 + missed_for
    primary.handle(Tick(), back)
    ended = Result(job=job.id, code=-15, how="shutdown", ended_at=back)
    primary.handle(
        BeatReceived(Beat(node="w", boot="b", sent=back, results=(ended,), draining=True)), back
    )
    assert primary.state.links["w"].state == "draining"
    return primary, job


def test_a_worker_that_was_missed_and_drains_when_it_is_back_is_given_nothing_more() -> None:
    primary, job = missed_in_its_clean_stop(missed_for=10.0)
    assert primary.records.all(Finished)[job.id].job.state == "interrupted"
    assert [attempt.state for attempt in primary.state.live()] == ["waiting"]


def test_what_a_draining_worker_reports_after_it_was_given_up_is_recorded_as_late() -> None:
    primary, job = missed_in_its_clean_stop(missed_for=Settings().dead_job_timeout + 1)
    done = primary.records.all(Finished)[job.id]
    assert (done.job.state, done.late_code) == ("interrupted", -15)
    assert [attempt.state for attempt in primary.state.live()] == ["waiting"]


@pytest.mark.parametrize("state", ACTIVE)
def test_a_result_that_was_reached_stands_whatever_was_asked_for(state: str) -> None:
    assert JOB.fire(state, "end", "reached", "good", "aborted", "overdue") == "succeeded"
    assert JOB.fire(state, "end", "reached", "aborted", "overdue") == "failed"


def test_an_abort_outranks_the_time_limit() -> None:
    assert JOB.fire("stopping", "end", "aborted", "overdue") == "aborted"
    assert JOB.fire("stopping", "end", "overdue") == "timed_out"


@pytest.mark.parametrize("state", ["starting", "running"])
def test_what_nobody_stopped_and_nothing_reached_was_interrupted(state: str) -> None:
    assert JOB.fire(state, "end") == "interrupted"


def test_what_the_table_lacks_is_an_error_and_never_a_silent_state() -> None:
    with pytest.raises(MachineError):
        JOB.fire("stopping", "end")
    with pytest.raises(MachineError):
        JOB.fire("succeeded", "stop")
    with pytest.raises(MachineError):
        LINK.fire("lost", "miss")
