"""The rules that an adapter has to keep, and the report of `runall adapter check` on them.

Programs depend on the shape of the report, `runall-adapter-check/1`.
"""

from enum import Enum

import msgspec

from runall_harness.adapter.protocol import Description
from runall_harness.contract.verdicts import Verdict, exit_code

SCHEMA = "runall-adapter-check/1"


class Rule(Enum):
    """A rule: what it claims, and how to mend an adapter that breaks it."""

    SPEAKS = (
        "each question gets one answer, of the schema, in time",
        "write JSON lines of `runall adapter schema` to standard output, and nothing else",
    )
    DESCRIBES = (
        "it names its scheduler, its capabilities, and what can't be done, with reasons",
        "let describe answer a name, a version, capabilities of the specification, and in `cannot` "
        "a reason for each verb (not those that are required), `event.FIELD`, `run.params`, "
        "`job.FIELD`",
    )
    REFUSES = (
        "what can't have happened is refused, and never done or maybe",
        "answer `refused` when the scheduler says no; `maybe` only when it did not answer; and "
        "null to `job` for a job that is not known",
    )
    RUNS = (
        "a run that is done has started one job, once, which is listed",
        "answer `run` only when the scheduler has accepted it, call it once, and list the job in "
        "`jobs` at once, live or finished",
    )
    IDS = (
        "each job has an id of its own, by which run, jobs, job and the job itself know it",
        "answer `run` with the scheduler's own id of that job, use the same in `jobs` and `job`, "
        "and give it to the job as JOB_ID",
    )
    PARAMS = (
        "a job is given its parameters to the letter: the run's over the event's",
        "pass `params` on as they are, without quoting, cutting or re-encoding: those of the run "
        "over those of the event, each to the job as an upper-case variable",
    )
    SHOWS = (
        "a job is shown with the event, parameters and source that it was started with",
        "fill `event`, `params` and `source` from the scheduler's record of the job; what it does "
        "not keep is declared as `job.FIELD` in `cannot`",
    )
    TRIGGERS = (
        "what a person started is manual, and what the clock started is schedule",
        "set `cause` from the scheduler's own record: manual after `run`, schedule for a slot; "
        "`source` is empty for the clock",
    )
    LINEAGE = (
        "a job that replaces none is attempt 1, its own root, and has no predecessor",
        "set `attempt` to 1, `root` to the job's own id and `predecessor` to nothing, unless it "
        "replaces another job",
    )
    STATES = (
        "a job is shown as running while it runs, then as it really ended",
        "translate the scheduler's states: running, stopping, succeeded, failed, timed_out, "
        "aborted, interrupted, waiting; read them anew for each answer, and keep no copy",
    )
    UPDATES = (
        "an edit that is done holds for the next run",
        "send the `fields` of `update_event` on, and answer when the scheduler has taken them",
    )
    ABORTS = (
        "a job that was aborted ends, and is shown as aborted",
        "let `abort` stop the job itself, not its record; declare it in `cannot` if the scheduler "
        "has no such call",
    )
    SCHEDULES = (
        "an event that is due in one minute runs once, and stands for that minute",
        "pass `timing` on; set `now` to the minute's first second (slot x 60), and the `cursor` of "
        "`event` to the last slot that was served",
    )
    DELETES = (
        "a deleted event can't be run",
        "let `delete_event` delete it in the scheduler, and `run` be refused afterwards",
    )
    TELLS = (
        "nothing is owed for a job that has ended well, and the leader has a name",
        "answer false to `owes` when nothing more will run (null if the scheduler can't say), and "
        "name the leading node",
    )
    LEAVES = (
        "it ends when its input ends",
        "end the program when standard input is at its end, and end the threads and children too",
    )

    def __init__(self, claim: str, mend: str) -> None:
        self.claim, self.mend = claim, mend


class RuleReport(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one rule: how often it was judged, what was seen, and how to mend it.

    `reason` says why a rule was not judged; it is empty otherwise.
    """

    rule: str
    claim: str
    verdict: Verdict
    judged: int
    seen: list[str] = []
    mend: str = ""
    reason: str = ""


class AdapterReport(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on an adapter. `adapter` is its own description, if it answered one."""

    schema: str = SCHEMA
    command: list[str]
    adapter: Description | None
    verdict: str
    rules: list[RuleReport]

    @property
    def code(self) -> int:
        """The exit code: the worst rule decides, and nothing judged is never a success."""
        return exit_code(rule.verdict for rule in self.rules)
