"""`runall compare` puts reports side by side and never makes one look better than it was."""

import json
from pathlib import Path

import jsonschema
import pytest
from runall_harness.comparison import WORST, cell, compare, comparison_schema
from runall_harness.report import CaseReport, Report, SystemReport, encode, make_report
from runall_harness.verdicts import Verdict
from small_features import Done, runall

PASS, FAIL, UNSUPPORTED = Verdict.PASS, Verdict.FAIL, Verdict.UNSUPPORTED


def case(number: int, verdict: Verdict, *clauses: str) -> CaseReport:
    return CaseReport(
        id=f"f/s{number}/manual", feature="f", scenario="s", trigger="manual",
        clauses=list(clauses), verdict=verdict, message="", outcome=None, within_s=None,
        together_s=None, recovery_s=None, deadline_s=None,
        faults=[], executions=[], history=None,
    )  # fmt: skip


def report(name: str, *cases: CaseReport) -> Report:
    system = SystemReport(name=name, version="1", policy="", merged="", capabilities=[], timings={})
    return make_report(system, "simulated", 1.0, cases)


def test_a_clause_is_as_good_as_the_worst_of_its_cases_that_judged_it() -> None:
    mixed = report("m", case(1, PASS, "RA-1.1"), case(2, FAIL, "RA-1.1"), case(3, PASS, "RA-1.2"))
    found = cell("RA-1.1", mixed)
    assert found is not None
    assert (found.verdict, found.cases) == (FAIL, {PASS: 1, FAIL: 1})
    partly = cell("RA-1.1", report("p", case(1, UNSUPPORTED, "RA-1.1"), case(2, PASS, "RA-1.1")))
    assert partly is not None
    assert (partly.verdict, partly.cases) == (PASS, {UNSUPPORTED: 1, PASS: 1})
    assert cell("RA-2.1", mixed) is None


def test_every_verdict_has_a_rank() -> None:
    assert sorted(WORST) == sorted(Verdict)


def test_rows_are_in_the_order_of_the_page_and_only_for_clauses_that_were_shown() -> None:
    one = report("one", case(1, PASS, "RA-2.1", "RA-1.1"))
    two = report("two", case(1, FAIL, "RA-12.1"))
    compared = compare([("a", one), ("b", two)])
    assert [row.clause for row in compared.clauses] == ["RA-1.1", "RA-2.1", "RA-12.1"]
    assert [[c.verdict if c else None for c in row.cells] for row in compared.clauses] == [
        [PASS, None], [PASS, None], [None, FAIL]
    ]  # fmt: skip
    jsonschema.validate(json.loads(encode(compared)), comparison_schema())


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Reports of the same case under two policies, written by real runs."""
    paths: list[str] = []
    for policy in ("reference", "cronicle-0.9.49"):
        one = ("--scenario", "5_worker_restart/its-job-is-run-again-by-itself*")
        run = ("conform", "--rig", "simulated", "--policy", policy, "--format", "json", *one)
        path = tmp_path / f"{policy}.json"
        path.write_text(runall(None, *run, cwd=tmp_path).stdout, "utf-8")
        paths.append(str(path))
    return paths


def told(tmp_path: Path, *arguments: str) -> Done:
    return runall(None, "compare", *arguments, cwd=tmp_path)


def test_two_releases_are_told_apart_clause_by_clause(tmp_path: Path, files: list[str]) -> None:
    pretty = told(tmp_path, *files)
    assert pretty.returncode == 0, pretty.stderr
    broken = next(line for line in pretty.stdout.splitlines() if "fail" in line)
    assert "✓ pass" in broken
    assert "✗ fail 1 of 2" in broken
    assert "\x1b" not in pretty.stdout
    programs = json.loads(told(tmp_path, *files, "--format", "json").stdout)
    assert [each["system"]["policy"] for each in programs["reports"]] == [
        "reference", "cronicle-0.9.49"
    ]  # fmt: skip
    assert {each["verdict"] for each in programs["reports"]} == {"conformant", "not conformant"}


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [("{}", 3, "is no report"), ("oops", 3, "is no report"), (None, 3, "cannot be read")],
)
def test_what_is_no_report_is_never_compared(
    tmp_path: Path, text: str | None, code: int, words: str
) -> None:
    if text is not None:
        (tmp_path / "r.json").write_text(text, "utf-8")
    done = told(tmp_path, "r.json")
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr


def test_reports_that_judge_no_clause_are_inconclusive(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(encode(report("empty", case(1, PASS))), "utf-8")
    assert told(tmp_path, "r.json").returncode == 2
    assert told(tmp_path).returncode == 64
