"""The specification is read whole: what looks like a clause is one, or an error with its line."""

import json
import subprocess
import sys

import pytest
from runall_harness.contract.clauses import SpecError, clause_text, clauses, read_clauses

GOOD = """\
# The promise

- *job*: one execution of an event.

## 1 The first section

- **RA-1.1** (core) A job that was
  interrupted   MUST be run again.
  > It MUST NOT matter who started it.
- **RA-1.2** (extended: hold) A rerun SHOULD wait.

  A paragraph of its own.
- **RA-1.10** (core) A system MAY tell.
"""


def cause_of(text: str) -> str:
    with pytest.raises(SpecError) as caught:
        read_clauses(text)
    return caught.value.cause


def test_a_clause_has_an_id_a_level_a_capability_a_text_and_a_section() -> None:
    found = read_clauses(GOOD)
    assert list(found) == ["RA-1.1", "RA-1.2", "RA-1.10"]
    hold = found["RA-1.2"]
    assert (hold.level, hold.capability, hold.section) == (
        "extended",
        "hold",
        "1 The first section",
    )
    assert (found["RA-1.1"].level, found["RA-1.1"].capability) == ("core", "")


def test_continuation_lines_are_joined_and_the_reason_is_left_out() -> None:
    assert read_clauses(GOOD)["RA-1.1"].text == "A job that was interrupted MUST be run again."


def test_a_paragraph_after_a_clause_is_not_a_part_of_it() -> None:
    assert read_clauses(GOOD)["RA-1.2"].text == "A rerun SHOULD wait."


def test_an_id_that_is_defined_twice_is_an_error_with_both_lines() -> None:
    cause = cause_of(GOOD + "- **RA-1.1** (core) It MUST NOT be lost.\n")
    assert cause == "SPEC.md:14: RA-1.1 was defined before, in line 7"


def test_a_clause_without_a_modal_verb_is_an_error_with_its_line() -> None:
    assert cause_of("- **RA-1.1** (core) It must be so.\n").startswith("SPEC.md:1: RA-1.1 has no")


def test_a_clause_without_a_full_stop_is_an_error_with_its_line() -> None:
    assert "SPEC.md:2: RA-1.1 is not a sentence" in cause_of(
        "\n- **RA-1.1** (core) It MUST be so\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        "- RA-1.1 (core) It MUST be so.",
        "* **RA-1.1** (core) It MUST be so.",
        "- **RA-1.1** It MUST be so.",
        "- **RA-1.1** (Core) It MUST be so.",
        "- **RA-1.1** (extended) It MUST be so.",
        "- **RA-1** (core) It MUST be so.",
        "- **RA-1.1**: (core) It MUST be so.",
        "  - **RA-1.1** (core) It MUST be so.",
    ],
)
def test_what_looks_like_a_clause_and_is_none_is_an_error_with_its_line(line: str) -> None:
    assert cause_of(f"{GOOD}{line}\n").startswith("SPEC.md:14: not the form of a clause")


def test_all_errors_of_a_page_are_reported_at_once() -> None:
    cause = cause_of("- **RA-1.1** (core) It must.\n- **RA-1.2** (x) It MUST.\n")
    assert [line.split(": ")[0] for line in cause.splitlines()] == ["SPEC.md:1", "SPEC.md:2"]


def test_a_page_without_a_clause_is_an_error() -> None:
    assert cause_of("# Nothing\n") == "SPEC.md has no clause"


def test_the_specification_of_this_kit_can_be_read() -> None:
    found = clauses()
    assert found["RA-1.1"].level == "core"
    assert {clause.level for clause in found.values()} == {"core", "extended"}
    assert clause_text("RA-1.1") == found["RA-1.1"].text


def test_asking_for_an_unknown_clause_is_an_error_that_names_near_ones() -> None:
    with pytest.raises(SpecError, match=r"no clause RA-1\.11(.|\n)*did you mean RA-1\.1"):
        clause_text("RA-1.11")


def test_runall_spec_lists_each_clause_with_its_cases() -> None:
    command = [sys.executable, "-m", "runall_harness.cli", "spec", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    rows = {row["id"]: row for row in json.loads(done.stdout)["clauses"]}
    assert list(rows) == list(clauses())
    assert set(rows["RA-1.1"]) == {"id", "level", "capability", "text", "code", "cases"}
    assert all(set(place) == {"file", "line", "name"} for place in rows["RA-1.1"]["code"])
    assert all(case.count("/") == 2 for case in rows["RA-1.1"]["cases"])
    assert rows["RA-1.1"]["cases"]
