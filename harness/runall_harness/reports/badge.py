"""A badge of a run, as a file that shields.io reads: https://shields.io/badges/endpoint-badge."""

import msgspec

from runall_harness.conformance.run_report import Report
from runall_harness.contract.verdicts import Verdict

COLOURS = {
    "conformant": "brightgreen",
    "not conformant": "red",
    "inconclusive": "yellow",
    "error": "lightgrey",
}


class Badge(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What shields.io draws: two words, and the colour of the second."""

    schema_version: int = 1
    label: str
    message: str
    color: str


def make_badge(report: Report) -> Badge:
    """The badge of a run: the system, the verdict, and how many of its cases passed."""
    passed = f"{report.summary[Verdict.PASS]} of {len(report.cases)}"
    return Badge(
        label=f"run all: {report.system.name} {report.system.version}",
        message=f"{report.verdict}, {passed}",
        color=COLOURS[report.verdict],
    )
