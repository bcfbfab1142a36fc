"""An attempt ends once: with the words, the code and the ledger line of the path that found it."""

from typing import Any

import pytest
from msgspec.structs import replace
from runall_reference.brain.inputs import (
    AbortJob,
    DeleteEvent,
    Drain,
    Tick,
    UpdateEvent,
    WorkerDisconnected,
)
from runall_reference.brain.messages import Ack, Result, Stop
from runall_reference.brain.records import Job, Reopened
from runall_reference.brain.settings import Settings
from runall_reference.brain.timing import Timing
from support.driven_primary import NOW, SLOT, Stage, ended

DEAD = Settings().dead_job_timeout


def running(**fields: Any) -> tuple[Stage, str]:
    """A job by hand runs on the worker since the second 1; its name."""
    stage = Stage()
    stage.beat(0)
    stage.create(**fields)
    job = stage.run().id
    stage.beat(1, job)
    return stage, job


def given_up(**fields: Any) -> tuple[Stage, str]:
    """The same, and its worker was cut off at 2 and given up at the end of the dead-job timeout."""
    stage, job = running(**fields)
    stage.tell(WorkerDisconnected("w", "w#1"), 2)
    stage.tick(2 + DEAD)
    return stage, job


# ------------------------------------------------------------------ the words of an end
@pytest.mark.parametrize(
    ("how", "code", "state", "words"),
    [
        ("exit", 0, "succeeded", ""),
        ("exit", 3, "failed", ""),
        ("shutdown", 0, "succeeded", "Server 'w' was shut down"),
        ("shutdown", -15, "interrupted", "Server 'w' was shut down"),
        ("fenced", 0, "succeeded", "Server 'w' stopped the job: no primary was in reach"),
        ("fenced", -9, "interrupted", "Server 'w' stopped the job: no primary was in reach"),
        ("stopped", -15, "interrupted", ""),
    ],
)
def test_a_record_says_how_its_job_ended(how: str, code: int, state: str, words: str):
    stage, job = running()
    stage.beat(5, results=(ended(job, code, how),))
    done = stage.done(job).job
    assert (done.state, done.code, done.description) == (state, code, words)
    assert (done.finalized_at, done.node, done.boot) == (NOW + 5, "w", "w#1")
    assert (done.placed_at, done.started_at) == (NOW, NOW + 1)


def test_a_record_says_which_server_took_its_job_down():
    stage, job = given_up()
    done = stage.done(job).job
    assert (done.state, done.code) == ("interrupted", None)
    assert done.description == "Server 'w' shut down unexpectedly"


@pytest.mark.parametrize("how", ["shutdown", "fenced"])
def test_the_ledger_names_the_result_that_told_of_the_interruption(how: str):
    stage, job = running()
    stage.beat(5, results=(ended(job, -15, how),))
    assert stage.lines() == [(job, how, "rerun", "RA-4.1", f"as {job}.2")]


def test_the_ledger_says_when_and_of_which_lineage():
    stage, job = running()
    stage.beat(5, boot="w#2")
    stage.beat(6, f"{job}.2", boot="w#2")
    stage.beat(7, boot="w#3")
    first, second = stage.ledger()
    assert (first.number, first.at, first.event, first.job) == (1, NOW + 5, "e", job)
    assert (second.number, second.at, second.event) == (2, NOW + 7, "e")
    assert (second.job, second.root) == (f"{job}.2", job)


# ------------------------------------------------------------------ what an inventory lacks
def test_another_start_of_the_worker_is_a_restart_in_the_ledger():
    stage, job = running()
    stage.beat(5, boot="w#2")
    assert stage.lines() == [(job, "restart", "rerun", "RA-4.1", f"as {job}.2")]


def test_a_job_that_began_and_is_lacking_under_the_same_start_is_absent():
    stage, job = running()
    stage.beat(5)
    assert stage.lines() == [(job, "absent", "rerun", "RA-4.1", f"as {job}.2")]


