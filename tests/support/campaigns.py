"""What the tests of campaigns share: a plan that costs little, and a campaign that remembers."""

from runall_harness.explorer.budget import read_budget
from runall_harness.explorer.campaign import Campaign
from runall_harness.explorer.random_search import SeedPlan, SeedResult

PLAN = SeedPlan(worlds=("back/manual",), stories=1, most_moves=2)


class RecordedCampaign(Campaign):
    """A campaign that remembers the result of each seed, in the order in which they came."""

    def __init__(self, budget: str, plan: SeedPlan = PLAN, first: int = 1) -> None:
        super().__init__(plan, read_budget(budget), first)
        self.results: list[SeedResult] = []

    def take_result(self, result: SeedResult) -> None:
        """Keep the result, so that a test can compare it."""
        super().take_result(result)
        self.results.append(result)

    def in_order(self) -> list[SeedResult]:
        """The results by seed. Fails if a seed is there twice."""
        assert len({result.seed for result in self.results}) == len(self.results)
        return sorted(self.results, key=lambda result: result.seed)
