"""The meaning of a timing object, one real minute at a time: what `jumps.due_slots` is held to."""

from collections.abc import Iterator
from datetime import datetime

from runall_reference.brain.timing import Timing, allows, local_minute, matches_day


def matches(timing: Timing, moment: datetime) -> bool:
    """Whether a local minute is in every list of the timing object."""
    return (
        allows(timing.minutes, moment.minute)
        and allows(timing.hours, moment.hour)
        and matches_day(timing, moment)
    )


def stepped_slots(timing: Timing | None, timezone: str, after: int, until: int) -> Iterator[int]:
    """The due slots s with after < s <= until, oldest first: the definition, step by step."""
    if timing is None:
        return
    for slot in range(after + 1, until + 1):
        if matches(timing, local_minute(slot, timezone)):
            yield slot