def test_a_job_that_a_draining_worker_never_took_is_lost_by_its_shutdown():
    stage = Stage()
    stage.beat(0)
    stage.create()
    job = stage.run().id
    stage.beat(1, draining=True)
    assert stage.done(job).job.state == "interrupted"
    assert stage.lines() == [(job, "shutdown", "rerun", "RA-4.1", f"as {job}.2")]


def test_a_start_that_may_be_on_its_way_is_repeated_and_nothing_is_lost():
    stage = Stage()
    stage.beat(0)
    stage.create()
    job = stage.run().id
    placed = stage.said()
    stage.beat(0)
    assert stage.said() == [*placed, Ack(epoch=1, sent=NOW)]
    assert stage.job(job).state == "starting"


def test_the_primary_s_own_jobs_were_lost_by_its_crash():
    stage = Stage()
    stage.beat(0, node="p", boot="p#1")
    stage.create(target="p")
    job = stage.run().id
    stage.beat(1, job, node="p", boot="p#1")
    stage.beat(2, node="p", boot="p#2")
    assert stage.lines() == [(job, "crash of the primary", "rerun", "RA-4.1", f"as {job}.2")]


def test_a_server_that_stays_away_is_given_up_by_the_dead_job_timeout():
    stage, job = running()
    stage.tell(WorkerDisconnected("w", "w#1"), 2)
    stage.tick(2 + DEAD - 0.5)
    assert stage.job(job).state == "running"
    stage.tick(2 + DEAD)
    assert stage.lines() == [(job, "dead-job timeout", "rerun", "RA-4.1", f"as {job}.2")]


# ------------------------------------------------------------------ results
def test_a_result_is_acknowledged_so_that_its_worker_can_forget_it():
    stage, job = running()
    stage.beat(5, results=(ended(job), ended("j77")))
    assert stage.said() == [Ack(epoch=1, sent=NOW + 5, done=(job, "j77"))]


def test_a_result_is_taken_from_the_server_that_has_the_job_and_from_no_other():
    stage, job = running()
    stage.beat(2, node="other", boot="o#1", results=(ended(job, 1),))
    assert stage.job(job).state == "running"


def test_a_result_that_comes_too_late_is_recorded_against_its_own_attempt():
    stage, job = given_up()
    rerun = stage.job(f"{job}.2")
    stage.beat(200, results=(ended(job, 7),))
    assert (stage.done(job).late_code, stage.done(job).job.code) == (7, None)
    assert stage.done(job).job.state == "interrupted"
    assert stage.lines()[-1] == (job, "late result", "recorded", "RA-3.5", "exit status 7")
    assert stage.job(rerun.id).predecessor == job


def test_a_late_result_is_recorded_once():
    stage, job = given_up()
    stage.beat(200, results=(ended(job, 7),))
    stage.beat(201, results=(ended(job, 8),))
    assert stage.done(job).late_code == 7
    assert len(stage.lines()) == 2


def test_a_result_that_is_told_again_is_not_late():
    stage, job = running()
    for at in (5, 6):
        stage.beat(at, results=(ended(job, 3),))
    assert (stage.done(job).job.code, stage.done(job).late_code) == (3, None)
    assert stage.lines() == []


# ------------------------------------------------------------------ retries
def failed(**fields: Any) -> tuple[Stage, str]:
    """A job with retries runs; the name of the job."""
    return running(**{"retries": 2, "retry_delay": 30.0, **fields})


def test_a_job_that_failed_by_itself_is_tried_again_after_its_delay():
    stage, job = failed()
    stage.beat(5, results=(ended(job, 1),))
    retry = stage.job(f"{job}.2")
    assert (retry.state, retry.cause, retry.retries) == ("waiting", "retry", 1)
    assert (retry.not_before, retry.created_at) == (NOW + 35, NOW + 5)
    assert (retry.lost_at, retry.reruns, retry.predecessor) == (0.0, 0, job)
    stage.beat(34)
    assert stage.job(retry.id).state == "waiting"
    stage.beat(35)
    assert stage.job(retry.id).state == "starting"


def test_a_job_has_no_more_tries_than_its_event_gave_it():
    stage, job = failed(retry_delay=0.0)
    for attempt in (job, f"{job}.2", f"{job}.3"):
        stage.beat(5, attempt)
        stage.beat(5, results=(ended(attempt, 1),))
    assert not stage.brain.live()
    assert stage.done(f"{job}.3").job.retries == 0


