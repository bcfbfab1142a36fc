"""A reference that breaks a rule turns the right cases red, in the words of the clause."""

from pathlib import Path

import pytest
from judged import FIVE_FAILURES, conform
from lies import LIES, Lie
from runall_harness.spec import clause_text

WHOSE = {"rerun_not_called": "manual", "drops_overrides": "manual",
         "slot_not_reopened": "scheduled"}  # fmt: skip


def test_the_honest_reference_turns_nothing_red(tmp_path: Path) -> None:
    honest = conform("--rig", "simulated", out=tmp_path)
    assert (honest.code, honest.red()) == (0, {})


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_a_lie_is_told_by_the_clause_that_it_breaks(lie: Lie, tmp_path: Path) -> None:
    judged = conform("--rig", "simulated", out=tmp_path, lie=lie.__name__)
    assert judged.code == 1
    assert judged.report["verdict"] == "not conformant"
    sentences = {clause: clause_text(clause) for clause in LIES[lie]}
    named = [m for m in judged.red().values() if any(m.startswith(c) for c in sentences)]
    assert named, f"no case names {sorted(sentences)}: {judged.red()}"
    assert all(any(text in message for text in sentences.values()) for message in named)


@pytest.mark.parametrize("lie", WHOSE)
def test_a_lie_about_one_trigger_leaves_the_other_green(lie: str, tmp_path: Path) -> None:
    only = ("--scenario", FIVE_FAILURES)
    red = conform("--rig", "simulated", *only, out=tmp_path, lie=lie).red()
    assert red
    assert all(case.endswith(f"/{WHOSE[lie]}") for case in red)


def test_a_rerun_that_is_never_called_fails_every_case_that_owes_one(tmp_path: Path) -> None:
    judged = conform("--rig", "simulated", out=tmp_path, lie="rerun_not_called")
    owed = {
        case["id"]
        for case in judged.report["cases"]
        if "RA-1.1" in case["clauses"] and case["trigger"] == "manual"
    }
    assert owed
    assert owed <= set(judged.red())
