"""The hunt: is there a story in which the brains that are planted now break a clause?

It looks where bugs show soonest. First come the bounded worlds as they are, then stories by lot,
short ones before long ones, then every single move at every point of the worlds, and stories by
lot again until the time is up. What is found is told as its plainest story.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, count, cycle

import msgspec
from msgspec.structs import replace

from runall_harness.checks import Broken

from .search import Found, Search, Tally
from .seeds import SeedPlan, search_seed
from .shrink import shrink
from .worlds import named, outlines, varied

# How long the stories of one seed are after those of another, in moves.
LENGTHS = (1, 2, 3, 4, 6)
# How many seeds are searched before the exhaustive search, and how many stories each tells.
SEEDS, STORIES = 40, 12
# Where moves show most: a job that goes on, alone and with a backup, one of the primary, and what
# needs more than one failure, or a slot that was served before it.
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


class Hunted(msgspec.Struct, frozen=True, kw_only=True):
    """What a hunt has found: its plainest story.

    `clauses` are all that this story breaks; `check` and `clause` are those that it was told for.
    `seconds` is how long it took to find it, before it was made plain.
    """

    found: Found
    check: str
    clause: str
    seconds: float

    @property
    def clauses(self) -> frozenset[str]:
        """The clauses that are broken."""
        return self.found.clauses

    @property
    def steps(self) -> int:
        """How many moves the story has."""
        return len(self.found.moves)


class OutOfTime(Exception):
    """The hunt has looked for as long as it may."""


def hunt(budget_s: float, seed: int = 0, clauses: Iterable[str] = ()) -> Hunted | None:
    """Look for a story that breaks a clause, one of these if any are named; None if there is none.

    It takes `budget_s` seconds at the most until something is found, and then some more to make it
    plain. The same seed looks at the same stories in the same order.
    """
    wanted, began = frozenset(clauses), time.monotonic()

    plan = SeedPlan(stories=STORIES, clauses=tuple(sorted(wanted)))

    def in_time(_: Tally | None = None) -> None:
        if time.monotonic() > began + budget_s:
            raise OutOfTime

    try:
        for found in everywhere(seed, plan, in_time):
            if broken := first(found, wanted):
                return told(found, broken, time.monotonic() - began)
    except OutOfTime:
        return None
    return None


def first(found: Found, wanted: frozenset[str]) -> Broken | None:
    """The first thing that is broken in a story, among those that are wanted."""
    return next((one for one in found.broken if not wanted or one.clause in wanted), None)


def told(found: Found, broken: Broken, seconds: float) -> Hunted:
    """What was found, made plain."""
    plain = shrink(found, broken)
    return Hunted(found=plain, check=broken.check, clause=broken.clause, seconds=seconds)


def everywhere(
    seed: int, plan: SeedPlan, in_time: Callable[[Tally | None], None]
) -> Iterator[Found]:
    """All stories that break something, in the order in which they are looked for."""
    seeds = count(seed * SEEDS * SEEDS)
    return chain(
        searched((each.name for each in (*outlines(), *varied())), (), 0, in_time),
        by_lot((next(seeds) for _ in range(SEEDS)), replace(plan, worlds=CHOSEN), in_time),
        searched(CHOSEN, KINDS, 1, in_time),
        by_lot(seeds, plan, in_time),
    )


def searched(
    names: Iterable[str], kinds: Sequence[str], depth: int, in_time: Callable[[Tally | None], None]
) -> Iterator[Found]:
    """Search these worlds to their end, one kind of move after the other."""
    for name in names:
        for kind in kinds or ("",):
            yield from Search(
                named(name), (kind,) if kind else (), depth=depth, progress=in_time
            ).run()


def by_lot(
    seeds: Iterable[int], plan: SeedPlan, in_time: Callable[[Tally | None], None]
) -> Iterator[Found]:
    """Search seeds by that plan, with stories of each length in turn."""
    for seed, most in zip(seeds, cycle(LENGTHS), strict=False):
        in_time(None)
        result = search_seed(seed, replace(plan, most_moves=most))
        if result.found:
            yield result.found
