"""Three releases of history do what history says they did, and note it."""

from typing import Any

import pytest
from runall_reference.brain.inputs import DeleteEvent, Drain, UpdateEvent
from runall_reference.brain.records import Cursor, Job
from runall_reference.brain.timing import Timing
from runall_reference.daemon.releases import POLICIES, Cronicle0952
from support.primary_driver import NOW, SLOT, PrimaryDriver, ended

RELEASES = ("cronicle-0.9.49", "cronicle-0.9.50", "cronicle-0.9.52")
REWINDS_FOR_MANUAL = RELEASES[1:]
TO = f"to {SLOT - 1}"


def running(policy: str, **fields: Any) -> tuple[PrimaryDriver, str]:
    """A manual job runs on the worker since second 1."""
    driver = PrimaryDriver(policy=policy)
    driver.beat(0)
    driver.create(**fields)
    job = driver.run().id
    driver.beat(1, job)
    return driver, job


def shut_down(driver: PrimaryDriver, job: str, at: float = 2) -> None:
    """The worker goes down cleanly under the job."""
    driver.beat(at, results=(ended(job, -15, "shutdown"),), draining=True)


def test_each_policy_goes_by_its_own_name():
    assert [POLICIES[name].name for name in POLICIES] == ["reference", *RELEASES]


# ------------------------------------------------------------------ manual jobs
def test_0_9_49_does_nothing_about_a_job_by_hand():
    driver, job = running("cronicle-0.9.49")
    shut_down(driver, job)
    assert (driver.lines(), driver.state.live()) == ([], [])
    assert driver.records.get(Cursor, "e") == Cursor(event="e", slot=SLOT)


def test_0_9_50_rewinds_the_cursor_to_the_minute_before_the_call():
    driver, job = running("cronicle-0.9.50", timing=Timing(minutes=(20,)))
    shut_down(driver, job)
    assert driver.lines() == [(job, "shutdown", "cursor rewound", "RA-4.2", TO)]
    assert driver.records.get(Cursor, "e") == Cursor(event="e", slot=SLOT - 1)
    assert driver.state.live() == []
    driver.beat(3, boot="w#2")
    (beside,) = driver.state.live()
    assert (beside.slot, beside.cause, beside.root) == (SLOT, "schedule", beside.id)


def test_0_9_52_does_that_too_and_tries_the_job_once():
    driver, job = running("cronicle-0.9.52")
    shut_down(driver, job)
    assert driver.lines() == [
        (job, "shutdown", "cursor rewound", "RA-4.2", TO),
        (job, "shutdown", "dropped", "RA-4.6", "it could not start at once"),
    ]
    assert driver.state.live() == []


def test_0_9_52_starts_the_job_again_where_a_server_is_free():
    driver, job = running("cronicle-0.9.52")
    driver.beat(2, boot="w#2")
    assert driver.lines() == [
        (job, "restart", "cursor rewound", "RA-4.2", TO),
        (job, "restart", "rerun", "RA-4.1", f"as {job}.2"),
    ]
    (rerun,) = driver.state.live()
    assert (rerun.state, rerun.node, rerun.boot) == ("starting", "w", "w#2")
    assert (rerun.cause, rerun.created_at, rerun.source) == ("interrupted", NOW + 2, "operator")


def test_0_9_52_drops_the_job_when_its_event_is_at_its_limit():
    driver, job = running("cronicle-0.9.52", max_children=2)
    others = [driver.run().id]
    driver.order(UpdateEvent("e", {"max_children": 1}))
    driver.beat(2, *others, results=(ended(job, -15, "shutdown"),))
    assert driver.lines()[-1][2:4] == ("dropped", "RA-4.6")
    assert [job.id for job in driver.state.live()] == others


def test_0_9_52_keeps_the_job_on_a_server_that_is_going_down():
    driver = PrimaryDriver(policy="cronicle-0.9.52")
    driver.beat(0, node="p", boot="p#1")
    driver.create(target="p")
    job = driver.run().id
    driver.beat(1, job, node="p", boot="p#1")
    driver.handle(Drain(), 2)
    driver.beat(3, node="p", boot="p#1", results=(ended(job, -15, "shutdown"),))
    assert driver.job(f"{job}.2").state == "waiting"
    assert driver.lines()[-1] == (job, "shutdown", "rerun", "RA-4.1", f"as {job}.2")


