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
from support.primary_driver import NOW, SLOT, PrimaryDriver, ended

DEAD = Settings().dead_job_timeout


def running(**fields: Any) -> tuple[PrimaryDriver, str]:
    """A manual job runs on the worker since second 1; its name."""
    driver = PrimaryDriver()
    driver.beat(0)
    driver.create(**fields)
    job = driver.run().id
    driver.beat(1, job)
    return driver, job


def given_up(**fields: Any) -> tuple[PrimaryDriver, str]:
    """The same, and its worker was cut off at 2 and given up at the end of the dead-job timeout."""
    driver, job = running(**fields)
    driver.handle(WorkerDisconnected("w", "w#1"), 2)
    driver.tick(2 + DEAD)
    return driver, job


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
    driver, job = running()
    driver.beat(5, results=(ended(job, code, how),))
    done = driver.done(job).job
    assert (done.state, done.code, done.description) == (state, code, words)
    assert (done.finalized_at, done.node, done.boot) == (NOW + 5, "w", "w#1")
    assert (done.placed_at, done.started_at) == (NOW, NOW + 1)


def test_a_record_says_which_server_took_its_job_down():
    driver, job = given_up()
    done = driver.done(job).job
    assert (done.state, done.code) == ("interrupted", None)
    assert done.description == "Server 'w' shut down unexpectedly"


@pytest.mark.parametrize("how", ["shutdown", "fenced"])
def test_the_ledger_names_the_result_that_reported_the_interruption(how: str):
    driver, job = running()
    driver.beat(5, results=(ended(job, -15, how),))
    assert driver.lines() == [(job, how, "rerun", "RA-4.1", f"as {job}.2")]


def test_the_ledger_says_when_and_of_which_lineage():
    driver, job = running()
    driver.beat(5, boot="w#2")
    driver.beat(6, f"{job}.2", boot="w#2")
    driver.beat(7, boot="w#3")
    first, second = driver.ledger()
    assert (first.number, first.at, first.event, first.job) == (1, NOW + 5, "e", job)
    assert (second.number, second.at, second.event) == (2, NOW + 7, "e")
    assert (second.job, second.root) == (f"{job}.2", job)


# ------------------------------------------------------------------ what an inventory lacks
def test_another_start_of_the_worker_is_a_restart_in_the_ledger():
    driver, job = running()
    driver.beat(5, boot="w#2")
    assert driver.lines() == [(job, "restart", "rerun", "RA-4.1", f"as {job}.2")]


def test_a_job_that_began_and_is_lacking_under_the_same_start_is_absent():
    driver, job = running()
    driver.beat(5)
    assert driver.lines() == [(job, "absent", "rerun", "RA-4.1", f"as {job}.2")]


def test_a_job_that_a_draining_worker_never_took_is_lost_by_its_shutdown():
    driver = PrimaryDriver()
    driver.beat(0)
    driver.create()
    job = driver.run().id
    driver.beat(1, draining=True)
    assert driver.done(job).job.state == "interrupted"
    assert driver.lines() == [(job, "shutdown", "rerun", "RA-4.1", f"as {job}.2")]


def test_a_start_that_may_be_on_its_way_is_repeated_and_nothing_is_lost():
    driver = PrimaryDriver()
    driver.beat(0)
    driver.create()
    job = driver.run().id
    placed = driver.messages()
    driver.beat(0)
    assert driver.messages() == [*placed, Ack(epoch=1, sent=NOW)]
    assert driver.job(job).state == "starting"


def test_the_primary_s_own_jobs_were_lost_by_its_crash():
    driver = PrimaryDriver()
    driver.beat(0, node="p", boot="p#1")
    driver.create(target="p")
    job = driver.run().id
    driver.beat(1, job, node="p", boot="p#1")
    driver.beat(2, node="p", boot="p#2")
    assert driver.lines() == [(job, "crash of the primary", "rerun", "RA-4.1", f"as {job}.2")]


def test_a_server_that_stays_away_is_given_up_by_the_dead_job_timeout():
    driver, job = running()
    driver.handle(WorkerDisconnected("w", "w#1"), 2)
    driver.tick(2 + DEAD - 0.5)
    assert driver.job(job).state == "running"
    driver.tick(2 + DEAD)
    assert driver.lines() == [(job, "dead-job timeout", "rerun", "RA-4.1", f"as {job}.2")]


# ------------------------------------------------------------------ results
def test_a_result_is_acknowledged_so_that_its_worker_can_forget_it():
    driver, job = running()
    driver.beat(5, results=(ended(job), ended("j77")))
    assert driver.messages() == [Ack(epoch=1, sent=NOW + 5, done=(job, "j77"))]


def test_a_result_is_taken_from_the_server_that_has_the_job_and_from_no_other():
    driver, job = running()
    driver.beat(2, node="other", boot="o#1", results=(ended(job, 1),))
    assert driver.job(job).state == "running"


