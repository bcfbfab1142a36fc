"""The site: whole, without a dangling link, and checked so that none can come."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
from docutils import nodes
from runall_harness.contract.cases import load_cases
from runall_harness.contract.clauses import clauses
from runall_harness.contract.errors import KitCannotRun
from runall_harness.mutants import ALL, REAL
from runall_harness.site.bug_pages import unnamed
from runall_harness.site.build import run_sphinx
from runall_harness.site.clause_block import ClauseDirective
from runall_harness.site.objects import CASE, anchor_of
from runall_harness.site.played import read_command
from runall_harness.site.settings import SiteOptions
from runall_harness.site.specification import specification
from runall_harness.site.time_line import write_played
from support.places import ROOT


class Page(HTMLParser):
    """The places of a page, and where its links lead."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.places: set[str] = set()
        self.links: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        known = {name: value or "" for name, value in attrs}
        self.places |= {known["id"]} if "id" in known else set()
        self.links |= {known[name] for name in ("href", "src") if name in known}


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in sorted(site.rglob("*.html"))}


def dangling(pages: dict[Path, Page]) -> Iterator[str]:
    for path, page in pages.items():
        for link in page.links:
            file, anchor = urldefrag(link)
            if re.match(r"[a-z]+:", file):
                continue
            target = (path.parent / unquote(file).partition("?")[0]).resolve() if file else path
            known = pages.get(target)
            there = target.exists() and (not anchor or not known or anchor in known.places)
            if not there:
                yield f"{path.name}: {link}"


def test_every_link_and_every_file_of_a_page_is_there(pages: dict[Path, Page]) -> None:
    assert len(pages) > 60
    assert list(dangling(pages)) == []


def test_nothing_is_loaded_from_outside(pages: dict[Path, Page]) -> None:
    for path in pages:
        tags = re.findall(r"<(?:script|link|img|iframe)\b[^>]*>", path.read_text("utf-8"))
        assert [tag for tag in tags if re.search(r'(?:src|href)="(?:https?:)?//', tag)] == []


def test_every_clause_has_its_place_its_sentence_its_cases_and_its_results(
    pages: dict[Path, Page], site: Path
) -> None:
    path = site / "reference" / "SPEC.html"
    assert set(clauses()) <= pages[path].places
    blocks = dict(
        re.findall(
            r'<div class="clause[^>]* id="(RA-[\d.]+)">(.*?)</details>',
            path.read_text("utf-8"),
            re.DOTALL,
        )
    )
    assert set(blocks) == set(clauses())
    for name, block in blocks.items():
        assert re.search(r"reference [\d.]+: \w", re.sub(r"<[^>]*>", "", block)), name
        assert "../cases/" in block, name


def test_every_case_has_its_place(pages: dict[Path, Page], site: Path) -> None:
    lacking = [
        case.id
        for case in load_cases()
        if anchor_of(CASE, case.id) not in pages[site / "cases" / f"{case.feature}.html"].places
    ]
    assert lacking == []


def test_every_story_shows_a_kept_and_a_broken_promise(site: Path) -> None:
    stories = sorted((site / "docs" / "stories").glob("[1-5]-*.html"))
    assert len(stories) == 5
    for story in stories:
        text = story.read_text("utf-8")
        assert 'class="run pass' in text, story.name
        assert 'class="run fail' in text, story.name


def no_margin(*_: object) -> nodes.Element:
    return nodes.container()


def build_page(folder: Path, text: str) -> Path:
    """Build a site of the specification and one page with that text."""
    source, out = folder / "source", folder / "out"
    (source / "reference").mkdir(parents=True)
    spec = "# The promise\n\n- **RA-1.1** (core) A job MUST be run again.\n"
    (source / "index.md").write_text("# Home\n\n```{toctree}\nreference/SPEC\npage\n```\n")
    (source / "reference" / "SPEC.md").write_text(specification(spec), "utf-8")
    (source / "page.md").write_text(f"# A page\n\n{text}\n", "utf-8")
    write_played(source, {})
    with pytest.MonkeyPatch.context() as patch:
        # The pages of systems and cases, to which a margin leads, are not in so small a site.
        patch.setattr(ClauseDirective, "margin", no_margin)
        run_sphinx(source, folder, out, SiteOptions())
    return out / "page.html"


def test_a_clause_in_prose_becomes_a_link(tmp_path: Path) -> None:
    page = build_page(tmp_path, "It breaks RA-1.1, and `RA-1.1` is code.")
    assert page.read_text("utf-8").count('href="reference/SPEC.html#RA-1.1"') == 1


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("It breaks RA-1.99.", "no clause RA-1.99"),
        ("{runall:case}`1_worker_lost/no-such/manual`", "no case 1_worker_lost/no-such/manual"),
        ("[There](nowhere.md)", "nowhere.md"),
        ("[There](reference/SPEC.md#no-such-heading)", "no-such-heading"),
        ("{doc}`nowhere`", "nowhere"),
    ],
)
def test_what_leads_nowhere_fails_the_build(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(KitCannotRun, match=re.escape(named)):
        build_page(tmp_path, text)


def test_a_clause_is_one_line_for_those_who_translate_it() -> None:
    page = "- **RA-1.1** (core) A job\n  MUST run.\n  > Why it\n  > must.\n- **RA-1.2** (core) So."
    first, second = specification(page).split(":::{runall:clause} ")[1:]
    assert first == "RA-1.1\n\nA job MUST run.\n\n> Why it\n> must.\n:::\n\n"
    assert second.startswith("RA-1.2\n\nSo.\n")


@pytest.mark.parametrize("command", ["runall check x", "runall conform --rig docker --scenario x"])
def test_a_time_line_of_another_command_is_refused(command: str) -> None:
    with pytest.raises(KitCannotRun, match="can't be made"):
        read_command(command)


def test_every_scheduler_whose_issue_a_mutant_names_has_its_bugs_listed() -> None:
    assert unnamed((*ALL, *REAL)) == []


def test_the_vendored_script_is_the_one_that_is_named() -> None:
    from hashlib import sha256

    folder = ROOT / "harness" / "runall_harness" / "site" / "vendored"
    rows = re.findall(
        r"^\| (\S+) \|.*\| ([0-9a-f]{64}) \|$",
        (folder / "README.md").read_text("utf-8"),
        re.MULTILINE,
    )
    assert [name for name, _ in rows] == ["mermaid.tiny.js"]
    for name, known in rows:
        assert sha256((folder / name).read_bytes()).hexdigest() == known
