"""Every real bug of the field is caught, by the clause that it breaks, and taken out again."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import runall_reference
from msgspec.structs import replace
from runall_harness.contract.cases import load_cases, select
from runall_harness.contract.clauses import clauses
from runall_harness.contract.places import page
from runall_harness.mutants import ALL, REAL, Mutant, NoSuchMutant, by_name, planted
from runall_harness.mutants.planting import Plant, never
from runall_harness.mutants.releases import RELEASES
from runall_harness.scoring.kill_table_page import PART, renewed, try_for_page
from runall_harness.scoring.score import Score, as_json, differing_cases, kill_cells, red_cases
from runall_harness.scoring.trial import MutantKill, Trial, try_explorer, try_scenarios
from runall_harness.scoring.trials import TrialOptions, try_all
from runall_reference.brain import rerun
from runall_reference.brain.machines import JOB, Token
from runall_reference.brain.primary.finalization import Finalization
from runall_reference.brain.primary.policy import Policy
from runall_reference.daemon.releases import POLICIES
from support import broken_references
from support.saved_cases import differing

# Only an order of messages shows it, and a case can't choose one: that is for the explorer.
EXPLORED = {"obeys_overtaken_orders"}
ONE_CASE = "another-worker-of-the-group-takes-over/manual"


def original(_: Plant) -> None:
    """No bug at all."""


def always(*_: Any) -> bool:
    """Answer that it is so, whatever is asked."""
    return True


def breaks(plant: Plant) -> None:
    """A program that crashes whenever something was interrupted."""

    def interrupted(*_: Any, **__: Any) -> None:
        raise RuntimeError("oops")

    plant(Policy, "interrupted", interrupted)


IDENTITY = Mutant(name="identity", story="No bug.", source="nowhere", clause="RA-1.1", bug=original)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the traces of the cases are kept, by mutant."""
    return tmp_path_factory.mktemp("mutants")


@pytest.fixture(scope="module")
def trials(folder: Path) -> list[Trial]:
    """How each mutant dies."""
    return try_for_page(ALL, folder)


# ------------------------------------------------------------------ what kills them
def test_every_mutant_is_killed_by_a_clause_that_it_breaks(trials: list[Trial]) -> None:
    assert {trial.name for trial in trials if not trial.killed} == EXPLORED
    for mutant, trial in zip(ALL, trials, strict=True):
        assert {kill.clause for kill in trial.kills} <= mutant.clauses


def test_each_saved_case_of_a_mutant_is_judged_again_as_it_was(
    trials: list[Trial], folder: Path
) -> None:
    for trial in trials:
        kept = folder / trial.name
        said = {case: end for case, end in trial.verdicts.items() if kept.joinpath(case).exists()}
        assert list(differing(kept, said)) == [], trial.name


def test_the_page_shows_what_the_scenarios_find(trials: list[Trial]) -> None:
    text = page(PART.page).read_text("utf-8")
    assert renewed(text, ALL, trials) == text, "run `runall mutants --write-table`"


def test_the_unchanged_reference_passes_every_case() -> None:
    trial = try_scenarios(None, load_cases())
    assert trial.verdicts.keys() == {case.id for case in load_cases()}
    assert trial.passed, trial


def test_every_mutant_names_clauses_of_the_specification_and_has_a_story() -> None:
    assert len({mutant.name for mutant in ALL}) == len(ALL)
    for mutant in ALL:
        assert mutant.clauses <= set(clauses()), mutant.name
        assert mutant.source
        assert mutant.story.endswith("."), mutant.name


def test_every_clause_has_a_mutant_that_breaks_it() -> None:
    broken = {mutant.clause for mutant in (*ALL, *REAL)}
    assert [number for number in clauses() if number not in broken] == []


def test_a_failure_by_another_clause_is_counted_and_does_not_kill() -> None:
    wrong = replace(by_name("schedule_only"), clause="RA-10.1")
    trial = try_scenarios(wrong, select(load_cases(), ONE_CASE))
    assert not trial.killed
    assert trial.others == {"RA-1.1": 1}


