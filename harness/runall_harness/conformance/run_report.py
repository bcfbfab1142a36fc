"""The report of a run, `runall-report/4`: what other programs read.

Its shape is a contract. A field is added in a new version of the schema, and never changed here.
Version 2 says of each case what became of its job, and of the system how fast it says it is.
Version 3 says with which options the system ran, and in which image. Version 4 says which kit made
it, when, and by which command; and of each case where it is written and what its nodes logged.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from runall_harness.checks.job_outcome import JobOutcome, Outcome
from runall_harness.checks.job_traces import root_of
from runall_harness.contract.cases import Case, base_id
from runall_harness.contract.verdicts import WORDS, BrokenClause, Verdict, exit_code
from runall_harness.evidence.facts import Execution
from runall_harness.systems.base import System

if TYPE_CHECKING:
    from runall_harness.scenario.cluster import Cluster

SCHEMA = "runall-report/4"
# What a report says of how it was made, where nobody knows.
MADE: dict[str, Any] = {"kit": "", "began": "", "command": [], "chosen": []}
# What a reader will want to look into.
TROUBLE = (Verdict.FAIL, Verdict.UNEXPECTED_PASS, Verdict.INCONCLUSIVE, Verdict.ERROR)


class SystemReport(msgspec.Struct, frozen=True, kw_only=True):
    """The scheduler under test, as it describes itself.

    `merged` says which of the kit's roles it merges with what; empty where it has them all.
    `timings` are what it states of its own speed, in seconds, by their names in a system file;
    what it states no limit for is left out. `options` are all of its settings that a user may
    change, with the values that were in force; `image` is what its nodes ran in, empty for the
    kit's own and where they are processes.
    """

    name: str
    version: str
    policy: str
    merged: str
    image: str
    capabilities: list[str]
    timings: dict[str, float]
    options: dict[str, str]


def describe(system: System) -> SystemReport:
    """The report of a system, as it describes itself, without timings that have no limit."""
    return SystemReport(
        name=system.name,
        version=system.version,
        policy=system.policy,
        merged=system.merged,
        image=system.image,
        capabilities=sorted(system.capabilities),
        timings=system.timings.stated(),
        options=dict(system.in_force),
    )


def unknown(name: str, policy: str) -> SystemReport:
    return SystemReport(
        name=name,
        version="unknown",
        policy=policy,
        merged="",
        image="",
        capabilities=[],
        timings={},
        options={},
    )


class FaultReport(msgspec.Struct, frozen=True, kw_only=True):
    """An injected fault. `at` is seconds on the rig's clock."""

    kind: str
    node: str
    at: float
    proven: bool


class ExecutionReport(msgspec.Struct, frozen=True, kw_only=True):
    """One real execution of a job, as the witness saw it. Times are seconds on the rig's clock.

    `lineage` is the root job's id. `how` is running, completed, failed, terminated or killed.
    """

    job: str
    lineage: str
    node: str
    started_at: float
    ended_at: float | None
    how: str


class CaseReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one case.

    `recovery_s` is the measured time from the fault to the rerun, `deadline_s` what it may take;
    both are null where nothing was to recover. `history` is the path of the saved trace, and `logs`
    are those of what its nodes logged; in the folder of a run they count from that folder. `place`
    is the feature file and the line.

    `outcome` is what became of the job that the case is about; null where it is about none, or
    the harness broke. `within_s` is how long a run was waited for that never came, `together_s`
    for how long two executions lived at once; null unless that was the outcome.
    """

    id: str
    feature: str
    scenario: str
    trigger: str
    clauses: list[str]
    verdict: Verdict
    message: str
    outcome: Outcome | None
    within_s: float | None
    together_s: float | None
    recovery_s: float | None
    deadline_s: float | None
    faults: list[FaultReport]
    executions: list[ExecutionReport]
    history: str | None
    place: str = ""
    logs: list[str] = []

    @property
    def job_outcome(self) -> JobOutcome | None:
        if self.outcome is None:
            return None
        return JobOutcome(outcome=self.outcome, within_s=self.within_s, together_s=self.together_s)


class CaseResult(msgspec.Struct, frozen=True, kw_only=True):
    """A case that is over, for whoever shows, counts or reports it. It can be pickled.

    `violation` is there if a clause was broken, and `trouble` says why the kit could not run, if
    that is how the case ended. `logs` are files in `folder`.
    """

    report: CaseReport
    violation: BrokenClause[int] | None = None
    trouble: str = ""
    folder: Path = Path()
    logs: tuple[Path, ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run. `summary` counts every verdict, also those that no case had.

    `kit` is what made it, `began` when (UTC, as ISO 8601 has it). `command` runs any of its cases
    again, and with `chosen` those that it was asked for; both are words of a command line.
    """

    schema: Literal["runall-report/4"]
    system: SystemReport
    rig: str
    verdict: Literal["conformant", "not conformant", "inconclusive", "error"]
    summary: dict[Verdict, int]
    duration_s: float
    kit: str
    began: str
    command: list[str]
    chosen: list[str]
    cases: list[CaseReport]


