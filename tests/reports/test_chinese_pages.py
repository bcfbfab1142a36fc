"""The pages in Chinese: nothing but evidence and names is left in English.

All that comes from a system or a run is written in Greek letters here. So each Latin word on a page
is one of the page's own, and has no translation.
"""

import re
from pathlib import Path

import msgspec
import pytest
from markupsafe import escape
from runall_harness.checks import CHECKS, examine
from runall_harness.conformance.run_report import (
    CaseReport,
    Report,
    SystemReport,
    make_report,
    report_case,
)
from runall_harness.contract.cases import Case
from runall_harness.contract.verdicts import Verdict, Violation
from runall_harness.contract.words import read_words
from runall_harness.reports.page import Page, case_page, entry_of, render
from runall_harness.reports.run_page import page_of
from runall_harness.reports.runs_page import render_runs
from runall_harness.reports.summary_markdown import summary_markdown
from runall_harness.reports.timeline.nodes import BEGINS, ENDS
from runall_harness.reports.timeline.words import ENDED
from runall_reference.brain.machines import JOB
from support.greek import LatinWords, greek_history
from support.project_files import files

pytestmark = pytest.mark.usefixtures("chinese")


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNALL_LANGUAGE", "zh-CN")


def a_case(number: int, verdict: Verdict, **facts: object) -> CaseReport:
    trigger = ("manual", "scheduled", "either")[number % 3]
    case = Case(id=f"φ/ς{number}/{trigger}", feature="φ", scenario=f"ς{number}", trigger=trigger)
    broken = Violation("RA-1.1", "ε", "σ")
    return report_case(case, verdict, str(broken) if verdict == Verdict.FAIL else "μ", **facts)


def a_report(took: float = 3.0) -> Report:
    """A report with a case of each verdict, whose words are all Greek but those of the kit."""
    system = SystemReport(
        name="Σ",
        version="1",
        policy="π",
        merged="μ",
        image="ι",
        capabilities=["κ"],
        timings={"τ": 1.0},
        options={"ο": "1"},
    )
    cases = [a_case(n, verdict) for n, verdict in enumerate(Verdict)]
    timed = {"recovery_s": took, "deadline_s": 7.0}
    cases.append(msgspec.structs.replace(cases[0], id="φ/ς/manual#2", **timed))
    made = {"kit": "1", "began": "2", "command": ["ρ"], "chosen": []}
    return make_report(system, "ρ", 1.0, cases, **made)


def test_the_page_and_the_summary_of_a_run_have_no_english_word(tmp_path: Path) -> None:
    page = render(page_of(a_report(), tmp_path))
    assert '<html lang="zh-CN">' in page
    assert LatinWords(page).found == []
    summary = re.sub(r"`[^`]*`", "", summary_markdown(a_report()))
    assert LatinWords(summary).found == []


def without_evidence(page: str) -> str:
    """The page without the names of checks, and what they say that they saw."""
    for one in examine(greek_history()).violations:
        for text in (one.expected, one.seen, *(check.name for check in CHECKS)):
            page = page.replace(escape(text), "")
    return page


def test_the_page_of_a_history_has_no_english_word() -> None:
    assert LatinWords(without_evidence(case_page(greek_history()))).found == []


def test_the_page_of_several_runs_has_no_english_word() -> None:
    later = a_report(took=6.0)
    fewer = msgspec.structs.replace(later, cases=[*reversed(later.cases[1:-1]), later.cases[-1]])
    changed = [
        msgspec.structs.replace(case, verdict=Verdict.FAIL) if case.verdict == "pass" else case
        for case in fewer.cases
    ]
    changed.append(a_case(30, Verdict.PASS))
    other = msgspec.structs.replace(later, cases=changed)
    assert LatinWords(render_runs([("α", a_report()), ("β", other)])).found == []


@pytest.mark.parametrize("word", [("case", "cases"), ("story", "stories"), ("bug", "bugs")])
def test_what_a_page_calls_its_entries_has_a_translation(word: tuple[str, str]) -> None:
    lines = greek_history()
    found = examine(lines).violations
    entries = [
        entry_of(lines, found, id=name, title=name, verdict="violation", group="γ", column="either")
        for name in "αβ"
    ]
    page = Page(title="τ", verdict="survived", entries=entries, entry_word=word)
    assert LatinWords(without_evidence(render(page))).found == []


def test_every_kind_of_fault_every_state_and_every_end_has_a_translation() -> None:
    written = "".join(
        path.read_text("utf-8") for path in files("harness/runall_harness/rigs", suffix=".py")
    )
    kinds = set(re.findall(r'\bproof\(\s*"([a-z ]+)"', written)) | {*BEGINS, *ENDS}
    assert len(kinds) > 10
    needed = {*kinds, *JOB.states, "limbo", *ENDED, "subject", "other", "canary"}
    assert needed - set(read_words("zh-CN").words) == set()
