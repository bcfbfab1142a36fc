"""Stories of due minutes: what a timing object names where local time is not a straight line."""

from collections.abc import Callable
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import pytest
from runall_reference.brain import jumps
from runall_reference.brain.jumps import due_slots
from runall_reference.brain.records import Event
from runall_reference.brain.timing import Timing, local_minute, matches_day
from support.stepped_slots import matches, stepped_slots

NEW_YORK = "America/New_York"
CENTURY = 36525 * 24 * 60


def slot(timezone: str, *when: int) -> int:
    """The slot that begins at that local time, the first one where the hour comes twice."""
    return int(datetime(*when, tzinfo=ZoneInfo(timezone)).timestamp()) // 60


def due(timing: Timing, timezone: str, first: tuple[int, ...], end: tuple[int, ...]) -> list[str]:
    """The local times from `first` up to, without, `end` that are due, with their offsets."""
    after, until = slot(timezone, *first) - 1, slot(timezone, *end) - 1
    slots = list(due_slots(timing, timezone, after, until))
    assert slots == list(stepped_slots(timing, timezone, after, until))
    return [local_minute(found, timezone).isoformat(timespec="minutes") for found in slots]


def in_2025(timing: Timing) -> int:
    """How many slots are due in New York's 525,600 minutes of 2025."""
    return len(due(timing, NEW_YORK, (2025, 1, 1), (2026, 1, 1)))


def test_an_hour_that_spring_skips_is_not_due_that_day():
    half_past_two = Timing(hours=(2,), minutes=(30,))
    assert due(half_past_two, NEW_YORK, (2025, 3, 8), (2025, 3, 11)) == [
        "2025-03-08T02:30-05:00",
        "2025-03-10T02:30-04:00",
    ]
    assert in_2025(half_past_two) == 364


def test_an_hour_that_autumn_repeats_is_due_twice():
    half_past_one = Timing(hours=(1,), minutes=(30,))
    assert due(half_past_one, NEW_YORK, (2025, 11, 2), (2025, 11, 3)) == [
        "2025-11-02T01:30-04:00",
        "2025-11-02T01:30-05:00",
    ]
    assert in_2025(half_past_one) == 366


def test_an_hourly_event_is_due_in_every_real_hour_of_a_year():
    assert in_2025(Timing(minutes=(0,))) == 8760


def test_lord_howe_repeats_half_an_hour_and_skips_half_an_hour():
    at_45 = Timing(hours=(1, 2), minutes=(15, 45))
    assert due(at_45, "Australia/Lord_Howe", (2025, 4, 6), (2025, 4, 7)) == [
        "2025-04-06T01:15+11:00",
        "2025-04-06T01:45+11:00",
        "2025-04-06T01:45+10:30",
        "2025-04-06T02:15+10:30",
        "2025-04-06T02:45+10:30",
    ]
    assert due(at_45, "Australia/Lord_Howe", (2025, 10, 5), (2025, 10, 6)) == [
        "2025-10-05T01:15+10:30",
        "2025-10-05T01:45+10:30",
        "2025-10-05T02:45+11:00",
    ]


def test_a_day_that_samoa_left_out_is_not_due():
    daily = Timing(hours=(12,), minutes=(0,))
    assert due(daily, "Pacific/Apia", (2011, 12, 29), (2012, 1, 1)) == [
        "2011-12-29T12:00-10:00",
        "2011-12-31T12:00+14:00",
    ]
    that_day = Timing(years=(2011,), months=(12,), days=(30,))
    assert due(that_day, "Pacific/Apia", (2011, 1, 1), (2012, 1, 1)) == []


def test_a_day_that_kwajalein_left_out_is_not_due():
    daily = Timing(hours=(12,), minutes=(0,))
    assert due(daily, "Pacific/Kwajalein", (1993, 8, 20), (1993, 8, 23)) == [
        "1993-08-20T12:00-12:00",
        "1993-08-22T12:00+12:00",
    ]


