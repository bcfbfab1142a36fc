"""The results in the documentation: reports that are kept, and the pages made from them.

The report of a run is large and describes one machine: paths, times, process ids. The kept report
has the same format, so that the same programs can read it, but no traces. It holds the verdict of
each case, the outcome of its job, and the reason, where the system gives it. The summary in
`docs/results/README.md`, and the page of each system beside it, are made from these reports alone,
and a test fails if they differ.
"""

import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import msgspec

from runall_harness.conformance.run_report import MADE, CaseReport, Report
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.places import page as page_of
from runall_harness.contract.verdicts import Verdict

from .case_progress import MARKS, count_reasons, reason
from .comparison import Column, Comparison, Row, compare, read_report
from .comparison_markdown import head_line, rows_of
from .generated_section import END, GeneratedPart, table, write_anew

BEGIN = "<!-- generated from reports/*.json by `runall compare --write-page` -->"
PART = GeneratedPart("results/README.md", BEGIN, "summary")
NOTE = f"""{BEGIN}

[How to read it](README.md#how-to-read-it). Each column is one run of all cases."""
# Verdicts whose reason was written down before the run; other reasons depend on the machine.
REASONED = (Verdict.UNSUPPORTED, Verdict.KNOWN_FAILURE)
SECONDS = ("within_s", "together_s", "recovery_s", "deadline_s")
FIVE = tuple("12345")


def slim(report: Report) -> Report:
    """The same report without traces, and without anything about the machine."""
    cases = [slim_case(case) for case in report.cases]
    system = msgspec.structs.replace(report.system, image="")  # a name that is known here only
    return msgspec.structs.replace(
        report, system=system, duration_s=round(report.duration_s), cases=cases, **MADE
    )


def slim_case(case: CaseReport) -> CaseReport:
    """A case with its reason, if it has one, else with the clause that it broke."""
    first = reason(case)
    keeps = case.verdict in REASONED or first.startswith("RA-")
    return msgspec.structs.replace(
        case,
        message=first if keeps else "",
        **{name: rounded(getattr(case, name)) for name in SECONDS},
        faults=[],
        executions=[],
        history=None,
        place="",
        logs=[],
    )


def rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)


def file_name(report: Report) -> str:
    system = report.system
    words = (system.name, system.version, system.policy, report.rig)
    return "-".join(re.sub(r"[^\w.]+", "_", word) for word in words if word) + ".json"


def keep_report(folder: Path, report: Report) -> Path:
    """Write what a comparison needs of a report into that folder: one case a line."""
    path = folder / file_name(report)
    folder.mkdir(parents=True, exist_ok=True)
    small = slim(report)
    frame = msgspec.json.format(msgspec.json.encode(msgspec.structs.replace(small, cases=[])))
    cases = b",\n".join(b"    " + msgspec.json.encode(case) for case in small.cases)
    before, _, after = frame.rpartition(b"[]")
    path.write_bytes(before + b"[\n" + cases + b"\n  ]" + after + b"\n")
    return path


def kept_reports(page: Path) -> list[Report]:
    """The reports that are kept beside the page, by their files' names. Raises `KitCannotRun`."""
    paths = sorted((page.parent / "reports").glob("*.json"))
    if not paths:
        hint = f"keep some there: runall compare --keep {page.parent / 'reports'} REPORT..."
        raise KitCannotRun(f"no report is kept beside {page}", hint)
    return [read_report(path) for path in paths]


def pages(page: Path) -> dict[Path, str]:
    """The text of each page: the one with the summary, and one for each system beside it."""
    reports = kept_reports(page)
    texts = {page: PART.renewed(page.read_text("utf-8"), summary(reports))}
    for name, own in by_system(reports).items():
        texts[page.with_name(page_name(name))] = system_page(name, own)
    return texts


def write_pages() -> dict[Path, bool]:
    """Bring the pages up to date: each path, with whether its text has changed."""
    return {path: write_anew(path, text) for path, text in pages(page_of(PART.page)).items()}


def by_system(reports: Sequence[Report]) -> dict[str, list[Report]]:
    found: dict[str, list[Report]] = {}
    for report in reports:
        found.setdefault(report.system.name, []).append(report)
    return found


def page_name(system: str) -> str:
    return re.sub(r"[^\w.]+", "_", system) + ".md"


def summary(reports: Sequence[Report]) -> str:
    """A row for each run, with how often each verdict was given in each of the five failures."""
    five = sorted({c.feature for r in reports for c in r.cases if c.feature.startswith(FIVE)})
    head = ("run", *(feature.replace("_", " ") for feature in five), "all others")
    rows = [summary_row(report, five) for report in reports]
    return "\n\n".join((BEGIN, table(head, rows), END))


def summary_row(report: Report, five: Sequence[str]) -> list[str]:
    rows = compare([("", report)], "scenario").rows
    groups = [[row for row in rows if row.group == feature] for feature in five]
    groups.append([row for row in rows if row.group not in five])
    link = f"[{head_line(report)}]({page_name(report.system.name)})"
    return [link, *map(counts, groups)]


def counts(rows: Sequence[Row]) -> str:
    """How often each verdict was given in the only report of these rows, by its mark."""
    verdicts = [cell.verdict for row in rows for cell in row.cells if cell]
    return " ".join(f"{MARKS[v][0]} {verdicts.count(v)}" for v in Verdict if v in verdicts)


def system_page(name: str, reports: Sequence[Report]) -> str:
    compared = compare([(name, report) for report in reports], "scenario")
    judged = [row for row in compared.rows if is_judged(row)]
    silent = len(compared.rows) - len(judged)
    parts = [
        f"# {name}: what was seen",
        NOTE,
        "## The five failures",
        scenarios(compared, [row for row in judged if row.group.startswith(FIVE)]),
        "## Everything around them",
        scenarios(compared, [row for row in judged if not row.group.startswith(FIVE)]),
        f"Cases that none of them supports have no row: {silent}." if silent else "",
        "## The runs",
        *(
            run_part(column, report)
            for column, report in zip(compared.reports, reports, strict=True)
        ),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def is_judged(row: Row) -> bool:
    return any(cell is not None and cell.verdict != Verdict.UNSUPPORTED for cell in row.cells)


def scenarios(compared: Comparison, rows: list[Row]) -> str:
    head, parts = ("scenario", *map(head_line, compared.reports)), list[str]()
    for feature, group in groupby(rows, lambda row: row.group):
        parts += [f"### {feature.replace('_', ' ')}", table(head, rows_of(list(group)))]
    return "\n\n".join(parts)


def run_part(column: Column, report: Report) -> str:
    """One run: roles, capabilities, options, the system's own timings, counts, and reasons."""
    system = report.system
    facts = [
        ("roles that are merged", system.merged),
        ("capabilities", ", ".join(system.capabilities)),
        *((f"option {name}", value) for name, value in system.options.items()),
        *((n.replace("_", " "), f"{seconds:g} s") for n, seconds in system.timings.items()),
        *((str(verdict), str(n)) for verdict, n in column.summary.items() if n),
        ("verdict", column.verdict),
    ]
    rows = [fact for fact in facts if fact[1]]
    parts = [f"### {head_line(report)}", table(("", ""), rows), reasons(report)]
    return "\n\n".join(part for part in parts if part)


def reasons(report: Report) -> str:
    lines = count_reasons(report.cases, REASONED)
    listed = "\n".join(f"- {line}" for line in lines)
    return listed and f"Why a case may fail, or was not judged:\n\n{listed}"
