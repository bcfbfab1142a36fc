"""Each check finds what it is for, names the lines that prove it, and judges nothing else."""

import pytest
from runall_harness.checks import CHECKS, Findings, examine
from runall_harness.contract.verdicts import BrokenClause
from support.check_examples import EXAMPLES, Example
from support.small_histories import fault, meta, ran, shown

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
