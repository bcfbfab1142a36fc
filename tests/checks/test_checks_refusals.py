"""A refusal is believed only if its reason is what the history shows."""

from typing import Any

import pytest
from runall_harness.checks import examine
from runall_harness.evidence.history import AnyLine, Lead, Meta
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


def age_is_true(limit: float, *more: AnyLine) -> bool:
    """Whether a job that ended at 10, refused at 30, may have been lost so many seconds before."""
    died = ran("j1", 1, 10, "terminated"), shown(29, "j1", "interrupted")
    lines = [leads("p"), leads("q"), *created(rerun_age=limit), *more, *died]
    return not clauses(*lines, refused(30, "RA-8.2"))


OUT_OF_TOUCH: list[tuple[str, Lines]] = [
    ("the primary is cut off", [fault("cut", 4, "p")]),
    ("the worker is cut off", [fault("cut", 4)]),
    ("the worker is frozen", [fault("pause", 4), fault("unpause", 9)]),
    ("the primary dies", [fault("kill", 4, "p")]),
    ("the primary is stopped and starts again", [fault("stop", 4, "p"), leads("p", 9)]),
    ("the worker's daemon dies, and the job lives on", [fault("kill daemon", 4)]),
    ("one after the other", [fault("cut", 4, "p"), fault("join", 6, "p"), fault("pause", 7)]),
    ("another leads too late", [Lead(at=0, node="p"), fault("cut", 4, "p"), Lead(at=9, node="q")]),
]


@pytest.mark.parametrize("more", [lines for _, lines in OUT_OF_TOUCH], ids=dict(OUT_OF_TOUCH))
def test_an_age_counts_from_before_the_worker_and_who_leads_got_out_of_touch(more: Lines) -> None:
    assert age_is_true(28.0, *more)
    assert not age_is_true(28.1, *more)


IN_TOUCH: list[tuple[str, Lines]] = [
    ("it was long mended", [fault("cut", 1, "p"), fault("join", 2, "p")]),
    ("it came later", [fault("cut", 12, "p")]),
    ("only the job was killed", [fault("kill job", 4)]),
    ("another worker died", [fault("kill", 4, "w2")]),
    ("a server died that did not lead", [Lead(at=0, node="p"), fault("kill", 4, "q")]),
    ("another leads", [Lead(at=0, node="p"), fault("kill", 1, "p"), Lead(at=3, node="q")]),
]


@pytest.mark.parametrize("more", [lines for _, lines in IN_TOUCH], ids=dict(IN_TOUCH))
def test_an_age_counts_from_the_end_of_what_was_in_touch(more: Lines) -> None:
    assert age_is_true(22.0, *more)
    assert not age_is_true(22.1, *more)


def test_an_age_is_not_judged_when_a_message_was_lost() -> None:
    assert age_is_true(99.0, fault("message", 9))


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