def test_a_day_that_ends_again_after_midnight_is_served_in_the_order_of_real_time():
    around_midnight = Timing(hours=(23, 0), minutes=(0, 30))
    assert due(around_midnight, "America/St_Johns", (2006, 10, 28, 22), (2006, 10, 29, 2)) == [
        "2006-10-28T23:00-02:30",
        "2006-10-28T23:30-02:30",
        "2006-10-29T00:00-02:30",
        "2006-10-28T23:30-03:30",
        "2006-10-29T00:00-03:30",
        "2006-10-29T00:30-03:30",
    ]


def test_a_zone_that_springs_two_hours_ahead_leaves_two_hours_out():
    assert due(Timing(minutes=(0,)), "Antarctica/Troll", (2025, 3, 30, 0), (2025, 3, 30, 5)) == [
        "2025-03-30T00:00+00:00",
        "2025-03-30T03:00+02:00",
        "2025-03-30T04:00+02:00",
    ]


def test_double_summer_time_before_the_epoch_is_summer_time_twice():
    noon = Timing(hours=(12,), minutes=(0,))
    assert due(noon, "Europe/London", (1941, 5, 3), (1941, 5, 5)) == [
        "1941-05-03T12:00+01:00",
        "1941-05-04T12:00+02:00",
    ]


def test_the_day_of_two_noons_in_new_york_has_two():
    noon = Timing(hours=(12,), minutes=(0,))
    assert due(noon, NEW_YORK, (1883, 11, 18, 11), (1883, 11, 18, 14)) == [
        "1883-11-18T12:00-04:56:02",
        "1883-11-18T12:00-05:00",
    ]


def test_an_offset_with_seconds_names_each_minute_once_by_the_local_time_at_its_start():
    first = slot("UTC", 1972, 1, 7, 0, 40) - 1
    assert local_minute(first + 1, "Africa/Monrovia").isoformat() == "1972-01-06T23:55:30-00:44:30"
    at_59_and_0 = Timing(minutes=(59, 0, 45))
    slots = list(due_slots(at_59_and_0, "Africa/Monrovia", first, first + 10))
    assert slots == list(stepped_slots(at_59_and_0, "Africa/Monrovia", first, first + 10))
    local = [local_minute(found, "Africa/Monrovia").isoformat() for found in slots]
    assert local == ["1972-01-06T23:59:30-00:44:30", "1972-01-07T00:45:00+00:00"]


def test_the_29th_of_february_is_due_in_leap_years_only():
    leap_day = Timing(months=(2,), days=(29,), hours=(0,), minutes=(0,))
    slots = due_slots(leap_day, "UTC", slot("UTC", 2090, 1, 1), slot("UTC", 2110, 1, 1))
    assert [local_minute(found, "UTC").year for found in slots] == [2092, 2096, 2104, 2108]


def test_the_day_and_the_weekday_must_both_match():
    friday_the_13th = Timing(days=(13,), weekdays=(5,), hours=(0,), minutes=(0,))
    assert due(friday_the_13th, "Europe/Berlin", (2026, 1, 1), (2027, 1, 1)) == [
        "2026-02-13T00:00+01:00",
        "2026-03-13T00:00+01:00",
        "2026-11-13T00:00+01:00",
    ]


@pytest.mark.parametrize(("weekday", "day"), [(0, 4), (1, 5), (6, 10)])
def test_weekday_0_is_sunday(weekday: int, day: int):
    timing = Timing(weekdays=(weekday,), hours=(12,), minutes=(0,))
    found = due(timing, "UTC", (2026, 1, 4), (2026, 1, 11))
    assert found == [f"2026-01-{day:02}T12:00+00:00"]


def test_only_listed_years_are_due():
    new_year = Timing(years=(2031, 2027), months=(1,), days=(1,), hours=(0,), minutes=(0,))
    slots = due_slots(new_year, NEW_YORK, slot(NEW_YORK, 2025, 1, 1), slot(NEW_YORK, 2040, 1, 1))
    assert list(slots) == [slot(NEW_YORK, 2027, 1, 1), slot(NEW_YORK, 2031, 1, 1)]


