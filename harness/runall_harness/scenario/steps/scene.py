"""The scene of one scenario: what must follow from what was done on the stage.

It turns what is seen into verdicts. The witness decides what ran; the system's own word is asked
for what only it can know: how an attempt ended, and whether anything is still owed.
"""

import pytest

from runall_harness.checks.lineages import BEAT, require_faithful
from runall_harness.contract.verdicts import Inconclusive, Violation
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.views import JobView

from ..cluster import Cluster
from .patience import Patience, Wait, in_time
from .stage import Stage, Work

PROMISE = {"manual": "RA-1.1", "scheduled": "RA-1.2"}
# For how long a rerun is left beside what may still run of the first, in seconds: whoever lives
# has told so several times by then.
BESIDE = 10 * BEAT


class Scene(Stage):
    """Everything that the steps of one scenario share."""

    # ---------------------------------------------------------------- what is owed
    def finalized(self, work: Work) -> JobView:
        """The first attempt, once the system regards it as over.

        Raises `Inconclusive` for an end that is late, of a system that can't say what it owes.
        """
        wait = Wait(self, self.deadline)
        self.cluster.owe("end", work.root, wait.most, clause=self.clause, since=self.since)
        view = wait.until(lambda: self.over(work))
        if view is None:
            self.cluster.waited = wait.most
            raise Violation(self.clause, f"an end within {wait.most:g} s", "none was shown")
        wait.require_timely(f"the end of {work.root}")
        return view

    def over(self, work: Work) -> JobView | None:
        """The first attempt, if it is over."""
        view = self.cluster.job(work.root)
        return view if view and view.final else None

    def rerun(self, work: Work) -> Execution:
        """The second execution. Broken when it does not come, or when the system gave it up.

        Raises `Inconclusive` for one that is late, of a system that can't say what it owes.
        """
        patience, wait = Patience(self, work), Wait(self, self.deadline)
        self.cluster.deadline_s = self.deadline
        clause, since = PROMISE[work.trigger], work.first.started_at
        self.cluster.owe("rerun", work.root, wait.most, clause=clause, since=since, tag=work.tag)
        runs = wait.until(patience.look, hopeless=patience.hopeless)
        if not runs or len(runs) < 2:
            self.require_return_at_once(work)
            self.cluster.waited = None if runs else wait.most
            why = self.why(work)
            seen = f"given up: {why}" if runs else f"nothing within {wait.most:g} s: {why}"
            raise Violation(clause, "the job is run again", seen)
        self.cluster.recovery_s = runs[1].started_at - self.since
        wait.require_timely("the rerun")
        return runs[1]

    def require_return_at_once(self, work: Work) -> None:
        """Raise `Inconclusive` for a server that was to be back at once, and was not."""
        if self.away > self.timings.forgives:
            raise Inconclusive(
                f"{work.node} was to be back at once, and was away for {self.away:.1f} s: longer "
                f"than the {self.timings.forgives:g} s for which the system waits for it"
            )

    def why(self, work: Work) -> str:
        """What the system itself says."""
        views = ", ".join(f"{v.id} {v.state}" for v in self.cluster.attempts(work.root))
        return f"{views}; {self.cluster.api.reasons(work.root) or 'it gives no reason'}"

    def finish(self, work: Work, executions: int) -> None:
        """Let the work end, see it end well, and see that nothing follows."""
        self.live_side_by_side(work)
        self.cluster.site.release(work.tag)
        self.cluster.await_evidence(
            f"{work.tag} completes",
            lambda: self.cluster.tagged(work.tag)[-1].how == "completed",
            self.timings.slack,
        )
        self.require_taken_in(work)
        self.nothing_follows(work, executions)

    def live_side_by_side(self, work: Work) -> None:
        """Leave a rerun beside whatever may still run of the job, for as long as that is seen.

        Released at once, both would end before anybody could tell that there were two.
        """
        *earlier, latest = self.cluster.tagged(work.tag)
        if any(run.how == "running" for run in earlier):
            what = f"{latest.job} has lived for {BESIDE:g} s"
            self.cluster.await_time(what, latest.started_at + BESIDE)

    def require_taken_in(self, work: Work) -> None:
        """The system knows, soon enough, that the latest execution has completed."""
        if not in_time(self, "the news that it ended well", lambda: self.completed(work)):
            last = self.cluster.tagged(work.tag)[-1]
            seen = f"after {self.deadline:g} s {self.why(work)}"
            raise Violation(self.clause, f"{last.job} is shown as completed", seen)

    def completed(self, work: Work) -> bool:
        """Whether the latest execution has completed and the system knows it."""
        last = self.cluster.tagged(work.tag)[-1]
        view = self.cluster.job(last.job)
        return last.how == "completed" and view is not None and view.state == "succeeded"

    def nothing_follows(self, work: Work, executions: int) -> None:
        """Another job runs to its end, and in all that time nothing of this one has started."""
        self.canary()
        runs = self.cluster.tagged(work.tag)
        if len(runs) != executions:
            seen = ", ".join(f"{run.job} on {run.node} ({run.how})" for run in runs)
            clause = "RA-1.4" if executions > 1 else self.clause
            raise Violation(clause, f"{executions} execution(s) of {work.tag}", seen)

    def canary(self) -> None:
        """Run a job of another event to its end: whatever was owed before has started by then.

        One on every server in reach: what would be started again may be started anywhere.
        """
        specs, site = self.cluster.specs, self.cluster.site
        for node in [n for n in specs if site.alive(n) and n not in self.cut_off]:
            self.cluster.probe(node, self.deadline)

    # ---------------------------------------------------------------- what must hold
    def await_state(self, work: Work, what: str, *states: str) -> None:
        """Wait until the system shows the first attempt in one of these states."""
        shown: list[str] = []

        def look() -> bool:
            view = self.cluster.job(work.root)
            shown[:] = [view.state] if view else ["unknown"]
            return shown[0] in states

        wait = Wait(self, self.deadline)
        if not wait.until(look, hopeless=lambda: self.over(work) is not None):
            raise Violation(self.clause, what, f"after {wait.most:g} s it is {shown[0]}")
        wait.require_timely(what)

    def require_missed(self) -> None:
        """The loss of the job's server is noticed, soon enough."""
        within = self.timings.notice + self.timings.slack
        if not in_time(
            self, "its absence", lambda: self.victim not in self.cluster.online(), within
        ):
            raise Violation(
                "RA-2.12",
                f"{self.victim} is missed within {within:g} s",
                "it is still taken for present",
            )

    def require_faithful(self, work: Work) -> None:
        """The rerun was given what the run was given, to the letter."""
        require_faithful(work.root, *self.cluster.tagged(work.tag)[:2])

    def require_undisturbed(self, work: Work, executions: int) -> None:
        """What runs now is what ran before, and it is this one that ends well."""
        self.nothing_follows(work, executions)
        last = self.cluster.tagged(work.tag)[-1]
        if last.how != "running":
            raise Violation(self.clause, f"{work.tag} goes on", f"it is {last.how}")
        self.finish(work, executions)

    def require_slots_once(self) -> None:
        """Each slot that was served has one execution."""
        slots = [run.now for run in self.cluster.tagged("slot")]
        twice = sorted({slot for slot in slots if slots.count(slot) > 1})
        if twice:
            raise Violation("RA-4.7", "each served slot has run once", f"twice: {twice}")

    def two_slots(self) -> bool:
        """Whether two slots have been served to their end, in the eyes of the system too.

        A job that has completed counts only when its result has been taken in: until then its
        server may die with it.
        """
        states = {view.id: view.state for view in self.cluster.jobs()}
        ended = [states.get(run.job) for run in self.cluster.tagged("slot")]
        return ended == ["succeeded", "succeeded"]

    def slots_began(self, tag: str) -> dict[str, float]:
        """When the slot of each execution began, on the rig's clock, in seconds.

        A slot is known by its logical time on the schedule's clock. The two clocks are told
        apart by the execution that came soonest after its slot.
        """
        runs = self.cluster.tagged(tag)
        began = {run.id: float(run.now) / 60 * self.timings.minute for run in runs}
        offset = min((run.started_at - began[run.id] for run in runs), default=0.0)
        return {name: at + offset for name, at in began.items()}

    def require_no_launch_in_drain(self) -> None:
        """Nothing was launched between the SIGTERM and the exit of the primary.

        The drain lasts at least the kill grace, for a job ignores SIGTERM. So slots that began
        within that time before the exit are certainly slots of a draining primary. One that is
        served after its return was missed, and is a matter of other clauses.
        """
        began = self.left_at - 0.9 * self.timings.grace
        slots = self.slots_began("minute")
        for run in self.cluster.executions():
            early = run.started_at < self.back_at
            by_clock = early and began < slots.get(run.id, 0.0) < self.left_at
            by_rerun = run.tag == self.work.tag and self.stopped_at < run.started_at < self.left_at
            if by_clock or by_rerun:
                raise Violation(
                    "RA-4.4", "nothing is launched in the drain", f"{run.job} on {run.node}"
                )


@pytest.fixture
def scene(cluster: Cluster) -> Scene:
    """The scene of the running scenario."""
    return Scene(cluster)
