"""A window of slots begins after its first number and ends with its last, also at midnight."""

import pytest
from runall_reference.brain.jumps import DAY, due_slots
from runall_reference.brain.timing import Timing

MIDNIGHT = 20_000 * DAY
EVERY_MINUTE = Timing()


@pytest.mark.parametrize("slot", [MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + 1])
@pytest.mark.parametrize("timezone", ["UTC", "Asia/Kathmandu"])
def test_a_window_of_one_minute_has_that_minute(slot: int, timezone: str):
    assert list(due_slots(EVERY_MINUTE, timezone, slot - 1, slot)) == [slot]


@pytest.mark.parametrize("slot", [MIDNIGHT - 1, MIDNIGHT])
def test_a_minute_at_midnight_is_due_when_its_window_begins_with_it(slot: int):
    hour, minute = divmod(slot % DAY, 60)
    daily = Timing(hours=(hour,), minutes=(minute,))
    assert list(due_slots(daily, "UTC", slot - 1, slot + DAY)) == [slot, slot + DAY]
    assert list(due_slots(daily, "UTC", slot, slot + DAY)) == [slot + DAY]


@pytest.mark.parametrize("slot", [MIDNIGHT - 1, MIDNIGHT])
def test_an_empty_window_has_no_minute(slot: int):
    assert list(due_slots(EVERY_MINUTE, "UTC", slot, slot)) == []
    assert list(due_slots(EVERY_MINUTE, "UTC", slot, slot - 5)) == []
