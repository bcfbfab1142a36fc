"""A job starts where its event may run now, if there is room, in an order that wrongs nobody."""

from typing import Any

import pytest
from runall_reference.brain.inputs import (
    BeatReceived,
    Drain,
    Refused,
    RunEvent,
    UpdateEvent,
    WorkerDisconnected,
)
from runall_reference.brain.messages import Ack, Beat, Start
from runall_reference.brain.records import Job
from runall_reference.brain.settings import Settings
from support.primary_driver import NOW, PrimaryDriver, ended

PATIENCE = Settings().dead_job_timeout


def with_servers(*names: str, **fields: Any) -> PrimaryDriver:
    """These workers are there, and an event that may run anywhere."""
    driver = PrimaryDriver()
    for name in names:
        driver.beat(0, node=name, boot=f"{name}#1")
    event: dict[str, Any] = {"target": "*", "max_children": 0, **fields}
    driver.create(**event)
    return driver


def places(driver: PrimaryDriver, count: int) -> list[str]:
    """The servers on which this many manual runs start, one after the other."""
    return [driver.run().node for _ in range(count)]


# ------------------------------------------------------------------ where
def test_jobs_go_to_the_server_with_the_least_work_and_ties_go_by_name():
    assert places(with_servers("b", "c", "a"), 5) == ["a", "b", "c", "a", "b"]


def test_only_what_is_not_over_counts_as_work():
    driver = with_servers("a", "b")
    job = driver.run().id
    driver.beat(1, node="a", boot="a#1", results=(ended(job),))
    assert places(driver, 2) == ["a", "b"]


@pytest.mark.parametrize(
    ("target", "chosen"),
    [("*", "a-1"), ("b-*", "b-1"), ("b-2", "b-2"), ("[bc]-2", "b-2"), ("B-*", None), ("b", None)],
)
def test_a_target_is_a_name_or_a_pattern(target: str, chosen: str | None):
    assert with_servers("b-2", "a-1", "b-1").brain.placement.choose(target) == chosen


def test_a_server_that_is_suspect_lost_or_going_down_gets_nothing():
    driver = with_servers("a", "b", "c", "d")
    driver.beat(0, node="a", boot="a#1", draining=True)
    driver.handle(WorkerDisconnected("b", "b#1"))
    driver.handle(WorkerDisconnected("c", "c#1"))
    assert driver.brain.placement.eligible("*") == ["d"]


@pytest.mark.parametrize(("outlives", "chosen"), [(PATIENCE - 0.1, "w"), (PATIENCE, None)])
def test_a_server_whose_jobs_may_outlive_the_primary_s_patience_gets_nothing(
    outlives: float, chosen: str | None
):
    driver = PrimaryDriver()
    driver.handle(BeatReceived(Beat(node="w", boot="w#1", sent=NOW, outlives=outlives)))
    assert driver.brain.placement.choose("w") == chosen


def test_the_reason_against_a_server_names_both_times():
    driver = PrimaryDriver()
    driver.handle(BeatReceived(Beat(node="w", boot="w#1", sent=NOW, outlives=955.0)))
    assert driver.brain.placement.unsafe(driver.state.links["w"]) == (
        "its jobs may outlive it 955 s, the dead-job timeout is 120 s"
    )
    driver.beat(1)
    assert driver.brain.placement.unsafe(driver.state.links["w"]) == ""


# ------------------------------------------------------------------ the order to start
def test_what_is_placed_is_written_down_and_ordered_from_that_start_of_the_server():
    driver = with_servers("w")
    driver.beat(3)
    job = driver.run()
    assert job == driver.job(job.id)
    assert (job.id, job.root, job.attempt) == ("j1", "j1", 1)
    assert (job.state, job.node, job.boot) == ("starting", "w", "w#1")
    assert (job.placed_at, job.created_at, job.now) == (NOW + 3, NOW + 3, NOW + 3)
    assert driver.messages() == [Start(epoch=1, boot="w#1", sent=NOW + 3, job=job)]


def test_jobs_are_numbered_from_one_without_gaps():
    driver = with_servers("w")
    assert [driver.run().id for _ in range(3)] == ["j1", "j2", "j3"]


def test_an_order_to_start_echoes_the_latest_report():
    driver = with_servers("w")
    job = driver.run()
    driver.beat(7)
    assert driver.messages() == [
        Start(epoch=1, boot="w#1", sent=NOW + 7, job=job),
        Ack(epoch=1, sent=NOW + 7),
    ]


# ------------------------------------------------------------------ room
def test_an_event_s_limit_counts_all_that_was_placed_and_is_not_over():
    driver = with_servers("w", max_children=2)
    first, second = driver.run().id, driver.run().id
    driver.beat(1, first)
    assert isinstance(driver.handle(RunEvent("e", {}, "me")).reply, Refused)
    driver.beat(2, first, results=(ended(second),))
    assert driver.run().state == "starting"