def test_an_error_of_a_case_kills_nothing() -> None:
    broken = replace(IDENTITY, name="broken", bug=breaks)
    trial = try_scenarios(broken, select(load_cases(), ONE_CASE))
    assert set(trial.verdicts.values()) == {"error"}
    assert not trial.killed
    assert not trial.passed


def test_with_first_no_case_is_run_after_the_death() -> None:
    trial = try_scenarios(by_name("schedule_only"), load_cases(), first=True)
    assert len(trial.verdicts) == len(trial.kills) == trial.kills[0].after == 1
    assert trial.troubles == []


def test_a_mutant_that_changes_nothing_survives_and_the_run_fails() -> None:
    tried: list[str] = []
    reference, *others = try_all(
        [IDENTITY],
        TrialOptions(first=True),
        jobs=1,
        on_trial=lambda trial: tried.append(trial.name),
    )
    score = Score(reference=reference, mutants=(IDENTITY,), trials=tuple(others))
    assert tried == ["reference", "identity"]
    assert (score.word, score.exit_code) == ("0/1", 1)
    assert as_json(score)["mutants"][0]["killed_by"] == []


def test_the_explorer_kills_by_a_clause_of_the_mutant_and_finds_nothing_in_the_reference() -> None:
    dead, original = Trial(name="drops_now"), Trial(name="reference")
    try_explorer(by_name("drops_now"), dead, budget=30.0, seed=0)
    try_explorer(None, original, budget=1.0, seed=0)
    assert [kill.clause for kill in dead.kills] == ["RA-4.3"]
    assert dead.kills[0].by == "explorer: reruns-are-faithful"
    assert original.passed


def test_a_story_that_breaks_another_clause_is_passed_over_by_the_explorer() -> None:
    trial = Trial(name="wrong")
    try_explorer(replace(by_name("drops_now"), clause="RA-10.1"), trial, budget=1.0, seed=0)
    assert not trial.killed


# ------------------------------------------------------------------ planting
def parts() -> Iterator[tuple[str, dict[str, Any]]]:
    """All of the reference that a mutant could replace: modules, classes, machines, tables."""
    prefix = runall_reference.__name__
    for name, module in sorted(sys.modules.items()):
        if name.startswith(prefix):
            yield name, dict(vars(module))
            for part in vars(module).values():
                if isinstance(part, type) and part.__module__.startswith(prefix):
                    yield f"{name}.{part.__name__}", dict(vars(part))
    yield "JOB", dict(vars(JOB))
    yield "FIELDS", dict(rerun.FIELDS)
    yield "POLICIES", dict(POLICIES)


EVERY_BUG: Sequence[Mutant] = (*ALL, *map(broken_references.as_mutant, broken_references.BROKEN))


@pytest.mark.parametrize("mutant", EVERY_BUG, ids=lambda mutant: mutant.name)
def test_whatever_is_planted_is_taken_out_again(mutant: Mutant) -> None:
    before = dict(parts())
    with planted(mutant):
        assert dict(parts()) != before, "it plants nothing"
    assert dict(parts()) == before


def test_what_was_planted_is_taken_out_when_the_test_of_it_fails() -> None:
    before = dict(parts())
    with pytest.raises(ZeroDivisionError), planted(by_name("two_live")):
        raise ZeroDivisionError
    assert dict(parts()) == before


def test_a_bug_that_cannot_be_planted_whole_leaves_nothing() -> None:
    def bug(plant: Plant) -> None:
        plant(Policy, "refusal", original)
        plant(Policy, "no_such_rule", original)

    before = dict(parts())
    with pytest.raises(AttributeError), planted(replace(IDENTITY, bug=bug)):
        pytest.fail("it was planted")
    assert dict(parts()) == before


