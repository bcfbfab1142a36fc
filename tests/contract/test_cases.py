"""The list of cases comes from the feature files alone, and nothing drops out of it in silence."""

from pathlib import Path

import pytest
from runall_harness.contract.cases import Case, CasesError, NoMatch, load_cases, select

WORKER = """\
@RA-1.1 @needs:hold
Feature: A worker dies
  Background:
    Given a primary

  @RA-2.1 @partition
  Scenario Outline: A <trigger> job is "run" again
    Then it is seen <where>
    Examples:
      | trigger   | where      |
      | manual    | over there |
    @RA-1.2
    Examples: more
      | trigger   | where |
      | scheduled | here  |

  Rule: some
    @scheduled
    Scenario: The clock only
      Then it is seen
    Scenario: Whoever
      Then it is seen
"""


def write(folder: Path, text: str, name: str = "worker_dies") -> Path:
    path = folder / f"{name}.feature"
    path.write_text(text, "utf-8")
    return path


def cause_of(folder: Path) -> str:
    with pytest.raises(CasesError) as caught:
        load_cases(folder)
    return str(caught.value)


@pytest.fixture
def cases(tmp_path: Path) -> list[Case]:
    write(tmp_path, WORKER)
    return load_cases(tmp_path)


def test_an_id_is_made_of_file_scenario_trigger_and_the_rest_of_the_row(cases: list[Case]) -> None:
    assert [case.id for case in cases] == [
        "worker_dies/a-job-is-run-again/manual-over-there",
        "worker_dies/a-job-is-run-again/scheduled-here",
        "worker_dies/the-clock-only/scheduled",
        "worker_dies/whoever/either",
    ]


def test_tags_become_clauses_needs_and_tags_and_are_inherited(cases: list[Case]) -> None:
    first, second, *_, last = cases
    assert first.clauses == ("RA-1.1", "RA-2.1")
    assert second.clauses == ("RA-1.1", "RA-2.1", "RA-1.2")
    assert first.needs == last.needs == ("hold",)
    assert "partition" in first.tags
    assert "partition" not in last.tags


def test_a_case_knows_its_row_and_its_place(cases: list[Case]) -> None:
    first = cases[0]
    assert first.example == {"trigger": "manual", "where": "over there"}
    assert first.scenario == 'A manual job is "run" again'
    assert (first.line, first.scenario_line) == (11, 7)
    assert first.place.endswith("worker_dies.feature:11")


def test_two_scenarios_of_one_name_in_one_file_are_an_error_with_both_places(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, WORKER + "  Rule: other\n    Scenario: Whoever\n      Then it is seen\n")
    cause = cause_of(tmp_path)
    assert f"{path}:21" in cause
    assert f"{path}:24" in cause


def test_two_cases_of_one_id_are_an_error_with_both_places(tmp_path: Path) -> None:
    path = write(tmp_path, WORKER + "    Scenario: Whoever?\n      Then it is seen\n")
    cause = cause_of(tmp_path)
    assert "worker_dies/whoever/either" in cause
    assert f"{path}:21" in cause
    assert f"{path}:23" in cause


def test_one_name_in_two_files_is_no_error(tmp_path: Path) -> None:
    write(tmp_path, WORKER)
    write(tmp_path, WORKER, "worker_returns")
    assert len(load_cases(tmp_path)) == 8


def test_a_scenario_without_steps_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, "Feature: f\n  Scenario: empty\n")
    assert f"{path}:2 has no steps" in cause_of(tmp_path)


def test_a_scenario_that_expects_nothing_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, "Feature: f\n  Scenario: idle\n    Given a\n    When b\n    And c\n")
    assert f"{path}:2 has no Then" in cause_of(tmp_path)


def test_a_trigger_that_is_none_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, WORKER.replace("| manual ", "| by-hand"))
    assert "the trigger 'by-hand'" in cause_of(tmp_path)