def test_a_job_that_succeeded_is_not_tried_again():
    stage, job = failed()
    stage.beat(5, results=(ended(job, 0),))
    assert not stage.brain.live()


def test_a_failure_whose_event_was_deleted_is_not_tried_again():
    stage, job = failed()
    stage.tell(DeleteEvent("e"))
    stage.beat(5, results=(ended(job, 1),))
    assert not stage.brain.live()


def test_a_failure_that_a_user_had_aborted_is_not_tried_again():
    stage, job = failed()
    stage.tell(AbortJob(job, "me"))
    stage.beat(5, results=(ended(job, 1),))
    assert stage.done(job).job.state == "failed"
    assert not stage.brain.live()


def test_an_abort_of_one_lineage_leaves_the_retries_of_another():
    stage, job = failed(max_children=0)
    other = stage.run().id
    stage.tell(AbortJob(other, "me"))
    stage.beat(5, other, results=(ended(job, 1),))
    assert stage.job(f"{job}.2").cause == "retry"


# ------------------------------------------------------------------ stops
def test_an_abort_outranks_a_time_limit_that_was_asked_for_before():
    stage, job = running(timeout=60.0)
    stage.beat(61, job)
    assert (stage.job(job).state, stage.job(job).stop_reason) == ("stopping", "timeout")
    assert Stop(epoch=1, job=job, reason="timeout") in stage.said()
    stage.tell(AbortJob(job, "me"), 62)
    assert stage.said() == [Stop(epoch=1, job=job, reason="abort")]
    stage.beat(63, results=(ended(job, -15, "stopped"),))
    assert stage.done(job).job.state == "aborted"


def test_a_time_limit_changes_nothing_about_an_abort():
    stage, job = running(timeout=60.0)
    stage.tell(AbortJob(job, "me"), 50)
    stage.tick(70)
    assert stage.job(job).stop_reason == "abort"
    assert stage.said() == []


def test_a_second_abort_of_the_same_job_is_not_sent_again_at_once():
    stage, job = running()
    stage.tell(AbortJob(job, "me"), 2)
    before = stage.job(job)
    stage.tell(AbortJob(job, "me"), 3)
    assert stage.said() == []
    assert stage.job(job) == before


def test_a_job_over_its_time_limit_is_no_interruption():
    stage, job = running(timeout=60.0)
    stage.beat(61, job)
    stage.beat(62, results=(ended(job, -15, "stopped"),))
    assert stage.done(job).job.state == "timed_out"
    assert not stage.brain.live()
    assert stage.lines() == []


def test_the_wish_that_a_job_ends_is_repeated_until_its_worker_has_ended_it():
    stage, job = running()
    stage.tell(AbortJob(job, "me"), 2)
    stage.beat(3, job)
    assert stage.said() == [Stop(epoch=1, job=job, reason="abort"), Ack(epoch=1, sent=NOW + 3)]


def test_a_worker_is_told_to_end_what_is_not_the_primary_s():
    stage, job = running()
    stage.beat(2, job, "j99")
    assert Stop(epoch=1, job="j99", reason="stale") in stage.said()
    assert not any(isinstance(m, Stop) and m.job == job for m in stage.said())
    stage.beat(3, job, node="other", boot="o#1")
    assert stage.said("other") == [
        Stop(epoch=1, job=job, reason="stale"),
        Ack(epoch=1, sent=NOW + 3),
    ]


@pytest.mark.parametrize(("node", "boot"), [("other", "w#1"), ("w", "w#2")])
def test_a_job_belongs_to_one_start_of_one_worker(node: str, boot: str):
    stage, job = running()
    stage.beat(2, job, node=node, boot=boot)
    assert Stop(epoch=1, job=job, reason="stale") in stage.said(node)


