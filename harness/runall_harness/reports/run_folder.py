"""The folder of a run: its page, its report for programs and for build servers, and all evidence.

It can be moved, mailed and opened from disk: whatever its files name lies in it, and they name it
by its place in the folder.
"""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from runall_harness.conformance.run_report import CaseReport, Report, encode

REPORT, PAGE, JUNIT = "report.json", "index.html", "junit.xml"
MESSAGES, SUMMARY, BADGE = "messages.ndjson", "summary.md", "badge.json"
FILES = (REPORT, JUNIT, MESSAGES, SUMMARY)


def write_folder(report: Report, folder: Path) -> None:
    """Write all files about a run whose histories and logs were saved in that folder."""
    from .badge import make_badge
    from .cucumber import write_messages
    from .junit import write_junit
    from .page import render
    from .run_page import page_of
    from .summary_markdown import summary_markdown

    folder.mkdir(parents=True, exist_ok=True)
    report = within(report, folder)
    (folder / REPORT).write_text(encode(report) + "\n", "utf-8")
    (folder / BADGE).write_text(encode(make_badge(report)) + "\n", "utf-8")
    (folder / SUMMARY).write_text(summary_markdown(report), "utf-8")
    write_junit(report, folder / JUNIT)
    page = page_of(report, folder, files=FILES)
    (folder / PAGE).write_text(render(page), "utf-8")
    drawn = {entry.id: entry.timeline for entry in page.entries if entry.timeline}
    write_messages(report, drawn, folder / MESSAGES)


def within(report: Report, folder: Path) -> Report:
    """The report with the paths of its evidence as they are from that folder."""
    return with_paths(report, lambda path: from_folder(path, folder))


def seen_from(report: Report, folder: Path, place: Path) -> Report:
    """The report of that folder with the paths of its evidence as they are from another place."""
    return with_paths(report, lambda path: Path(os.path.relpath(folder / path, place)).as_posix())


def with_paths(report: Report, path_of: Callable[[str], str]) -> Report:
    def moved(case: CaseReport) -> CaseReport:
        history = case.history and path_of(case.history)
        return msgspec.structs.replace(case, history=history, logs=[*map(path_of, case.logs)])

    return msgspec.structs.replace(report, cases=[moved(case) for case in report.cases])


def from_folder(path: str, folder: Path) -> str:
    """A path as it is from the folder; one that lies elsewhere stays what it is."""
    full, base = os.path.abspath(path), os.path.abspath(folder)  # noqa: PTH100 - no link is followed
    inside = Path(full).is_relative_to(base)
    return Path(full).relative_to(base).as_posix() if inside else path
