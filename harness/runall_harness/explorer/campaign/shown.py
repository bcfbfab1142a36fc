"""What people see of a campaign while it goes on: how far it is, and what it has found."""

from ..coverage import possible_pairs
from ..gauge import Log
from .budget import Budget
from .totals import Breach, Totals


class Watch:
    """Called with the totals whenever there may be news."""

    def __init__(self, gauge: Log, budget: Budget) -> None:
        self.gauge, self.budget = gauge, budget
        self.pairs = len(possible_pairs())
        self.known: set[Breach] = set()

    def __call__(self, totals: Totals) -> None:
        """Say what is broken that was not before, and how far it is."""
        for breach in sorted(totals.broken.keys() - self.known):
            check, clause = breach
            self.gauge.say(f"seed {totals.plainest[breach][0]} breaks {clause} ({check})")
        self.known.update(totals.broken)
        done = totals.seconds if self.budget.seeds is None else totals.seeds
        self.gauge.show(done, self.words(totals))

    def words(self, totals: Totals) -> str:
        """How far the campaign is."""
        wanted = f" of {self.budget}" if self.budget.seeds else " seeds"
        return (
            f"{totals.seeds:,}{wanted}, {totals.stories:,} stories, {totals.pace:.1f}/s, "
            f"{len(totals.pairs)} of {self.pairs} pairs, {len(totals.broken)} violations"
        )
