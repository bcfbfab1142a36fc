"""`runall compare` puts reports side by side and never makes one look better than it was."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from runall_harness.checks.job_outcome import Outcome
from runall_harness.conformance.run_report import CaseReport, Report, encode, make_report, unknown
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.json_schemas import schema_of
from runall_harness.contract.verdicts import Verdict
from runall_harness.reports.comparison import SCHEMA, WORST, Comparison, cell, compare, read_report
from runall_harness.reports.comparison_markdown import in_words
from support.small_features import Done, runall

PASS, FAIL, UNSUPPORTED = Verdict.PASS, Verdict.FAIL, Verdict.UNSUPPORTED


def case(number: int, verdict: Verdict, *clauses: str, **fields: Any) -> CaseReport:
    bare = CaseReport(
        id=f"f/s{number}/manual",
        feature="f",
        scenario="s",
        trigger="manual",
        clauses=list(clauses),
        verdict=verdict,
        message="",
        outcome=None,
        within_s=None,
        together_s=None,
        recovery_s=None,
        deadline_s=None,
        faults=[],
        executions=[],
        history=None,
    )
    return msgspec.structs.replace(bare, **fields)


def report(name: str, *cases: CaseReport) -> Report:
    return make_report(unknown(name, ""), "simulated", 1.0, cases)


# ------------------------------------------------------------------ cells
def test_a_cell_is_as_good_as_the_worst_of_its_cases_that_judged_anything() -> None:
    mixed = cell([case(1, PASS), case(2, FAIL)])
    assert mixed is not None
    assert (mixed.verdict, mixed.cases) == (FAIL, {PASS: 1, FAIL: 1})
    partly = cell([case(1, UNSUPPORTED), case(2, PASS)])
    assert partly is not None
    assert (partly.verdict, partly.cases) == (PASS, {UNSUPPORTED: 1, PASS: 1})
    assert cell([]) is None


def test_a_cell_says_what_became_of_the_job_and_how_soon_it_ran_again() -> None:
    again = [case(1, PASS, outcome=Outcome.RERUN_ONCE, recovery_s=s) for s in (1.0, 9.0, 2.0)]
    assert in_words(cell(again)) == "✓ pass, rerun once, 2 s", "the median of what was repeated"
    never = case(1, FAIL, outcome=Outcome.NOT_RERUN, within_s=16.0)
    assert in_words(cell([never])) == "✗ fail, not rerun within 16 s"
    both = case(1, FAIL, outcome=Outcome.AT_ONCE, together_s=3.21)
    assert in_words(cell([both, case(1, PASS)])) == "✗ fail, 1 of 2, two at once for 3.2 s"
    assert in_words(cell([case(1, UNSUPPORTED)])) == "○ unsupported"
    assert in_words(None) == ""


def test_every_verdict_has_a_rank() -> None:
    assert sorted(WORST) == sorted(Verdict)


def test_rows_are_in_the_order_of_the_page_and_only_for_clauses_that_were_shown() -> None:
    one = report("one", case(1, PASS, "RA-2.1", "RA-1.1"))
    two = report("two", case(1, FAIL, "RA-12.1"))
    compared = compare([("a", one), ("b", two)])
    assert [row.id for row in compared.rows] == ["RA-1.1", "RA-2.1", "RA-12.1"]
    assert [[c.verdict if c else None for c in row.cells] for row in compared.rows] == [
        [PASS, None],
        [PASS, None],
        [None, FAIL],
    ]
    jsonschema.validate(json.loads(encode(compared)), schema_of(Comparison, SCHEMA))


def test_rows_of_scenarios_are_those_of_the_feature_files_and_take_repeats_together() -> None:
    first, last = "1_worker_lost/another-worker-of-the-group-takes-over", "slots/x"
    ids = [f"{last}/scheduled", f"{first}/scheduled", f"{first}/manual", f"{first}/manual#2"]
    cases = [case(1, PASS, id=name, feature=name.partition("/")[0]) for name in ids]
    compared = compare([("a", report("one", *cases))], "scenario")
    assert [row.id for row in compared.rows] == [
        f"{first}/manual",
        f"{first}/scheduled",
        f"{last}/scheduled",
    ]
    assert [row.cells[0].cases[PASS] for row in compared.rows if row.cells[0]] == [2, 1, 1]
    jsonschema.validate(json.loads(encode(compared)), schema_of(Comparison, SCHEMA))


@pytest.mark.parametrize("version", [1, 2])
def test_a_report_of_an_earlier_version_is_compared_too(version: int, tmp_path: Path) -> None:
    old: dict[str, Any] = json.loads(encode(report("old", case(1, FAIL, "RA-1.1"))))
    old["schema"] = f"runall-report/{version}"
    for lacking in ("merged", "timings", "image", "options")[4 - 2 * (3 - version) :]:
        del old["system"][lacking]
    for lacking in ("outcome", "within_s", "together_s")[: 3 * (version == 1)]:
        del old["cases"][0][lacking]
    (tmp_path / "r.json").write_text(json.dumps(old), "utf-8")
    read = read_report(tmp_path / "r.json")
    assert read.schema == "runall-report/4"
    assert [(c.verdict, c.outcome) for c in read.cases] == [(FAIL, None)]
    done = shown(tmp_path, "r.json", "--format", "markdown")
    assert (done.returncode, done.stdout.count("✗ fail")) == (0, 1), done.stderr


def test_a_report_whose_totals_contradict_its_cases_is_refused(tmp_path: Path) -> None:
    honest = report("s", case(1, PASS), case(2, FAIL))
    better = msgspec.structs.replace(honest, summary={**honest.summary, PASS: 2, FAIL: 0})
    (tmp_path / "r.json").write_text(encode(better), "utf-8")
    with pytest.raises(KitCannotRun, match="its totals are not those of its cases"):
        read_report(tmp_path / "r.json")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Reports of the same case under two policies, written by real runs."""
    folder = tmp_path_factory.mktemp("reports")
    paths: list[str] = []
    for policy in ("reference", "cronicle-0.9.49"):
        one = ("--scenario", "5_worker_restart/its-job-is-run-again-by-itself*")
        run = ("conform", "--rig", "simulated", "--policy", policy, "--format", "json", *one)
        path = folder / f"{policy}.json"
        path.write_text(runall(None, *run, cwd=folder).stdout, "utf-8")
        paths.append(str(path))
    return paths


