"""The folder of a run: each of its files is what the programs that read it expect."""

import json
import os
import shutil
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

import cucumber_messages
import msgspec
import pytest
from junitparser import JUnitXml
from runall_harness.conformance.run_report import Report, make_report, report_case, unknown
from runall_harness.contract.cases import Case, compiled, load_cases
from runall_harness.contract.verdicts import Verdict
from runall_harness.evidence.history import End, History, Judged, Step
from runall_harness.reports.comparison import read_report
from runall_harness.reports.run_folder import from_folder, write_folder
from support.browser import Visits
from support.example_history import example

BROKEN = """RA-1.1: A manual job that was interrupted MUST be run again.
  seen: </td> | `x` *gone*\x07"""
# What the schema junit-10 of Jenkins allows: the attributes of each element, and what it may hold.
JUNIT = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp"}
        | {"hostname", "id", "package", "file", "log", "url"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set[str](), {"property"}),
    "property": ({"name", "value"}, set[str]()),
    "testcase": (
        {"name", "time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": ({"type", "message"}, set[str]()),
    "error": ({"type", "message"}, set[str]()),
    "skipped": ({"type", "message"}, set[str]()),
    "system-out": (set[str](), set[str]()),
}


@cache
def cases() -> list[Case]:
    return load_cases()


def steps_of(case: Case) -> list[str]:
    [pickle] = [p for each, p in compiled(Path(case.file))[1] if each.id == case.id]
    return [step["text"] for step in pickle["steps"]]


def save_history(case: Case, folder: Path, verdict: Verdict) -> Path:
    """The example as the history of that case, which ends with its second step."""
    texts = steps_of(case)[:2] if verdict == Verdict.FAIL else steps_of(case)
    *lines, _ = example()
    lines += [Step(at=21 + n, number=n, text=f"Given {t}") for n, t in enumerate(texts, start=1)]
    failed = {"clause": "RA-1.1", "expected": "a rerun", "seen": "none", "step": 2}
    more: dict[str, Any] = failed if verdict == Verdict.FAIL else {}
    history = History([*lines, Judged(at=99, verdict=verdict, **more), End(at=100)])
    path = folder.joinpath("histories", *f"{case.id}.jsonl".split("/"))
    history.save(path)
    return path


def a_report(folder: Path) -> Report:
    """Two cases with histories, one that failed and one that passed, and one of each other kind."""
    first, second, *others = cases()
    reports: list[Any] = []
    for case, verdict in ((first, Verdict.FAIL), (second, Verdict.PASS)):
        history = str(save_history(case, folder, verdict))
        log = folder / "logs" / case.id / "w1.log"
        log.parent.mkdir(parents=True)
        log.write_text("it \x00 began\n")
        message = BROKEN if verdict == Verdict.FAIL else ""
        facts = {"history": history, "logs": [str(log)], "recovery_s": 3.1, "deadline_s": 60.0}
        reports.append(report_case(case, verdict, message, **facts))
    rest = [verdict for verdict in Verdict if verdict not in (Verdict.FAIL, Verdict.PASS)]
    reports += [report_case(c, v, f"why {v}") for c, v in zip(others, rest, strict=False)]
    command = ["runall", "conform", "--rig", "simulated"]
    made = {"kit": "0.1", "began": "2026-01-02T03:04:05+00:00", "command": command}
    return make_report(unknown("mine", ""), "simulated", 12.5, reports, **made)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of such a run, moved away from where it was written."""
    tmp_path = tmp_path_factory.mktemp("run")
    written, moved = tmp_path / "written", tmp_path / "mailed" / "run"
    write_folder(a_report(written), written)
    moved.parent.mkdir()
    shutil.move(written, moved)
    return moved


def test_whatever_a_file_of_the_folder_names_lies_in_it(folder: Path) -> None:
    report = read_report(folder / "report.json")
    named = [path for case in report.cases for path in (case.history, *case.logs) if path]
    assert len(named) == 4
    assert all((folder / path).is_file() and not Path(path).is_absolute() for path in named)
    assert str(folder.parent.parent) not in (folder / "index.html").read_text("utf-8")


def test_the_page_of_a_moved_folder_draws_and_its_links_open_what_lies_beside_it(
    folder: Path, visits: Visits
) -> None:
    page = visits.open((folder / "index.html").as_uri())
    page.locator("section.first").get_by_role("link").first.click()
    case = page.locator("details.case[data-drawn]")
    assert case.locator(".tl > svg").is_visible()
    links = case.locator(".sources a:not([href^='#'])")
    assert links.all_inner_texts() == ["history", "log of w1"]
    page.get_by_role("link", name="report.json").click()
    page.wait_for_url((folder / "report.json").as_uri())
    page.go_back()
    for link in links.all():
        target: str = link.evaluate("one => one.href")
        assert Path(url2pathname(urlsplit(target).path)).is_file()


def test_a_report_says_which_kit_made_it_when_and_by_which_command(folder: Path) -> None:
    report = read_report(folder / "report.json")
    assert (report.kit, report.began) == ("0.1", "2026-01-02T03:04:05+00:00")
    assert report.command == ["runall", "conform", "--rig", "simulated"]
    place, _, line = report.cases[0].place.rpartition(":")
    assert place.startswith("features/")
    assert int(line) > 1


def test_evidence_that_lies_elsewhere_keeps_its_path(tmp_path: Path) -> None:
    assert from_folder(str(tmp_path / "a" / "b"), tmp_path) == "a/b"
    assert from_folder("/elsewhere/b", tmp_path) == "/elsewhere/b"
    assert from_folder(os.path.relpath(tmp_path / "c"), tmp_path) == "c"


def test_the_junit_file_keeps_the_schema_of_jenkins(folder: Path) -> None:
    for element in ET.parse(folder / "junit.xml").getroot().iter():  # noqa: S314 - written here
        attributes, children = JUNIT[element.tag]
        assert element.attrib.keys() <= attributes, element.tag
        assert {child.tag for child in element} <= children, element.tag


def test_the_junit_file_counts_failures_errors_and_what_was_skipped(folder: Path) -> None:
    xml = cast(Any, JUnitXml).fromfile(str(folder / "junit.xml"))
    assert (xml.tests, xml.failures, xml.errors) == (8, 2, 2)
    failed = next(test for suite in xml for test in suite)
    assert failed.classname == cases()[0].feature
    assert "MUST be run again" in failed.result[0].text
    assert "histories/" in failed.system_out


def test_the_messages_are_cucumber_s_and_each_step_has_its_result(folder: Path) -> None:
    raw = (folder / "messages.ndjson").read_text("utf-8").splitlines()
    read: Any = cucumber_messages.message_converter
    envelopes = [read.from_dict(json.loads(line), cucumber_messages.Envelope) for line in raw]
    pickles = {each.pickle.id for each in envelopes if each.pickle}
    made = {each.test_case.id: each.test_case for each in envelopes if each.test_case}
    assert len(made) == 8
    assert {case.pickle_id for case in made.values()} <= pickles
    results: dict[str, list[str]] = {}
    for each in envelopes:
        if done := each.test_step_finished:
            case = done.test_case_started_id.removesuffix(" started")
            results.setdefault(case, []).append(done.test_step_result.status.value)
    first, second, *_ = cases()
    assert results[first.id][:3] == ["PASSED", "FAILED", "SKIPPED"]
    assert set(results[second.id]) == {"PASSED"}
    ids = [each.pickle.id for each in envelopes if each.pickle]
    assert len(ids) == len(set(ids))


def test_the_summary_says_what_failed_and_how_to_see_it_again(folder: Path) -> None:
    text = (folder / "summary.md").read_text("utf-8")
    first = cases()[0]
    assert text.startswith("# Run All: error\n")
    assert f"**fail** `{first.id}`" in text
    assert f"runall conform --rig simulated --scenario {first.id}" in text


def test_text_from_outside_is_no_markup_of_the_summary(folder: Path) -> None:
    [line] = [t for t in (folder / "summary.md").read_text("utf-8").splitlines() if "gone" in t]
    assert line.strip() == "seen: \\</td\\> \\| \\`x\\` \\*gone\\*\ufffd"


def test_a_run_whose_histories_are_gone_still_has_its_page(tmp_path: Path) -> None:
    report = a_report(tmp_path)
    shutil.rmtree(tmp_path / "histories")
    bare = [msgspec.structs.replace(case, logs=[]) for case in report.cases]
    write_folder(msgspec.structs.replace(report, cases=bare), tmp_path)
    assert "MUST be run again" in (tmp_path / "index.html").read_text("utf-8")
