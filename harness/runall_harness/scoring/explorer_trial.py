"""How one mutant is tried by the explorer, which looks for a story that the scenarios lack.

The explorer knows nothing of mutants: it drives whatever brains there are, and here they lie.
"""

import time

from runall_harness.explorer.hunt import hunt
from runall_harness.mutants.mutant import Mutant, lying

from .trial import Kill, Trial


def try_explorer(mutant: Mutant | None, trial: Trial, *, budget: float, seed: int) -> None:
    """Let the explorer look for a story for at most `budget` seconds, and note what it finds.

    It looks for stories that break the mutant's own clauses. In the honest reference (None)
    whatever it finds counts.
    """
    began = time.monotonic()
    wanted = mutant.clauses if mutant else frozenset[str]()
    with lying(mutant):
        found = hunt(budget_s=budget, seed=seed, clauses=wanted)
    trial.seconds += time.monotonic() - began
    if found is not None:
        trial.kills.append(
            Kill(
                by=f"explorer: {found.check}",
                clause=found.clause,
                seconds=round(found.seconds, 3),
                after=len(found.found.moves),
            )
        )
