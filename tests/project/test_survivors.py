"""`ci/mutation` gives no false green, and each explanation is about a line that is there."""

import inspect
import pydoc
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support.places import ROOT

PAGES = [ROOT / "tests" / "brain" / name for name in ("survivors.toml", "survivors_of_cases.toml")]
ENTRIES: list[dict[str, Any]] = [
    entry for page in PAGES for entry in tomllib.loads(page.read_text("utf-8"))["explained"]
]
KEY, OTHER = (
    "runall_reference.brain.worker.xǁWorkerǁstop__mutmut_1",
    "runall_reference.brain.rerun.x_again__mutmut_2",
)
SHOWN = """# the name: survived
--- src/runall_reference/brain/worker.py
+++ src/runall_reference/brain/worker.py
@@ -1,3 +1,3 @@
 def stop(self):
-    run = self.records.get(
-        Run, name
-    )
+    run = None
"""


@pytest.fixture
def survivors(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module behind `ci/mutation`."""
    monkeypatch.setattr(sys, "path", [str(ROOT / "ci"), *sys.path])
    monkeypatch.delitem(sys.modules, "survivors", raising=False)
    return import_module("survivors")


def source_of(function: str) -> str:
    """The source of a function that is named by module, class and name, its spaces made even."""
    found = pydoc.locate(f"runall_reference.brain.{function}")
    assert inspect.isfunction(found), f"there is no function {function}"
    return " ".join(inspect.getsource(found).split())


# ------------------------------------------------------------------ the page
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["function"])
def test_an_explanation_names_a_line_of_a_function_and_a_reason(entry: dict[str, Any]) -> None:
    source = source_of(entry["function"])
    for was, now in entry["mutants"]:
        assert " ".join(was.split()) in source
        assert now != was
    assert len(entry["why"].split()) >= 5, "a reason is a sentence"
    assert sorted(entry) == ["function", "mutants", "why"]


def test_a_mutant_is_explained_once() -> None:
    explained = [(entry["function"], *mutant) for entry in ENTRIES for mutant in entry["mutants"]]
    assert len(explained) == len(set(explained))


# ------------------------------------------------------------------ what a run says
def judge_results(
    survivors: ModuleType, results: dict[str, str], *explained: Any
) -> tuple[Any, int]:
    """The outcome of these results, in which each survivor is the change that was shown."""
    alive = {
        mutant: survivors.change_of(mutant, SHOWN)
        for mutant, status in results.items()
        if status in survivors.SURVIVED
    }
    outcome = survivors.judged(results, alive, explained)
    return outcome, survivors.exit_code(outcome)


def test_a_mutant_is_known_by_its_function_and_its_lines(survivors: ModuleType) -> None:
    assert survivors.change_of(KEY, SHOWN) == (
        "worker.Worker.stop",
        "run = self.records.get( Run, name )",
        "run = None",
    )
    assert survivors.function_of(OTHER) == "rerun.again"


def test_a_run_without_mutants_is_no_success(survivors: ModuleType) -> None:
    assert judge_results(survivors, {})[1] == 3


def test_a_run_in_which_all_are_killed_is_one(survivors: ModuleType) -> None:
    outcome, code = judge_results(survivors, {KEY: "killed", OTHER: "timeout"})
    assert (outcome.score, code) == ("2/2", 0)


@pytest.mark.parametrize("status", ["survived", "no tests"])
def test_a_survivor_must_be_explained(survivors: ModuleType, status: str) -> None:
    change = survivors.change_of(KEY, SHOWN)
    outcome, code = judge_results(survivors, {KEY: status, OTHER: "killed"})
    assert (outcome.unexplained, outcome.score, code) == ([change], "1/2", 1)
    outcome, code = judge_results(survivors, {KEY: status, OTHER: "killed"}, change)
    assert (outcome.unexplained, outcome.score, code) == ([], "1/2", 0)


def test_an_explanation_of_what_is_killed_is_stale(survivors: ModuleType) -> None:
    change = survivors.change_of(KEY, SHOWN)
    outcome, code = judge_results(survivors, {KEY: "killed"}, change)
    assert (outcome.stale, code) == ([change], 1)
    outcome, code = judge_results(survivors, {OTHER: "killed"}, change)
    assert (outcome.stale, code) == ([], 0), "its module was not tried"


@pytest.mark.parametrize("status", ["not checked", "suspicious", "check was interrupted by user"])
def test_a_mutant_without_a_result_leaves_the_run_inconclusive(
    survivors: ModuleType, status: str
) -> None:
    assert judge_results(survivors, {KEY: status, OTHER: "killed"})[1] == 2


def test_what_is_explained_to_another_judge_is_never_stale(survivors: ModuleType) -> None:
    change = survivors.change_of(KEY, SHOWN)
    outcome = survivors.judged({KEY: "killed"}, {}, [], also=[change])
    assert outcome.stale == []
    outcome = survivors.judged({KEY: "survived"}, {KEY: change}, [], also=[change])
    assert outcome.unexplained == []


def test_a_change_is_known_to_the_cases_as_it_is_to_the_tests(
    survivors: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lines are the tool's own, and the statement is that of the unchanged function."""
    pytest.importorskip("mutmut", reason="only ci/mutation installs the tool")
    monkeypatch.chdir(ROOT)
    brain = import_module("brain_mutants")
    made = brain.make_copy(tmp_path / "src", ["rerun"])
    assert len(made) > 50
    for mutant in made:
        lines = Path(mutant.file).read_text("utf-8").splitlines()[mutant.first - 1 : mutant.last]
        there = " ".join(" ".join(lines).split())
        assert survivors.function_of(mutant.name).startswith("rerun.")
        assert " ".join(mutant.was.split()) in there, mutant
        assert mutant.now != mutant.was


def test_what_a_run_prints_can_be_pasted_into_the_page(survivors: ModuleType) -> None:
    change = survivors.Change("a.B.c", 'x = "\\n" # é', "x = None")
    assert list(survivors.read_explanations(survivors.written(change))) == [change]


def test_every_module_of_the_brain_is_mutated(survivors: ModuleType) -> None:
    assert {"worker", "primary", "rerun", "jumps"} <= set(survivors.brains())
    asked = {name: survivors.tests_of(name) for name in survivors.brains()}
    assert all(list((ROOT / "tests").glob(pattern)) for pattern in asked.values())
