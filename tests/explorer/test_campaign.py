"""A campaign gets one result for each seed, whatever dies, is stopped or is done twice."""

import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from runall_harness.contract.errors import KitCannotRun
from runall_harness.explorer.campaign.budget import Budget, NoBudget, read_budget
from runall_harness.explorer.campaign.course import Course
from runall_harness.explorer.campaign.local import LocalSearchers
from runall_harness.explorer.campaign.searchers import Heard
from runall_harness.explorer.campaign.store import (
    FILE,
    OtherCampaign,
    Store,
    Unrepeatable,
    digest_of,
)
from runall_harness.explorer.campaign.totals import Totals
from runall_harness.explorer.campaign.work import Reported, search_here
from support.campaigns import KIT, PLAN, alone, campaign, rows, text


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
    ("given", "told"),
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
def test_what_is_no_budget_is_told_how_to_become_one(given: str, told: str) -> None:
    with pytest.raises(NoBudget, match=re.escape(told)):
        read_budget(given)


# ---------------------------------------------------------------- what is stored
@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path, PLAN, KIT)) as store:
        yield store


def everything(folder: Path) -> list[tuple[object, ...]]:
    """All that is stored of all seeds, how it came about included."""
    with closing(sqlite3.connect(folder / FILE)) as base:
        return base.execute("SELECT * FROM seeds").fetchall()


def changed(told: Reported, **fields: object) -> Reported:
    """The same report, with a result that differs in some fields."""
    result = {**msgspec.json.decode(told.result), **fields}
    return msgspec.structs.replace(told, by="other:1", result=msgspec.json.encode(result).decode())


def test_a_result_that_is_stored_twice_changes_nothing(store: Store, tmp_path: Path) -> None:
    first = alone(7)
    (new,) = store.put([first])
    before = everything(tmp_path)
    assert store.put([alone(7), msgspec.structs.replace(first, by="other:1", seconds=9.0)]) == []
    assert everything(tmp_path) == before
    assert new.seed == 7
    assert list(store.results()) == [new]


def test_two_results_of_one_seed_are_a_fault_of_the_kit_and_the_seed_is_named(store: Store) -> None:
    told = alone(7)
    store.put([told])
    with pytest.raises(Unrepeatable, match=r"seed 7 has two results.*acts: \d+ there, 1 here"):
        store.put([alone(8), changed(told, acts=1), alone(9)])
    assert store.seeds() == {7, 8}, "what came before is whole, and nothing after it is there"


def test_a_stored_result_that_somebody_changed_is_named(store: Store, tmp_path: Path) -> None:
    store.put([alone(7), alone(8)])
    lie = changed(alone(8), acts=1).result
    with closing(sqlite3.connect(tmp_path / FILE)) as base, base:
        base.execute("UPDATE seeds SET result = ? WHERE seed = 8", (lie,))
    with pytest.raises(
        KitCannotRun, match=r"the stored result of seed 8 .* is not what was written"
    ):
        campaign(tmp_path, "3-seeds")


def test_another_plan_is_refused_and_what_differs_is_named(store: Store, tmp_path: Path) -> None:
    store.put([alone(7)])
    other = msgspec.structs.replace(PLAN, stories=2, mutant="one_try")
    with pytest.raises(OtherCampaign) as refusal:
        Store(tmp_path, other, KIT)
    assert 'mutant: "" there, "one_try" here; stories: 1 there, 2 here' in str(refusal.value)
    assert "worlds" not in str(refusal.value)
    assert store.seeds() == {7}


def test_a_campaign_of_another_kit_is_refused(store: Store, tmp_path: Path) -> None:
    assert store.seeds() == set()
    with pytest.raises(OtherCampaign, match=f"kit: {re.escape(KIT)} there, 9.9 here"):
        Store(tmp_path, PLAN, "9.9")


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KitCannotRun, match=r"can't be opened(.|\n)*name another folder"):
        Store(tmp_path / "file", PLAN, KIT)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("no database at all, " * 100)
    with pytest.raises(KitCannotRun, match="can't be opened: file is not a database"):
        Store(tmp_path, PLAN, KIT)


# ---------------------------------------------------------------- one process
def test_a_process_with_another_kit_refuses_to_search() -> None:
    told = msgspec.json.decode(search_here(1, text(), "9.9"), type=Reported)
    assert told.result == ""
    assert f"runs another kit: {KIT}; the campaign's is 9.9" in told.trouble
    assert "install the same kit" in told.hint


def test_a_seed_that_cannot_be_searched_ends_the_campaign_and_is_named(tmp_path: Path) -> None:
    nowhere = text(msgspec.structs.replace(PLAN, worlds=("nowhere",)))
    with pytest.raises(KitCannotRun, match=r"seed 1 could not be searched, by (.|\n)*'nowhere'"):
        campaign(tmp_path, "3-seeds", lambda: LocalSearchers(nowhere, KIT, 1))
    assert rows(tmp_path) == {}


