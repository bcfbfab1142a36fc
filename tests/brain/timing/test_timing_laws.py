"""The law of due minutes: the jump-ahead names the slots that the definition names, in its order.

The definition is slow and has no case to forget; the jump-ahead is fast and has several. Windows
are put where the cases are: at changes of a zone's offset, at leap days, at the turn of a year.
"""

import importlib
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import available_timezones

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from runall_reference.brain.jumps import DAY, due_slots, shift_at
from runall_reference.brain.timing import Timing, local_minute
from support.stepped_slots import stepped_slots

ZONES = sorted(available_timezones())
YEARS = range(1970, 2101)
TROUBLED = [
    "Africa/Casablanca",
    "Africa/Monrovia",
    "America/New_York",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Kwajalein",
]


def midnight(year: int, month: int = 1, day: int = 1) -> int:
    """The slot at which a UTC day begins."""
    return int(datetime(year, month, day, tzinfo=UTC).timestamp()) // 60


FIRST, LAST = midnight(YEARS[0]), midnight(YEARS[-1] + 1)
CALENDAR = [midnight(year, *day) for year in YEARS for day in ((1, 1), (2, 28), (3, 1))]


def offset(slot: int, timezone: str) -> object:
    """The offset to UTC at which a slot begins, as the time zone has it."""
    return local_minute(slot, timezone).utcoffset()


@cache
def changes(timezone: str) -> tuple[int, ...]:
    """The first slot of every new offset, found from outside by weekly looks and halving."""
    found: list[int] = []
    for low, high in pairwise(range(FIRST, LAST, 7 * DAY)):
        if offset(low, timezone) != offset(high, timezone):
            while high - low > 1:
                middle = (low + high) // 2
                same = offset(low, timezone) == offset(middle, timezone)
                low, high = (middle, high) if same else (low, middle)
            found.append(high)
    return tuple(found)


def lengths() -> st.SearchStrategy[int]:
    """One minute to five hours, or one to five days."""
    return st.one_of(st.integers(1, 300), st.integers(DAY, 5 * DAY))


@st.composite
def windows(draw: st.DrawFn, timezone: str) -> tuple[int, int]:
    """A window that holds or touches a change of the zone's offset, a special day, or any slot."""
    special = st.sampled_from(changes(timezone) or CALENDAR)
    anchor = draw(st.one_of(special, special, st.sampled_from(CALENDAR), st.integers(FIRST, LAST)))
    length = draw(lengths())
    after = anchor - draw(st.integers(0, length + 1))
    return after, after + length


def lists(low: int, high: int, here: int) -> st.SearchStrategy[tuple[int, ...]]:
    """A list of a timing object: empty, or with a given value, or any; untidy on purpose."""
    some = st.lists(st.integers(low, high), min_size=1, max_size=8)
    with_here = st.lists(st.integers(low, high), max_size=3).map(lambda more: [*more, here, here])
    return st.one_of(st.just(()), with_here.map(tuple), with_here.map(tuple), some.map(tuple))


@st.composite
def timings(draw: st.DrawFn, moment: datetime) -> Timing:
    """A timing object that is often, by no means always, due at a given moment."""
    return Timing(
        minutes=draw(lists(0, 59, moment.minute)),
        hours=draw(lists(0, 23, moment.hour)),
        days=draw(lists(1, 31, moment.day)),
        months=draw(lists(1, 12, moment.month)),
        weekdays=draw(lists(0, 6, moment.isoweekday() % 7)),
        years=draw(lists(1970, 2100, max(1970, moment.year))),
    )


Question = tuple[Timing, str, int, int]


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """The arguments of `due_slots`: a timing object, a zone and a window."""
    timezone = draw(st.one_of(st.sampled_from(ZONES), st.sampled_from(TROUBLED)))
    after, until = draw(windows(timezone))
    moment = local_minute(draw(st.integers(after + 1, until)), timezone)
    return draw(timings(moment)), timezone, after, until


APIA = midnight(2011, 12, 30)
ST_JOHNS = midnight(2006, 10, 29)


@given(questions())
@example((Timing(days=(31,)), "Pacific/Apia", APIA - DAY, APIA + 2 * DAY))
@example((Timing(hours=(0, 23)), "America/St_Johns", ST_JOHNS, ST_JOHNS + DAY))
@settings(max_examples=400, deadline=None)
def test_the_jump_ahead_names_exactly_the_slots_of_the_definition(question: Question):
    timing, timezone, after, until = question
    expected = list(stepped_slots(timing, timezone, after, until))
    event("due" if expected else "never due")
    event("across a change" if crosses(timezone, after, until) else "one offset")
    assert list(due_slots(timing, timezone, after, until)) == expected


def crosses(timezone: str, after: int, until: int) -> bool:
    """Whether the offset changes within a window."""
    return any(after + 1 < change <= until for change in changes(timezone))


@given(st.data())
@settings(max_examples=15, deadline=None)
def test_the_law_holds_over_windows_of_months(data: st.DataObject):
    timezone = data.draw(st.sampled_from(TROUBLED))
    after = data.draw(st.integers(FIRST, LAST - 100 * DAY))
    until = after + data.draw(st.integers(30 * DAY, 100 * DAY))
    moment = local_minute(data.draw(st.integers(after + 1, until)), timezone)
    timing = data.draw(timings(moment))
    expected = list(stepped_slots(timing, timezone, after, until))
    assert list(due_slots(timing, timezone, after, until)) == expected


@pytest.mark.parametrize("timezone", TROUBLED)
def test_every_change_of_a_troubled_zone_is_crossed_minute_by_minute(timezone: str):
    every_third = Timing(minutes=tuple(range(0, 60, 3)))
    assert changes(timezone)
    for change in changes(timezone):
        after, until = change - 100, change + 100
        expected = list(stepped_slots(every_third, timezone, after, until))
        assert list(due_slots(every_third, timezone, after, until)) == expected


@pytest.mark.parametrize("timezone", ["Africa/Monrovia", "Europe/Amsterdam", "Asia/Kolkata"])
def test_a_shift_is_the_floor_of_the_offset_in_minutes(timezone: str):
    for slot in (midnight(1890), midnight(1930), midnight(1971), midnight(2025)):
        away = local_minute(slot, timezone).utcoffset()
        assert away is not None
        assert shift_at(slot, timezone) == away.total_seconds() // 60


def test_no_zone_takes_an_offset_back_within_two_days():
    """`jumps.pieces` rests on a day of this; the pure-Python zones show their tables."""
    plain: Any = importlib.import_module("zoneinfo._zoneinfo")
    for name in ZONES:
        steps = table(plain.ZoneInfo.no_cache(name))
        for ((_, before), (left, _)), (_, (back, behind)) in pairwise(pairwise(steps)):
            assert before != behind or back - left > 2 * DAY * 60, f"{name} at {back}"


def table(plain: Any) -> list[tuple[float, object]]:
    """When, in seconds since the epoch, a zone took which offset; repeated offsets are left out."""
    times = [float("-inf"), *plain._trans_utc]
    offsets = [entry and entry.utcoff for entry in (plain._tti_before, *plain._ttinfos)]
    steps = list(zip(times, offsets, strict=True))
    return [steps[0], *(now for last, now in pairwise(steps) if now[1] != last[1])]
