"""Each check finds what it is for, names the lines that prove it, and judges nothing else."""

import pytest
from runall_harness.checks import CHECKS, Findings, examine
from runall_harness.contract.verdicts import BrokenClause
from support.check_examples import EXAMPLES, Example
from support.small_histories import asked, created, fault, meta, ran, shown

NAMES = [f"{one.check}-{one.clause}" for one in EXAMPLES]


def by(check: str, found: Findings) -> list[BrokenClause[int]]:
    """What one check found."""
    return [one for one in found.violations if one.check == check]


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_a_check_names_the_clause_and_every_line_that_proves_it_broken(example: Example) -> None:
    found = examine([meta(), *example.broken])
    assert [(one.clause, one.lines) for one in by(example.check, found)] == [
        (example.clause, example.lines)
    ]
    assert found.verdicts[example.clause] == "fail"


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_a_check_finds_nothing_in_what_is_right_and_counts_that_it_looked(example: Example) -> None:
    found = examine([meta(), *example.right])
    assert by(example.check, found) == []
    assert found.exercised[example.check] > 0


def test_a_server_that_is_frozen_again_is_not_in_reach_because_it_was_woken_before() -> None:
    frozen = [fault("pause", 1), fault("unpause", 3), fault("pause", 6)]
    lines = [meta(), *frozen, ran("j1", 3.1, 20, "terminated"), shown(12, "j1", "interrupted")]
    assert by("living-go-on", examine(lines)) == []


@pytest.mark.parametrize(("placed", "kept"), [(5.0, True), (4.99, True), (4.85, False)])
def test_a_rerun_may_follow_an_edit_that_the_clock_of_the_system_puts_before_its_call(
    placed: float, kept: bool
) -> None:
    lines = [
        *created(),
        ran("j1", 0.5, 2, "killed"),
        *asked(2, 2.1, "update_event", event="e", fields={"enabled": False}),
        shown(4, "j1", "interrupted"),
        *asked(3, 5, "update_event", event="e", fields={"enabled": True}),
        shown(5.1, "j1.2", "running", placed_at=placed),
        ran("j1.2", 5.1),
    ]
    assert (by("disabled-waits", examine([meta(), *lines])) == []) is kept


@pytest.mark.parametrize(("placed", "kept"), [(3.15, True), (3.25, False)])
def test_an_order_may_precede_an_abort_that_the_clock_of_the_system_puts_before_it(
    placed: float, kept: bool
) -> None:
    lines = [
        *created(),
        ran("j1", 0.5, 2, "killed"),
        shown(2.5, "j1", "interrupted"),
        *asked(2, 3, "abort", job="j1"),
        shown(3.2, "j1.2", "starting", placed_at=placed),
        ran("j1.2", 3.4),
    ]
    assert (by("aborted-stays-aborted", examine([meta(), *lines])) == []) is kept


@pytest.mark.parametrize("check", [check.name for check in CHECKS])
def test_a_check_that_had_nothing_to_judge_says_so(check: str) -> None:
    found = examine([meta(), ran("j1", 1)])
    assert found.exercised[check] == 0
    assert "pass" not in found.verdicts.values()


def test_every_check_has_an_example() -> None:
    assert {one.check for one in EXAMPLES} == {check.name for check in CHECKS}


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_a_check_judges_nothing_of_a_capability_that_is_not_declared(example: Example) -> None:
    check = next(check for check in CHECKS if check.name == example.check)
    found = examine([meta("prompt"), *example.broken])
    assert bool(by(example.check, found)) == (not check.needs)
