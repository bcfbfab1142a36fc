"""When an event is due: the timing object, and the minutes that it names.

The meaning is minute by minute: a slot is due when the local time of that minute, in the
event's time zone, is in every list that the timing object gives. Days and weekdays both must
match. An empty list means any. So the hour that spring skips never comes, and the hour that
autumn repeats comes twice; facts/cronicle's scheduler steps real minutes in the same way.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

Minute = Annotated[int, msgspec.Meta(ge=0, le=59)]
Hour = Annotated[int, msgspec.Meta(ge=0, le=23)]
Day = Annotated[int, msgspec.Meta(ge=1, le=31)]
Month = Annotated[int, msgspec.Meta(ge=1, le=12)]
Weekday = Annotated[int, msgspec.Meta(ge=0, le=6)]
Year = Annotated[int, msgspec.Meta(ge=1970, le=9999)]


class Timing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Cronicle's timing object. Weekday 0 is Sunday; an empty tuple means every value."""

    minutes: tuple[Minute, ...] = ()
    hours: tuple[Hour, ...] = ()
    days: tuple[Day, ...] = ()
    months: tuple[Month, ...] = ()
    weekdays: tuple[Weekday, ...] = ()
    years: tuple[Year, ...] = ()


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The time zone of that name. Raises `ZoneInfoNotFoundError` or `ValueError` if unknown."""
    return ZoneInfo(name)


def local_minute(slot: int, timezone: str) -> datetime:
    """The local time at which a slot begins."""
    return datetime.fromtimestamp(slot * 60, UTC).astimezone(zone(timezone))


def matches(timing: Timing, moment: datetime) -> bool:
    """Whether a local minute is in every list of the timing object."""
    pairs = (
        (timing.minutes, moment.minute),
        (timing.hours, moment.hour),
        (timing.days, moment.day),
        (timing.months, moment.month),
        (timing.weekdays, moment.isoweekday() % 7),
        (timing.years, moment.year),
    )
    return all(not allowed or value in allowed for allowed, value in pairs)


def due_slots(timing: Timing | None, timezone: str, after: int, until: int) -> Iterator[int]:
    """The due slots s with after < s <= until, oldest first, one real minute at a time."""
    if timing is None:
        return
    for slot in range(after + 1, until + 1):
        if matches(timing, local_minute(slot, timezone)):
            yield slot
