"""Bugs in what surrounds the brains are caught on real daemons, by the clause that they break."""

import pytest
from runall_harness.contract.cases import load_cases
from runall_harness.contract.clauses import clauses
from runall_harness.mutants import REAL, Mutant
from runall_harness.scoring.trial import try_scenarios


@pytest.mark.parametrize("mutant", REAL, ids=lambda mutant: mutant.name)
def test_a_bug_of_the_daemons_is_killed_by_a_clause_that_it_breaks(mutant: Mutant) -> None:
    trial = try_scenarios(mutant, load_cases())
    assert trial.killed, (trial.verdicts, trial.troubles)
    assert {kill.clause for kill in trial.kills} <= mutant.clauses <= set(clauses())