def make_report(
    system: SystemReport, rig: str, duration: float, cases: Sequence[CaseReport], **made: Any
) -> Report:
    """The report of these cases; the message of a repeat says if others ended otherwise."""
    word: Any = WORDS[exit_code(case.verdict for case in cases)]
    return Report(
        schema=SCHEMA,
        system=system,
        rig=rig,
        verdict=word,
        summary=count_verdicts(case.verdict for case in cases),
        duration_s=round(duration, 3),
        cases=mark_unsteady(cases),
        **MADE | made,
    )


def count_verdicts(verdicts: Iterable[Verdict]) -> dict[Verdict, int]:
    counts = Counter(verdicts)
    return {verdict: counts[verdict] for verdict in Verdict}


def unsteady(cases: Iterable[CaseReport]) -> dict[str, dict[Verdict, int]]:
    """Cases that were repeated and whose verdicts differ, by the id without its `#2`."""
    repeats: dict[str, Counter[Verdict]] = {}
    for case in cases:
        repeats.setdefault(base_id(case.id), Counter())[case.verdict] += 1
    return {case: dict(counts) for case, counts in repeats.items() if len(counts) > 1}


def mark_unsteady(cases: Sequence[CaseReport]) -> list[CaseReport]:
    """The cases; the message of each unsteady one now begins with how its repeats ended."""
    differing = unsteady(cases)
    reports: list[CaseReport] = []
    for case in cases:
        if counts := differing.get(base_id(case.id)):
            line = "unsteady: " + ", ".join(f"{n} {verdict}" for verdict, n in counts.items())
            case = msgspec.structs.replace(case, message=f"{line}\n{case.message}".strip())
        reports.append(case)
    return reports


def report_case(case: Case, verdict: Verdict, message: str, **observed: Any) -> CaseReport:
    """The report of a case; what was not observed of it is null or empty."""
    names = ("outcome", "within_s", "together_s", "recovery_s", "deadline_s", "history")
    facts: dict[str, Any] = {"faults": [], "executions": [], "logs": []}
    facts.update(dict.fromkeys(names), **observed)
    return CaseReport(
        id=case.id,
        feature=case.feature,
        scenario=case.scenario,
        trigger=case.trigger,
        clauses=list(case.clauses),
        verdict=verdict,
        message=message,
        place=case.shown_place,
        **facts,
    )


def observed(cluster: "Cluster", job: JobOutcome | None) -> dict[str, Any]:
    """What a cluster knows of its case, as fields of the report; `job` is what its job came to."""
    return (msgspec.structs.asdict(job) if job else {}) | {
        "recovery_s": cluster.recovery_s,
        "deadline_s": cluster.deadline_s,
        "faults": msgspec.convert(cluster.faults, list[FaultReport], from_attributes=True),
        "executions": [report_execution(each) for each in cluster.executions()],
    }


def report_execution(execution: Execution) -> ExecutionReport:
    facts = msgspec.structs.asdict(execution) | {"lineage": root_of(execution)}
    return msgspec.convert(facts, ExecutionReport)


def encode(report: Any) -> str:
    """Indented JSON, for people and programs."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()
