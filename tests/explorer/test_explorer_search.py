"""Beyond the bounded worlds: stories of seeds, their coverage, and the hunt."""

import msgspec
import pytest
from msgspec.structs import replace
from runall_harness.checks import examine
from runall_harness.explorer.campaign_report import report_pairs
from runall_harness.explorer.coverage import NONE, Pair, every_pair, faults
from runall_harness.explorer.hunt import hunt
from runall_harness.explorer.moves import Crash, Kill, Order
from runall_harness.explorer.play import Play
from runall_harness.explorer.random_search import SeedPlan, SeedResult, search_seed
from runall_harness.explorer.worlds import FAILURES, named, outlines, varied
from runall_harness.mutants import by_name, planted
from runall_reference.brain.machines import JOB
from support.plays import pairs_of, play_moves

# Each is found in well under a second; the clause is the one that the mutant's row breaks.
QUICK = (
    "schedule_only",
    "one_try",
    "replay_eats_rerun",
    "crash_forgets_slot",
    "runs_disabled",
    "timeout_loops",
    "finalizes_twice",
    "return_is_late",
    "drops_now",
    "drops_overrides",
    "elapsed_not_liveness",
    "dying_node",
    "same_address_same_worker",
    "days_late",
    "two_live",
    "reruns_and_rewinds",
)
# These take more than the failure that their world is about.
MOVED = ("no_trace",)


# ------------------------------------------------------------------ seeds
def test_the_same_seed_tells_the_same_stories() -> None:
    plan = SeedPlan(stories=15)
    assert search_seed(7, plan) == search_seed(7, plan)
    assert replace(search_seed(7, plan), seed=8) != search_seed(8, plan)


def test_the_same_seed_finds_the_same_in_a_mutant_and_says_it_in_json() -> None:
    plan = SeedPlan(mutant="drops_now")
    first, second = search_seed(1, plan), search_seed(1, plan)
    assert first.found is not None
    assert first == second
    again = msgspec.json.decode(msgspec.json.encode(first), type=SeedResult)
    assert msgspec.to_builtins(again) == msgspec.to_builtins(first)


def test_the_reference_is_clean_over_some_hundred_stories() -> None:
    for seed, most in enumerate((1, 2, 4, 8, 12)):
        result = search_seed(seed, SeedPlan(stories=60, most_moves=most))
        assert result.found is None
        assert result.stories == 60
        assert result.exercised["deadlines-are-met"] > 0


def test_a_seed_that_is_asked_for_a_clause_goes_on_until_that_one_is_broken() -> None:
    found = search_seed(3, SeedPlan(mutant="schedule_only", clauses=("RA-1.1",))).found
    assert found is not None
    assert "RA-1.1" in found.clauses
    assert search_seed(3, SeedPlan(mutant="schedule_only", clauses=("RA-6.6",))).found is None


@pytest.mark.parametrize("plan", [SeedPlan(worlds=("nowhere",)), SeedPlan(kinds=("wishes",))])
def test_a_world_or_a_kind_that_there_is_not_is_an_error(plan: SeedPlan) -> None:
    with pytest.raises(KeyError):
        search_seed(1, plan)


def test_every_world_has_a_name_of_its_own() -> None:
    worlds = [*outlines(), *varied()]
    assert {outline.name for outline in worlds} == {named(o.name).name for o in worlds}
    assert len({outline.name for outline in worlds}) == len(worlds)


def test_no_two_worlds_are_one_world_under_two_names() -> None:
    """Two that do the same to the same server have something else in their events."""
    told: dict[object, str] = {}
    for outline in [*outlines(), *varied()]:
        play, unnamed = Play(outline), msgspec.structs.replace(outline, fault="")
        event = {**msgspec.structs.asdict(unnamed)["event"], "target": outline.target}
        key = repr((FAILURES.get(outline.fault), play.victim, unnamed, event))
        assert told.setdefault(key, outline.name) == outline.name


# ------------------------------------------------------------------ coverage
def test_a_play_to_which_nothing_happens_covers_only_none() -> None:
    pairs = pairs_of(named("quiet/manual"), ())
    assert {fault for _, fault in pairs} == {NONE}
    assert ("job end: running to succeeded", NONE) in pairs


def test_the_failure_of_a_world_counts_from_its_own_act_on() -> None:
    pairs = pairs_of(named("restart/manual"), ())
    assert {fault for _, fault in pairs} == {NONE, "stop"}
    assert {fault for row, fault in pairs if row.startswith("role drain")} == {"stop"}
    assert {fault for row, fault in pairs if row.startswith("job begin")} == {NONE, "stop"}


def test_the_last_move_is_the_one_that_counts() -> None:
    kill, order = Kill(at=3, node="worker-1"), Order(at=85, what="aborts the job")
    pairs = pairs_of(named("quiet/manual"), (kill, order))
    assert {fault for _, fault in pairs} == {NONE, "kill", "aborts"}
    assert ("job end: running to interrupted", "kill") in pairs
    assert ("job stop: running to stopping", "aborts") in pairs


def test_nothing_is_counted_once_nobody_listens() -> None:
    pairs_of(named("quiet/manual"), ())
    assert "fire" in vars(JOB)
    assert hasattr(JOB.fire, "cache_clear")


def impossible() -> set[Pair]:
    """The pairs of which it is said that they cannot occur."""
    return {pair for pair, reason in every_pair().items() if reason}


def test_coverage_is_of_all_pairs_that_can_occur_and_names_what_is_missing() -> None:
    every = every_pair()
    nothing = report_pairs(())
    assert nothing.taken == 0
    assert nothing.of + len(impossible()) == len(every)
    assert set(nothing.missing).isdisjoint(impossible())
    assert {fault for _, fault in every} == set(faults())
    everything = report_pairs(every)
    assert everything.taken == everything.of
    assert everything.missing == ()
    assert impossible()


def test_no_search_takes_a_pair_of_which_it_is_said_that_it_cannot_occur() -> None:
    pairs = {pair for seed in range(4) for pair in search_seed(seed, SeedPlan(stories=40)).pairs}
    measure = report_pairs(pairs)
    assert not pairs & impossible()
    assert measure.taken > measure.of / 3


def test_a_run_that_nobody_could_show_any_more_is_not_missed() -> None:
    accepted = Order(at=0, what="runs the event by hand")
    gone = Crash(at=0, node="primary", brain="primary", where="after", back=None)
    play = play_moves(named("quiet/manual+max_children+params"), [accepted, gone])
    assert examine(play.history.lines).violations == ()


# ------------------------------------------------------------------ the hunt
@pytest.mark.parametrize("name", [*QUICK, *MOVED])
def test_the_hunt_finds_a_mutant_by_its_own_clause_in_a_handful_of_steps(name: str) -> None:
    with planted(by_name(name)) as mutant:
        hunted = hunt(60.0, seed=0, clauses=mutant.clauses)
    assert hunted is not None
    assert hunted.clause in mutant.clauses & hunted.found.clauses
    assert len(hunted.found.moves) <= 3
    assert len(hunted.found.moves) >= (name in MOVED)


def test_a_hunt_that_has_no_time_finds_nothing_and_says_so() -> None:
    assert hunt(0.0) is None


def test_without_a_clause_the_hunt_takes_whatever_is_broken() -> None:
    with planted(by_name("drops_now")):
        hunted = hunt(60.0)
    assert hunted is not None
    assert hunted.check == "reruns-are-faithful"
