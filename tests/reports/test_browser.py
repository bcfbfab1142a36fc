"""The pages in a browser: they draw, filter, follow links and keys, and everybody can read them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from runall_harness.checks import examine
from runall_harness.conformance.run_report import Report, make_report, report_case, unknown
from runall_harness.contract.cases import Case
from runall_harness.contract.verdicts import Verdict
from runall_harness.reports.page import Entry, case_page, entry_of, render
from runall_harness.reports.page import Page as Told
from runall_harness.reports.page.model import Log
from runall_harness.reports.runs_page import render_runs
from support.browser import Visits, serious_faults
from support.example_history import example

WIDE, NARROW = {"width": 1200, "height": 900}, {"width": 360, "height": 740}
DARK_INK = "rgb(28, 33, 39)"
Open = Callable[..., Page]


def entries() -> list[Entry]:
    """A case that failed, one that passed, one that proves nothing, and the repeat of one."""
    june, may = example(month_of_the_rerun="June"), example()
    kept: dict[str, Any] = {"group": "lost", "clauses": ["RA-1.1"], "note": "recovered in 3.10 s"}
    logs = [Log(node="w1", href="logs/w1.log", tail="it began\nit ended")]
    return [
        entry_of(
            june,
            examine(june).violations,
            id="lost/unfaithful/manual",
            title="The rerun is another",
            verdict="fail",
            column="manual",
            how="manual",
            group="lost",
            clauses=["RA-4.3"],
            logs=logs,
        ),
        entry_of(
            may, id="lost/kept/manual", title="It is kept", verdict="pass", column="manual", **kept
        ),
        entry_of(
            may,
            id="lost/kept/manual#2",
            title="It is kept",
            verdict="pass",
            column="manual",
            **kept,
        ),
        Entry(
            id="cut/open/scheduled",
            title="Nobody saw it",
            verdict="inconclusive",
            column="scheduled",
            group="cut",
            message="no evidence came",
        ),
    ]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of a run, that of one case, and that of two runs."""
    folder = tmp_path_factory.mktemp("pages")
    told = Told(
        title="mine 1.0, on the simulated rig",
        verdict="not conformant",
        entries=entries(),
        tested=[("rig", "simulated")],
        settings=[("heartbeat", "0.2")],
        again="runall conform --rig simulated",
        command="runall conform --rig simulated",
        files=[("report.json", "report.json")],
    )
    texts = {
        "run": render(told),
        "case": case_page(example(month_of_the_rerun="June"), title="One case"),
        "runs": render_runs([("monday", a_run(3.0)), ("tuesday", a_run(5.0, Verdict.FAIL))]),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, "utf-8")
    return {name: folder / f"{name}.html" for name in texts}


def a_run(took: float, second: Verdict = Verdict.PASS) -> Report:
    cases = [
        Case(id=f"f/{name}/manual", feature="f", scenario=name, trigger="manual") for name in "ab"
    ]
    facts = {"recovery_s": took, "deadline_s": 7.0}
    reports = [
        report_case(case, verdict, "", **facts)
        for case, verdict in zip(cases, (Verdict.PASS, second), strict=True)
    ]
    return make_report(unknown("mine", ""), "simulated", 1.0, reports)


@pytest.fixture
def opened(visits: Visits, pages: dict[str, Path]) -> Open:
    """Opens a page of these; an error on its console, or a request elsewhere, fails the test."""

    def open_page(name: str = "run", hash: str = "", size: Any = WIDE, **options: Any) -> Page:
        page = visits.open(f"{pages[name].as_uri()}{hash}", viewport=size, **options)
        if options.get("java_script_enabled", True) and name != "runs":
            page.wait_for_selector("html[data-ready]")
        return page

    return open_page


def shown(page: Page) -> list[str]:
    ids: list[str] = page.eval_on_selector_all(
        "details.case", "all => all.filter((one) => one.checkVisibility()).map((one) => one.id)"
    )
    return ids


def drawn(page: Page, case: str) -> Any:
    page.wait_for_selector(f"[id='{case}'][data-drawn]")
    return page.locator(f"[id='{case}'] .tl > svg")


