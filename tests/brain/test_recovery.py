"""What follows an interruption is decided with it, by the event as it is, and says why."""

from typing import Any

import pytest
from msgspec.structs import replace
from runall_reference.brain.inputs import DeleteEvent, UpdateEvent, WorkerDisconnected
from runall_reference.brain.record_set import Drop, Put
from runall_reference.brain.records import Cursor, Entry, Finished, Job, Reopened
from runall_reference.brain.settings import Settings
from runall_reference.brain.timing import Timing
from support.primary_driver import NOW, SLOT, PrimaryDriver, ended

DEAD = Settings().dead_job_timeout


def running(count: int = 1, **fields: Any) -> tuple[PrimaryDriver, list[str]]:
    """This many manual jobs run on the only worker since second 1."""
    driver = PrimaryDriver(spread=0.5)
    driver.beat(0)
    event: dict[str, Any] = {"max_children": 0, **fields}
    driver.create(**event)
    jobs = [driver.run().id for _ in range(count)]
    driver.beat(1, *jobs)
    return driver, jobs


def lost(driver: PrimaryDriver) -> None:
    """The worker is cut off at 2 and given up."""
    driver.handle(WorkerDisconnected("w", "w#1"), 2)
    driver.tick(2 + DEAD)


# ------------------------------------------------------------------ no rerun, and why
def test_a_job_of_an_event_that_was_deleted_is_not_rerun():
    driver, (job,) = running()
    driver.handle(DeleteEvent("e"))
    lost(driver)
    assert driver.lines() == [
        (job, "dead-job timeout", "refused", "RA-6.3", "the event was deleted")
    ]
    assert not driver.state.live()


def test_a_job_is_not_rerun_if_run_all_is_off_by_then():
    driver, (job,) = running()
    driver.handle(UpdateEvent("e", {"catch_up": False}))
    lost(driver)
    assert driver.lines() == [(job, "dead-job timeout", "refused", "RA-1.3", "Run All is off")]
    assert not driver.state.live()


def test_a_job_is_rerun_if_run_all_is_on_by_then():
    driver, (job,) = running(catch_up=False)
    driver.handle(UpdateEvent("e", {"catch_up": True}))
    lost(driver)
    assert driver.job(f"{job}.2").catch_up


def test_a_job_that_servers_took_down_too_often_is_not_rerun():
    driver, (job,) = running(max_reruns=2)
    for boot in (2, 3, 4):
        driver.beat(boot, boot=f"w#{boot}")
        driver.beat(boot, *(job.id for job in driver.state.live()), boot=f"w#{boot}")
    assert [line[2:] for line in driver.lines()] == [
        ("rerun", "RA-4.1", f"as {job}.2"),
        ("rerun", "RA-4.1", f"as {job}.3"),
        ("refused", "RA-8.1", "servers took it down 3 times"),
    ]
    assert not driver.state.live()


def test_without_a_cap_servers_may_take_it_down_for_ever():
    driver, _ = running(max_reruns=0)
    for boot in range(2, 20):
        driver.beat(boot, boot=f"w#{boot}")
        driver.beat(boot, *(job.id for job in driver.state.live()), boot=f"w#{boot}")
    (job,) = driver.state.live()
    assert (job.reruns, job.attempt) == (18, 19)


def test_a_job_that_was_lost_too_long_ago_is_not_rerun():
    driver, (job,) = running(rerun_age=DEAD)
    driver.handle(WorkerDisconnected("w", "w#1"), 2)
    driver.tick(2 + DEAD)
    assert driver.lines() == [
        (job, "dead-job timeout", "refused", "RA-8.2", "it was lost more than 120 s ago")
    ]


def test_a_loss_is_as_old_as_the_last_sign_of_life():
    driver, (job,) = running(rerun_age=DEAD + 1.5)
    lost(driver)
    assert driver.job(f"{job}.2").lost_at == NOW + 1


