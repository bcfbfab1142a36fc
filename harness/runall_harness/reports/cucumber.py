"""The report of a run as Cucumber Messages, for the tools that read `messages.ndjson`.

The features and their pickles come from the official parser, and what became of each step from the
saved histories. A case that the installed features don't have is left out, because its message must
point to a pickle.
"""

import platform
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from gherkin.stream.id_generator import IdGenerator

from runall_harness.conformance.run_report import CaseReport, Report
from runall_harness.contract.cases import base_id, compiled, feature_folder
from runall_harness.contract.verdicts import Verdict

from .timeline import HistoryTimeline
from .timeline.model import StepSpan

PROTOCOL, RUN = "34.0.0", "run"
NANO = 1_000_000_000
Message = dict[str, Any]
# How the step is called on which a case with this verdict ended.
STATUSES = {
    Verdict.PASS: "PASSED",
    Verdict.UNEXPECTED_PASS: "PASSED",
    Verdict.KNOWN_FAILURE: "SKIPPED",
    Verdict.UNSUPPORTED: "SKIPPED",
    Verdict.SKIPPED: "SKIPPED",
    Verdict.INCONCLUSIVE: "PENDING",
}
WELL = ("PASSED", "SKIPPED")


def write_messages(report: Report, timelines: Mapping[str, HistoryTimeline], path: Path) -> None:
    """Write the messages; `timelines` are those of the cases, by id, where a history was saved."""
    with path.open("wb") as file:
        for message in messages(report, timelines):
            file.write(msgspec.json.encode(message) + b"\n")


def messages(report: Report, timelines: Mapping[str, HistoryTimeline]) -> Iterator[Message]:
    began = began_at(report)
    yield {"meta": meta(report)}
    pickles, ids = dict[str, Message](), IdGenerator()
    for path in sorted(feature_folder().rglob("*.feature")):
        yield from feature(path, report, pickles, ids)
    yield {"testRunStarted": {"id": RUN, "timestamp": moment(began)}}
    known = [case for case in report.cases if base_id(case.id) in pickles]
    for case in known:
        yield {"testCase": test_case(case, pickles[base_id(case.id)])}
    for case in known:
        timeline = timelines.get(case.id)
        yield from story(case, pickles[base_id(case.id)], timeline, began)
    success = report.verdict == "conformant"
    finished = moment(began + report.duration_s)
    yield {"testRunFinished": {"testRunStartedId": RUN, "success": success, "timestamp": finished}}


def meta(report: Report) -> Message:
    return {
        "protocolVersion": PROTOCOL,
        "implementation": {"name": "runall-kit", "version": report.kit or "unknown"},
        "runtime": {"name": platform.python_implementation(), "version": platform.python_version()},
        "os": {"name": platform.system(), "version": platform.release()},
        "cpu": {"name": platform.machine()},
    }


def feature(
    path: Path, report: Report, pickles: dict[str, Message], ids: IdGenerator
) -> Iterator[Message]:
    """One feature file of which a case was run; its pickles are added by the ids of their cases."""
    ran = {base_id(case.id) for case in report.cases if case.feature == path.stem}
    if not ran:
        return
    uri = f"{path.parent.name}/{path.name}"
    document, cases = compiled(path, ids)
    media = "text/x.cucumber.gherkin+plain"
    yield {"source": {"uri": uri, "data": path.read_text("utf-8"), "mediaType": media}}
    yield {"gherkinDocument": document | {"uri": uri}}
    for case, pickle in cases:
        pickles[case.id] = pickle
        yield {"pickle": pickle | {"uri": uri}}


def test_case(case: CaseReport, pickle: Message) -> Message:
    steps = [
        {"id": step_id(case, number), "pickleStepId": step["id"]}
        for number, step in enumerate(pickle["steps"], start=1)
    ]
    return {"id": case.id, "pickleId": pickle["id"], "testRunStartedId": RUN, "testSteps": steps}


def story(
    case: CaseReport, pickle: Message, timeline: HistoryTimeline | None, began: float
) -> Iterator[Message]:
    """What became of a case, step by step; one that was not reached is skipped."""
    spans = {step.number: step for step in timeline.steps} if timeline else {}
    zero = timeline.zero if timeline else began
    last, numbers = max(spans, default=1), range(1, len(pickle["steps"]) + 1)
    started = {"id": f"{case.id} started", "testCaseId": case.id, "attempt": 0}
    yield {"testCaseStarted": started | {"timestamp": moment(zero + first(spans))}}
    for number in numbers:
        status = status_of(case, number, last, len(numbers))
        yield from step(case, number, spans.get(number), zero, status)
    finished = {"testCaseStartedId": started["id"], "willBeRetried": False}
    until = max((span.until for span in spans.values()), default=0.0)
    yield {"testCaseFinished": finished | {"timestamp": moment(zero + until)}}


def step(
    case: CaseReport, number: int, span: StepSpan | None, zero: float, status: str
) -> Iterator[Message]:
    since, until = (span.since, span.until) if span else (0.0, 0.0)
    which = {"testCaseStartedId": f"{case.id} started", "testStepId": step_id(case, number)}
    yield {"testStepStarted": which | {"timestamp": moment(zero + since)}}
    result: Message = {"status": status, "duration": moment(until - since)}
    if status not in WELL or (status == "SKIPPED" and case.message and number == 1):
        result["message"] = case.message
    ended = {"timestamp": moment(zero + until), "testStepResult": result}
    yield {"testStepFinished": which | ended}


def status_of(case: CaseReport, number: int, last: int, count: int) -> str:
    """The status of a step. What the checks find after the last one is laid at its door."""
    ended = STATUSES.get(case.verdict, "FAILED")
    if ended == "PASSED":
        return "PASSED"
    deciding = min(last, count)
    if number == deciding:
        return ended
    return "PASSED" if number < deciding else "SKIPPED"


def first(spans: Mapping[int, StepSpan]) -> float:
    return min((span.since for span in spans.values()), default=0.0)


def step_id(case: CaseReport, number: int) -> str:
    return f"{case.id} step {number}"


def began_at(report: Report) -> float:
    if not report.began:
        return 0.0
    return datetime.fromisoformat(report.began).astimezone(UTC).timestamp()


def moment(seconds: float) -> Message:
    """A time or a duration, as the messages have it: whole seconds, and the rest of it."""
    whole, nanos = divmod(round(seconds * NANO), NANO)
    return {"seconds": whole, "nanos": nanos}
