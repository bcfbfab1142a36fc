"""Each due minute is served once, oldest first, and only as late as its event wants it."""

from typing import Any

import pytest
from runall_reference.brain.inputs import ClockSet, RunEvent, UpdateEvent
from runall_reference.brain.records import Cursor, Job, Reopened
from runall_reference.brain.timing import Timing
from support.primary_driver import NOW, SLOT, PrimaryDriver, ended

EVERY_MINUTE = Timing()


def scheduled(**fields: Any) -> PrimaryDriver:
    """An event that is due every minute, without a limit, and no server yet."""
    driver = PrimaryDriver()
    event: dict[str, Any] = {"timing": EVERY_MINUTE, "max_children": 0, **fields}
    driver.create(**event)
    return driver


def slots(driver: PrimaryDriver) -> list[int]:
    """The minutes whose jobs are live, counted from the start, in the order of their creation."""
    return [job.slot - SLOT for job in driver.state.live() if job.slot is not None]


def cursor(driver: PrimaryDriver) -> int:
    """How far the event has been served, counted from the start."""
    return driver.brain.slots.cursor(driver.brain.orders.known("e")) - SLOT


# ------------------------------------------------------------------ in its minute
def test_a_due_minute_starts_a_job_that_stands_for_it():
    driver = scheduled(params={"a": 1}, retries=2)
    driver.beat(59.9)
    assert not driver.state.live()
    driver.beat(60.5)
    (job,) = driver.state.live()
    assert (job.id, job.cause, job.source) == ("j1", "schedule", "")
    assert (job.slot, job.now, job.created_at) == (SLOT + 1, NOW + 60, NOW + 60.5)
    assert (job.params, job.retries, job.state, job.node) == ({"a": 1}, 2, "starting", "w")
    assert cursor(driver) == 1


def test_a_minute_is_served_once():
    driver = scheduled()
    for at in (60, 61, 119, 120, 121):
        driver.beat(at)
    assert slots(driver) == [1, 2]


def test_a_manual_run_moves_no_cursor():
    driver = scheduled()
    driver.beat(30)
    driver.handle(RunEvent("e", {}, "me"))
    assert cursor(driver) == 0
    assert slots(driver) == []


def test_only_enabled_events_are_served_and_the_rest_accumulates():
    driver = scheduled(enabled=False)
    driver.beat(180)
    assert slots(driver) == []
    driver.order(UpdateEvent("e", {"enabled": True}))
    assert slots(driver) == [1, 2, 3]


def test_each_event_has_a_schedule_of_its_own():
    driver = scheduled()
    driver.create("never", timing=None)
    driver.create("other", timing=Timing(minutes=(22,)))
    driver.beat(120)
    assert sorted((job.event, (job.slot or 0) - SLOT) for job in driver.state.live()) == [
        ("e", 1),
        ("e", 2),
        ("other", 2),
    ]


# ------------------------------------------------------------------ what was missed
def test_missed_minutes_are_served_oldest_first_with_run_all():
    driver = scheduled()
    driver.beat(300)
    assert slots(driver) == [1, 2, 3, 4, 5]
    assert cursor(driver) == 5


def test_missed_minutes_are_not_served_without_run_all():
    driver = scheduled(catch_up=False)
    driver.beat(300)
    assert slots(driver) == [5]
    assert cursor(driver) == 5


@pytest.mark.parametrize("catch_up", [True, False])
@pytest.mark.parametrize(("missed", "served"), [("all", [1, 2, 3]), ("last", [3]), ("none", [3])])
def test_what_the_event_wants_of_missed_minutes_goes_before_run_all(
    missed: str, served: list[int], catch_up: bool
):
    driver = scheduled(missed=missed, catch_up=catch_up)
    driver.beat(180)
    assert slots(driver) == served


@pytest.mark.parametrize(("missed", "served"), [("all", [1]), ("last", [1]), ("none", [])])
def test_a_missed_minute_that_is_the_last_due_one_is_served_if_it_is_wanted(
    missed: str, served: list[int]
):
    driver = scheduled(missed=missed, timing=Timing(minutes=(21,)))
    driver.beat(180)
    assert slots(driver) == served
    assert cursor(driver) == 3


def test_minutes_wait_for_room_and_the_cursor_with_them():
    driver = scheduled(max_children=1)
    driver.beat(180)
    (first,) = driver.state.live()
    assert (slots(driver), cursor(driver)) == ([1], 1)
    driver.beat(181, results=(ended(first.id),))
    assert (slots(driver), cursor(driver)) == ([2], 2)


