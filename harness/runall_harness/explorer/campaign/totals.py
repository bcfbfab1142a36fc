"""What a campaign comes to: all its results added up, in whatever order they came."""

from collections import Counter

import msgspec

from runall_harness.contract.verdicts import CONFORMANT, INCONCLUSIVE, NOT_CONFORMANT

from ..coverage import Pair
from ..search import Found
from ..seeds import SeedResult

# A check, and the clause that it found broken.
Breach = tuple[str, str]


class Totals(msgspec.Struct, kw_only=True):
    """The results of all seeds of a campaign, those of earlier runs too.

    `broken` counts the seeds that broke something, by what they broke; `plainest` has, for each,
    the seed whose story has the fewest moves, with that story. `new` seeds and `told` stories are
    of this run alone, which has taken so many `seconds`.
    """

    seeds: int = 0
    stories: int = 0
    acts: int = 0
    pairs: set[Pair] = msgspec.field(default_factory=set[Pair])
    exercised: Counter[str] = msgspec.field(default_factory=Counter[str])
    broken: Counter[Breach] = msgspec.field(default_factory=Counter[Breach])
    plainest: dict[Breach, tuple[int, Found]] = {}
    new: int = 0
    told: int = 0
    seconds: float = 0.0

    def add(self, result: SeedResult, *, new: bool) -> None:
        """Add the result of one seed."""
        self.seeds += 1
        self.stories += result.stories
        self.acts += result.acts
        self.pairs.update(result.pairs)
        self.exercised.update(result.exercised)
        if result.found:
            self.take(result.seed, result.found)
        if new:
            self.new += 1
            self.told += result.stories

    def take(self, seed: int, found: Found) -> None:
        """Count a story that breaks something; of two for the same, the plainer one is kept."""
        for breach in {(broken.check, broken.clause) for broken in found.broken}:
            self.broken[breach] += 1
            known = self.plainest.get(breach)
            if known is None or (len(found.moves), seed) < (len(known[1].moves), known[0]):
                self.plainest[breach] = (seed, found)

    @property
    def pace(self) -> float:
        """Stories a second, in this run."""
        return self.told / self.seconds if self.seconds else 0.0

    @property
    def exit_code(self) -> int:
        """1 when something is broken, 2 when nothing was told or judged, else 0."""
        if self.broken:
            return NOT_CONFORMANT
        return CONFORMANT if self.stories and self.exercised.total() else INCONCLUSIVE
