"""The limits and the ledger are judged over any history, and only what is proven turns it red."""

from typing import Any

import pytest
from runall_harness.checks import judge
from runall_harness.contract.verdicts import Violation
from runall_harness.evidence.facts import Execution, Proof
from runall_harness.evidence.history import (
    Answer,
    AnyLine,
    Call,
    Fault,
    Ledger,
    Meta,
    Seen,
    Witnessed,
)
from runall_harness.evidence.views import JobView, LedgerView


def meta(*capabilities: str) -> Meta:
    return Meta(
        at=0,
        case="c",
        system="s",
        version="1",
        policy="p",
        rig="r",
        grace=1.0,
        capabilities=capabilities,
    )


def asked(number: int, at: float, verb: str, **args: Any) -> list[AnyLine]:
    return [
        Call(at=at, number=number, verb=verb, args=args),
        Answer(at=at + 0.1, number=number, outcome="done"),
    ]


def created(most: int) -> list[AnyLine]:
    return asked(1, 0, "create_event", event={"id": "e", "max_children": most})


def lowered(at: float, most: int) -> list[AnyLine]:
    return asked(2, at, "update_event", event="e", fields={"max_children": most})


def ran(job: str, started: float, ended: float, node: str = "w1") -> Witnessed:
    run = Execution(
        id=job,
        tag="t",
        node=node,
        job=job,
        now="0",
        params={},
        claims={"JOB_EVENT": "e"},
        started_at=started,
        beat_at=ended,
        ended_at=ended,
        how="terminated",
    )
    return Witnessed(at=ended, execution=run)


def fault(kind: str, at: float) -> Fault:
    return Fault(at=at, proof=Proof(kind=kind, node="w1", at=at, proven=True, evidence="seen"))


def seen(at: float, state: str, *, limbo: bool = False, ended: float = 0.0) -> Seen:
    job = JobView(
        id="j1", event="e", root="j1", attempt=1, state=state, limbo=limbo, finalized_at=ended
    )
    return Seen(at=at, job=job)


def entry(**more: str) -> LedgerView:
    fields = {"decision": "refused", "clause": "RA-8.1", "detail": "too often", **more}
    return LedgerView(number=1, at=9, event="e", job="j1", root="j1", what="restart", **fields)


# ------------------------------------------------------------------ the limit
def test_a_job_beyond_the_limit_breaks_the_clause():
    with pytest.raises(Violation, match=r"RA-6\.1(.|\n)*j2 started beside j1"):
        judge([meta(), *created(1), ran("j1", 1, 20), ran("j2", 10, 30)])


@pytest.mark.parametrize("most", [0, 2])
def test_a_job_within_the_limit_is_fine_and_none_is_no_limit(most: int):
    judge([meta(), *created(most), ran("j1", 1, 20), ran("j2", 10, 30)])


def test_one_job_after_the_other_is_fine():
    judge([meta(), *created(1), ran("j1", 1, 10), ran("j2", 10, 30)])


def test_a_limit_that_was_lowered_counts_for_what_starts_later():
    with pytest.raises(Violation, match=r"RA-6\.1"):
        judge([meta(), *created(2), *lowered(5, 1), ran("j1", 1, 20), ran("j2", 10, 30)])


def test_what_had_started_before_the_limit_was_lowered_may_go_on():
    judge([meta(), *created(2), *lowered(15, 1), ran("j1", 1, 20), ran("j2", 10, 30)])


def test_an_order_to_start_may_have_been_under_way_when_the_limit_was_lowered():
    judge([meta(), *created(2), *lowered(9.5, 1), ran("j1", 1, 20), ran("j2", 10, 30)])


def test_an_edit_that_was_refused_changes_no_limit():
    refused: list[AnyLine] = [
        Call(
            at=5, number=2, verb="update_event", args={"event": "e", "fields": {"max_children": 2}}
        ),
        Answer(at=5.1, number=2, outcome="refused"),
    ]
    with pytest.raises(Violation, match=r"RA-6\.1"):
        judge([meta(), *created(1), *refused, ran("j1", 1, 20), ran("j2", 10, 30)])


def test_a_job_of_a_frozen_node_is_excused_for_the_grace_of_its_waking_and_no_longer():
    runs = [ran("j1", 1, 20), ran("j2", 10, 30, "w2")]
    judge([meta(), *created(1), fault("pause", 5), fault("unpause", 19.5), *runs])
    with pytest.raises(Violation, match=r"RA-6\.1"):
        judge([meta(), *created(1), fault("pause", 5), fault("unpause", 15), *runs])


# ------------------------------------------------------------------ limbo
LOST = [seen(3, "running", limbo=True), seen(20, "interrupted", ended=19)]


def test_a_job_that_starts_in_the_place_of_one_in_limbo_breaks_the_clause():
    runs = [ran("j1", 1, 2), ran("j2", 10, 30)]
    with pytest.raises(Violation, match=r"RA-6\.2(.|\n)*j2 started"):
        judge([meta("limbo"), *created(1), *LOST, *runs])
    judge([meta(), *created(1), *LOST, *runs])


def test_a_place_is_free_when_limbo_is_over():
    judge([meta("limbo"), *created(1), *LOST, ran("j1", 1, 2), ran("j2", 19, 30)])
    back = [seen(3, "running", limbo=True), seen(5, "running")]
    judge([meta("limbo"), *created(1), *back, ran("j1", 1, 6), ran("j2", 10, 30)])


def test_the_same_job_is_counted_once_whether_it_lives_or_is_in_limbo():
    judge([meta("limbo"), *created(2), *LOST, ran("j1", 1, 18), ran("j2", 10, 30)])


# ------------------------------------------------------------------ the ledger
def history(*entries: LedgerView) -> list[AnyLine]:
    return [meta("bounds"), ran("j1", 1, 2), LOST[1], Ledger(at=21, entries=entries)]


def test_an_interruption_without_a_line_in_the_ledger_breaks_the_clause():
    judge(history(entry()))
    with pytest.raises(Violation, match=r"RA-8\.4"):
        judge(history())
    with pytest.raises(Violation, match=r"RA-8\.4"):
        judge(history(entry(decision="rerun", clause="")))


def test_a_refusal_without_a_reason_breaks_the_clause():
    with pytest.raises(Violation, match=r"RA-8\.3"):
        judge(history(entry(detail="")))
    judge(history(entry(decision="rerun", detail="")))


def test_a_ledger_that_nobody_could_ask_for_proves_nothing():
    judge(history(entry())[:-1])
