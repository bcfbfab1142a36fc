"""Searches that end with the first story that breaks something, beyond the exhaustive ones.

A hunt looks where bugs show soonest. Breeding leaves it to Hypothesis to put stories together, and
to steer towards transitions and faults that no story has had yet.
"""

import time

from runall_harness.contract.errors import KitCannotRun
from runall_harness.mutants import by_name

from .coverage import every_pair
from .exploration import Explored
from .hunt import hunt
from .search import Tally
from .seeds import SeedPlan
from .story import Script
from .worlds import Outline


def hunted(seconds: float, mutant: str) -> Explored:
    """What a hunt finds in so many seconds, if anything; of a bug, the clause that it breaks."""
    with Script(outline=Outline(), mutant=mutant).planted():
        found = hunt(seconds, clauses=by_name(mutant).clauses if mutant else ())
    if found is None:
        return Explored()
    return Explored(found={(found.check, found.clause): found.found}, seconds=found.seconds)


def bred(stories: int, plan: SeedPlan, seed: int = 0) -> tuple[Explored, str]:
    """What Hypothesis finds in so many stories, and in words which pairs they have taken.

    Raises `KitCannotRun` where Hypothesis is not installed.
    """
    try:
        from .machine import search
    except ModuleNotFoundError as error:
        cause = f"to breed stories needs {error.name}, which is not installed"
        raise KitCannotRun(cause, "pip install 'runall-kit[breeding]'") from error
    began = time.process_time()
    result = search(plan, seed, stories)
    seconds = time.process_time() - began
    explored = Explored(seconds=seconds, worlds=[each.name for each in plan.outlines()])
    explored.tally = Tally(worlds=len(explored.worlds), schedules=result.stories, seconds=seconds)
    for found in filter(None, [result.found]):
        explored.note(found)
    taken = f"{len(result.pairs)} of {len(every_pair())} pairs of transition and fault"
    return explored, f"{result.stories} stories, {taken}"
