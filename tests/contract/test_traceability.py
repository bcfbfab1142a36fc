"""Whatever names a clause names one that exists, in its own words, and each clause has its cases.

The page is read both ways: from the clauses to the cases that show them and the code that cites
them, and back. Its tables are compared with the code that they describe.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import fields
from runall_harness.contract.cases import CLAUSE_TAG, load_cases
from runall_harness.contract.clauses import MODAL, clauses, spec_path
from runall_harness.contract.code_places import SOURCE, code_places
from runall_reference.brain.records import Event
from runall_reference.brain.rerun import FIELDS
from runall_reference.brain.settings import Settings
from runall_reference.daemon.releases import POLICIES
from support.conform_runs import ConformRun
from support.places import ROOT
from support.project_files import files

PAGE = spec_path().read_text("utf-8")
CLAUSES = clauses()
CASES = load_cases(ROOT / "features")
MENTION = re.compile(r"RA-\d+\.\d+")
QUOTE = re.compile(r"(RA-\d+\.\d+)\W{0,4}[:)]\W{0,4}(?=[A-Z`*])([^.]+\.)")
# What an event does, not what becomes of it when a server fails: no settings of the promise.
NO_SETTINGS = {"id", "title", "enabled", "target", "timing", "timezone", "params"}
# Chosen by name; the page explains it in the history of the promise.
NO_QUANTITY = {"policy"}


# ------------------------------------------------------------------ clauses and cases
def test_every_clause_has_a_case() -> None:
    shown = {clause for case in CASES for clause in case.clauses}
    assert [clause for clause in CLAUSES if clause not in shown] == []


def test_every_case_has_a_clause() -> None:
    assert [case.id for case in CASES if not case.clauses] == []


def test_every_tag_that_looks_like_a_clause_is_one() -> None:
    tags = {tag for case in CASES for tag in case.tags if re.match(r"(?i)ra[-_.]?\d", tag)}
    assert tags
    assert [tag for tag in tags if not CLAUSE_TAG.fullmatch(tag) or tag not in CLAUSES] == []


def test_a_case_of_an_extended_clause_needs_its_capability_or_shows_a_core_clause_too() -> None:
    for case in CASES:
        owed = {CLAUSES[clause].capability for clause in case.clauses}
        assert "" in owed or owed & set(case.needs), f"{case.id} shows {owed}, needs {case.needs}"


def test_every_capability_that_a_case_needs_is_one_of_the_page() -> None:
    known = {clause.capability for clause in CLAUSES.values()} - {""}
    assert {need for case in CASES for need in case.needs} <= known


# ------------------------------------------------------------------ whoever cites a clause
def sources() -> Iterator[tuple[str, str]]:
    """Every file that may cite a clause, with its name. Most tests cite made-up ones."""
    broken = ROOT / "tests" / "support" / "broken_references.py"
    for path in (*files("reference", "harness", "features", "ci"), *ROOT.glob("*.md"), broken):
        yield str(path.relative_to(ROOT)), path.read_text("utf-8", "replace")


def test_every_clause_that_is_mentioned_exists() -> None:
    said = [(name, clause) for name, text in sources() for clause in MENTION.findall(text)]
    assert len(said) > len(CLAUSES)
    assert [(name, clause) for name, clause in said if clause not in CLAUSES] == []


def test_every_clause_stands_in_the_code_of_the_reference() -> None:
    places = code_places()
    assert [clause for clause in CLAUSES if clause not in places] == []
    assert [clause for clause in places if clause not in CLAUSES] == []


def test_a_place_in_the_code_is_found_again_by_its_file_and_line() -> None:
    for clause, places in code_places().items():
        for place in places:
            line = (SOURCE.parent / place.file).read_text("utf-8").splitlines()[place.line - 1]
            assert clause in line, place


def test_a_clause_that_the_ledger_cites_is_no_place_in_the_code() -> None:
    assert not any("cronicle" in place.name for place in code_places()["RA-4.1"])


def test_runall_spec_shows_the_code_and_the_cases_of_one_clause() -> None:
    shown = run_spec("RA-4.1").stdout
    assert CLAUSES["RA-4.1"].text in shown
    place = next(p for p in code_places()["RA-4.1"] if p.name.endswith(".recover_manual"))
    assert f"{place.file}:{place.line}  {place.name}\n" in shown
    cases = [case.id for case in CASES if "RA-4.1" in case.clauses]
    assert shown.endswith("\n".join(["cases", *cases, ""]))


def test_runall_spec_refuses_a_clause_that_does_not_exist() -> None:
    done = run_spec("RA-4.111")
    assert done.returncode == 64
    assert "did you mean RA-4.11" in done.stderr


def run_spec(clause: str) -> subprocess.CompletedProcess[str]:
    """Run `runall spec` for one clause."""
    command = [sys.executable, "-m", "runall_harness.cli", "spec", clause]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def misquoted(text: str) -> list[str]:
    """What claims to be the sentence of a clause in a text, and is not."""
    folded = " ".join(re.sub(r"^\s*(?:[#>*|-]|//)+", " ", text, flags=re.MULTILINE).split())
    quotes = [(clause, said) for clause, said in QUOTE.findall(folded) if MODAL.search(said)]
    return [f"{clause}: {said}" for clause, said in quotes if CLAUSES[clause].text != said]


def test_every_clause_that_is_quoted_is_quoted_to_the_letter() -> None:
    wrong = {name: found for name, text in sources() if (found := misquoted(text))}
    assert wrong == {}


def test_a_quotation_that_differs_is_found() -> None:
    right = f"RA-1.1: {CLAUSES['RA-1.1'].text}"
    assert misquoted(f"# {right[:30]}\n#   {right[30:]}") == []
    assert misquoted(right.replace("MUST", "SHOULD")) == [right.replace("MUST", "SHOULD")]
    assert misquoted(f"**{right.replace(':', '**:').replace('again', 'anew')}")


# Which argument of a call cites a clause, by the name of what is called; so does any `clause=`.
CITES = {"note": 3, "refuse": 1, "Violation": 0, "Guarantee": 0, "Check": 1}


def cited(path: Path) -> Iterator[tuple[str, ast.expr]]:
    """The argument of each call that cites a clause: in the ledger, or in a violation."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            position = CITES.get(name, len(node.args))
            clauses = [keyword.value for keyword in node.keywords if keyword.arg == "clause"]
            for argument in [*node.args[position : position + 1], *clauses]:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", argument


