"""The report of a run as JUnit XML, for build servers: a feature is a suite, a case is a test.

It keeps the schema that Jenkins checks (junit-10), which knows fewer attributes than junitparser
writes, and no properties of a case.
"""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite
from junitparser.junitparser import FinalResult

from runall_harness.conformance.run_report import CaseReport, Report
from runall_harness.contract.verdicts import Verdict

from .case_progress import reason, remark
from .printable import printable

# What each verdict is to a build server. What proves nothing is no pass.
RESULTS: dict[Verdict, type[FinalResult]] = {
    Verdict.FAIL: Failure,
    Verdict.UNEXPECTED_PASS: Failure,
    Verdict.INCONCLUSIVE: Error,
    Verdict.ERROR: Error,
    Verdict.UNSUPPORTED: Skipped,
    Verdict.SKIPPED: Skipped,
    Verdict.KNOWN_FAILURE: Skipped,
}


def write_junit(report: Report, path: Path) -> None:
    xml: Any = JUnitXml("runall")
    for feature, cases in groupby(report.cases, lambda case: case.feature):
        suite = TestSuite(feature)
        suite.add_testcases([test_of(case) for case in cases])
        for name, value in properties(report):
            suite.add_property(name, printable(value))
        xml.append(suite)
    xml.update_statistics()
    xml._elem.attrib.pop("skipped", None)
    xml.write(str(path), pretty=True)


def properties(report: Report) -> Iterator[tuple[str, str]]:
    system = report.system
    yield "system", f"{system.name} {system.version}"
    yield from [("policy", system.policy)] if system.policy else []
    yield from (("rig", report.rig), ("kit", report.kit), ("verdict", report.verdict))


def test_of(case: CaseReport) -> TestCase:
    name = case.id.removeprefix(f"{case.feature}/")
    test = TestCase(name=name, classname=case.feature, time=case.recovery_s or 0.0)
    if kind := RESULTS.get(case.verdict):
        result = kind(printable(reason(case) or case.verdict), case.verdict.value)
        result.text = printable(case.message)
        test.result = [result]
    test.system_out = printable("\n".join(told(case)))
    return test


def told(case: CaseReport) -> Iterator[str]:
    """What is worth a line of output: what became of the job, the clauses, where to look."""
    yield case.verdict + (f": {remark(case)}" if remark(case) else "")
    yield from [f"clauses: {' '.join(case.clauses)}"] if case.clauses else []
    yield from (f"{name}: {value}" for name, value in places(case) if value)


def places(case: CaseReport) -> Iterator[tuple[str, str | None]]:
    yield from (("scenario", case.place), ("history", case.history))
    yield from (("log", log) for log in case.logs)
