"""The results that the documentation shows: reports that are kept, and the page made from them.

A report of a run is large and speaks of one machine: paths, times, process numbers. What is kept
in the repository is a report too, so everything that reads reports reads it, but without traces:
what each case and its job came to, and why, where the reason is the system's own. The matrix in
The page `docs/results/README.md` is made from nothing else, and a test fails while it says
anything else.
"""

import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import msgspec

from runall_harness.conformance.run_report import CaseReport, Report, SystemReport
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.places import page as page_of
from runall_harness.contract.verdicts import Verdict

from .comparison import Comparison, Row, compare, read_report
from .comparison_markdown import escaped, heads, rows_of, totals
from .generated_section import END, GeneratedPart, table, write_anew

BEGIN = "<!-- generated from results/*.json by `runall compare --write-page` -->"
PART = GeneratedPart("results/README.md", BEGIN, "matrix")
# Where the reason is one that somebody wrote down beforehand; all others tell of one machine.
REASONED = (Verdict.UNSUPPORTED, Verdict.KNOWN_FAILURE)
FIVE = tuple("12345")


# ------------------------------------------------------------------ what is kept
def slim(report: Report) -> Report:
    """The same report without traces, and without a word about the machine."""
    cases = [slim_case(case) for case in report.cases]
    system = msgspec.structs.replace(report.system, image="")  # a name that is known here only
    return msgspec.structs.replace(
        report, system=system, duration_s=round(report.duration_s), cases=cases
    )


def slim_case(case: CaseReport) -> CaseReport:
    """A case with its reason, if it has one, else with the clause that it broke."""
    first = case.message.partition("\n")[0].removeprefix("setup: ")
    keeps = case.verdict in REASONED or first.startswith("RA-")
    return msgspec.structs.replace(
        case,
        message=first if keeps else "",
        within_s=rounded(case.within_s),
        together_s=rounded(case.together_s),
        recovery_s=rounded(case.recovery_s),
        deadline_s=rounded(case.deadline_s),
        faults=[],
        executions=[],
        history=None,
    )


def rounded(seconds: float | None) -> float | None:
    """As many digits as mean anything on another machine."""
    return None if seconds is None else round(seconds, 2)


def file_name(report: Report) -> str:
    """What a kept report is called: by system, version, policy and rig."""
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


# ------------------------------------------------------------------ the page
def kept_reports(page: Path) -> list[tuple[str, Report]]:
    """The reports that are kept beside the page, by name. Raises `KitCannotRun` without any."""
    paths = sorted((page.parent / "reports").glob("*.json"))
    if not paths:
        hint = f"keep some there: runall compare --keep {page.parent / 'reports'} REPORT..."
        raise KitCannotRun(f"no report is kept beside {page}", hint)
    return [(path.name, read_report(path)) for path in paths]


def generated(reports: Sequence[tuple[str, Report]]) -> str:
    """The whole generated part, with its marks."""
    compared = compare(reports, "scenario")
    judged = [row for row in compared.rows if any(judges(row))]
    five = [row for row in judged if row.group.startswith(FIVE)]
    others = [row for row in judged if not row.group.startswith(FIVE)]
    parts = [
        BEGIN,
        "### The systems and their settings",
        systems(compared),
        "### The five failures",
        scenarios(compared, five),
        "### Everything around them",
        scenarios(compared, others),
        told_silent(len(compared.rows) - len(judged)),
        "### Why a case may fail, or was not judged",
        reasons(reports),
        END,
    ]
    return "\n\n".join(part for part in parts if part)


def judges(row: Row) -> list[bool]:
    """For each report, whether a case of that row was judged in it."""
    return [cell is not None and cell.verdict != Verdict.UNSUPPORTED for cell in row.cells]


def told_silent(count: int) -> str:
    """How many rows are left out."""
    return f"Cases that none of them supports have no row: {count}." if count else ""


def systems(compared: Comparison) -> str:
    """What each column is: versions, roles, what it declares, its own timings, and the counts."""
    about = [column.system for column in compared.reports]
    timings = dict.fromkeys(name for system in about for name in system.timings)
    rows = [
        ["roles that are merged", *(escaped(system.merged) for system in about)],
        ["capabilities", *(", ".join(system.capabilities) for system in about)],
        ["options", *(escaped(told_options(system)) for system in about)],
    ]
    for name in timings:
        stated = [system.timings.get(name) for system in about]
        told = ["" if seconds is None else f"{seconds:g} s" for seconds in stated]
        rows.append([name.replace("_", " "), *told])
    rows += [[name, *cells] for name, cells in totals(compared)]
    return table(("", *heads(compared)), rows)


def told_options(system: SystemReport) -> str:
    """The settings that a user may change, as they were in force."""
    return ", ".join(f"{name} {text}" for name, text in system.options.items())


def scenarios(compared: Comparison, rows: list[Row]) -> str:
    """A table for each feature, under its name."""
    parts: list[str] = []
    for feature, group in groupby(rows, lambda row: row.group):
        title = feature.replace("_", " ")
        parts += [f"#### {title}", table(("scenario", *heads(compared)), rows_of(list(group)))]
    return "\n\n".join(parts)


def reasons(reports: Sequence[tuple[str, Report]]) -> str:
    """What was declared beforehand or lacked, for each column, with the number of its cases."""
    parts: list[str] = []
    for column, (_, report) in zip(heads(compare(reports)), reports, strict=True):
        counts: dict[str, int] = {}
        for case in report.cases:
            if case.verdict in REASONED:
                line = f"{case.verdict}: {case.message}"
                counts[line] = counts.get(line, 0) + 1
        told = [f"- {line} ({n} case{'s' * (n > 1)})" for line, n in counts.items()]
        parts += [f"**{column}**", "\n".join(told)] if told else []
    return "\n\n".join(parts)


def renewed(page: str, reports: Sequence[tuple[str, Report]]) -> str:
    """The page with its generated part made anew. Raises `KitCannotRun` if it has no marks."""
    return PART.renewed(page, generated(reports))


def write_page() -> tuple[Path, bool]:
    """Bring the page up to date: where it is, and whether anything had to change."""
    path = page_of(PART.page)
    return path, write_anew(path, renewed(path.read_text("utf-8"), kept_reports(path)))
