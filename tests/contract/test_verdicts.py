"""The worst verdict decides, and nothing that proves nothing is ever green."""

from collections.abc import Callable

import pytest
from runall_harness.conformance.run_report import CaseReport, make_report, unknown, unsteady
from runall_harness.conformance.running_case import in_words
from runall_harness.contract.clauses import SpecError
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.verdicts import (
    Inconclusive,
    Unsupported,
    Verdict,
    Violation,
    exit_code,
    verdict_of,
)

PASS, FAIL, ERROR = Verdict.PASS, Verdict.FAIL, Verdict.ERROR


SYSTEM = unknown("s", "p")


def case(verdict: Verdict, name: str = "f/s/manual") -> CaseReport:
    return CaseReport(
        id=name,
        feature="f",
        scenario="s",
        trigger="manual",
        clauses=[],
        verdict=verdict,
        message="because",
        outcome=None,
        within_s=None,
        together_s=None,
        recovery_s=None,
        deadline_s=None,
        faults=[],
        executions=[],
        history=None,
    )


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([PASS], 0),
        ([PASS, Verdict.KNOWN_FAILURE, Verdict.UNSUPPORTED], 0),
        ([Verdict.KNOWN_FAILURE], 0),
        ([PASS, Verdict.INCONCLUSIVE], 2),
        ([PASS, Verdict.SKIPPED], 2),
        ([PASS, FAIL, Verdict.INCONCLUSIVE], 1),
        ([PASS, Verdict.UNEXPECTED_PASS], 1),
        ([PASS, FAIL, Verdict.INCONCLUSIVE, ERROR], 3),
    ],
)
def test_the_worst_verdict_decides(verdicts: list[Verdict], code: int) -> None:
    assert exit_code(verdicts) == code
    assert exit_code(reversed(verdicts)) == code


def test_a_run_without_a_case_is_never_a_success() -> None:
    assert exit_code([]) == 3


def test_a_run_of_unsupported_cases_only_is_inconclusive() -> None:
    assert exit_code([Verdict.UNSUPPORTED] * 3) == 2


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_an_exit_code(verdict: Verdict) -> None:
    assert exit_code([verdict]) in (0, 1, 2, 3)


@pytest.mark.parametrize(
    ("make", "verdict"),
    [
        (lambda: None, PASS),
        (lambda: Violation("RA-1.1", "a", "b"), FAIL),
        (lambda: Inconclusive("x"), Verdict.INCONCLUSIVE),
        (lambda: Unsupported("x"), Verdict.UNSUPPORTED),
        (lambda: KitCannotRun("x", "y"), ERROR),
        (lambda: AssertionError("of the harness itself"), ERROR),
        (lambda: RuntimeError("x"), ERROR),
    ],
)
def test_what_ends_a_case_gives_its_verdict(
    make: Callable[[], BaseException | None], verdict: Verdict
) -> None:
    assert verdict_of(make()) == verdict


def test_a_violation_speaks_in_the_clauses_own_words() -> None:
    text = str(Violation("RA-1.1", "one rerun", "none"))
    assert text.startswith("RA-1.1: A manual job that was interrupted MUST be run again.")
    assert "expected: one rerun\n  seen: none" in text


def test_a_violation_of_a_clause_that_does_not_exist_is_an_error_of_the_kit() -> None:
    with pytest.raises(SpecError) as caught:
        raise Violation("RA-99.9", "a", "b")
    assert verdict_of(caught.value) == ERROR


def test_the_report_counts_all_eight_verdicts() -> None:
    report = make_report(SYSTEM, "simulated", 1.0, [case(PASS), case(FAIL, "f/s/scheduled")])
    assert report.summary == {verdict: int(verdict in (PASS, FAIL)) for verdict in Verdict}
    assert report.verdict == "not conformant"


def test_repeats_that_disagree_are_counted_in_each_of_their_messages() -> None:
    cases = [case(PASS), case(FAIL, "f/s/manual#2"), case(PASS, "f/other/manual")]
    assert unsteady(cases) == {"f/s/manual": {PASS: 1, FAIL: 1}}
    messages = [each.message for each in make_report(SYSTEM, "simulated", 1.0, cases).cases]
    assert messages == ["unsteady: 1 pass, 1 fail\nbecause"] * 2 + ["because"]


def test_each_thing_that_broke_in_a_teardown_is_reported_once() -> None:
    lost = KitCannotRun("the engine went away", "start it")
    group = ExceptionGroup("teardown", [lost, KitCannotRun(lost.cause, lost.hint), OSError("no")])
    assert in_words(group).splitlines() == [
        "the engine went away; next step: start it",
        "OSError: no",
    ]