def test_the_ledger_and_every_violation_cite_clauses_that_exist() -> None:
    found = [each for path in files("reference", "harness", suffix=".py") for each in cited(path)]
    literal = [(place, a.value) for place, a in found if isinstance(a, ast.Constant)]
    assert len(literal) > 20
    assert [(place, clause) for place, clause in literal if clause not in CLAUSES] == []


# ------------------------------------------------------------------ the tables of the page
def table(header: str) -> list[list[str]]:
    """The rows of the table whose header begins so, cell by cell."""
    lines = PAGE.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"| {header} |")) + 2
    end = next(n for n in range(start, len(lines)) if not lines[n].startswith("|"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start:end]]


def columns(header: str) -> dict[str, str]:
    """The first two columns of a table, name by name: a row may name several."""
    rows = table(header)
    pairs = [(row[0].split(", "), row[1].split(", ")) for row in rows]
    return {
        name: value[0] if len(value) == 1 else value[number]
        for names, value in pairs
        for number, name in enumerate(names)
    }


def in_words(value: Any) -> str:
    """A default as the page writes it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.12g}" if isinstance(value, int | float) else str(value)


def test_the_settings_are_those_of_the_page_with_their_defaults() -> None:
    known = {f.name: in_words(f.default) for f in fields(Settings) if f.name not in NO_QUANTITY}
    assert columns("setting") == known


def test_the_settings_of_an_event_are_those_of_the_page_with_their_defaults() -> None:
    page = columns("setting of an event")
    known = {f.name: in_words(f.default) for f in fields(Event) if f.name not in NO_SETTINGS}
    assert page.pop("missed") == "as Run All"
    assert known.pop("missed") == "None"
    assert page == known


def test_every_setting_of_the_page_has_a_meaning() -> None:
    rows = table("setting") + table("setting of an event")
    assert [row[0] for row in rows if len(row) != 3 or len(row[2]) < 5] == []


def test_the_fate_of_each_field_is_that_of_the_page() -> None:
    assert columns("field of the job") == FIELDS


def test_the_releases_of_the_page_are_the_policies() -> None:
    assert {policy_of(row) for row in table("release")} == set(POLICIES)


def test_the_reference_is_said_to_break_nothing() -> None:
    assert [row[-1] for row in table("release") if row not in RELEASES] == ["none"]


def policy_of(row: list[str]) -> str:
    """The policy that a row of the history is about."""
    return row[0] if row[0] == "reference" else f"cronicle-{row[0]}"


RELEASES = [row for row in table("release") if row[0] != "reference"]


@pytest.mark.parametrize("row", RELEASES, ids=lambda row: row[0])
def test_a_release_breaks_the_clauses_that_the_page_says(
    row: list[str], releases: dict[str, ConformRun]
) -> None:
    run = releases[row[0]]
    broken = {message.partition(":")[0] for message in run.red().values()}
    assert set(run.verdicts().values()) <= {"pass", "fail", "unsupported"}
    assert row[-1] == ", ".join(sorted(broken, key=list(CLAUSES).index))
