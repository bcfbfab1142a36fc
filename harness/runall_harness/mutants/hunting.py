"""How one mutant is tried by the explorer, which looks for a story that the scenarios lack.

The explorer knows nothing of mutants: it drives whatever brains there are, and here they lie.
"""

import importlib
from importlib.util import find_spec
from typing import Any

from .mutant import Mutant, lying
from .trial import Kill, Trial

EXPLORER = "runall_harness.explorer"


def explorer() -> Any:
    """What hunts, `hunt(budget_s, seed)`; None where this kit has no explorer."""
    if find_spec(EXPLORER) is None:
        return None
    return getattr(importlib.import_module(EXPLORER), "hunt", None)


def try_explorer(mutant: Mutant | None, trial: Trial, *, budget: float, seed: int) -> None:
    """Let the explorer look for a story for at most `budget` seconds, and note what it finds.

    What it finds in the honest reference (None) counts against it, whatever the clause.
    """
    hunt = explorer()
    with lying(mutant):
        found = hunt(budget_s=budget, seed=seed)
    if found is None:
        return
    broken = frozenset[str](found.clauses)
    own = broken & mutant.clauses if mutant else broken
    for clause in sorted(own or broken):
        if own:
            kill = Kill(by=f"explorer: {found.check}", clause=clause,
                        seconds=round(found.seconds, 3), after=found.steps)  # fmt: skip
            trial.kills.append(kill)
            return
        trial.others[clause] = trial.others.get(clause, 0) + 1
