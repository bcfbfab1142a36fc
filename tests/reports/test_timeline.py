"""The time line says what the history says: no bar, wait, fault or deadline is lost or made up."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runall_harness.checks import examine
from runall_harness.contract.verdicts import Verdict
from runall_harness.evidence.facts import Proof
from runall_harness.evidence.history import (
    AnyLine,
    End,
    Exit,
    Fault,
    Judged,
    Lead,
    Meta,
    Seen,
    Start,
    Step,
)
from runall_harness.evidence.views import JobView
from runall_harness.reports.timeline import HistoryTimeline, Measured, accused, timeline_of
from runall_harness.reports.timeline.axis import axis_of
from support.example_history import example

BEGAN = 1000.0


def drawn(lines: Sequence[AnyLine], measured: Measured | None = None) -> HistoryTimeline:
    return timeline_of(lines, measured=measured)


def seen(at: float, state: str, **more: Any) -> Seen:
    view: dict[str, Any] = {"id": "j1", "event": "e", "root": "j1", "attempt": 1, "state": state}
    return Seen(at=at, job=JobView(**(view | more)))


def fault(at: float, kind: str, node: str = "w1", *, proven: bool = True) -> Fault:
    proof = Proof(kind=kind, node=node, at=at, proven=proven, evidence="seen")
    return Fault(at=at, proof=proof)


def test_each_execution_is_a_bar_on_its_node_with_its_end() -> None:
    bars = drawn(example()).bars
    assert [(bar.node, bar.job, bar.how, bar.again) for bar in bars] == [
        ("w1", "j1", "killed", False),
        ("w1", "j1-again", "completed", True),
    ]
    assert [(bar.since, bar.until) for bar in bars] == [(-7.8, 0.0), (3.1, 10.0)]


def test_zero_is_the_first_fault_and_without_one_the_first_job() -> None:
    assert drawn(example()).zero == 10.0
    assert drawn([line for line in example() if not isinstance(line, Fault)]).zero == 2.2


def test_a_node_is_down_from_its_fault_to_its_next_start() -> None:
    spans = drawn(example()).spans
    assert [(span.node, span.kind, span.since, span.until) for span in spans] == [
        ("w1", "down", 0.0, 2.0)
    ]


def test_a_clean_stop_lasts_until_the_exit_and_the_node_is_down_from_then_on() -> None:
    lines = [Start(at=0, node="w1"), fault(5, "stop"), Exit(at=6, node="w1"), End(at=9)]
    spans = drawn(lines).spans
    assert [(span.words, span.since, span.until) for span in spans] == [
        ("stop", 0.0, 1.0),
        ("stopped", 1.0, 4.0),
    ]


def test_a_cut_and_a_freeze_end_with_what_mends_them() -> None:
    lines = [
        fault(1, "cut"),
        fault(2, "pause", "w2"),
        fault(3, "join"),
        fault(5, "unpause", "w2"),
        End(at=9),
    ]
    spans = {span.kind: (span.since, span.until) for span in drawn(lines).spans}
    assert spans == {"cut": (0.0, 2.0), "frozen": (1.0, 4.0)}


def test_a_leader_leads_until_another_one_does_or_it_is_down() -> None:
    lines = [
        Lead(at=1, node="p1"),
        fault(3, "kill", "p1"),
        Lead(at=5, node="b1"),
        Lead(at=7, node="p1"),
        End(at=9),
    ]
    leads = [(s.node, s.since, s.until) for s in drawn(lines).spans if s.kind == "leads"]
    assert leads == [("p1", -2.0, 0.0), ("b1", 2.0, 4.0), ("p1", 4.0, 6.0)]


def test_limbo_is_shown_with_the_time_by_which_it_must_end() -> None:
    lines = [
        Meta(at=0, system="s", timings={"dead_job_timeout": 4.5}),
        seen(1, "running"),
        fault(2, "kill"),
        seen(3, "running", limbo=True),
        seen(7, "interrupted"),
        End(at=9),
    ]
    shown = [(one.state, one.since, one.until, one.latest) for one in drawn(lines).shown]
    assert shown == [
        ("running", -1.0, 1.0, None),
        ("limbo", 1.0, 5.0, 5.5),
        ("interrupted", 5.0, 5.0, None),
    ]


def test_a_canary_is_a_bar_and_no_job_that_is_told() -> None:
    line = drawn([seen(1, "running", event="canary-2"), End(at=2)])
    assert line.shown == ()


def test_the_recovery_is_that_of_the_history_or_that_which_the_report_measured() -> None:
    own = drawn(example()).recovery
    assert own is not None
    assert (own.since, own.at, own.until) == (0.0, 3.1, 60.0)
    measured = drawn(example(), Measured(recovery_s=3.1, deadline_s=7.0)).recovery
    assert measured is not None
    assert (measured.since, measured.at, measured.until) == (0.0, 3.1, 7.0)


def test_a_rerun_that_never_came_has_a_deadline_and_no_end() -> None:
    lost = [line for line in example() if "again" not in repr(line)]
    recovery = drawn(lost).recovery
    assert recovery is not None
    assert (recovery.at, recovery.until) == (None, 60.0)
    assert drawn(lost).sentence.endswith("No rerun came; it was due within 60.00 s.")


def test_each_step_lasts_until_the_next_and_the_one_that_decided_is_lit() -> None:
    lines = [
        Step(at=1, number=1, text="Given a job"),
        Step(at=2, number=2, text="Then it runs"),
        Judged(at=5, verdict=Verdict.FAIL, clause="RA-1.1", step=2),
        End(at=6),
    ]
    steps = [(s.number, s.since, s.until, s.guilty) for s in drawn(lines).steps]
    assert steps == [(1, 0.0, 1.0, False), (2, 1.0, 4.0, True)]


def test_the_lines_that_prove_a_broken_clause_are_lit_and_no_others() -> None:
    lines = example(month_of_the_rerun="June")
    guilty = accused(lines, examine(lines).violations)
    bars = {bar.job: bar.guilty for bar in timeline_of(lines, guilty).bars}
    assert bars == {"j1": True, "j1-again": True}
    assert not any(bar.guilty for bar in timeline_of(lines, ()).bars)


def test_a_step_accuses_the_jobs_that_its_words_name() -> None:
    lines = [
        *example()[:-1],
        Step(at=21, number=1, text="Then it is not run again"),
        Judged(
            at=22,
            verdict=Verdict.FAIL,
            clause="RA-1.4",
            expected="one rerun",
            seen="given up: j1-again ran",
            step=1,
        ),
        End(at=30),
    ]
    bars = {
        bar.job: bar.guilty
        for bar in timeline_of(lines, accused(lines, examine(lines).violations)).bars
    }
    assert bars == {"j1": False, "j1-again": True}


def test_the_sentence_tells_the_fault_the_runs_and_the_recovery() -> None:
    assert drawn(example()).sentence == (
        "Kill of w1 at 0 s. j1 runs on w1 from −7.80 s and was killed at 0 s. "
        "j1-again runs again on w1 from 3.10 s and completed at 10.00 s. "
        "The rerun came after 3.10 s of 60.00 s."
    )


def test_a_fault_that_is_not_proven_says_so() -> None:
    line = drawn([fault(1, "kill", proven=False), End(at=2)])
    assert [each.proven for each in line.faults] == [False]
    assert "not proven" in line.sentence


@pytest.mark.parametrize("lines", [[], [End(at=3)], [Meta(at=0, system="s")]])
def test_a_history_in_which_nothing_happens_has_a_picture_too(lines: list[AnyLine]) -> None:
    line = drawn(lines)
    assert len(line.axis) >= 2
    assert line.sentence == "Nothing ran and nothing failed."


@given(st.lists(st.floats(-1e4, 1e4), max_size=60))
def test_an_axis_keeps_the_order_and_gives_each_stretch_a_width(times: list[float]) -> None:
    knots = axis_of(times)
    places = [knot.place for knot in knots]
    assert (places[0], places[-1]) == (0.0, 1.0)
    assert all(a < b for a, b in pairwise(places))
    assert all(any(abs(knot.at - time) < 1e-3 for knot in knots) for time in times)


def test_two_milliseconds_are_seen_beside_six_seconds() -> None:
    knots = axis_of([0.0, 0.002, 6.0, 6.002])
    widths = [b.place - a.place for a, b in pairwise(knots)]
    assert min(widths) > 0.1
    assert sum(widths) == pytest.approx(1.0)
