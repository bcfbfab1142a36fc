"""The clock of the schedule, whose minutes may be shorter than real ones.

Celery asks a crontab for the time through its own `nowfun`. Here that gives a time that runs faster
by a constant factor, from an origin that is kept in Redis, so that beat after a restart, and the
adapter beside it, read the same clock.
"""

import os
import time
from datetime import UTC, datetime
from functools import cache

from redis import Redis

from orders import ORIGIN

MINUTE = float(os.environ.get("RUNALL_MINUTE", "60"))


@cache
def origin() -> float:
    """When the schedule began, in seconds since 1970."""
    redis = Redis.from_url(os.environ["RUNALL_REDIS"])
    redis.set(ORIGIN, str(int(time.time())), nx=True)
    return float(redis.get(ORIGIN) or 0)


def seconds() -> float:
    """The schedule's time, in seconds since 1970."""
    return origin() + (time.time() - origin()) * 60 / MINUTE


def schedule_now() -> datetime:
    """The schedule's time as a datetime: the `nowfun` of every crontab."""
    return datetime.fromtimestamp(seconds(), UTC)