# ------------------------------------------------------------------ too old
def test_a_rerun_that_waited_too_long_is_refused_with_its_reason():
    stage, job = given_up(rerun_age=1000.0)
    lost = stage.job(f"{job}.2").lost_at
    assert lost == NOW + 1
    stage.tick(1000.9)
    assert stage.job(f"{job}.2").state == "waiting"
    stage.tick(1001)
    assert stage.done(f"{job}.2").job.state == "aborted"
    assert stage.lines()[-1] == (f"{job}.2", "waiting", "refused", "RA-8.2", "it waited too long")


def owing_a_slot(**fields: Any) -> tuple[Stage, str]:
    """The job of the first minute was lost at 61, with the worker; nobody else may run it."""
    stage = Stage()
    stage.beat(0)
    stage.create(timing=Timing(minutes=(21,)), **fields)
    assert SLOT % 60 == 20
    stage.beat(60)
    (job,) = stage.brain.live()
    stage.beat(61, job.id)
    stage.tell(WorkerDisconnected("w", "w#1"), 62)
    stage.tick(62 + DEAD)
    return stage, job.id


def test_an_owed_slot_that_waited_too_long_is_refused_with_its_reason():
    stage, job = owing_a_slot(rerun_age=1000.0)
    (owed,) = stage.records.all(Reopened).values()
    assert (owed.lost_at, owed.slot) == (NOW + 61, SLOT + 1)
    stage.tick(1060.9)
    assert stage.records.all(Reopened)
    stage.tick(1061)
    assert not stage.records.all(Reopened)
    assert stage.lines()[-1] == (job, "owed slot", "refused", "RA-8.2", "it waited too long")


def test_an_event_without_a_bound_waits_for_ever():
    stage, job = given_up(rerun_age=0.0)
    stage.tick(1e9)
    assert stage.job(f"{job}.2").state == "waiting"
    stage, _ = owing_a_slot(rerun_age=0.0)
    stage.tick(1e9)
    assert stage.records.all(Reopened)


def test_what_waits_is_judged_by_its_own_event():
    stage, job = given_up(rerun_age=0.0)
    stage.create("hasty", rerun_age=1.0)
    stage.tick(5000)
    assert stage.job(f"{job}.2").state == "waiting"


def test_a_queued_run_replaces_nothing_and_never_gets_too_old():
    stage, job = running(queue_max=1, rerun_age=10.0)
    queued = stage.run().id
    stage.beat(500, job)
    assert stage.job(queued).state == "waiting"


# ------------------------------------------------------------------ who may decide
def test_a_job_is_finalized_by_the_first_path_that_finds_its_end_and_by_no_second():
    stage, job = given_up()
    stage.beat(130, boot="w#2")
    stage.beat(131, f"{job}.2", boot="w#2", results=(ended(job, -9, "fenced"),))
    assert [line[1] for line in stage.lines()] == ["dead-job timeout", "late result"]
    assert [attempt.id for attempt in stage.brain.live()] == [f"{job}.2"]


def test_a_draining_primary_finalizes_but_starts_nothing():
    stage = Stage()
    stage.beat(0, node="p", boot="p#1")
    stage.beat(0)
    stage.create(target="*")
    local = stage.run().id
    assert stage.job(local).node == "p"
    stage.beat(1, local, node="p", boot="p#1")
    stage.tell(Drain(), 2)
    result = Result(job=local, code=-15, how="shutdown", ended_at=NOW + 3)
    stage.beat(3, node="p", boot="p#1", results=(result,))
    assert stage.done(local).job.state == "interrupted"
    assert stage.job(f"{local}.2").state == "waiting"


def test_an_edit_after_the_loss_counts_for_the_rerun():
    stage, job = given_up()
    stage.tell(UpdateEvent("e", {"enabled": False}))
    stage.beat(130, boot="w#2")
    assert stage.job(f"{job}.2").state == "waiting"
    stage.tell(UpdateEvent("e", {"enabled": True}))
    assert stage.job(f"{job}.2") == replace(
        stage.job(f"{job}.2"), state="starting", node="w", boot="w#2", placed_at=NOW + 130
    )


def test_time_that_passes_changes_no_record_of_a_healthy_job():
    stage, job = running()
    before = stage.job(job)
    stage.tell(Tick(), 5)
    assert stage.records.all(Job) == {job: before}
