"""A refusal is believed only if its reason is what the history shows."""

from typing import Any

import pytest
from runall_harness.checks import examine
from runall_harness.evidence.history import AnyLine, Meta
from support.small_histories import ALL, asked, created, fault, leads, noted, owed, ran, shown

Lines = list[AnyLine]
# How often the servers of these histories report, and what a busy machine adds to it; seconds.
TIMINGS = {"heartbeat": 1.5, "slack": 0.5}
TIMED = Meta(at=0, system="s", capabilities=tuple(sorted(ALL)), timings=TIMINGS)
DIED = [ran("j1", 1, 10, "killed"), shown(20, "j1", "interrupted")]


def clauses(*lines: AnyLine) -> list[str]:
    """The clauses that a history breaks by a refusal."""
    found = examine([TIMED, *lines])
    return [one.clause for one in found.violations if one.check == "refusals-are-true"]


def refused(at: float, clause: str, job: str = "j1") -> AnyLine:
    return noted(at, job, "refused", clause=clause)


def times_lost(count: int) -> Lines:
    """A lineage that servers took down so many times."""
    names = ["j1", *(f"j1.{number}" for number in range(2, count + 1))]
    return [shown(float(2 + number), name, "interrupted") for number, name in enumerate(names)]


@pytest.mark.parametrize(("bound", "lost"), [(1, 1), (2, 2), (3, 3), (3, 1), (0, 9)])
def test_a_refusal_that_comes_one_interruption_too_early_is_false(bound: int, lost: int) -> None:
    last = "j1" if lost == 1 else f"j1.{lost}"
    lines = [*created(max_reruns=bound), *times_lost(lost), refused(30, "RA-8.1", last)]
    assert clauses(*lines) == ["RA-8.3"]


@pytest.mark.parametrize("bound", [1, 2, 3])
def test_a_refusal_after_one_interruption_more_than_the_bound_is_true(bound: int) -> None:
    last = f"j1.{bound + 1}"
    lines = [*created(max_reruns=bound), *times_lost(bound + 1), refused(30, "RA-8.1", last)]
    assert clauses(*lines) == []


@pytest.mark.parametrize("bound", [1, 2, 3])
def test_a_rerun_beyond_the_bound_is_one_too_many(bound: int) -> None:
    kept = examine([TIMED, *created(max_reruns=bound), *times_lost(bound + 1)])
    broken = examine([TIMED, *created(max_reruns=bound), *times_lost(bound + 2)])
    assert kept.verdicts["RA-8.1"] == "pass"
    assert broken.verdicts["RA-8.1"] == "fail"


@pytest.mark.parametrize(("limit", "holds"), [(11.0, True), (12.0, True), (12.1, False)])
def test_an_age_counts_from_the_last_sign_of_life_that_can_have_come(
    limit: float, holds: bool
) -> None:
    lines = [*created(rerun_age=limit), *DIED, refused(20, "RA-8.2")]
    assert clauses(*lines) == ([] if holds else ["RA-8.3"])


def test_an_age_is_not_judged_without_the_timings_of_the_system() -> None:
    meta = Meta(at=0, system="s", capabilities=tuple(sorted(ALL)))
    found = examine([meta, *created(rerun_age=99.0), *DIED, refused(20, "RA-8.2")])
    assert found.exercised["refusals-are-true"] == 0


@pytest.mark.parametrize("more", [fault("cut", 8), fault("kill", 9, "p"), fault("message", 9)])
def test_an_age_is_not_judged_when_something_else_may_have_hidden_the_worker(more: AnyLine) -> None:
    lines = [leads("p"), *created(rerun_age=99.0), more, *DIED, refused(20, "RA-8.2")]
    assert clauses(*lines) == []


OTHER_REASONS: list[tuple[str, dict[str, Any], Lines]] = [
    ("RA-1.3", {"catch_up": False}, []),
    ("RA-3.3", {}, asked(7, 5, "abort", job="j1")),
    ("RA-6.3", {}, asked(7, 5, "delete_event", event="e")),
]


@pytest.mark.parametrize(("clause", "fields", "calls"), OTHER_REASONS)
def test_what_no_user_did_is_no_reason(clause: str, fields: dict[str, Any], calls: Lines) -> None:
    assert clauses(*created(), *DIED, refused(20, clause)) == ["RA-8.3"]
    lines = [*created(**fields), DIED[0], *calls, DIED[1], refused(20, clause)]
    assert clauses(*lines) == []


def test_a_false_refusal_leaves_the_rerun_owed() -> None:
    told = [refused(20, "RA-8.1"), owed("rest", 30)]
    found = examine([TIMED, *created(max_reruns=2), *DIED, *told, shown(40, "j9", "running")])
    assert found.verdicts["RA-1.1"] == "fail"
    found = examine([TIMED, *created(catch_up=False), *DIED, refused(20, "RA-1.3"), *told[1:]])
    assert found.verdicts["RA-1.1"] != "fail"


def test_a_deletion_counts_also_when_the_event_was_made_again() -> None:
    again: list[AnyLine] = [
        *asked(8, 6, "create_event", event={"id": "e", "catch_up": True}),
        *DIED[1:],
        shown(21, "j1.2", "running"),
        ran("j1.2", 22),
    ]
    found = examine([TIMED, *created(), DIED[0], *asked(7, 5, "delete_event", event="e"), *again])
    assert found.verdicts["RA-6.3"] == "fail"