def shown(tmp_path: Path, *arguments: str) -> Done:
    return runall(None, "compare", *arguments, cwd=tmp_path)


def test_two_releases_are_compared_clause_by_clause(tmp_path: Path, files: list[str]) -> None:
    pretty = shown(tmp_path, *files)
    assert pretty.returncode == 0, pretty.stderr
    broken = next(line for line in pretty.stdout.splitlines() if "fail" in line)
    assert "✓ pass" in broken
    assert "✗ fail, 1 of 2" in broken
    assert "\x1b" not in pretty.stdout
    programs = json.loads(shown(tmp_path, *files, "--format", "json").stdout)
    assert [each["system"]["policy"] for each in programs["reports"]] == [
        "reference",
        "cronicle-0.9.49",
    ]
    assert {each["verdict"] for each in programs["reports"]} == {"conformant", "not conformant"}


def test_scenarios_are_compared_in_text_and_in_markdown_by_the_same_words(
    tmp_path: Path, files: list[str]
) -> None:
    for form in ("text", "markdown"):
        done = shown(tmp_path, *files, "--by", "scenario", "--format", form)
        assert done.returncode == 0, done.stderr
        broken = next(line for line in done.stdout.splitlines() if "✗" in line)
        assert "by itself after its return (manual)" in done.stdout
        assert "✓ pass, rerun once, 0.0" in broken
        assert "✗ fail, failed for good" in broken
    assert done.stdout.splitlines()[0] == (
        f"| scenario | reference {version('runall-kit')}, reference, simulated rig "
        f"| reference {version('runall-kit')}, cronicle-0.9.49, simulated rig |"
    )
    assert {len(line.split(" | ")) for line in done.stdout.splitlines()[2:]} == {3}


def test_no_verdict_is_counted_with_another(tmp_path: Path) -> None:
    each = report("all", *(case(n, verdict, "RA-1.1") for n, verdict in enumerate(Verdict)))
    (tmp_path / "r.json").write_text(encode(each), "utf-8")
    for form in ("text", "markdown"):
        lines = shown(tmp_path, "r.json", "--format", form).stdout.splitlines()
        cells = [line.replace("│", "|").split("|") for line in lines]
        counted = {words[1].strip(): words[2].strip() for words in cells if len(words) > 2}
        assert {verdict: counted[verdict] for verdict in Verdict} == dict.fromkeys(Verdict, "1")
    comparison = json.loads(shown(tmp_path, "r.json", "--format", "json").stdout)
    assert comparison["reports"][0]["summary"] == dict.fromkeys(Verdict, 1)
    assert comparison["rows"][0]["cells"][0]["cases"] == dict.fromkeys(Verdict, 1)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [("{}", 3, "is not a report"), ("oops", 3, "is not a report"), (None, 3, "cannot be read")],
)
def test_what_is_no_report_is_never_compared(
    tmp_path: Path, text: str | None, code: int, words: str
) -> None:
    if text is not None:
        (tmp_path / "r.json").write_text(text, "utf-8")
    done = shown(tmp_path, "r.json")
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr


def test_reports_that_judge_no_clause_are_inconclusive(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(encode(report("empty", case(1, PASS))), "utf-8")
    assert shown(tmp_path, "r.json").returncode == 2
    assert shown(tmp_path).returncode == 64
