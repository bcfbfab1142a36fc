"""Each slot that was due, and that its event wants, is served; what is uncertain is not judged."""

from typing import Any

import pytest
from runall_harness.checks import Findings, examine
from runall_harness.evidence.history import AnyLine, Clock, End, Meta, Minute
from support.check_examples import served
from support.small_histories import ALL, asked, created, meta, owed

Lines = list[AnyLine]
FIRST = Minute(at=0, slot=0, began=0)


def judged(*lines: AnyLine, **event: Any) -> Findings:
    """The findings about an event that is due each minute, watched for five minutes."""
    made = created(**{"timing": {}, **event})
    return examine([meta(), FIRST, *made, *lines, owed("rest", 300), End(at=300)])


def edited(at: float, **fields: Any) -> Lines:
    return asked(int(at), at, "update_event", event="e", fields=fields)


def missing(found: Findings) -> bool | None:
    """Whether a slot is missing; None where nothing was judged."""
    count = found.exercised["slots-are-served"]
    return found.verdicts["RA-5.4"] == "fail" if count else None


ALL_FIVE = [served(60.0 * minute, minute) for minute in range(1, 5)]


@pytest.mark.parametrize("gone", range(4))
def test_any_slot_that_is_missing_is_found(gone: int) -> None:
    assert missing(judged(*ALL_FIVE)) is False
    assert missing(judged(*ALL_FIVE[:gone], *ALL_FIVE[gone + 1 :])) is True


@pytest.mark.parametrize("count", [7, 700])
def test_any_number_of_missed_slots_is_found_and_the_first_are_named(count: int) -> None:
    until = 60.0 * (count + 1)
    lines = [meta(), FIRST, *created(timing={}), owed("rest", until), End(at=until)]
    found = examine(lines)
    assert found.violations[-1].seen.startswith("never served: 1970-01-01 00:01 UTC")
    assert found.violations[-1].seen.endswith(f", and {count - 6} more")


@pytest.mark.parametrize(
    "event",
    [
        {"catch_up": False},
        {"missed": "none"},
        {"missed_age": 60.0},
        {"enabled": False},
        {"timing": None},
        {"timing": {"years": [1999]}},
        {"timezone": "Nowhere/At_all"},
    ],
)
def test_no_slot_is_owed_by_an_event_that_does_not_want_it(event: dict[str, Any]) -> None:
    assert missing(judged(**event)) is None


@pytest.mark.parametrize(
    "edit",
    [
        edited(290, catch_up=False),
        edited(290, enabled=False),
        edited(1, timing=None),
        asked(2, 290, "delete_event", event="e"),
        [Clock(at=1, node="p", ahead=9999)],
    ],
)
def test_no_slot_is_owed_that_an_edit_may_have_called_off(edit: Lines) -> None:
    assert missing(judged(*edit)) is None


def test_a_slot_before_the_event_or_its_timing_is_not_due() -> None:
    late = asked(1, 130, "create_event", event={"id": "e", "catch_up": True, "timing": {}})
    kept = [served(181, 3), served(241, 4)]
    rest = [owed("rest", 300), End(at=300)]
    assert missing(examine([meta(), FIRST, *late, *kept, *rest])) is False
    assert missing(examine([meta(), FIRST, *late, *kept[1:], *rest])) is True
    hour = {"minutes": [30]}
    assert missing(judged(*edited(130, timing={}), *kept, timing=hour)) is False


def test_what_was_owed_before_an_edit_of_the_timing_stays_owed() -> None:
    never = edited(150, timing={"years": [1999]})
    assert missing(judged(served(61, 1), served(151, 2), *never)) is False
    assert missing(judged(served(61, 1), *never)) is True


def test_of_the_missed_slots_only_the_last_is_owed_where_the_event_wants_that_one() -> None:
    assert missing(judged(served(250, 4), missed="last")) is False
    assert missing(judged(served(190, 3), missed="last")) is True


def test_the_time_zone_decides_which_minute_is_due() -> None:
    # Minute 32 in Kolkata is minute 2 in UTC.
    half = {"timing": {"minutes": [32]}, "timezone": "Asia/Kolkata"}
    assert missing(judged(**half)) is True
    assert missing(judged(served(121, 2), **half)) is False
    assert missing(judged(**{**half, "timezone": "UTC"})) is None


def test_without_a_minute_line_or_a_time_by_which_no_slot_is_judged() -> None:
    rest = owed("rest", 300)
    assert missing(examine([meta(), *created(timing={}), rest, End(at=300)])) is None
    assert missing(examine([meta(), FIRST, *created(timing={}), End(at=300)])) is None


def test_a_minute_lasts_as_long_as_the_system_says() -> None:
    timings = {"minute": 1.0, "prompt": 0.5}
    quick = Meta(at=0, system="s", capabilities=tuple(sorted(ALL)), timings=timings)
    seen = [FIRST, *created(timing={}), owed("rest", 3.6), End(at=4)]
    jobs = [served(float(minute), minute) for minute in range(1, 4)]
    assert missing(examine([quick, *seen[:-2], *jobs, *seen[-2:]])) is False
    assert missing(examine([quick, *seen[:-2], *jobs[:-1], *seen[-2:]])) is True


def test_a_job_of_a_minute_that_no_timing_named_is_forced() -> None:
    due = {"minutes": [2]}
    assert judged(served(121, 2), timing=due).verdicts["RA-5.12"] == "pass"
    assert judged(served(121, 3), timing=due).verdicts["RA-5.12"] == "fail"
    edits = edited(100, timing={"minutes": [3]})
    assert judged(*edits, served(181, 3), timing=due).verdicts["RA-5.12"] == "pass"
