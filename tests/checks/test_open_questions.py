"""A job that was interrupted, and neither run again nor refused, is open: no verdict hides it."""

import pytest
from runall_harness.checks import Findings, examine, judge
from runall_harness.checks.report import code_of
from runall_harness.contract.verdicts import (
    CANNOT_RUN,
    CONFORMANT,
    INCONCLUSIVE,
    NOT_CONFORMANT,
    Inconclusive,
    Verdict,
)
from runall_harness.evidence.history import AnyLine, End, Exit, Judged, Step
from support.small_histories import asked, created, fault, leads, meta, noted, owed, ran, shown

KILLED: list[AnyLine] = [fault("kill", 5), ran("j1", 1, 5, "killed")]
LOST: list[AnyLine] = [*KILLED, shown(6, "j1", "interrupted")]


def found(*lines: AnyLine, **event: object) -> Findings:
    """What a history of the event `e` shows, which ends after 20 seconds."""
    return examine([meta("lineage", "bounds"), *created(**event), *lines, End(at=20)])


@pytest.mark.parametrize(
    "lines",
    [
        LOST,
        [*LOST, owed("rest", 100)],
        [*LOST, owed("rerun", 100, "j1")],
        [*LOST, shown(7, "j1.2", "waiting")],
        [*KILLED, shown(6, "j1", "running")],
        [*LOST, ran("j1.2", 7, 9, "killed"), shown(9, "j1.2", "interrupted")],
        KILLED,
    ],
    ids=[
        "nothing is owed",
        "rest is owed later",
        "a rerun is owed later",
        "a rerun that waits",
        "a loss that nobody noticed",
        "a second interruption",
        "nothing is shown",
    ],
)
def test_an_interrupted_job_that_nothing_followed_is_open(lines: list[AnyLine]) -> None:
    what = found(*lines)
    assert (code_of(what, 0), len(what.questions)) == (INCONCLUSIVE, 1)
    assert what.open.startswith("open: the history ends before it shows whether j1")
    assert what.verdicts[what.questions[0].clause] == "inconclusive"
    with pytest.raises(Inconclusive, match="the history ends before"):
        judge([meta("lineage", "bounds"), *created(), *lines, End(at=20)])


@pytest.mark.parametrize(
    "lines",
    [
        [*LOST, ran("j1.2", 7, 9), shown(9, "j1.2", "succeeded")],
        [*LOST, ran("j1.2", 7, 9), shown(9, "j1.2", "running")],
        [*LOST, noted(7, "j1", "refused", clause="RA-6.7", detail="a reason of its own")],
        [*LOST, noted(6, "j1"), *asked(2, 7, "delete_event", event="e")],
        [*LOST, noted(6, "j1"), *asked(2, 7, "abort", job="j1")],
        [*LOST, noted(6, "j1"), *asked(2, 7, "update_event", event="e", fields={"enabled": False})],
    ],
    ids=["rerun", "a result under way", "refused", "deleted", "aborted", "held"],
)
def test_what_was_answered_or_may_wait_is_not_open(lines: list[AnyLine]) -> None:
    assert found(*lines).questions == ()


def test_nothing_is_open_with_run_all_off() -> None:
    assert found(*LOST, noted(6, "j1"), catch_up=False).questions == ()
    assert found(*KILLED, catch_up=False).questions == ()


def test_a_job_that_was_never_interrupted_is_not_open() -> None:
    assert found(*KILLED[:1], ran("j2", 6), shown(6, "j2", "running")).questions == ()
    assert found(*KILLED[:1], shown(6, "j2", "waiting")).questions == ()


def test_a_rerun_without_a_link_is_known_by_its_tag() -> None:
    lines: list[AnyLine] = [
        *created(),
        fault("kill", 5),
        owed("rerun", 15, "j1", tag="job"),
        ran("j1", 1, 5, "killed", tag="job"),
        shown(6, "j1", "interrupted"),
        ran("j7", 7, 9, tag="job"),
    ]
    assert examine([meta("fencing"), *lines, End(at=20)]).questions == ()
    assert examine([meta("fencing"), *lines[:-1], End(at=20)]).violations