def test_a_result_that_comes_too_late_is_recorded_against_its_own_attempt():
    driver, job = given_up()
    rerun = driver.job(f"{job}.2")
    driver.beat(200, results=(ended(job, 7),))
    assert (driver.done(job).late_code, driver.done(job).job.code) == (7, None)
    assert driver.done(job).job.state == "interrupted"
    assert driver.lines()[-1] == (job, "late result", "recorded", "RA-3.5", "exit status 7")
    assert driver.job(rerun.id).predecessor == job


def test_a_late_result_is_recorded_once():
    driver, job = given_up()
    driver.beat(200, results=(ended(job, 7),))
    driver.beat(201, results=(ended(job, 8),))
    assert driver.done(job).late_code == 7
    assert len(driver.lines()) == 2


def test_a_result_that_is_reported_again_is_not_late():
    driver, job = running()
    for at in (5, 6):
        driver.beat(at, results=(ended(job, 3),))
    assert (driver.done(job).job.code, driver.done(job).late_code) == (3, None)
    assert driver.lines() == []


# ------------------------------------------------------------------ retries
def failed(**fields: Any) -> tuple[PrimaryDriver, str]:
    """A job with retries runs; the name of the job."""
    return running(**{"retries": 2, "retry_delay": 30.0, **fields})


def test_a_job_that_failed_by_itself_is_tried_again_after_its_delay():
    driver, job = failed()
    driver.beat(5, results=(ended(job, 1),))
    retry = driver.job(f"{job}.2")
    assert (retry.state, retry.cause, retry.retries) == ("waiting", "retry", 1)
    assert (retry.not_before, retry.created_at) == (NOW + 35, NOW + 5)
    assert (retry.lost_at, retry.reruns, retry.predecessor) == (0.0, 0, job)
    driver.beat(34)
    assert driver.job(retry.id).state == "waiting"
    driver.beat(35)
    assert driver.job(retry.id).state == "starting"


def test_a_job_has_no_more_tries_than_its_event_gave_it():
    driver, job = failed(retry_delay=0.0)
    for attempt in (job, f"{job}.2", f"{job}.3"):
        driver.beat(5, attempt)
        driver.beat(5, results=(ended(attempt, 1),))
    assert not driver.state.live()
    assert driver.done(f"{job}.3").job.retries == 0


def test_a_job_that_succeeded_is_not_tried_again():
    driver, job = failed()
    driver.beat(5, results=(ended(job, 0),))
    assert not driver.state.live()


def test_a_failure_whose_event_was_deleted_is_not_tried_again():
    driver, job = failed()
    driver.handle(DeleteEvent("e"))
    driver.beat(5, results=(ended(job, 1),))
    assert not driver.state.live()


def test_a_failure_that_a_user_had_aborted_is_not_tried_again():
    driver, job = failed()
    driver.handle(AbortJob(job, "me"))
    driver.beat(5, results=(ended(job, 1),))
    assert driver.done(job).job.state == "failed"
    assert not driver.state.live()


def test_an_abort_of_one_lineage_leaves_the_retries_of_another():
    driver, job = failed(max_children=0)
    other = driver.run().id
    driver.handle(AbortJob(other, "me"))
    driver.beat(5, other, results=(ended(job, 1),))
    assert driver.job(f"{job}.2").cause == "retry"


# ------------------------------------------------------------------ stops
def test_an_abort_outranks_a_time_limit_that_was_asked_for_before():
    driver, job = running(timeout=60.0)
    driver.beat(61, job)
    assert (driver.job(job).state, driver.job(job).stop_reason) == ("stopping", "timeout")
    assert Stop(epoch=1, job=job, reason="timeout") in driver.messages()
    driver.handle(AbortJob(job, "me"), 62)
    assert driver.messages() == [Stop(epoch=1, job=job, reason="abort")]
    driver.beat(63, results=(ended(job, -15, "stopped"),))
    assert driver.done(job).job.state == "aborted"


def test_a_time_limit_changes_nothing_about_an_abort():
    driver, job = running(timeout=60.0)
    driver.handle(AbortJob(job, "me"), 50)
    driver.tick(70)
    assert driver.job(job).stop_reason == "abort"
    assert driver.messages() == []


def test_a_second_abort_of_the_same_job_is_not_sent_again_at_once():
    driver, job = running()
    driver.handle(AbortJob(job, "me"), 2)
    before = driver.job(job)
    driver.handle(AbortJob(job, "me"), 3)
    assert driver.messages() == []
    assert driver.job(job) == before


def test_a_job_over_its_time_limit_is_no_interruption():
    driver, job = running(timeout=60.0)
    driver.beat(61, job)
    driver.beat(62, results=(ended(job, -15, "stopped"),))
    assert driver.done(job).job.state == "timed_out"
    assert not driver.state.live()
    assert driver.lines() == []


def test_the_wish_that_a_job_ends_is_repeated_until_its_worker_has_ended_it():
    driver, job = running()
    driver.handle(AbortJob(job, "me"), 2)
    driver.beat(3, job)
    assert driver.messages() == [Stop(epoch=1, job=job, reason="abort"), Ack(epoch=1, sent=NOW + 3)]