def test_a_job_in_limbo_takes_its_place():
    driver = with_servers("w", "x", max_children=1)
    job = driver.run()
    driver.beat(1, job.id, node=job.node, boot=job.boot)
    driver.handle(WorkerDisconnected(job.node, job.boot))
    assert driver.state.in_limbo(driver.job(job.id))
    assert isinstance(driver.handle(RunEvent("e", {}, "me")).reply, Refused)


def test_the_jobs_of_another_event_take_no_place():
    driver = with_servers("w", max_children=1)
    driver.create("other", max_children=1)
    driver.run("other")
    assert driver.run().state == "starting"


def test_a_limit_of_nothing_is_no_limit():
    assert places(with_servers("w", max_children=0), 9) == ["w"] * 9


def test_what_waits_is_not_in_limbo():
    driver = with_servers("w", max_children=1, queue_max=1)
    running, waits = driver.run(), driver.run()
    assert not driver.state.in_limbo(driver.job(waits.id))
    assert not driver.state.in_limbo(driver.job(running.id))
    driver.state.links.clear()
    assert not driver.state.in_limbo(driver.job(waits.id))
    assert driver.state.in_limbo(driver.job(running.id)), "nobody knows its server"


# ------------------------------------------------------------------ what waits
def shut_down(driver: PrimaryDriver, *jobs: str, at: float = 2) -> None:
    """The worker goes down cleanly under these jobs; their reruns wait."""
    driver.beat(at, *jobs)
    results = tuple(ended(job, -15, "shutdown") for job in jobs)
    driver.beat(at, results=results, draining=True)


def test_reruns_start_before_the_queue_and_the_queue_in_its_order():
    driver = with_servers("w", target="w", max_children=1, queue_max=2)
    job = driver.run().id
    queued = [driver.run().id, driver.run().id]
    shut_down(driver, job)
    assert [waits.id for waits in driver.brain.waiting.jobs()] == [f"{job}.2", *queued]
    driver.beat(3, boot="w#2")
    for name in (f"{job}.2", *queued):
        assert [j.id for j in driver.state.live() if j.state == "starting"] == [name]
        driver.beat(4, boot="w#2", results=(ended(name),))
    assert not driver.state.live()


def test_a_rerun_that_cannot_start_does_not_hold_up_the_next():
    driver = with_servers("w", target="w")
    driver.create("other")
    mine, others = driver.run().id, driver.run("other").id
    shut_down(driver, mine, others)
    driver.order(UpdateEvent("e", {"target": "nowhere"}))
    driver.beat(3, boot="w#2")
    assert driver.job(f"{mine}.2").state == "waiting"
    assert driver.job(f"{others}.2").state == "starting"


def test_a_rerun_waits_while_its_event_is_disabled_or_full():
    driver = with_servers("w", target="w", max_children=1)
    job = driver.run().id
    shut_down(driver, job)
    driver.order(UpdateEvent("e", {"enabled": False}))
    driver.beat(3, boot="w#2")
    assert driver.job(f"{job}.2").state == "waiting"
    driver.order(UpdateEvent("e", {"enabled": True}))
    assert driver.job(f"{job}.2").state == "starting"


def test_a_rerun_goes_where_its_event_may_run_now():
    driver = with_servers("w", "x", target="w")
    job = driver.run().id
    shut_down(driver, job)
    driver.order(UpdateEvent("e", {"target": "x"}))
    assert (driver.job(f"{job}.2").node, driver.job(f"{job}.2").target) == ("x", "w")


def test_nothing_starts_before_its_time():
    driver = PrimaryDriver(spread=5.0)
    driver.beat(0)
    driver.create(max_children=0)
    jobs = [driver.run().id, driver.run().id]
    shut_down(driver, *jobs)
    driver.beat(6.9, boot="w#2")
    states = [driver.job(f"{job}.2").state for job in jobs]
    assert states == ["starting", "waiting"]
    driver.beat(7, f"{jobs[0]}.2", boot="w#2")
    assert driver.job(f"{jobs[1]}.2").state == "starting"


def test_a_primary_that_goes_down_places_nothing():
    driver = with_servers("p", "w", target="p", max_children=1)
    driver.create("other", target="w")
    mine, others = driver.run().id, driver.run("other").id
    driver.beat(1, mine, node="p", boot="p#1")
    driver.handle(Drain(), 2)
    shut_down(driver, others, at=3)
    driver.beat(4, boot="w#2")
    waits = [job for job in driver.state.live() if job.state == "waiting"]
    assert [job.id for job in waits] == [f"{others}.2"]


def test_every_record_of_a_job_without_a_server_is_left_to_wait():
    orphan = Job(id="j1.2", event="gone", root="j1", attempt=2, cause="interrupted", now=NOW)
    driver = PrimaryDriver([orphan])
    driver.beat(0)
    assert driver.job("j1.2") == orphan