def test_two_trigger_tags_are_an_error(tmp_path: Path) -> None:
    write(tmp_path, WORKER.replace("@scheduled", "@scheduled @manual"))
    assert "'scheduled' and 'manual'" in cause_of(tmp_path)


def test_a_tag_for_an_unknown_clause_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, WORKER.replace("@RA-2.1", "@RA-99.1"))
    assert "@RA-99.1, which the specification does not have" in cause_of(tmp_path)


def test_a_file_that_is_no_gherkin_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = write(tmp_path, "Feature: f\n  Scenario: s\n    Given a\n    Gven b\n")
    assert f"{path} is not a feature file" in cause_of(tmp_path)


def test_a_file_without_a_scenario_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, WORKER)
    path = write(tmp_path, "Feature: f\n  Nothing yet.\n", "empty")
    assert f"{path} has no scenario" in cause_of(tmp_path)


@pytest.mark.parametrize("typo", ["Gven a primary", "given a primary", "Scenaro: it", "exmples:"])
def test_a_misspelt_keyword_that_gherkin_takes_for_prose_is_an_error(
    tmp_path: Path, typo: str
) -> None:
    write(tmp_path, f"Feature: f\n  Scenario: s\n    {typo}\n    Then it is seen\n")
    assert f"{typo!r} is only prose" in cause_of(tmp_path)


@pytest.mark.parametrize(
    "prose", ["The primary is here.", "They die.", "Note: no", "Whenever it is"]
)
def test_prose_is_no_error(tmp_path: Path, prose: str) -> None:
    write(tmp_path, f"Feature: f\n  {prose}\n  Scenario: s\n    {prose}\n    Then it is seen\n")
    assert len(load_cases(tmp_path)) == 1


def test_a_folder_without_scenarios_is_an_error(tmp_path: Path) -> None:
    assert "no scenario in" in cause_of(tmp_path)


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("", 4),
        ("WORKER_DIES", 4),
        ("the clock only", 1),
        ("*/manual*", 1),
        ("worker*scheduled", 1),
        ("*ever", 1),
        ("run-again", 2),
    ],
)
def test_a_pattern_is_a_part_or_a_glob_of_id_or_name(
    cases: list[Case], pattern: str, count: int
) -> None:
    assert len(select(cases, pattern)) == count


def test_a_whole_id_selects_that_case_alone(tmp_path: Path) -> None:
    longer = "    Scenario: Whoever it is\n      Then it is seen\n"
    write(tmp_path, WORKER.replace("Scenario: The clock only", "Scenario: Whoever either") + longer)
    found = load_cases(tmp_path)
    assert len(select(found, "whoever")) == 3
    assert [case.id for case in select(found, "worker_dies/whoever/either")] == [
        "worker_dies/whoever/either"
    ]


def test_a_case_for_either_trigger_belongs_to_both(cases: list[Case]) -> None:
    assert [case.trigger for case in select(cases, trigger="manual")] == ["manual", "either"]
    assert len(select(cases, trigger="scheduled")) == 3


def test_a_pattern_that_matches_nothing_is_refused_with_what_was_meant(cases: list[Case]) -> None:
    with pytest.raises(NoMatch, match="did you mean 'worker_dies'"):
        select(cases, "worker_deis")
    with pytest.raises(NoMatch, match="runall conform --list"):
        select(cases, "xyzzy")


def test_a_trigger_that_leaves_nothing_is_refused(cases: list[Case]) -> None:
    with pytest.raises(NoMatch, match="manual trigger"):
        select(cases, "the clock only", "manual")


def test_the_features_of_this_kit_are_at_least_thirty_cases_under_both_triggers() -> None:
    found = load_cases()
    assert len(found) >= 30
    for number in "12345":
        triggers = {case.trigger for case in found if case.feature.startswith(number)}
        assert triggers == {"manual", "scheduled"}, f"scenario {number}"


def test_every_case_of_this_kit_names_a_clause() -> None:
    assert [case.id for case in load_cases() if not case.clauses] == []
