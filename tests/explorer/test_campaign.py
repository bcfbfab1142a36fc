"""A campaign gets one result for each seed, whatever dies, is stopped or is done twice."""

import os
import re
import signal

import psutil
import pytest
from msgspec.structs import replace
from runall_harness.contract.errors import KitCannotRun
from runall_harness.explorer.budget import Budget, NoBudget, read_budget
from runall_harness.explorer.campaign import Campaign, Totals
from runall_harness.explorer.random_search import search_seed
from runall_harness.host.worker_pool import WorkerPool
from support.campaigns import PLAN, RecordedCampaign


# ---------------------------------------------------------------- the budget
@pytest.mark.parametrize(
    ("given", "budget"),
    [
        ("90s", Budget(seconds=90)),
        ("10m", Budget(seconds=600)),
        ("1h30m", Budget(seconds=5400)),
        ("0.5h", Budget(seconds=1800)),
        (" 2D ", Budget(seconds=172_800)),
        ("500-seeds", Budget(seeds=500)),
        ("1-seed", Budget(seeds=1)),
        ("20 seeds", Budget(seeds=20)),
    ],
)
def test_a_budget_is_a_time_or_a_number_of_seeds(given: str, budget: Budget) -> None:
    assert read_budget(given) == budget


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("10", "10 of what? 10m is in minutes, 10-seeds is a number of seeds."),
        ("soon", "'soon' is no budget: give a duration such as 90s"),
        ("", "'' is no budget"),
        ("10m-seeds", "is no budget"),
        ("-5m", "is no budget"),
        ("0-seeds", "a search of nothing proves nothing"),
        ("0s", "a search of nothing proves nothing"),
    ],
)
def test_what_is_no_budget_is_refused_with_how_to_write_one(given: str, reason: str) -> None:
    with pytest.raises(NoBudget, match=re.escape(reason)):
        read_budget(given)


# ---------------------------------------------------------------- many processes
def test_a_seed_that_cannot_be_searched_ends_the_campaign_and_is_named() -> None:
    campaign = RecordedCampaign("3-seeds", replace(PLAN, worlds=("nowhere",)))
    with pytest.raises(KitCannotRun, match=r"seed 1 could not be searched: (.|\n)*'nowhere'"):
        campaign.run(jobs=1)
    assert campaign.results == []


class Killed(RecordedCampaign):
    """A campaign of which some worker processes are killed while they are at a seed."""

    def __init__(self, budget: str, deaths: int) -> None:
        super().__init__(budget)
        self.deaths, self.killed = deaths, 0

    def give(self, pool: WorkerPool) -> None:
        """Give the next seed, and kill whoever gets it before it can have searched it."""
        worker, doomed = pool.idle[0], self.killed < self.deaths
        if doomed:
            os.kill(worker.process.pid or 0, signal.SIGSTOP)
        super().give(pool)
        if doomed:
            worker.process.kill()
            self.killed += 1


def test_a_killed_process_loses_nothing() -> None:
    campaign = Killed("8-seeds", deaths=3)
    campaign.run(jobs=2)
    assert campaign.killed == 3
    assert campaign.losses.total() == 3
    assert campaign.in_order() == [search_seed(seed, PLAN) for seed in range(1, 9)]
    assert campaign.totals.seeds == 8


def test_a_seed_over_which_every_process_dies_is_named_in_the_end() -> None:
    with pytest.raises(KitCannotRun, match=r"seed 1 was lost 4 times; .* ended with SIGKILL"):
        Killed("1-seed", deaths=100).run(jobs=1)


def test_no_process_is_left_when_a_campaign_ends() -> None:
    before = set(psutil.Process().children())
    RecordedCampaign("2-seeds").run(jobs=2)
    left = set(psutil.Process().children()) - before
    assert [child for child in left if "spawn_main" in " ".join(child.cmdline())] == []


# ---------------------------------------------------------------- going on
def test_two_campaigns_that_share_the_seeds_find_what_one_finds() -> None:
    first, second = RecordedCampaign("3-seeds"), RecordedCampaign("4-seeds", first=4)
    whole = RecordedCampaign("7-seeds")
    for campaign in (first, second, whole):
        campaign.run(jobs=2)
    assert [*first.in_order(), *second.in_order()] == whole.in_order()
    assert first.totals.stories + second.totals.stories == whole.totals.stories
    assert first.totals.acts + second.totals.acts == whole.totals.acts
    assert first.totals.pairs | second.totals.pairs == whole.totals.pairs
    assert first.totals.exercised + second.totals.exercised == whole.totals.exercised
    assert whole.totals.exit_code == first.totals.exit_code == 0


def test_a_campaign_that_stops_names_the_first_seed_that_is_left() -> None:
    campaign = Campaign(PLAN, Budget(seeds=9), first=5)
    campaign.under_way.update({3, 4})
    assert campaign.first_left() == 3
    campaign.under_way.clear()
    assert campaign.is_wanting()
    assert campaign.first_left() == 5


def test_no_seed_is_begun_after_the_time_and_nothing_at_all_is_inconclusive() -> None:
    campaign = Campaign(PLAN, Budget(seconds=0.0))
    assert not campaign.is_wanting()
    assert campaign.totals.exit_code == 2


def test_nothing_judged_is_inconclusive() -> None:
    assert Totals(seeds=3, stories=0).exit_code == 2
    assert Totals(seeds=3, stories=3).exit_code == 2
