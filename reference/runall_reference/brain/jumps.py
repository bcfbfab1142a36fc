"""The due slots of a window, without a look at every minute of it.

A server that comes back after a year owes its events a year of minutes, few of them due. So this
module leaps over years, months and days that cannot match.

It walks UTC days, because these come in order and never overlap: a local day may be cut in two,
come late or not at all. Each is cut into pieces with one offset to UTC, so that the due slots of a
piece are the due local minutes, moved.
"""

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, timedelta
from functools import lru_cache
from typing import NamedTuple

from .timing import EPOCH, Timing, allows, local_minute, matches_day

DAY = 24 * 60
MINUTE = timedelta(minutes=1)
EPOCH_DAY = EPOCH.toordinal()


class Piece(NamedTuple):
    """Slots from `first` to before `end`, whose local minute is the slot plus `shift`."""

    first: int
    end: int
    shift: int


def due_slots(timing: Timing | None, timezone: str, after: int, until: int) -> Iterator[int]:
    """The due slots s with after < s <= until, oldest first; the same as minute by minute.

    Lazy: the first slot costs the search for it, not the window. Raises `ZoneInfoNotFoundError` or
    `ValueError` for an unknown time zone, once it gets to a day that can match, and
    `OverflowError` there at the end of the calendar, the last day of the year 9999.
    """
    if timing is None:
        return
    times = times_of_day(timing.hours, timing.minutes)
    for day in utc_days(timing, after + 1, until):
        first, end = max(day * DAY, after + 1), min(day * DAY + DAY, until + 1)
        for piece in pieces(first, end, timezone):
            yield from due_in(piece, timing, times)


@lru_cache(maxsize=256)
def times_of_day(hours: tuple[int, ...], minutes: tuple[int, ...]) -> tuple[int, ...]:
    """The minutes since midnight that both lists allow, in order."""
    allowed = [minute for minute in range(60) if allows(minutes, minute)]
    return tuple(
        hour * 60 + minute for hour in range(24) if allows(hours, hour) for minute in allowed
    )


def utc_days(timing: Timing, first: int, last: int) -> Iterator[int]:
    """The UTC days between two slots in which a matching local day may show, in order.

    No zone is a whole day away from UTC, so a local day shows in the UTC day of the same date,
    the one before or the one after, and nowhere else.
    """
    reached, end = first // DAY, last // DAY
    for day in matching_days(timing, reached - 1, end + 1):
        yield from range(max(reached, day - 1), min(day + 1, end) + 1)
        reached = max(reached, day + 2)


def matching_days(timing: Timing, first: int, last: int) -> Iterator[int]:
    """The days of the calendar that match, in order, as numbers of days since the epoch."""
    last = min(last, date.max.toordinal() - EPOCH_DAY)
    while first <= last:
        day = date.fromordinal(EPOCH_DAY + first)
        if matches_day(timing, day):
            yield first
        first = next_candidate(timing, day) - EPOCH_DAY


def next_candidate(timing: Timing, day: date) -> int:
    """The ordinal of the first day after this one that its year and its month do not rule out."""
    if not allows(timing.years, day.year):
        return date(day.year, 12, 31).toordinal() + 1
    if not allows(timing.months, day.month):
        return day.replace(day=1).toordinal() + monthrange(day.year, day.month)[1]
    return day.toordinal() + 1


def pieces(first: int, end: int, timezone: str) -> Iterator[Piece]:
    """Cut a stretch of at most a day into pieces of one offset, in order, by halving.

    Equal offsets at both ends are taken for one offset between them. No zone has ever changed
    its offset and taken it back within a day; in all known data it took four days or more.
    """
    shift = shift_at(first, timezone)
    if end - first == 1 or shift == shift_at(end, timezone):
        yield Piece(first, end, shift)
        return
    middle = (first + end) // 2
    yield from pieces(first, middle, timezone)
    yield from pieces(middle, end, timezone)


@lru_cache(maxsize=1024)
def shift_at(slot: int, timezone: str) -> int:
    """The minutes from a slot to its local minute; a fraction of a minute is rounded down."""
    wall = local_minute(slot, timezone).replace(tzinfo=UTC)
    return (wall - EPOCH) // MINUTE - slot


def due_in(piece: Piece, timing: Timing, times: tuple[int, ...]) -> Iterator[int]:
    """The due slots of one piece: every list of the timing must allow the minute (RA-5.12)."""
    first, end = piece.first + piece.shift, piece.end + piece.shift
    for day in range(first // DAY, (end - 1) // DAY + 1):
        if matches_day(timing, date.fromordinal(EPOCH_DAY + day)):
            midnight = day * DAY
            within = slice(bisect_left(times, first - midnight), bisect_left(times, end - midnight))
            for time in times[within]:
                yield midnight - piece.shift + time
