"""The hunt: is there a story in which the brains that are planted now break a clause?

It looks where bugs show soonest, as docs/explorer.md says. What is found is shrunk to its shortest
story.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import count, cycle, islice, product
from typing import NamedTuple

from msgspec.structs import replace

from .random_search import SeedPlan, search_seed
from .search import Counts, Found, Search
from .shrink import shrink
from .worlds import named, outlines, varied

# How many moves the stories of one seed have at the most, seed after seed.
LENGTHS = (1, 2, 3, 4, 6)
# How many seeds are searched before the exhaustive search, and how many stories each plays.
SEEDS, STORIES = 40, 12
# The worlds in which moves show most: a job that goes on, alone and with a backup; a job of the
# primary; what needs more than one failure; and a slot that was served before.
CHOSEN = (
    "quiet/manual",
    "quiet/scheduled+target",
    "crash/manual+backup",
    "restart/scheduled",
    "quiet/manual+max_children+params",
    "late/manual+target+max_children",
    "lost/manual+enabled",
    "back/scheduled+max_reruns",
)
KINDS = ("orders", "nemesis", "crash")
CheckTime = Callable[[Counts | None], None]


class Hunted(NamedTuple):
    """The shortest story of what a hunt has found.

    `check` and `clause` are what it was shrunk for; it may break more. `seconds` is how long it
    took to find it, before it was shrunk.
    """

    found: Found
    check: str
    clause: str
    seconds: float


class OutOfTime(Exception):
    """The hunt's time is up."""


def hunt(budget_s: float, seed: int = 0, clauses: Iterable[str] = ()) -> Hunted | None:
    """Look for a story that breaks a clause, one of these if any are named; None if there is none.

    It takes `budget_s` seconds at the most until something is found, and then some more to shrink
    it. The same seed looks at the same stories in the same order.
    """
    began = time.monotonic()
    plan = SeedPlan(stories=STORIES, clauses=tuple(sorted(clauses)))

    def check_time(_: Counts | None = None) -> None:
        if time.monotonic() > began + budget_s:
            raise OutOfTime

    try:
        for found in everywhere(seed, plan, check_time):
            for broken in found.broken:
                if plan.wants([broken]):
                    seconds, key = time.monotonic() - began, (broken.check, broken.clause)
                    return Hunted(shrink(found, key), *key, seconds)
    except OutOfTime:
        pass
    return None


def everywhere(seed: int, plan: SeedPlan, check_time: CheckTime) -> Iterator[Found]:
    """Yield all stories that break something, in the order in which the hunt looks."""
    seeds = count(seed * SEEDS * SEEDS)
    for outline in (*outlines(), *varied()):
        yield from Search(outline, (), depth=0, progress=check_time).run()
    yield from by_seeds(islice(seeds, SEEDS), replace(plan, worlds=CHOSEN), check_time)
    for name, kind in product(CHOSEN, KINDS):
        yield from Search(named(name), (kind,), progress=check_time).run()
    yield from by_seeds(seeds, plan, check_time)


def by_seeds(seeds: Iterable[int], plan: SeedPlan, check_time: CheckTime) -> Iterator[Found]:
    for seed, most in zip(seeds, cycle(LENGTHS), strict=False):
        check_time(None)
        found = search_seed(seed, replace(plan, most_moves=most)).found
        if found:
            yield found