def test_an_empty_timing_object_is_due_every_minute_and_no_timing_object_never():
    assert list(due_slots(Timing(), NEW_YORK, 100, 2000)) == list(range(101, 2001))
    assert list(due_slots(None, NEW_YORK, 100, 2000)) == []
    assert list(stepped_slots(None, NEW_YORK, 100, 2000)) == []


def test_order_and_repeats_in_a_list_change_nothing():
    tidy = Timing(minutes=(5, 20), hours=(1, 7), days=(2, 9))
    untidy = Timing(minutes=(20, 5, 20), hours=(7, 1, 1), days=(9, 2, 9, 2))
    window = (NEW_YORK, (2026, 6, 1), (2026, 6, 15))
    assert due(untidy, *window) == due(tidy, *window)
    assert len(due(tidy, *window)) == 8


def test_a_window_excludes_its_start_and_includes_its_end():
    assert list(due_slots(Timing(), "UTC", 7, 8)) == [8]
    assert list(due_slots(Timing(), "UTC", 8, 8)) == []
    assert list(due_slots(Timing(), "UTC", 9, 8)) == []


@pytest.mark.parametrize("timezone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_zones_farthest_from_utc_get_the_first_and_last_minute_of_their_days(timezone: str):
    edges = Timing(months=(5,), days=(1,), hours=(0, 23), minutes=(0, 59))
    found = due(edges, timezone, (2026, 4, 28), (2026, 5, 4))
    assert [when[:16] for when in found] == [
        f"2026-05-01T{time}" for time in ("00:00", "00:59", "23:00", "23:59")
    ]


class Counted:
    """A function of the jump-ahead that also counts its calls."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.count = 0

    def __call__(self, *args: Any) -> Any:
        self.count += 1
        return self.function(*args)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Reads of a zone's clock from here on, with nothing remembered from earlier tests."""
    counted = Counted(local_minute)
    monkeypatch.setattr(jumps, "local_minute", counted)
    jumps.shift_at.cache_clear()
    return counted


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Looks at a day of the calendar from here on."""
    counted = Counted(matches_day)
    monkeypatch.setattr(jumps, "matches_day", counted)
    return counted


def test_the_first_slot_of_many_costs_the_way_to_it_and_not_the_window(reads: Counted):
    slots = due_slots(Timing(), NEW_YORK, slot(NEW_YORK, 2026, 6, 1), 80 * CENTURY)
    assert list(islice(slots, 3)) == [slot(NEW_YORK, 2026, 6, 1) + step for step in (1, 2, 3)]
    assert reads.count <= 2


def test_an_event_due_once_in_ten_years_is_found_without_reading_the_years_between(reads: Counted):
    rare = Timing(years=(2035,), months=(6,), days=(1,), hours=(3,), minutes=(3,))
    slots = due_slots(rare, NEW_YORK, slot(NEW_YORK, 2025, 1, 1), slot(NEW_YORK, 2099, 1, 1))
    assert list(slots) == [slot(NEW_YORK, 2035, 6, 1, 3, 3)]
    assert reads.count <= 4


@pytest.mark.parametrize(
    "never", [Timing(months=(2,), days=(30,)), Timing(months=(2,), days=(29,), years=(2027, 2100))]
)
def test_an_event_that_is_never_due_reads_no_clock_over_centuries(never: Timing, reads: Counted):
    assert list(due_slots(never, NEW_YORK, 0, 10 * CENTURY)) == []
    assert reads.count == 0


def test_a_month_that_is_not_listed_costs_one_look(looks: Counted):
    never = Timing(months=(2,), days=(30,))
    assert list(due_slots(never, "UTC", slot("UTC", 2001, 1, 1), slot("UTC", 2100, 12, 31))) == []
    assert looks.count <= 101 * (29 + 11)


def test_a_year_that_is_not_listed_costs_one_look(looks: Counted):
    never = Timing(years=(1990,))
    assert list(due_slots(never, "UTC", slot("UTC", 2001, 1, 1), slot("UTC", 2100, 12, 31))) == []
    assert looks.count <= 102


def test_the_search_ends_with_the_calendar():
    never = Timing(months=(2,), days=(30,), years=(9998, 9999))
    assert list(due_slots(never, "UTC", slot("UTC", 9998, 1, 1), slot("UTC", 9999, 12, 31))) == []
    november = Timing(months=(11,), days=(31,), years=(9999,))
    assert list(due_slots(november, "UTC", slot("UTC", 9999, 1, 1), 100 * CENTURY)) == []


@pytest.mark.parametrize("name", ["minutes", "hours", "days", "months", "weekdays", "years"])
def test_every_list_can_refuse_a_minute_alone(name: str):
    moment = datetime(2026, 5, 4, 3, 2, tzinfo=ZoneInfo("UTC"))
    here = {"minutes": 2, "hours": 3, "days": 4, "months": 5, "weekdays": 1, "years": 2026}
    everything = {key: (value,) for key, value in here.items()}
    assert matches(Timing(**everything), moment)
    assert not matches(Timing(**everything | {name: (here[name] + 1,)}), moment)


def test_an_unknown_time_zone_is_an_error_and_not_a_silence():
    with pytest.raises(ZoneInfoNotFoundError, match="Mars"):
        list(due_slots(Timing(), "Mars/Olympus", 0, 10))


@pytest.mark.parametrize(
    ("nonsense", "complaint"),
    [
        ({"minutes": [0, 60]}, "Expected `int` <= 59 - at `$.timing.minutes[1]`"),
        ({"minutes": [-1]}, "Expected `int` >= 0 - at `$.timing.minutes[0]`"),
        ({"hours": [24]}, "Expected `int` <= 23 - at `$.timing.hours[0]`"),
        ({"days": [0]}, "Expected `int` >= 1 - at `$.timing.days[0]`"),
        ({"days": [32]}, "Expected `int` <= 31 - at `$.timing.days[0]`"),
        ({"months": [1, 13]}, "Expected `int` <= 12 - at `$.timing.months[1]`"),
        ({"months": [0]}, "Expected `int` >= 1 - at `$.timing.months[0]`"),
        ({"weekdays": [7]}, "Expected `int` <= 6 - at `$.timing.weekdays[0]`"),
        ({"years": [26]}, "Expected `int` >= 1970 - at `$.timing.years[0]`"),
        ({"years": [10000]}, "Expected `int` <= 9999 - at `$.timing.years[0]`"),
        ({"hours": ["2"]}, "Expected `int`, got `str` - at `$.timing.hours[0]`"),
        ({"hours": [2.5]}, "Expected `int`, got `float` - at `$.timing.hours[0]`"),
        ({"hours": [True]}, "Expected `int`, got `bool` - at `$.timing.hours[0]`"),
        ({"days": 3}, "Expected `array`, got `int` - at `$.timing.days`"),
        ({"minutes": None}, "Expected `array`, got `null` - at `$.timing.minutes`"),
        ({"minute": [1]}, "Object contains unknown field `minute` - at `$.timing`"),
    ],
)
def test_nonsense_is_refused_with_its_path(nonsense: dict[str, Any], complaint: str):
    sent = msgspec.json.encode({"id": "nightly", "timing": nonsense})
    with pytest.raises(msgspec.ValidationError) as refusal:
        msgspec.json.decode(sent, type=Event)
    assert str(refusal.value) == complaint


def test_the_ends_of_every_range_are_accepted():
    ends = {
        "minutes": (0, 59),
        "hours": (0, 23),
        "days": (1, 31),
        "months": (1, 12),
        "weekdays": (0, 6),
        "years": (1970, 9999),
    }
    assert msgspec.convert(ends, Timing) == Timing(**ends)
