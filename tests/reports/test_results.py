"""The results of the documentation: what is kept of reports is small, and the pages are in step."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from runall_harness.checks.job_outcome import Outcome
from runall_harness.conformance.known_failures import declarations
from runall_harness.conformance.run_report import (
    SCHEMA,
    CaseReport,
    ExecutionReport,
    FaultReport,
    Report,
    SystemReport,
    encode,
    make_report,
)
from runall_harness.contract.cases import base_id, load_cases
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.json_schemas import schema_of
from runall_harness.contract.places import page
from runall_harness.contract.verdicts import Verdict
from runall_harness.reports.comparison import compare, read_report
from runall_harness.reports.results_page import (
    PART,
    file_name,
    keep_report,
    kept_reports,
    pages,
    slim,
    summary,
    system_page,
)
from runall_harness.systems.lookup import shipped
from support.small_features import runall

# What no file of the repository may hold: where a run was, and which processes it had.
OF_A_MACHINE = re.compile(r"(?<![\w.])/(?:tmp|home|root|work|var|usr|opt|Users|mnt)/|\bpid \d")


def case(name: str, verdict: Verdict, message: str = "", **fields: Any) -> CaseReport:
    made = CaseReport(
        id=f"5_worker_restart/{name}/manual",
        feature="5_worker_restart",
        scenario=name,
        trigger="manual",
        clauses=["RA-1.1"],
        verdict=verdict,
        message=message,
        outcome=None,
        within_s=None,
        together_s=None,
        recovery_s=None,
        deadline_s=6.7,
        faults=[FaultReport(kind="kill", node="w1", at=3.1, proven=True)],
        executions=[
            ExecutionReport(
                job="j", lineage="j", node="w1", started_at=1.0, ended_at=3.1, how="killed"
            )
        ],
        history="/var/runall-out/history.jsonl",
    )
    return msgspec.structs.replace(made, **fields)


CASES = (
    case("kept", Verdict.PASS, outcome=Outcome.RERUN_ONCE, recovery_s=1.23456),
    case(
        "broken",
        Verdict.FAIL,
        "RA-1.1: A manual job MUST run.\n  seen: pid 77 in /tmp/x",
        outcome=Outcome.NOT_RERUN,
        within_s=16.0001,
    ),
    case("declared", Verdict.KNOWN_FAILURE, "it acknowledges too early\nRA-1.1: A manual job"),
    case("lacking", Verdict.UNSUPPORTED, "setup: the system can't do abort"),
    case("broken harness", Verdict.ERROR, "OSError: /tmp/x is gone"),
)


def report(*cases: CaseReport, **fields: Any) -> Report:
    named = {"name": "mine", "version": "2.1/b", "policy": "eager", "merged": "primary = broker"}
    system = SystemReport(
        **(named | fields),
        image="mine:7",
        capabilities=["once"],
        timings={"prompt": 2.5},
        options={"acks": "late"},
    )
    return make_report(system, "processes", 12.3456, cases)


# ------------------------------------------------------------------ what is kept
def test_what_is_kept_is_a_report_without_traces_and_without_a_machine(tmp_path: Path) -> None:
    path = keep_report(tmp_path / "reports", report(*CASES))
    assert path.name == "mine-2.1_b-eager-processes.json"
    text = path.read_text("utf-8")
    jsonschema.validate(json.loads(text), schema_of(Report, SCHEMA))
    assert not OF_A_MACHINE.search(text)
    kept = read_report(path)
    assert all((one.faults, one.executions, one.history) == ([], [], None) for one in kept.cases)
    assert [one.message for one in kept.cases] == [
        "",
        "RA-1.1: A manual job MUST run.",
        "it acknowledges too early",
        "the system can't do abort",
        "",
    ]
    assert len(text.splitlines()) < 60
    assert keep_report(tmp_path / "reports", kept).read_text("utf-8") == text, "kept once and twice"


def test_a_comparison_of_what_is_kept_is_that_of_the_whole_reports(tmp_path: Path) -> None:
    whole = report(*CASES)
    kept = read_report(keep_report(tmp_path, whole))

    def cells(one_report: Report) -> list[str]:
        rows = compare([("x", one_report)], "scenario").rows
        return [f"{cell.verdict} {cell.outcome_words()}" for r in rows for cell in r.cells if cell]

    assert cells(kept) == cells(whole)
    assert kept.summary == whole.summary


def test_the_command_keeps_one_file_for_each_system_version_policy_and_rig(tmp_path: Path) -> None:
    other = report(*CASES, policy="")
    for name, one in (("a", report(*CASES)), ("b", other)):
        (tmp_path / f"{name}.json").write_text(encode(one), "utf-8")
    done = runall(None, "compare", "--keep", "kept", "a.json", "b.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {
        file_name(other),
        file_name(report(*CASES)),
    }


# ------------------------------------------------------------------ the page
def test_the_page_says_what_each_system_is_and_why_it_is_not_judged() -> None:
    text = system_page("mine", [slim(report(*CASES)), slim(report(*CASES[:1], policy=""))])
    assert "| scenario | mine 2.1/b, eager, processes rig | mine 2.1/b, processes rig |" in text
    assert "| kept (manual) | ✓ pass, rerun once, 1.23 s | ✓ pass, rerun once, 1.23 s |" in text
    assert "| broken (manual) | ✗ fail, not rerun within 16 s |  |" in text
    assert "lacking (manual)" not in text, "what nobody supports has no row"
    assert "Cases that none of them supports have no row: 1." in text
    assert "- known-failure: it acknowledges too early (1 case)" in text
    assert "- unsupported: the system can't do abort (1 case)" in text
    first, second = text.split("### mine 2.1/b")[1:]
    for run in (first, second):
        assert "| roles that are merged | primary = broker |" in run
        assert "| option acks | late |" in run
        assert "| prompt | 2.5 s |" in run


def test_the_summary_has_a_row_for_each_run_and_leads_to_its_page() -> None:
    text = summary([slim(report(*CASES)), slim(report(*CASES[:1], name="other one"))])
    assert "| run | 5 worker restart | all others |" in text
    counts = "✓ 1 ~ 1 ○ 1 ✗ 1 ! 1"
    assert f"| [mine 2.1/b, eager, processes rig](mine.md) | {counts} |  |" in text
    assert "| [other one 2.1/b, eager, processes rig](other_one.md) | ✓ 1 |  |" in text


def test_a_page_without_reports_is_an_error_that_says_where_they_belong(tmp_path: Path) -> None:
    with pytest.raises(KitCannotRun, match="no report is kept"):
        kept_reports(tmp_path / "README.md")


def test_the_results_of_the_documentation_are_made_from_the_reports_that_are_kept() -> None:
    made = pages(page(PART.page))
    assert {path.name for path in made} == {p.name for p in page(PART.page).parent.glob("*.md")}
    for path, text in made.items():
        assert PART.begin in text
        assert path.read_text("utf-8") == text, "run `runall compare --write-page`"


def test_no_line_of_a_page_is_too_wide_to_be_read() -> None:
    for path, text in pages(page(PART.page)).items():
        assert max(map(len, text.splitlines())) <= 400, path.name


def test_what_is_kept_in_the_repository_is_small_and_names_no_machine() -> None:
    for path in sorted((page(PART.page).parent / "reports").iterdir()):
        text = path.read_text("utf-8")
        kept = read_report(path)
        assert path.name == file_name(kept)
        assert not OF_A_MACHINE.search(text), path.name
        assert len(text) < 600 * (len(kept.cases) + 5), path.name
        assert not any(one.executions or one.faults or one.history for one in kept.cases)


SHIPPED = [
    path
    for name in shipped()
    for path in sorted((page(PART.page).parent / "reports").glob(f"{name}-*.json"))
]


def test_each_system_that_is_shipped_has_results_that_are_kept() -> None:
    kept = {read_report(path).system.name for path in SHIPPED}
    assert kept == set(shipped())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_each_kept_case_of_a_system_that_is_shipped_ended_as_its_file_declares(path: Path) -> None:
    kept = read_report(path)
    where = declarations(None, shipped()[kept.system.name], kept.system.policy)
    assert where is not None
    known = where.known([one.id for one in load_cases()])
    for one in kept.cases:
        if one.verdict in (Verdict.PASS, Verdict.FAIL, Verdict.KNOWN_FAILURE):
            declared = known.of(base_id(one.id)) is not None
            assert (one.verdict == Verdict.KNOWN_FAILURE) == declared, one.id


def test_the_page_explains_every_verdict_and_every_outcome_that_a_cell_can_have() -> None:
    from runall_harness.checks.job_outcome import WORDS

    prose = page(PART.page).read_text("utf-8").partition(PART.begin)[0]
    assert all(verdict in prose for verdict in Verdict)
    for outcome, words in WORDS.items():
        if outcome != Outcome.OPEN:  # a cell is silent about what nobody watched to its end
            assert re.sub(r"\{.*?\}", "N", words) in prose
