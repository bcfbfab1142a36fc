"""Celery beat, with events that users create, edit and delete while it runs.

Beat's own schedule is part of a program's source. This one takes its entries from Redis instead,
into beat's own persistent scheduler: what is due, when an entry ran last, where that is kept and
what becomes of minutes that nobody served are beat's own, untouched.
"""

import json
import os
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any, cast
from zoneinfo import ZoneInfo

from celery.beat import PersistentScheduler, ScheduleEntry
from celery.schedules import crontab, schedstate
from redis import Redis

from clock import schedule_now
from orders import EVENTS, options_of, order_of, task_of

# The fields of a timing, and what a crontab calls them.
FIELDS = {
    "minutes": "minute",
    "hours": "hour",
    "days": "day_of_month",
    "months": "month_of_year",
    "weekdays": "day_of_week",
}


class Timing(crontab):
    """A crontab on the schedule's clock, with a time zone of its own and a list of years.

    Celery's crontab has one zone for all and knows no years: outside of them it is not due.
    """

    def __init__(self, *fields: Any, zone: str, years: list[int], **named: Any) -> None:
        super().__init__(*fields, nowfun=schedule_now, **named)
        self.zone, self.years = zone, years
        self._orig_kwargs = {"zone": zone, "years": years}

    def __reduce__(self) -> tuple[Any, ...]:
        fields = {name: getattr(self, f"_orig_{name}") for name in FIELDS.values()}
        return revive, ({**fields, "zone": self.zone, "years": self.years},)

    @property
    def tz(self) -> tzinfo:  # pyright: ignore[reportIncompatibleVariableOverride] - cached there
        """The zone in which its fields are meant."""
        return ZoneInfo(self.zone)

    def is_due(self, last_run_at: datetime) -> schedstate:
        """What Celery says, in the years that were asked for."""
        state = cast(schedstate, super().is_due(last_run_at))
        due = state.is_due and (not self.years or self.due_at(last_run_at).year in self.years)
        return schedstate(due, state.next)

    def due_at(self, last_run_at: datetime) -> datetime:
        """The minute at which Celery takes it for due, after it ran last."""
        start, delta, _ = self.remaining_delta(last_run_at)
        return cast(datetime, start + delta).replace(second=0, microsecond=0)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Timing):
            return NotImplemented
        same = (other.zone, other.years) == (self.zone, self.years)
        return same and super().__eq__(other)

    __hash__ = None  # pyright: ignore[reportAssignmentType] - as Celery's own crontab


def revive(fields: dict[str, Any]) -> Timing:
    """A timing that beat's file has kept."""
    return Timing(**fields)


def timing_of(event: Mapping[str, Any]) -> Timing:
    """The crontab of an event: a list for each field, or any where there is none."""
    timing = event["timing"]
    fields = {theirs: set(timing[ours]) for ours, theirs in FIELDS.items() if timing.get(ours)}
    return Timing(**fields, zone=event.get("timezone", "UTC"), years=timing.get("years") or [])


def entry_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """Beat's entry for an event."""
    return {
        "task": task_of(event),
        "schedule": timing_of(event),
        "kwargs": dict(order_of(event, {}, cause="schedule")),
        "options": options_of(event),
    }


class Scheduler(PersistentScheduler):
    """Beat's persistent scheduler, whose entries are the events in Redis."""

    redis: "Redis | None" = None
    read: "dict[bytes, bytes] | None" = None

    def setup_schedule(self) -> None:
        """Take the events as they are, before Celery drops entries that are not there."""
        self.redis = Redis.from_url(os.environ["RUNALL_REDIS"])
        self.app.conf.beat_schedule = self.entries()
        super().setup_schedule()

    def entries(self) -> dict[str, Any]:
        """The entries of all events that are enabled and have a timing."""
        assert self.redis is not None
        self.read = cast("dict[bytes, bytes]", self.redis.hgetall(EVENTS))
        events = [json.loads(text) for text in self.read.values()]
        return {
            event["id"]: entry_of(event)
            for event in events
            if event.get("timing") is not None and event.get("enabled", True)
        }

    def tick(self, *args: Any, **named: Any) -> float:
        """Read the events if somebody has edited one, then do as beat does."""
        before = self.read
        entries = self.entries()
        if self.read != before:
            self.merge_inplace(entries)
        return super().tick(*args, **named)

    def apply_async(self, entry: ScheduleEntry, *args: Any, **named: Any) -> Any:
        """Send a job, with the minute for which beat took it for due."""
        timing = cast(Timing, entry.schedule)
        now = timing.due_at(cast(datetime, entry.last_run_at)).timestamp()
        entry.kwargs = {**cast(dict[str, Any], entry.kwargs), "now": now}
        return super().apply_async(entry, *args, **named)
