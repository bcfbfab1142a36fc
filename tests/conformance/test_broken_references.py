"""A reference that breaks a rule turns the right cases red, in the words of the clause."""

import pytest
from runall_harness.contract.cases import load_cases, select
from runall_harness.contract.verdicts import Verdict
from runall_harness.mutants import Mutant, by_name
from runall_harness.mutants.planting import Bug
from runall_harness.scoring.trial import try_scenarios
from support.broken_references import BROKEN, as_mutant, slot_not_reopened
from support.conform_runs import FIVE_FAILURES

WHOSE = [
    (by_name("schedule_only"), "manual"),
    (by_name("drops_overrides"), "manual"),
    (as_mutant(slot_not_reopened), "scheduled"),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_a_bug_is_found_by_the_clause_that_it_breaks(broken: Bug) -> None:
    trial = try_scenarios(as_mutant(broken), load_cases(), first=True)
    assert trial.troubles == []
    assert trial.killed, f"no case names {sorted(BROKEN[broken])}: {trial.others}"


@pytest.mark.parametrize(("mutant", "trigger"), WHOSE, ids=lambda it: getattr(it, "name", it))
def test_a_bug_in_one_trigger_leaves_the_other_green(mutant: Mutant, trigger: str) -> None:
    trial = try_scenarios(mutant, select(load_cases(), FIVE_FAILURES))
    red = [case for case, verdict in trial.verdicts.items() if verdict.startswith("RA-")]
    assert red
    assert all(case.endswith(f"/{trigger}") for case in red)


def test_a_rerun_that_is_never_called_fails_every_case_that_owes_one() -> None:
    owing = [c for c in load_cases() if "RA-1.1" in c.clauses and c.trigger == "manual"]
    trial = try_scenarios(by_name("schedule_only"), owing)
    assert trial.verdicts.keys() == {case.id for case in owing}
    assert Verdict.PASS not in trial.verdicts.values()