# ------------------------------------------------------------------ what the steps came to
def case(verdict: Verdict, *lines: AnyLine, **words: object) -> Findings:
    """What the history of a case with these lines shows."""
    step = Step(at=0, number=1, text="Then it holds")
    judged = Judged(at=9, verdict=verdict, step=1, **words)  # pyright: ignore[reportArgumentType] - its fields
    return examine([meta("fencing"), step, *created(), *lines, judged, End(at=20)])


RIGHT: list[AnyLine] = [*LOST, ran("j1.2", 7, 9), shown(9, "j1.2", "succeeded")]


def test_what_a_step_found_broken_counts_as_what_a_check_found() -> None:
    what = case(Verdict.FAIL, *RIGHT, clause="RA-11.1", expected="a retry", seen="none")
    assert code_of(what, 0) == NOT_CONFORMANT
    (broken,) = what.violations
    assert (broken.clause, broken.seen, broken.lines) == ("RA-11.1", "none", (2, 10))
    assert what.verdicts["RA-11.1"] == "fail"


def test_the_checks_judge_beside_the_steps() -> None:
    twice: list[AnyLine] = [fault("cut", 5), ran("j1", 1, 9), ran("j1.2", 6, 10)]
    what = case(Verdict.PASS, *twice, clauses=("RA-1.1",))
    assert (code_of(what, 0), what.violations[0].clause) == (NOT_CONFORMANT, "RA-7.1")


def test_a_pass_of_the_steps_judges_the_clauses_of_the_case() -> None:
    what = case(Verdict.PASS, ran("j1", 1, 5), clauses=("RA-11.1",))
    assert (code_of(what, 0), what.verdicts["RA-11.1"]) == (CONFORMANT, "pass")


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        (Verdict.INCONCLUSIVE, INCONCLUSIVE),
        (Verdict.UNSUPPORTED, INCONCLUSIVE),
        (Verdict.SKIPPED, INCONCLUSIVE),
        (Verdict.ERROR, CANNOT_RUN),
    ],
)
def test_a_case_that_decided_nothing_stays_undecided(verdict: Verdict, code: int) -> None:
    what = case(verdict, *RIGHT, reason="nobody came")
    assert (code_of(what, 0), what.open) == (code, f"the case was {verdict}: nobody came")


def test_nothing_counts_that_followed_on_a_fault_without_a_proof() -> None:
    twice: list[AnyLine] = [fault("cut", 5, proven=False), ran("j1", 1, 9), ran("j1.2", 6, 10)]
    assert code_of(examine([meta("fencing"), *created(), *twice]), 0) == INCONCLUSIVE


def test_a_clean_stop_ends_with_the_exit_of_its_node() -> None:
    """What is placed after the exit was placed by another primary, or by its next start."""
    placed = shown(12, "j2", "running", placed_at=12.0, cause="manual")
    lines = [leads("w1"), fault("stop", 5), placed]
    assert examine([meta("fencing"), *lines]).violations[0].clause == "RA-4.4"
    assert examine([meta("fencing"), *lines, Exit(at=10, node="w1")]).violations == ()


# ------------------------------------------------------------------ one promised instant
@pytest.mark.parametrize(
    ("came", "code"), [(9.0, CONFORMANT), (12.0, INCONCLUSIVE), (18.0, NOT_CONFORMANT)]
)
def test_what_comes_after_the_promised_instant_decides_nothing_until_nobody_waits_any_more(
    came: float, code: int
) -> None:
    again = [ran("j1.2", came, came + 0.5), shown(came + 0.5, "j1.2", "succeeded")]
    lines = [*LOST, owed("rerun", 15, "j1", due=10), *again]
    verdict = Verdict.INCONCLUSIVE if code == INCONCLUSIVE else Verdict.PASS
    judged = Judged(at=19, verdict=verdict, reason="the rerun came late")
    what = examine([meta("lineage"), *created(), *lines, judged, End(at=20)])
    assert code_of(what, 0) == code
    assert what.exercised["deadlines-are-met"] == (code != INCONCLUSIVE)