def test_a_minute_without_a_server_is_still_wanted_later():
    driver = scheduled()
    driver.tick(61)
    assert cursor(driver) == 0
    driver.beat(119)
    assert slots(driver) == [1]


def test_a_minute_that_is_wanted_in_time_only_is_given_up_when_it_cannot_start_at_once():
    driver = scheduled(missed="none", timing=Timing(minutes=(21,)))
    driver.tick(61)
    assert cursor(driver) == 1
    driver.beat(70)
    assert slots(driver) == []


@pytest.mark.parametrize(
    ("age", "served"), [(60.0, [4, 5]), (119.0, [4, 5]), (120.0, [3, 4, 5]), (1e9, [1, 2, 3, 4, 5])]
)
def test_minutes_older_than_the_event_s_age_are_left_out(age: float, served: list[int]):
    driver = scheduled(missed_age=age)
    driver.beat(300)
    assert slots(driver) == served


# ------------------------------------------------------------------ the cursor
def test_a_clock_that_is_set_back_brings_no_minute_again():
    driver = scheduled()
    driver.beat(180)
    driver.handle(ClockSet(-120.0), 181)
    assert cursor(driver) == 3
    for at in (240, 300, 360):
        driver.beat(at)
    assert slots(driver) == [1, 2, 3, 4]


def test_an_event_without_a_cursor_begins_with_the_present_minute():
    driver = scheduled()
    driver.records.drop(Cursor(event="e", slot=SLOT))
    driver.beat(180)
    assert slots(driver) == []
    assert driver.records.get(Cursor, "e") == Cursor(event="e", slot=SLOT + 3)
    driver.beat(240)
    assert slots(driver) == [4]


def test_a_cursor_that_stays_is_not_written_again():
    driver = scheduled()
    driver.beat(61)
    step = driver.beat(62)
    assert [change for change in step.change if "cursor" in str(change).lower()] == []


# ------------------------------------------------------------------ what is owed again
def owing(*minutes: int, not_before: float = 0.0, **fields: Any) -> PrimaryDriver:
    """The jobs of these minutes were interrupted; no server is there."""
    records = [
        Reopened(
            event="e",
            slot=SLOT + minute,
            lost_at=NOW - 1,
            not_before=NOW + not_before,
            job=Job(
                id=f"j7{minute}",
                event="e",
                root=f"j7{minute}",
                attempt=1,
                cause="schedule",
                now=NOW,
                slot=SLOT + minute,
                state="interrupted",
                reruns=1,
            ),
        )
        for minute in minutes
    ]
    driver = PrimaryDriver(records)
    event: dict[str, Any] = {"timing": EVERY_MINUTE, "max_children": 0, **fields}
    driver.create(**event)
    return driver


def test_owed_minutes_are_run_again_oldest_first_and_before_new_ones():
    driver = owing(0, -5, -3)
    driver.beat(60)
    assert slots(driver) == [-5, -3, 0, 1]
    assert not driver.records.all(Reopened)


def test_an_owed_minute_runs_again_in_its_own_lineage():
    driver = owing(-5)
    driver.beat(30)
    (job,) = driver.state.live()
    assert (job.id, job.root, job.attempt, job.predecessor) == ("j7-5.2", "j7-5", 2, "j7-5")
    assert (job.cause, job.reruns, job.lost_at) == ("interrupted", 2, NOW - 1)
    assert (job.created_at, job.placed_at, job.not_before) == (NOW + 30, NOW + 30, 0.0)


def test_an_owed_minute_waits_for_its_time():
    driver = owing(-5, not_before=10.0)
    driver.beat(9.9)
    assert slots(driver) == []
    driver.beat(10)
    assert slots(driver) == [-5]


def test_an_owed_minute_that_cannot_start_holds_back_the_new_ones_of_its_event_only():
    driver = owing(-5, -3, max_children=1)
    driver.create("other", timing=EVERY_MINUTE, max_children=0)
    driver.beat(60)
    first = driver.state.live()[0]
    assert (first.id, cursor(driver)) == ("j7-5.2", 0)
    assert [job.event for job in driver.state.live()] == ["e", "other"]
    assert [owed.slot - SLOT for owed in driver.records.all(Reopened).values()] == [-3]


def test_owed_minutes_of_a_disabled_event_wait():
    driver = owing(-5, enabled=False)
    driver.beat(60)
    assert slots(driver) == []
    driver.order(UpdateEvent("e", {"enabled": True}))
    assert slots(driver) == [-5, 1]