def test_the_failure_stands_in_the_first_screen_and_a_click_leads_to_it(opened: Open) -> None:
    page = opened()
    first = page.locator("section.first")
    box = first.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < WIDE["height"]
    assert "RA-4.3" in first.inner_text()
    first.get_by_role("link").first.click()
    assert drawn(page, "lost/unfaithful/manual").count() == 1


def test_a_case_is_drawn_when_it_is_opened_and_its_guilty_bars_are_lit(opened: Open) -> None:
    page = opened()
    assert page.locator(".tl svg").count() == 0
    page.locator("[id='lost/unfaithful/manual'] > summary").click()
    picture = drawn(page, "lost/unfaithful/manual")
    assert picture.get_attribute("role") == "img"
    assert "runs again on w1" in (picture.get_attribute("aria-label") or "")
    assert picture.locator("rect.bar.lit").count() == 2
    assert "MUST keep the parameters" in page.locator("[id='lost/unfaithful/manual']").inner_text()
    assert page.get_by_text("The end of the log of w1").count() == 1


def test_filters_and_the_search_leave_what_fits_and_the_link_keeps_them(opened: Open) -> None:
    page = opened()
    page.get_by_role("button", name="pass").click()
    assert shown(page) == ["lost/kept/manual", "lost/kept/manual#2"]
    page.get_by_role("searchbox").fill("nothing of that kind")
    assert shown(page) == []
    assert page.get_by_text("Nothing fits.").is_visible()
    page.get_by_role("button", name="Clear the filters").click()
    page.get_by_role("searchbox").fill("nobody evidence")
    assert shown(page) == ["cut/open/scheduled"]
    assert page.locator(".matrix tbody tr:visible").count() == 2
    again = opened(hash=page.evaluate("location.hash"))
    assert shown(again) == ["cut/open/scheduled"]


@pytest.mark.parametrize("case", ["lost/kept/manual", "lost/kept/manual#2"])
def test_a_link_to_a_case_opens_it(opened: Open, case: str) -> None:
    page = opened(hash=f"#{case.replace('#', '%23')}")
    assert drawn(page, case).is_visible()
    assert page.evaluate("location.hash") == f"#{case.replace('#', '%23')}"


def test_the_keys_search_move_open_and_close(opened: Open) -> None:
    page = opened()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    assert drawn(page, "lost/kept/manual").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("[id='lost/kept/manual']").evaluate("one => one.open")
    page.keyboard.press("f")
    assert page.evaluate("document.activeElement.closest('.case').id") == "cut/open/scheduled"


def test_on_light_paper_the_cases_in_trouble_are_open_and_the_filters_are_gone(
    opened: Open,
) -> None:
    page = opened(color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    picture = drawn(page, "lost/unfaithful/manual")
    assert picture.is_visible()
    assert not page.locator("form.filters").is_visible()
    assert picture.locator("text").first.evaluate("one => getComputedStyle(one).fill") == DARK_INK


def test_without_javascript_verdicts_steps_and_evidence_read(opened: Open) -> None:
    page = opened(java_script_enabled=False)
    page.locator("[id='lost/unfaithful/manual'] > summary").click()
    text = page.locator("[id='lost/unfaithful/manual']").inner_text()
    for words in ("fail", "expected", "its process is gone", "Changed", "runs again on w1"):
        assert words in text
    assert not page.locator("form.filters").is_visible()


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("name", ["run", "case", "runs"])
def test_axe_finds_nothing_serious(opened: Open, name: str, colours: str) -> None:
    page = opened(name, color_scheme=colours)
    if name == "run":
        page.locator("[id='lost/unfaithful/manual'] > summary").click()
        drawn(page, "lost/unfaithful/manual")
    assert serious_faults(page) == []


@pytest.mark.parametrize("name", ["run", "case", "runs"])
def test_on_a_phone_nothing_is_wider_than_the_screen(opened: Open, name: str) -> None:
    page = opened(name, size=NARROW)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_several_runs_stand_side_by_side_with_what_has_changed(opened: Open) -> None:
    text = opened("runs").locator("body").inner_text()
    assert "pass became fail f/b/manual" in text
    assert "recovered in 3.00 s of 7.0 s, now 5.00 s of 7.0 s f/a/manual" in text