# ------------------------------------------------------------------ by the clock
@pytest.mark.parametrize("policy", RELEASES)
def test_all_three_rewind_the_cursor_of_a_scheduled_job_to_the_minute_before_its_own(policy: str):
    driver = PrimaryDriver(policy=policy)
    driver.beat(0)
    driver.create(timing=Timing(minutes=(21,)))
    driver.beat(60)
    (job,) = driver.state.live()
    driver.beat(190, job.id)
    shut_down(driver, job.id, 200)
    assert driver.lines() == [(job.id, "shutdown", "cursor rewound", "RA-4.2", f"to {SLOT}")]
    assert driver.records.get(Cursor, "e") == Cursor(event="e", slot=SLOT)
    driver.beat(210, boot="w#2")
    assert [(job.slot, job.attempt) for job in driver.state.live()] == [(SLOT + 1, 1)]


def test_the_minute_of_a_job_by_hand_is_that_of_the_scaled_schedule():
    driver = PrimaryDriver(policy="cronicle-0.9.50", time_scale=60.0)
    driver.beat(0)
    driver.create()
    driver.tick(10)
    job = driver.run().id
    driver.beat(11, job)
    driver.beat(12)
    assert driver.lines() == [(job, "absent", "cursor rewound", "RA-4.2", f"to {SLOT + 9}")]


def test_the_minute_of_a_scheduled_job_is_its_slot_whatever_the_scale():
    driver = PrimaryDriver(policy="cronicle-0.9.50", time_scale=60.0)
    driver.beat(0)
    driver.create(timing=Timing(minutes=(25,)))
    driver.beat(5)
    (job,) = driver.state.live()
    driver.beat(6, job.id)
    driver.beat(9)
    assert driver.lines() == [(job.id, "absent", "cursor rewound", "RA-4.2", f"to {SLOT + 4}")]


# ------------------------------------------------------------------ what none of them recovers
@pytest.mark.parametrize("policy", RELEASES)
def test_run_all_is_judged_by_the_job_as_it_began(policy: str):
    driver, job = running(policy, catch_up=False)
    driver.order(UpdateEvent("e", {"catch_up": True}))
    shut_down(driver, job)
    detail = "no event, or Run All was off at the start"
    assert driver.lines() == [(job, "shutdown", "refused", "RA-1.3", detail)]
    assert driver.state.live() == []
    driver, job = running("cronicle-0.9.52")
    driver.order(UpdateEvent("e", {"catch_up": False}))
    driver.beat(2, boot="w#2")
    assert [job.cause for job in driver.state.live()] == ["interrupted"]


@pytest.mark.parametrize("policy", RELEASES)
def test_a_deleted_event_is_not_recovered(policy: str):
    driver, job = running(policy)
    driver.order(DeleteEvent("e"))
    shut_down(driver, job)
    detail = "no event, or Run All was off at the start"
    assert driver.lines() == [(job, "shutdown", "refused", "RA-1.3", detail)]


@pytest.mark.parametrize("policy", REWINDS_FOR_MANUAL)
def test_a_crash_of_the_primary_rewinds_nothing(policy: str):
    driver = PrimaryDriver(policy=policy)
    driver.beat(0, node="p", boot="p#1")
    driver.create(target="p")
    job = driver.run().id
    driver.beat(1, job, node="p", boot="p#1")
    driver.beat(2, node="p", boot="p#2")
    assert [line[1:3] for line in driver.lines()] == (
        [("crash of the primary", "rerun")] if policy == "cronicle-0.9.52" else []
    )
    assert driver.records.get(Cursor, "e") == Cursor(event="e", slot=SLOT)


def test_a_scheduled_job_is_never_started_again_by_itself():
    job = Job(id="j1", event="e", root="j1", attempt=1, cause="schedule", now=NOW, slot=SLOT)
    policy = PrimaryDriver(policy="cronicle-0.9.52").brain.policy
    assert isinstance(policy, Cronicle0952)
    assert not policy.reruns(job)
