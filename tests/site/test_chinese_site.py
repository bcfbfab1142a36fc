"""The site in Chinese: no sentence of its first level is missing, doubtful or stale."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from runall_harness.contract.clauses import clauses
from runall_harness.contract.words import read_words
from runall_harness.site.languages import CHINESE, ONLY_ENGLISH, is_in_catalogs, is_translated
from support.browser import Visits, serious_faults
from support.places import ROOT

CATALOGS = ROOT / "docs" / "locales" / "zh_CN" / "LC_MESSAGES"
# What the theme says is in this catalog, and comes from no page.
THEME = "sphinx"
# What a translation must have as its English sentence has it.
FIXED = re.compile(r"`[^`]+`|\]\([^)]*\)|RA-\d+\.\d+")
STORY = "docs/stories/1-worker-lost.html"


def catalog(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="zh_CN")


def sentences(path: Path) -> dict[str, Any]:
    return {str(one.id): one for one in catalog(path) if one.id}


def pages(folder: Path, suffix: str) -> set[str]:
    return {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob(suffix)}


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sentences of the pages as they are now."""
    folder = tmp_path_factory.mktemp("catalogs")
    command = [sys.executable, "-m", "runall_harness.cli", "docs", str(folder), "--catalogs"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_of_the_first_level_has_a_catalog_and_no_other_has(templates: Path) -> None:
    assert pages(templates, "*.pot") == pages(CATALOGS, "*.po") - {THEME}
    assert {"index", "reference/SPEC", "docs/tutorial"} <= pages(templates, "*.pot")


def test_no_translation_is_missing_doubtful_or_of_a_sentence_that_is_gone(templates: Path) -> None:
    hint = "see CONTRIBUTING.md, A sentence of a page"
    assert list(troubles(templates)) == [], hint


def troubles(templates: Path) -> Iterator[str]:
    for page in sorted(pages(templates, "*.pot")):
        wanted = sentences(templates / f"{page}.pot")
        known = sentences(CATALOGS / f"{page}.po")
        yield from (f"{page}: gone: {text}" for text in known if text not in wanted)
        for text in wanted:
            if text not in known or not known[text].string:
                yield f"{page}: not translated: {text}"
            elif known[text].fuzzy:
                yield f"{page}: changed: {text}"


def test_a_translation_has_the_code_the_links_and_the_clauses_of_its_sentence() -> None:
    for page in sorted(pages(CATALOGS, "*.po")):
        for text, found in sentences(CATALOGS / f"{page}.po").items():
            both = [Counter(FIXED.findall(one)) for one in (text, str(found.string))]
            assert both[0] == both[1], f"{page}: {text}"


def test_the_sentence_of_a_clause_stands_in_its_own_table_and_in_no_catalog(site: Path) -> None:
    texts = {clause.text for clause in clauses().values()}
    assert texts & set(sentences(CATALOGS / "reference" / "SPEC.po")) == set()
    page = (site / CHINESE / "reference" / "SPEC.html").read_text("utf-8")
    plain = re.sub(r"<[^>]*>", "", page)
    assert [text for text in read_words(CHINESE).clauses.values() if text not in plain] == []
    assert [text for text in texts if text in plain] == []


def test_every_page_leads_to_itself_in_the_other_language(site: Path) -> None:
    chinese = {path for path in pages(site, "*.html") if path.startswith(f"{CHINESE}/")}
    english = pages(site, "*.html") - chinese
    assert {path.removeprefix(f"{CHINESE}/") for path in chinese} == english
    for page in english - {"search"}:
        for path in (site / f"{page}.html", site / CHINESE / f"{page}.html"):
            [(link, tag)] = re.findall(
                r'<p class="languages">.*?href="([^"]*)" lang="([^"]*)"', path.read_text("utf-8")
            )
            target = (path.parent / link).resolve()
            other = site if tag == "en" else site / CHINESE
            assert target == (other / f"{page}.html").resolve()


def test_a_chinese_page_says_so_where_it_is_english(site: Path) -> None:
    folder = site / CHINESE
    for page in pages(folder, "*.html") - {"search"}:
        text = (folder / f"{page}.html").read_text("utf-8")
        assert '<html class="no-js" lang="zh-CN"' in text
        assert (ONLY_ENGLISH in text) != is_translated(page), page
    assert not is_in_catalogs("docs/mutants")


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_a_story_in_chinese_draws_reads_and_leads_to_the_english_one(
    visits: Visits, site: Path, colours: str
) -> None:
    url = (site / CHINESE / STORY).as_uri()
    page = visits.open(url, color_scheme=colours, viewport={"width": 1200, "height": 900})
    picture = page.locator(".tl > svg[role='img']").first
    picture.wait_for()
    assert "重新运行" in (picture.get_attribute("aria-label") or "")
    assert "期限" in page.locator(".run").first.inner_text()
    assert serious_faults(page) == []
    page.get_by_role("link", name="English").click()
    page.wait_for_url(f"**/{STORY}")
    page.get_by_role("link", name="中文").click()
    page.wait_for_url(f"**/{CHINESE}/{STORY}")


def test_the_search_finds_a_chinese_word(visits: Visits, site: Path) -> None:
    page = visits.open(f"{(site / CHINESE / 'search.html').as_uri()}?q=租约")
    page.locator("#search-results li a").first.click()
    page.wait_for_selector("h1")
    assert "租约" in page.locator("article").inner_text()
