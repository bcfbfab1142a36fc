"""When an event is due: the timing object, and the minutes that it names.

A slot's local minute is the local time at which it begins, in the event's time zone, with the
seconds cut off: some zones were once a fraction of a minute away from UTC. A slot is due when its
local minute is in every list of the timing object, so days and weekdays both must match (RA-5.12).
So an hour that is skipped in spring is not served, one repeated in autumn is served twice (RA-5.9),
and no change to the offset needs a rule of its own.

`jumps.due_slots` names the due slots of a window. Tests hold it equal to a look at every minute.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

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


# The time zone of a name. Raises `ZoneInfoNotFoundError` or `ValueError` for an unknown one.
zone = lru_cache(maxsize=64)(ZoneInfo)


def local_minute(slot: int, timezone: str) -> datetime:
    return (EPOCH + timedelta(minutes=slot)).astimezone(zone(timezone))


def allows(listed: tuple[int, ...], value: int) -> bool:
    """Whether one list of a timing object allows a value. An empty list allows any."""
    return not listed or value in listed


def matches_day(timing: Timing, day: date) -> bool:
    """Whether a local day is in every list that is about days (RA-5.12)."""
    return (
        allows(timing.days, day.day)
        and allows(timing.months, day.month)
        and allows(timing.weekdays, day.isoweekday() % 7)
        and allows(timing.years, day.year)
    )
