"""What the kept reports say of each clause: the last result of each system.

A system counts in its latest release, in each of its settings. The policies of the reference are
releases of history, and stand on its own page only.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from runall_harness.conformance.run_report import CaseReport, Report
from runall_harness.contract.places import page
from runall_harness.reports.comparison import Cell, cell
from runall_harness.reports.results_page import kept_reports, page_name

REFERENCE = "reference"


class Entrant(NamedTuple):
    """A system in one of its settings, with the cases of all runs that are kept of it."""

    title: str
    page: str
    cases: tuple[CaseReport, ...]

    def of_clause(self, clause: str) -> Cell | None:
        return cell([case for case in self.cases if clause in case.clauses])

    def of_case(self, name: str) -> Cell | None:
        return cell([case for case in self.cases if case.id == name])


@cache
def entrants() -> tuple[Entrant, ...]:
    """The reference first, then all others by name."""
    reports = latest(kept_reports(page("results/README.md")))
    names = sorted({(r.system.name != REFERENCE, r.system.name, r.system.policy) for r in reports})
    return tuple(
        entrant([r for r in reports if (r.system.name, r.system.policy) == (name, policy)])
        for _, name, policy in names
    )


def latest(reports: Iterable[Report]) -> list[Report]:
    """The reports of each system's latest release."""
    known = [r for r in reports if r.system.policy == REFERENCE or r.system.name != REFERENCE]
    last: dict[str, str] = {}
    for report in known:
        name, version = report.system.name, report.system.version
        last[name] = max(last.get(name, ""), version, key=in_numbers)
    return [r for r in known if r.system.version == last[r.system.name]]


def in_numbers(version: str) -> list[int]:
    return [int("".join(filter(str.isdigit, part)) or 0) for part in version.split(".")]


def entrant(reports: Sequence[Report]) -> Entrant:
    system = reports[0].system
    policy = "" if system.policy == system.name else system.policy
    title = " ".join(word for word in (system.name, system.version, policy) if word)
    cases = tuple(case for report in reports for case in report.cases)
    return Entrant(title, f"docs/results/{page_name(system.name).removesuffix('.md')}", cases)