# ---------------------------------------------------------------- many processes
class Mortal(LocalSearchers):
    """Processes of this machine, of which some are killed while they are at a seed."""

    def __init__(self, jobs: int, deaths: int) -> None:
        super().__init__(text(), KIT, jobs)
        self.deaths = deaths
        self.killed: list[tuple[int, int]] = []

    def begin(self, seed: int) -> None:
        """Begin it, and kill whoever begins it."""
        super().begin(seed)
        if len(self.killed) < self.deaths:
            (child,) = (child for child in self.busy.values() if child.seed == seed)
            assert child.process.pid is not None
            child.process.kill()
            self.killed.append((seed, child.process.pid))


def test_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    mortal = Mortal(jobs=2, deaths=3)
    course = campaign(tmp_path, "8-seeds", lambda: mortal)
    assert len(mortal.killed) == 3
    assert course.losses.total() == 3
    assert rows(tmp_path) == {seed: alone(seed).result for seed in range(1, 9)}
    assert course.totals.new == course.totals.seeds == 8


def test_a_seed_over_which_every_process_dies_is_named_in_the_end(tmp_path: Path) -> None:
    with pytest.raises(KitCannotRun, match=r"seed 1 was lost 4 times; .* ended with -9"):
        campaign(tmp_path, "1-seed", lambda: Mortal(jobs=1, deaths=100))


class Late(LocalSearchers):
    """Processes of this machine for which there is no room at first: a cluster without workers."""

    asked = 0

    def room(self) -> int:
        """Nothing for as long as it was asked less than three times."""
        self.asked += 1
        return super().room() if self.asked >= 3 else 0

    def heard(self, patience: float) -> list[Heard]:
        """Nothing, where nothing was begun."""
        return super().heard(patience) if self.busy else []


def test_a_campaign_waits_for_somebody_who_searches(tmp_path: Path) -> None:
    late = Late(text(), KIT, 1)
    assert campaign(tmp_path, "2-seeds", lambda: late).totals.seeds == 2
    assert late.asked >= 3


def test_no_process_is_left_when_a_campaign_ends(tmp_path: Path) -> None:
    searchers = LocalSearchers(text(), KIT, 2)
    children = [child.process for child in searchers.idle]
    campaign(tmp_path, "2-seeds", lambda: searchers)
    assert [child.exitcode for child in children] == [-signal.SIGKILL] * 2


# ---------------------------------------------------------------- going on
def test_a_campaign_goes_on_where_it_stopped(tmp_path: Path) -> None:
    first = campaign(tmp_path / "parts", "3-seeds")
    second = campaign(tmp_path / "parts", "7-seeds")
    whole = campaign(tmp_path / "whole", "7-seeds")
    assert (first.totals.new, second.totals.new, second.totals.seeds) == (3, 4, 7)
    assert rows(tmp_path / "parts") == rows(tmp_path / "whole")
    parts = [getattr(second.totals, name) for name in ("stories", "acts", "pairs", "exercised")]
    assert parts == [
        getattr(whole.totals, name) for name in ("stories", "acts", "pairs", "exercised")
    ]


def test_a_campaign_that_is_complete_searches_nothing_and_says_the_same(tmp_path: Path) -> None:
    first = campaign(tmp_path, "2-seeds")
    again = campaign(tmp_path, "2-seeds", lambda: pytest.fail("nobody has to search"))
    assert (again.totals.new, again.totals.seeds) == (0, 2)
    assert again.totals.exit_code == first.totals.exit_code == 0


def test_a_campaign_that_goes_on_holds_itself_to_what_it_said_before(tmp_path: Path) -> None:
    campaign(tmp_path, "2-seeds")
    lie = changed(alone(2), acts=1).result
    with closing(sqlite3.connect(tmp_path / FILE)) as base, base:
        row = (lie, digest_of(2, lie))
        base.execute("UPDATE seeds SET result = ?, digest = ? WHERE seed = 2", row)
    with pytest.raises(Unrepeatable, match="seed 2 has two results"):
        campaign(tmp_path, "3-seeds")


def test_no_seed_is_begun_after_the_time_and_nothing_at_all_is_inconclusive(store: Store) -> None:
    course = Course(store, Budget(seconds=0.0), 1)
    assert not course.is_wanting()
    assert course.totals.exit_code == 2


def test_nothing_judged_is_inconclusive() -> None:
    assert Totals(seeds=3, stories=0).exit_code == 2
    assert Totals(seeds=3, stories=3).exit_code == 2
