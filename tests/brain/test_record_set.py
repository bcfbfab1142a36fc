"""The records hold one version of each record, and return one step's changes once, in order."""

from runall_reference.brain.clock import Clock
from runall_reference.brain.record_set import Drop, Put, RecordSet, Step
from runall_reference.brain.records import Counter, Cursor

FIRST, SECOND = Cursor(event="e", slot=1), Cursor(event="e", slot=2)
OTHER = Cursor(event="f", slot=7)


def test_what_was_read_from_the_store_is_no_change() -> None:
    records = RecordSet([FIRST, OTHER, Counter(name="job", next=3)])
    assert records.take_change() == ()
    assert records.all(Cursor) == {"e": FIRST, "f": OTHER}
    assert records.get(Counter, "job") == Counter(name="job", next=3)


def test_a_later_version_takes_the_place_of_an_earlier_one() -> None:
    records = RecordSet([FIRST])
    records.put(SECOND)
    assert records.all(Cursor) == {"e": SECOND}
    assert records.get(Cursor, "f") is None


def test_a_step_s_changes_are_returned_once_and_in_order() -> None:
    records = RecordSet([OTHER])
    records.put(FIRST)
    records.drop(OTHER)
    records.put(SECOND)
    assert records.take_change() == (Put(FIRST), Drop("cursors", "f"), Put(SECOND))
    assert records.take_change() == ()
    assert records.all(Cursor) == {"e": SECOND}


def test_a_step_that_does_nothing_says_nothing() -> None:
    assert Step() == Step(change=(), actions=(), reply=None, guard=None)


# ------------------------------------------------------------------ the schedule's clock
def test_a_clock_without_a_scale_shows_the_time() -> None:
    clock = Clock()
    assert clock.schedule_time(90.5) == 90.5
    assert [clock.slot(at) for at in (0.0, 59.9, 60.0, -0.1)] == [0, 0, 1, -1]
    assert clock.starts(3) == 180.0


def test_a_scaled_clock_agrees_with_the_wall_at_its_origin_and_runs_faster_from_there() -> None:
    clock = Clock(scale=60.0, origin=600.0)
    assert clock.schedule_time(600.0) == 600.0
    assert clock.schedule_time(601.0) == 660.0
    assert clock.slot(602.0) == 12
    assert clock.starts(12) == 602.0


def test_a_clock_that_was_set_shows_its_minutes_earlier_or_later() -> None:
    clock = Clock(scale=60.0, origin=600.0, skew=30.0)
    assert clock.schedule_time(600.0) == 630.0
    assert clock.starts(11) == 600.5
    assert Clock(skew=-30.0).starts(1) == 90.0