# ------------------------------------------------------------------ a manual job
def test_the_rerun_of_a_manual_job_waits_in_the_same_change_that_finalizes_it():
    driver, (job,) = running()
    before = driver.job(job)
    driver.handle(WorkerDisconnected("w", "w#1"), 2)
    step = driver.tick(2 + DEAD)
    rerun = driver.job(f"{job}.2")
    drop, finished, waiting = [c for c in step.change if not about_the_rest(c)]
    assert drop == Drop("live", job)
    assert finished == Put(Finished(job=driver.done(job).job))
    assert waiting == Put(rerun)
    assert rerun == replace(
        before,
        id=f"{job}.2",
        attempt=2,
        cause="interrupted",
        predecessor=job,
        reruns=1,
        state="waiting",
        created_at=NOW + 2 + DEAD,
        not_before=NOW + 2 + DEAD,
        lost_at=NOW + 1,
        node="",
        boot="",
        placed_at=0.0,
        started_at=0.0,
    )


def about_the_rest(change: Put | Drop) -> bool:
    """Whether it is about the lease, the cursor, the numbers or the ledger."""
    others = ("lease", "cursors", "counters", "ledger")
    return isinstance(change, Put) and change.record.table in others


def test_the_reruns_of_one_loss_are_spread():
    driver, jobs = running(3)
    lost(driver)
    starts = [driver.job(f"{job}.2").not_before - driver.now for job in jobs]
    assert starts == [0.0, 0.5, 1.0]


def test_the_spread_begins_anew_with_each_step():
    driver, jobs = running(2)
    driver.beat(2, jobs[1], results=(ended(jobs[0], -15, "shutdown"),))
    driver.beat(3, f"{jobs[0]}.2", results=(ended(jobs[1], -15, "shutdown"),))
    assert driver.job(f"{jobs[1]}.2").created_at == driver.job(f"{jobs[1]}.2").not_before == NOW + 3


# ------------------------------------------------------------------ a scheduled job
def lost_minute() -> tuple[PrimaryDriver, Job]:
    """The job of the minute `SLOT + 1` ran from 61 on, and its server was given up."""
    driver = PrimaryDriver(spread=0.5)
    driver.beat(0)
    driver.create(timing=Timing(minutes=(21,)))
    driver.beat(60)
    (job,) = driver.state.live()
    driver.beat(61, job.id)
    driver.handle(WorkerDisconnected("w", "w#1"), 62)
    driver.tick(62 + DEAD)
    return driver, job


def test_an_interrupted_minute_is_owed_again_and_the_cursor_stays():
    driver, job = lost_minute()
    done = driver.done(job.id).job
    assert driver.records.all(Reopened) == {
        f"e@{SLOT + 1}": Reopened(
            event="e", slot=SLOT + 1, job=done, lost_at=NOW + 61, not_before=NOW + 62 + DEAD
        )
    }
    assert driver.lines() == [
        (job.id, "dead-job timeout", "slot reopened", "RA-4.2", f"slot {SLOT + 1}")
    ]
    assert driver.records.get(Cursor, "e") == Cursor(event="e", slot=SLOT + 1)
    assert not driver.state.live()


def test_an_owed_minute_is_run_again_as_the_next_attempt_of_its_lineage():
    driver, job = lost_minute()
    driver.beat(200, boot="w#2")
    (rerun,) = driver.state.live()
    assert not driver.records.all(Reopened)
    assert (rerun.id, rerun.root, rerun.predecessor) == (f"{job.id}.2", job.id, job.id)
    assert (rerun.cause, rerun.reruns, rerun.lost_at) == ("interrupted", 1, NOW + 61)
    assert (rerun.slot, rerun.now, rerun.source) == (SLOT + 1, (SLOT + 1) * 60.0, "")
    assert (rerun.created_at, rerun.state, rerun.node) == (NOW + 200, "starting", "w")


# ------------------------------------------------------------------ nothing beside it
@pytest.mark.parametrize(("how", "code"), [("exit", 0), ("exit", 1), ("shutdown", 0)])
def test_nothing_follows_a_job_that_came_to_its_own_end(how: str, code: int):
    driver, (job,) = running()
    driver.beat(5, results=(ended(job, code, how),))
    assert not driver.state.live()
    assert not driver.records.all(Entry)


def test_the_jobs_of_other_servers_are_left_alone():
    driver, jobs = running(2)
    driver.create("else", target="other")
    driver.beat(2, *jobs)
    driver.beat(2, node="other", boot="o#1")
    mine = driver.run("else").id
    driver.beat(3, mine, node="other", boot="o#1")
    before = driver.job(mine)
    driver.beat(4, boot="w#2")
    assert driver.job(mine) == before
    assert {line[0] for line in driver.lines()} == set(jobs)
