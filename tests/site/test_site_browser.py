"""The site in a browser, opened from disk: it draws, searches, prints, and anybody can read it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page
from support.browser import Visits, serious_faults

SPEC = "reference/SPEC.html"
STORY = "docs/stories/1-worker-lost.html"
# One of each kind: prose, clauses and diagrams, a story with time lines, cases, options.
KINDS = ("index.html", SPEC, STORY, "cases/1_worker_lost.html", "commands/conform.html")
PHONE = 360
Open = Callable[..., Page]


@pytest.fixture
def opened(visits: Visits, site: Path) -> Open:
    """Opens a page of the site; an error on its console, or a request elsewhere, fails the test."""

    def open_page(path: str, anchor: str = "", **how: object) -> Page:
        return whole(visits.open(f"{(site / path).as_uri()}{anchor}", **how))

    return open_page


def whole(page: Page) -> Page:
    """The page, once all of it is drawn."""
    page.wait_for_function("!document.querySelector(':is(.diagram, .tl):not(:has(svg))')")
    return page


def colour(page: Page, selector: str) -> int:
    """How light what is drawn there is: 0 is black, 765 is white."""
    return page.locator(selector).first.evaluate(
        "one => getComputedStyle(one).fill.match(/[0-9.]+/g).slice(0, 3)"
        ".reduce((sum, part) => sum + Number(part), 0)"
    )


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_kind_of_page(opened: Open, colours: str) -> None:
    for path in (*KINDS, "search.html"):
        page = opened(path, color_scheme=colours, viewport=phone())
        # All clauses are made alike, and a hundred of them take axe half a minute.
        page.evaluate(
            "document.querySelectorAll('.clause:nth-of-type(n + 3)').forEach(one => one.remove())"
        )
        assert serious_faults(page) == [], path


def phone() -> dict[str, int]:
    return {"width": PHONE, "height": 740}


def test_on_a_phone_no_page_is_wider_than_the_screen(opened: Open, site: Path) -> None:
    page = opened("index.html", viewport=phone())
    for path in sorted(site.rglob("*.html")):
        page.goto(path.as_uri(), wait_until="domcontentloaded")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE, path.name


def test_the_search_works_from_disk_and_leads_to_what_was_found(opened: Open) -> None:
    page = opened("index.html")
    box = page.get_by_role("textbox", name="Search")
    box.fill("fencing epoch")
    box.press("Enter")
    page.locator("#search-results li a").first.click()
    page.wait_for_selector("h1")
    assert "epoch" in page.locator("article").inner_text()


def test_a_clause_is_found_by_its_number(opened: Open) -> None:
    page = opened("search.html", "?q=RA-7.3")
    page.locator("#search-results a[href$='SPEC.html#RA-7.3']").first.click()
    page.wait_for_selector("[id='RA-7.3']:target")
    whole(page)


def test_a_link_to_a_clause_shows_it_below_the_diagrams_that_are_drawn_meanwhile(
    opened: Open,
) -> None:
    page = opened(SPEC, "#RA-7.3")
    assert page.locator("figure.diagram svg").count() == 3
    place = page.locator("[id='RA-7.3']")
    at = "document.getElementById('RA-7.3').getBoundingClientRect().y"
    page.wait_for_function(f"scrollY > 0 && {at} >= 0 && {at} < 300")
    assert place.get_by_role("link", name="reference").first.is_visible()
    place.locator("summary").click()
    place.locator("details li a").first.click()
    page.locator("p.case:target").wait_for()  # it is on another page


def test_drawings_follow_the_switch_of_the_theme_and_paper_is_light(opened: Open) -> None:
    words = {SPEC: ".diagram .statediagramTitleText", STORY: ".tl svg text"}
    for path, text in words.items():
        page = opened(path, color_scheme="light")
        assert colour(page, text) < 200
        page.evaluate("document.body.dataset.theme = 'dark'")
        assert colour(page, text) > 600
        page.emulate_media(media="print")
        assert colour(page, text) < 200


def test_paper_has_the_page_and_not_what_is_clicked(opened: Open) -> None:
    page = opened(STORY, viewport=phone())
    page.emulate_media(media="print")
    assert page.locator(".tl > svg").first.is_visible()
    for gone in (".mobile-header", ".headerlink"):
        assert not page.locator(gone).first.is_visible()


def test_a_story_draws_the_kept_and_the_broken_promise_with_a_sentence_for_each(
    opened: Open,
) -> None:
    page = opened(STORY)
    pictures = page.locator(".tl > svg[role='img']")
    assert pictures.count() == page.locator(".run").count() > 1
    assert page.locator(".run.fail .tl > svg").count() >= 1
    assert all(picture.get_attribute("aria-label") for picture in pictures.all())


def test_the_keyboard_reaches_what_scrolls_on_its_own(opened: Open) -> None:
    page = opened(SPEC, viewport=phone())
    figure = page.locator("figure.diagram").first
    assert figure.evaluate("one => one.scrollWidth > one.clientWidth")
    figure.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('figure.diagram').scrollLeft > 0")
