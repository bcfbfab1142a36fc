"""The page of a report, as text: what it says without JavaScript, and that nothing escapes."""

import base64
import json
import re
import zlib
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from runall_harness.evidence.history import AnyLine, Fault, Seen, Witnessed
from runall_harness.reports.page import Entry, Page, case_page, render
from runall_harness.reports.page.model import Log
from support.example_history import example

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&lt;"


class Tags(HTMLParser):
    """All tags of a page with their attributes, and its text without scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.silent = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.silent = tag if tag in ("script", "style") else self.silent

    def handle_endtag(self, tag: str) -> None:
        self.silent = "" if tag == self.silent else self.silent

    def handle_data(self, data: str) -> None:
        self.text += "" if self.silent else data


def packed(page: str) -> list[dict[str, Any]]:
    found = re.search(r'id="pack">(.*?)</script>', page, re.DOTALL)
    assert found
    made: list[dict[str, Any]] = json.loads(zlib.decompress(base64.b64decode(found[1])))
    return made


def with_evil(lines: list[AnyLine]) -> list[AnyLine]:
    """The same history of a scheduler, a rig and a job that mean ill."""
    changed: list[AnyLine] = []
    for line in lines:
        if isinstance(line, Fault):
            proof = msgspec.structs.replace(line.proof, evidence=EVIL)
            line = msgspec.structs.replace(line, proof=proof)
        elif isinstance(line, Seen):
            job = msgspec.structs.replace(line.job, description=EVIL)
            line = msgspec.structs.replace(line, job=job)
        elif isinstance(line, Witnessed):
            run = msgspec.structs.replace(line.execution, params={"month": EVIL, EVIL: "x"})
            line = msgspec.structs.replace(line, execution=run)
        changed.append(line)
    return changed


def test_a_page_says_its_verdict_its_clause_and_its_evidence_without_a_script() -> None:
    text = Tags(case_page(example(month_of_the_rerun="June"), title="A report in May")).text
    for word in ("fail", "A report in May", "RA-4.3", "its process is gone", "June"):
        assert word in text
    assert "The rerun came after 3.10 s" in text


def test_a_page_loads_nothing_and_links_to_nothing_outside() -> None:
    tags = Tags(case_page(example())).tags
    assert not [tag for tag, _ in tags if tag in ("link", "img", "iframe", "object", "embed")]
    assert not [at for _, at in tags if "src" in at or re.match("[a-z]+:", at.get("href") or "")]
    [policy] = [at["content"] for _, at in tags if at.get("http-equiv")]
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_text_from_outside_is_text_wherever_it_comes_from() -> None:
    lines = with_evil(example(month_of_the_rerun="June"))
    logs = [Log(node=EVIL, href=f"logs/{EVIL}", tail=EVIL)]
    harmless, page = (
        case_page(example(month_of_the_rerun="June"), title="t", again="a", logs=logs[:0]),
        case_page(lines, title=EVIL, again=EVIL, logs=logs, notes=[EVIL]),
    )
    count = [tag for tag, _ in Tags(harmless).tags].count
    got = [tag for tag, _ in Tags(page).tags].count
    assert (got("script"), got("img")) == (count("script"), count("img"))
    assert not [at for _, at in Tags(page).tags if "onerror" in at]
    assert EVIL in Tags(page).text
    assert packed(page)[0]["logs"][0]["tail"] == EVIL


def test_the_time_lines_are_packed_in_the_order_of_the_cases() -> None:
    entries = [
        Entry(id=f"{group}/{n}", title=str(n), verdict="pass", group=group, again=f"{group}{n}")
        for n, group in enumerate(("a", "b", "a"))
    ]
    page = render(Page(title="t", verdict="conformant", entries=entries))
    numbers = [(at["id"], at["data-n"]) for _, at in Tags(page).tags if "data-n" in at]
    assert numbers == [("a/0", "0"), ("a/2", "1"), ("b/1", "2")]
    assert len(packed(page)) == 3


def test_the_first_trouble_stands_before_all_cases_and_is_one_click_away() -> None:
    entries = [
        Entry(id="f/good", title="Good", verdict="pass"),
        Entry(id="f/bad/manual#2", title="Bad", verdict="fail", message="it was lost"),
    ]
    page = render(Page(title="t", verdict="not conformant", entries=entries))
    assert page.index("it was lost") < page.index('id="cases"')
    assert [at["href"] for tag, at in Tags(page).tags if tag == "a"][1] == "#f/bad/manual%232"


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_page_of_no_cases_is_a_page_too(count: int) -> None:
    entries = [Entry(id=str(n), title=str(n), verdict="skipped") for n in range(count)]
    assert (
        "inconclusive"
        in Tags(render(Page(title="t", verdict="inconclusive", entries=entries))).text
    )