def test_a_worker_is_ordered_to_end_what_is_not_the_primary_s():
    driver, job = running()
    driver.beat(2, job, "j99")
    assert Stop(epoch=1, job="j99", reason="stale") in driver.messages()
    assert not any(isinstance(m, Stop) and m.job == job for m in driver.messages())
    driver.beat(3, job, node="other", boot="o#1")
    assert driver.messages("other") == [
        Stop(epoch=1, job=job, reason="stale"),
        Ack(epoch=1, sent=NOW + 3),
    ]


@pytest.mark.parametrize(("node", "boot"), [("other", "w#1"), ("w", "w#2")])
def test_a_job_belongs_to_one_start_of_one_worker(node: str, boot: str):
    driver, job = running()
    driver.beat(2, job, node=node, boot=boot)
    assert Stop(epoch=1, job=job, reason="stale") in driver.messages(node)


# ------------------------------------------------------------------ too old
def test_a_rerun_that_waited_too_long_is_refused_with_its_reason():
    driver, job = given_up(rerun_age=1000.0)
    lost = driver.job(f"{job}.2").lost_at
    assert lost == NOW + 1
    driver.tick(1000.9)
    assert driver.job(f"{job}.2").state == "waiting"
    driver.tick(1001)
    assert driver.done(f"{job}.2").job.state == "aborted"
    assert driver.lines()[-1] == (f"{job}.2", "waiting", "refused", "RA-8.2", "it waited too long")


def owing_a_slot(**fields: Any) -> tuple[PrimaryDriver, str]:
    """The job of the first minute was lost at 61, with the worker; nobody else may run it."""
    driver = PrimaryDriver()
    driver.beat(0)
    driver.create(timing=Timing(minutes=(21,)), **fields)
    assert SLOT % 60 == 20
    driver.beat(60)
    (job,) = driver.state.live()
    driver.beat(61, job.id)
    driver.handle(WorkerDisconnected("w", "w#1"), 62)
    driver.tick(62 + DEAD)
    return driver, job.id


def test_an_owed_slot_that_waited_too_long_is_refused_with_its_reason():
    driver, job = owing_a_slot(rerun_age=1000.0)
    (owed,) = driver.records.all(Reopened).values()
    assert (owed.lost_at, owed.slot) == (NOW + 61, SLOT + 1)
    driver.tick(1060.9)
    assert driver.records.all(Reopened)
    driver.tick(1061)
    assert not driver.records.all(Reopened)
    assert driver.lines()[-1] == (job, "owed slot", "refused", "RA-8.2", "it waited too long")


def test_an_event_without_a_bound_waits_for_ever():
    driver, job = given_up(rerun_age=0.0)
    driver.tick(1e9)
    assert driver.job(f"{job}.2").state == "waiting"
    driver, _ = owing_a_slot(rerun_age=0.0)
    driver.tick(1e9)
    assert driver.records.all(Reopened)


def test_what_waits_is_judged_by_its_own_event():
    driver, job = given_up(rerun_age=0.0)
    driver.create("hasty", rerun_age=1.0)
    driver.tick(5000)
    assert driver.job(f"{job}.2").state == "waiting"


def test_a_queued_run_replaces_nothing_and_never_gets_too_old():
    driver, job = running(queue_max=1, rerun_age=10.0)
    queued = driver.run().id
    driver.beat(500, job)
    assert driver.job(queued).state == "waiting"


# ------------------------------------------------------------------ who may decide
def test_a_job_is_finalized_by_the_first_path_that_finds_its_end_and_by_no_second():
    driver, job = given_up()
    driver.beat(130, boot="w#2")
    driver.beat(131, f"{job}.2", boot="w#2", results=(ended(job, -9, "fenced"),))
    assert [line[1] for line in driver.lines()] == ["dead-job timeout", "late result"]
    assert [attempt.id for attempt in driver.state.live()] == [f"{job}.2"]


def test_a_draining_primary_finalizes_but_starts_nothing():
    driver = PrimaryDriver()
    driver.beat(0, node="p", boot="p#1")
    driver.beat(0)
    driver.create(target="*")
    local = driver.run().id
    assert driver.job(local).node == "p"
    driver.beat(1, local, node="p", boot="p#1")
    driver.handle(Drain(), 2)
    result = Result(job=local, code=-15, how="shutdown", ended_at=NOW + 3)
    driver.beat(3, node="p", boot="p#1", results=(result,))
    assert driver.done(local).job.state == "interrupted"
    assert driver.job(f"{local}.2").state == "waiting"


def test_an_edit_after_the_loss_counts_for_the_rerun():
    driver, job = given_up()
    driver.handle(UpdateEvent("e", {"enabled": False}))
    driver.beat(130, boot="w#2")
    assert driver.job(f"{job}.2").state == "waiting"
    driver.handle(UpdateEvent("e", {"enabled": True}))
    assert driver.job(f"{job}.2") == replace(
        driver.job(f"{job}.2"), state="starting", node="w", boot="w#2", placed_at=NOW + 130
    )


def test_time_that_passes_changes_no_record_of_a_healthy_job():
    driver, job = running()
    before = driver.job(job)
    driver.handle(Tick(), 5)
    assert driver.records.all(Job) == {job: before}
