"""What became of a job after a fault of its server, in the words in which its user would ask.

Two systems that fail the same case may leave different troubles behind. So each history of a job
has exactly one outcome. The reports of the jobs decide what ran; the system's word decides only
what the system alone knows: that it has given a job up, that a user ended it, or that it shows
nothing of it any more.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import combinations

import msgspec

from runall_harness.contract.words import translated
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.views import JobView

from .context import Freeze
from .records import BEAT, last_sign


class Outcome(StrEnum):
    """What became of a job. If several fit, the first in `outcome_of` counts."""

    UNDISTURBED = "undisturbed"
    RERUN_ONCE = "rerun-once"
    RERUN_OFTEN = "rerun-more-than-once"
    NOT_RERUN = "not-rerun"
    FAILED = "failed-for-good"
    AT_ONCE = "two-at-once"
    AFTER_END = "finished-and-run-again"
    LOST = "record-lost"
    ABORTED = "aborted"
    NEVER_RAN = "never-ran"
    OPEN = "open"


# The words of each outcome in reports; the two numbers are seconds.
WORDS = {
    Outcome.UNDISTURBED: "undisturbed",
    Outcome.RERUN_ONCE: "rerun once",
    Outcome.RERUN_OFTEN: "rerun more than once",
    Outcome.NOT_RERUN: "not rerun within {within:.3g} s",
    Outcome.FAILED: "failed for good",
    Outcome.AT_ONCE: "two at once for {together:.1f} s",
    Outcome.AFTER_END: "finished and then run again",
    Outcome.LOST: "record lost",
    Outcome.ABORTED: "aborted by a user",
    Outcome.NEVER_RAN: "never ran within {within:.3g} s",
    Outcome.OPEN: "not watched to its end",
}


class JobOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """An outcome with its measure, in seconds.

    `within_s` is how long a run was waited for that never came; `together_s` is for how long two
    executions of the job were seen to live at once. Each is None where the outcome is another.
    """

    outcome: Outcome
    within_s: float | None = None
    together_s: float | None = None

    def __str__(self) -> str:
        return self.measured(WORDS[self.outcome])

    def said(self) -> str:
        """The outcome in the user's language."""
        return self.measured(translated(WORDS[self.outcome]))

    def measured(self, words: str) -> str:
        return words.format(within=self.within_s or 0, together=self.together_s or 0)


class Traces(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one job: its executions, and what the system showed of it.

    runs: its executions, in any order. shown: its attempts, as they were shown last.
    forgotten: something of it was shown or accepted once, and nothing is shown any more.
    given_up: the system itself says that nothing more is owed.
    waited: for how many seconds a run was waited for in vain; None where none was.
    frozen: when each node was frozen; a frozen execution does not count as running.
    """

    runs: Sequence[Execution] = ()
    shown: Sequence[JobView] = ()
    forgotten: bool = False
    given_up: bool = False
    waited: float | None = None
    frozen: Mapping[str, Sequence[Freeze]] = {}


def outcome_of(traces: Traces) -> JobOutcome:
    runs = sorted(traces.runs, key=by_time)
    pairs = [(overlap(a, b, traces.frozen), b) for a, b in combinations(runs, 2)]
    if both := [min(long, last_sign(b) - b.started_at) for long, b in pairs if long > BEAT]:
        return JobOutcome(outcome=Outcome.AT_ONCE, together_s=max(both))
    if any(run.how == "completed" for run in runs[:-1]):
        return JobOutcome(outcome=Outcome.AFTER_END)
    if len(runs) > 1:
        return JobOutcome(outcome=Outcome.RERUN_ONCE if len(runs) == 2 else Outcome.RERUN_OFTEN)
    outcome = without_rerun(runs[0] if runs else None, traces)
    waited = outcome in (Outcome.NOT_RERUN, Outcome.NEVER_RAN)
    return JobOutcome(outcome=outcome, within_s=traces.waited if waited else None)


def by_time(run: Execution) -> tuple[float, float, bool]:
    """The order of executions. Of two at one instant, none is said to follow one that completed."""
    return run.started_at, last_sign(run), run.how == "completed"


def without_rerun(run: Execution | None, traces: Traces) -> Outcome:
    """The outcome of a job that ran once, or never."""
    state = max(traces.shown, key=lambda view: view.attempt).state if traces.shown else ""
    if run and run.how == "completed":
        return Outcome.UNDISTURBED
    if traces.forgotten:
        return Outcome.LOST
    if state == "aborted":
        return Outcome.ABORTED
    if traces.given_up or state in ("failed", "timed_out"):
        return Outcome.FAILED
    if run and run.how == "running":
        return Outcome.UNDISTURBED
    if traces.waited is None:
        return Outcome.OPEN
    return Outcome.NOT_RERUN if run else Outcome.NEVER_RAN


def overlap(earlier: Execution, later: Execution, frozen: Mapping[str, Sequence[Freeze]]) -> float:
    """For how many seconds both ran at once, without the time in which one was frozen."""
    since, until = later.started_at, last_sign(earlier)
    still = sum(
        max(0.0, min(until, freeze.until) - max(since, freeze.since))
        for freeze in frozen.get(earlier.node, ())
    )
    return max(0.0, until - since - still)
