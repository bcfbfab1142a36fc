"""The limits and the ledger are judged over any history, and only what is proven turns it red."""

from contextlib import suppress

import pytest
from msgspec.structs import replace
from runall_harness import checks
from runall_harness.contract.verdicts import Inconclusive, Violation
from runall_harness.evidence.history import Answer, AnyLine, Call, Ledger, Meta, Witnessed
from support.small_histories import asked, created, fault, noted, shown
from support.small_histories import ran as ran_to_its_end


def judge(lines: list[AnyLine]) -> None:
    """Raise the first violation. What these histories leave open is another matter."""
    with suppress(Inconclusive):
        checks.judge(lines)


def meta(*capabilities: str) -> Meta:
    return Meta(at=0, system="s", capabilities=capabilities, grace=1.0)


def lowered(at: float, most: int) -> list[AnyLine]:
    return asked(2, at, "update_event", event="e", fields={"max_children": most})


def ran(job: str, began: float, ended: float, node: str = "w1") -> Witnessed:
    return ran_to_its_end(job, began, ended, "terminated", node=node)


# ------------------------------------------------------------------ the limit
def test_a_job_beyond_the_limit_breaks_the_clause():
    with pytest.raises(Violation, match=r"RA-6\.1(.|\n)*j2 started beside j1"):
        judge([meta(), *created(max_children=1), ran("j1", 1, 20), ran("j2", 10, 30)])


def test_a_limit_that_the_system_cannot_honour_is_not_held_against_it():
    made, answer = asked(1, 0, "create_event", event={"id": "e", "catch_up": True})
    assert isinstance(made, Call)
    declared = replace(made, ignored=("max_children",))
    jobs = ran("j1", 1, 20), ran("j2", 10, 30)
    judge([meta(), declared, answer, *jobs])
    with pytest.raises(Violation, match=r"RA-6\.1"):
        judge([meta(), made, answer, *jobs])


@pytest.mark.parametrize("most", [0, 2])
def test_a_job_within_the_limit_is_fine_and_none_is_no_limit(most: int):
    judge([meta(), *created(max_children=most), ran("j1", 1, 20), ran("j2", 10, 30)])


def test_one_job_after_the_other_is_fine():
    judge([meta(), *created(max_children=1), ran("j1", 1, 10), ran("j2", 10, 30)])


def test_a_limit_that_was_lowered_counts_for_what_starts_later():
    with pytest.raises(Violation, match=r"RA-6\.1"):
        judge(
            [meta(), *created(max_children=2), *lowered(5, 1), ran("j1", 1, 20), ran("j2", 10, 30)]
        )


def test_what_had_started_before_the_limit_was_lowered_may_go_on():
    judge([meta(), *created(max_children=2), *lowered(15, 1), ran("j1", 1, 20), ran("j2", 10, 30)])


def test_an_order_to_start_may_have_been_under_way_when_the_limit_was_lowered():
    judge([meta(), *created(max_children=2), *lowered(9.5, 1), ran("j1", 1, 20), ran("j2", 10, 30)])


def test_an_edit_that_was_refused_changes_no_limit():
    refused: list[AnyLine] = [
        Call(
            at=5, number=2, verb="update_event", args={"event": "e", "fields": {"max_children": 2}}
        ),
        Answer(at=5.1, number=2, outcome="refused"),
    ]
    with pytest.raises(Violation, match=r"RA-6\.1"):
        judge([meta(), *created(max_children=1), *refused, ran("j1", 1, 20), ran("j2", 10, 30)])


def test_a_job_of_a_frozen_node_is_excused_for_the_grace_of_its_waking_and_no_longer():
    runs = [ran("j1", 1, 20), ran("j2", 10, 30, "w2")]
    judge([meta(), *created(max_children=1), fault("pause", 5), fault("unpause", 19.5), *runs])
    with pytest.raises(Violation, match=r"RA-6\.1"):
        judge([meta(), *created(max_children=1), fault("pause", 5), fault("unpause", 15), *runs])


# ------------------------------------------------------------------ limbo
LOST = [shown(3, "j1", "running", limbo=True), shown(20, "j1", "interrupted", finalized_at=19)]


def test_a_job_that_starts_in_the_place_of_one_in_limbo_breaks_the_clause():
    runs = [ran("j1", 1, 2), ran("j2", 10, 30)]
    with pytest.raises(Violation, match=r"RA-6\.2(.|\n)*j2 started"):
        judge([meta("limbo"), *created(max_children=1), *LOST, *runs])
    judge([meta(), *created(max_children=1), *LOST, *runs])


def test_a_place_is_free_when_limbo_is_over():
    judge([meta("limbo"), *created(max_children=1), *LOST, ran("j1", 1, 2), ran("j2", 19, 30)])
    back = [shown(3, "j1", "running", limbo=True), shown(5, "j1", "running")]
    judge([meta("limbo"), *created(max_children=1), *back, ran("j1", 1, 6), ran("j2", 10, 30)])


def test_the_same_job_is_counted_once_whether_it_lives_or_is_in_limbo():
    judge([meta("limbo"), *created(max_children=2), *LOST, ran("j1", 1, 18), ran("j2", 10, 30)])


# ------------------------------------------------------------------ the ledger
def history(ledger: Ledger) -> list[AnyLine]:
    return [meta("bounds"), ran("j1", 1, 2), LOST[1], ledger]


def test_an_interruption_without_a_line_in_the_ledger_breaks_the_clause():
    judge(history(noted(21, "j1", "refused", clause="RA-8.2")))
    with pytest.raises(Violation, match=r"RA-8\.4"):
        judge(history(Ledger(at=21, entries=())))
    with pytest.raises(Violation, match=r"RA-8\.4"):
        judge(history(noted(21, "j1", "rerun", clause="")))


def test_a_refusal_without_a_reason_breaks_the_clause():
    with pytest.raises(Violation, match=r"RA-8\.3"):
        judge(history(noted(21, "j1", "refused", detail="")))
    judge(history(noted(21, "j1", "rerun", detail="")))


def test_a_ledger_that_nobody_could_ask_for_proves_nothing():
    judge(history(noted(21, "j1", "refused", clause="RA-8.2"))[:-1])