def test_two_bugs_in_one_rule_are_taken_out_in_turn() -> None:
    before = dict(parts())
    with planted(by_name("timeout_loops")):
        once = Finalization.finalize
        with planted(broken_references.as_mutant(broken_references.forgets_aborts)):
            assert Finalization.finalize is not once
        assert Finalization.finalize is once
    assert dict(parts()) == before


def test_no_move_that_a_machine_made_under_a_bug_is_remembered() -> None:
    def bug(plant: Plant) -> None:
        plant(Token, "aborted", never)
        plant(Token, "overdue", always)

    assert JOB.fire("stopping", "end", "aborted") == "aborted"
    with planted(replace(IDENTITY, bug=bug)):
        assert JOB.fire("stopping", "end", "aborted") == "timed_out"
    assert JOB.fire("stopping", "end", "aborted") == "aborted"


def test_a_release_recovers_by_its_own_policy_while_it_is_planted() -> None:
    for release in RELEASES:
        with planted(release):
            assert POLICIES["reference"].name == release.name
        assert POLICIES["reference"] is Policy


# ------------------------------------------------------------------ names, scores, tables
def test_an_unknown_name_is_answered_with_those_that_are_near() -> None:
    with pytest.raises(NoSuchMutant, match="did you mean drops_now"):
        by_name("drop_now")
    with pytest.raises(NoSuchMutant, match="--list"):
        by_name("?")


def made_up(*, verdict: str = "pass", found: bool = True, trouble: str = "") -> Score:
    """A score as it might be."""
    kill = MutantKill(by="1_a/b/manual", clause="RA-1.1", seconds=0.5, after=2)
    trial = Trial(
        name="identity",
        verdicts={"1_a/b/manual": "RA-1.1", "1_a/c/scheduled": "pass"},
        kills=[kill] * found,
        troubles=[trouble] * bool(trouble),
    )
    reference = Trial(
        name="reference", verdicts={"1_a/b/manual": verdict, "1_a/c/scheduled": "pass"}
    )
    return Score(reference=reference, mutants=(IDENTITY,), trials=(trial,))


def test_only_a_reference_that_passes_and_mutants_that_are_dead_make_a_success() -> None:
    assert made_up().exit_code == 0
    assert made_up(found=False).exit_code == 1
    assert made_up(verdict="RA-1.2").exit_code == 1
    assert made_up(verdict="inconclusive").exit_code == 1
    assert made_up(trouble="no rig").exit_code == 3
    assert Score(reference=made_up().reference, mutants=(), trials=()).exit_code == 1


def test_a_mutant_has_a_line_for_each_way_in_which_it_was_killed() -> None:
    case = MutantKill(by="1_a/b/manual", clause="RA-1.1", seconds=0.5, after=2)
    story = MutantKill(by="explorer: a-check", clause="RA-1.2", seconds=1.25, after=1)
    trial = Trial(name="identity", kills=[case, case, story])
    rows = [
        ("1_a/b/manual", "RA-1.1", "2 cases, 0.50 s"),
        ("explorer: a-check", "RA-1.2", "1 step, 1.25 s"),
    ]
    assert kill_cells(trial) == rows
    assert [str(row[0]) for row in kill_cells(Trial(name="identity"))] == ["nothing: it survived"]


def test_a_reference_that_fails_is_accused_by_name() -> None:
    assert made_up(verdict="RA-1.2").reference_failures == ["1_a/b/manual: RA-1.2"]
    assert made_up().reference_failures == []


def test_the_matrix_counts_red_cases_by_trigger_and_marks_the_own_clause() -> None:
    trial = made_up().trials[0]
    assert red_cases(IDENTITY, trial, "1_a") == "1m*"
    assert red_cases(replace(IDENTITY, clause="RA-1.2"), trial, "1_a") == "1m"
    assert red_cases(IDENTITY, trial, "2_b") == ""


def test_releases_differ_by_the_cases_that_one_of_them_fails() -> None:
    assert differing_cases(made_up(), ["identity"]) == [("1_a/b/manual", "RA-1.1")]
