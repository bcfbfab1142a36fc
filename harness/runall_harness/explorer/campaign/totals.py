"""What a campaign comes to: all its results added up, and the report that other programs read."""

from collections import Counter

import msgspec

from ..coverage import Pair
from ..search import Found
from ..seeds import SeedResult

CLEAN, BROKEN, INCONCLUSIVE = 0, 1, 2
VERDICTS = {CLEAN: "clean", BROKEN: "broken", INCONCLUSIVE: "inconclusive"}


class Totals(msgspec.Struct, kw_only=True):
    """The results of all seeds of a campaign, those of earlier runs too.

    `new` seeds and `told` stories are of this run alone, which has taken so many `seconds`. `found`
    are the stories that break something, by seed.
    """

    seeds: int = 0
    stories: int = 0
    acts: int = 0
    pairs: set[Pair] = msgspec.field(default_factory=set[Pair])
    exercised: Counter[str] = msgspec.field(default_factory=Counter[str])
    found: dict[int, Found] = {}
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
            self.found[result.seed] = result.found
        if new:
            self.new += 1
            self.told += result.stories

    @property
    def pace(self) -> float:
        """Stories a second, in this run."""
        return self.told / self.seconds if self.seconds else 0.0

    @property
    def exit_code(self) -> int:
        """1 when something is broken, 2 when nothing was told or judged, else 0."""
        if self.found:
            return BROKEN
        return CLEAN if self.stories and self.exercised.total() else INCONCLUSIVE
