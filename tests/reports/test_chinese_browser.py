"""The pages in Chinese in a browser: what the scripts add has no English word either."""

from pathlib import Path
from typing import Any

import pytest
from runall_harness.checks import CHECKS, examine
from runall_harness.evidence.history import AnyLine
from runall_harness.reports.page import Entry, Page, entry_of, render
from runall_harness.reports.page.model import Log
from support.browser import Visits, serious_faults
from support.greek import LatinWords, greek_history

WIDE, NARROW = {"width": 1200, "height": 900}, {"width": 390, "height": 800}


def entry(lines: list[AnyLine], number: int) -> Entry:
    """A case with all that a page can show of one."""
    logs = [Log(node="ν", href="λ.log", tail="τ"), Log(node="ο", href="ο.log")]
    found = examine(lines).violations
    return entry_of(
        lines,
        found,
        id=f"φ/ς/manual#{number}",
        title="τ",
        verdict="fail",
        group="φ",
        column="manual",
        clauses=["RA-1.1"],
        logs=logs,
    )


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RUNALL_LANGUAGE", "zh-CN")
    lines = greek_history()
    told = Page(
        title="τ", verdict="not conformant", entries=[entry(lines, 1), entry(lines, 2)], command="ρ"
    )
    (tmp_path / "page.html").write_text(render(told), "utf-8")
    return tmp_path / "page.html"


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_what_the_scripts_draw_has_no_english_word(
    visits: Visits, page: Path, size: dict[str, Any]
) -> None:
    shown = visits.open(page.as_uri(), viewport=size, color_scheme="dark")
    shown.locator("details.case > summary").first.click()
    shown.wait_for_selector("details.case[data-drawn]")
    shown.locator(".tl details > summary").first.click()
    shown.wait_for_selector(".tl table")
    html = without_evidence(shown.content())
    assert LatinWords(html).found == []
    assert "期限" in html
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious_faults(shown) == []


def without_evidence(html: str) -> str:
    """The page without the names of checks, and what they say that they saw."""
    for one in examine(greek_history()).violations:
        for text in (one.expected, one.seen, *(check.name for check in CHECKS)):
            html = html.replace(text, "")
    return html
