"""The expectations of scenarios: the steps compare what is seen, and give the verdict.

The witness decides what ran. The system's own word is asked for what only it can know: how an
attempt ended, and whether anything is still owed. The step names the clause that is broken
if its expectation fails.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

from runall_harness.checks.lineages import BEAT, require_faithful
from runall_harness.checks.records import last_sign
from runall_harness.contract.verdicts import Inconclusive, Violation
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.views import JobView, Rejected

from .cluster import Condition
from .deadlines import GivingUp, Wait
from .setting import Setting, Work

T = TypeVar("T")
# For how many seconds a rerun is left beside a first execution that may still run. By then a job
# that lives has given several signs of life.
BESIDE = 10 * BEAT


def require(held: object, clause: str, expected: str, seen: str | Callable[[], str]) -> None:
    """Raise the `Violation` of a clause unless what was expected has held."""
    if not held:
        raise Violation(clause, expected, seen if isinstance(seen, str) else seen())


def require_ended_before(
    first: Execution, second: Execution, clause: str, expected: str, lag: float = 0.0
) -> None:
    """Require that one execution had ended, `lag` seconds aside, when another began."""
    longer = last_sign(first) - second.started_at
    require(longer <= lag, clause, expected, f"it lived {longer:.2f} s longer")


def listed(runs: Sequence[Execution]) -> str:
    return ", ".join(f"{run.job} on {run.node} ({run.how})" for run in runs) or "none"


class Scenario(Setting):
    """A running scenario: its setting, and what must follow from what was done."""

    def require_in_time(
        self, clause: str, expected: str, condition: Condition[T], promised: float | None = None
    ) -> T:
        """Require what is owed within so many seconds and the slack, by default until the deadline.

        Raises the `Violation` of the clause if it does not come, `Inconclusive` if it comes late.
        """
        within = self.deadline if promised is None else promised + self.timings.slack
        wait = Wait(self.cluster, within)
        if value := wait.timely(expected, condition):
            return value
        raise Violation(clause, expected, f"not within {wait.most:g} s; {self.shown()}")

    def await_run(
        self, clause: str, expected: str, condition: Condition[T], within: float | None = None
    ) -> T:
        """Like `require_in_time`, for a run that is owed; the report gives the waiting time."""
        wait = Wait(self.cluster, self.deadline if within is None else within)
        if value := wait.timely(expected, condition):
            return value
        self.cluster.waited = wait.most
        raise Violation(clause, expected, f"nothing within {wait.most:g} s: {self.shown()}")

    def interruption_clause(self) -> str:
        """The clause by which the job counts as interrupted; RA-2.1 if no tag names another."""
        own = ("RA-2.14", "RA-9.5", "RA-2.15", "RA-2.12", "RA-2.3", "RA-2.5", "RA-2.8", "RA-2.1")
        return self.clause(*own)

    def rerun_clause(self, work: Work) -> str:
        """The clause that is broken if a job is not run again, or its rerun was not kept."""
        return self.clause("RA-9.9", work.rerun_clause)

    def over(self, work: Work) -> JobView | None:
        """The first attempt, if the system shows that it is over."""
        view = self.calls.job(work.root)
        return view if view and view.final else None

    def ended_at(self, view: JobView, execution: str = "") -> float:
        """When an attempt ended, in seconds: as it is shown, or as that execution of it reported.

        Where neither says it, it has ended by now.
        """
        reported = (run.ended_at for run in self.cluster.executions() if run.id == execution)
        return view.finalized_at or next(reported, None) or self.site.now()

    def await_end(self, work: Work, clause: str) -> JobView:
        """The first attempt, once the system regards it as over.

        Raises `Inconclusive` for an end that is late, of a system that can't say what it owes.
        """
        cluster, wait = self.cluster, Wait(self.cluster, self.deadline)
        cluster.owe(
            wait.within, wait.most, what="end", job=work.root, clause=clause, since=self.since
        )
        view = wait.until(lambda: self.over(work))
        if view is None:
            cluster.waited = wait.most
            raise Violation(clause, f"an end within {wait.most:g} s", "none was shown")
        wait.require_timely(f"the end of {work.root}")
        return view

    def await_state(self, what: str, *states: str, clause: str) -> None:
        """Wait until the system shows the first attempt in one of these states."""
        wait, shown = Wait(self.cluster, self.deadline), list[str]()

        def look() -> bool:
            shown.append(self.calls.state(self.work.root))
            return shown[-1] in states

        reached = wait.until(look, hopeless=lambda: self.over(self.work) is not None)
        require(reached, clause, what, f"after {wait.most:g} s it is {shown[-1]}")
        wait.require_timely(what)

    def await_rerun(self, work: Work, where: str | None = None) -> Execution:
        """The second execution, which must come, and come to that place if one is named.

        Raises `Violation` when it does not come, or when the system has given it up, and
        `Inconclusive` for one that is late, of a system that can't say what it owes.
        """
        cluster, giving_up = self.cluster, GivingUp(self.cluster, work.root)
        wait, clause = Wait(cluster, self.deadline), self.rerun_clause(work)
        owed = {"job": work.root, "clause": clause, "since": work.first.started_at, "tag": work.tag}
        cluster.owe(wait.within, wait.most, what="rerun", **owed)
        cluster.deadline_s = self.deadline

        def decided() -> list[Execution] | None:
            runs = cluster.tagged(work.tag)
            return runs if len(runs) > 1 or giving_up.look() else None

        runs = wait.until(decided, hopeless=giving_up.begun)
        if not runs or len(runs) < 2:
            self.require_return_at_once(work)
            cluster.waited = None if runs else wait.most
            seen = f"nothing within {wait.most:g} s"
            if runs:
                more = len(cluster.attempts(work.root)) > 1
                seen = "a rerun is shown, and none has run" if more else "given up"
            raise Violation(clause, "the job is run again", f"{seen}: {self.shown(work.root)}")
        cluster.recovery_s = runs[1].started_at - self.since
        wait.require_timely("the rerun")
        node = runs[1].node
        right = where is None or (node == work.node) == (where == "the same server")
        require(right, clause, f"it runs on {where}", f"it ran on {node}")
        return runs[1]

    def require_return_at_once(self, work: Work) -> None:
        """Raise `Inconclusive` for a server that was to be back at once, and was not."""
        if self.away > self.timings.forgives:
            raise Inconclusive(
                f"{work.node} was to be back at once, and was away for {self.away:.1f} s: longer "
                f"than the {self.timings.forgives:g} s for which the system waits for it"
            )

    def shown(self, root: str = "", tag: str = "") -> str:
        """The attempts of a lineage as the system shows them, and its own reasons.

        Without a root, those of the job that the case is about.
        """
        about = self.cluster.about
        root = root or (about.root if about else "")
        attempts = self.cluster.attempts(root, tag)
        views = ", ".join(f"{view.id} {view.state}" for view in attempts) or "no attempt is shown"
        reasons = self.calls.ask(lambda api: api.reasons(root), "") or "it gives no reason"
        owed = "; it says that more is to come: or a timing is understated"
        return f"{views}; {reasons}{owed if self.calls.owes(root) else ''}"

    def require_faithful_rerun(self, work: Work) -> None:
        require_faithful(work.root, *self.cluster.tagged(work.tag)[:2])

    def finish(self, work: Work, executions: int, clause: str = "") -> None:
        """Let the work end, and require that it ends well and that nothing follows."""
        clause = clause or self.interruption_clause()
        self.leave_side_by_side(work)
        self.site.release(work.tag)
        self.cluster.await_evidence(
            f"{work.tag} completes", lambda: self.cluster.tagged(work.tag)[-1].how == "completed"
        )
        expected = f"{self.cluster.tagged(work.tag)[-1].job} is shown as completed"
        self.require_in_time(clause, expected, lambda: self.completed(work))
        self.require_nothing_follows(work, executions, clause)

    def leave_side_by_side(self, work: Work) -> None:
        """Leave a rerun beside whatever may still run of the job, for as long as that is seen.

        Released at once, both would end before anybody could see that there were two.
        """
        *earlier, latest = self.cluster.tagged(work.tag)
        if any(run.how == "running" for run in earlier):
            what = f"{latest.job} has lived for {BESIDE:g} s"
            self.cluster.await_time(what, latest.started_at + BESIDE)

    def completed(self, work: Work) -> bool:
        """Whether the latest execution has completed and the system knows it."""
        last = self.cluster.tagged(work.tag)[-1]
        return last.how == "completed" and self.calls.state(last.job) == "succeeded"

    def require_nothing_follows(self, work: Work, executions: int, clause: str) -> None:
        """Run another job to its end, and require that nothing of this one starts meanwhile."""
        self.run_canaries()
        runs = self.cluster.tagged(work.tag)
        broken, expected = "RA-1.4" if executions > 1 else clause, f"{executions} execution(s)"
        require(len(runs) == executions, broken, f"{expected} of {work.tag}", listed(runs))

    def require_undisturbed(self, work: Work, executions: int, clause: str) -> None:
        """Require that the same execution still runs, and that it ends well."""
        self.require_nothing_follows(work, executions, clause)
        last = self.cluster.tagged(work.tag)[-1]
        require(last.how == "running", clause, f"{work.tag} goes on", f"it is {last.how}")
        self.finish(work, executions, clause)

    def require_debt(self, clause: str, root: str) -> None:
        """Require that the system itself does not deny that it owes something of a job.

        One that can't say is judged by what becomes of the job.
        """
        require(self.calls.owes(root) is not False, clause, "the rerun waits", self.shown)

    def require_no_debt(self, clause: str, root: str) -> None:
        """Require that the system itself does not say that it owes something of a job."""
        require(not self.calls.owes(root), clause, "nothing is owed any more", self.shown)

    def run_canaries(self) -> None:
        """Run a job of another event to its end: whatever was owed before has started by then.

        There is one on every server in reach, because a rerun may start anywhere.
        """
        for node in self.nodes.specs:
            if self.site.alive(node) and node not in self.cut_off:
                self.cluster.probe(node, self.deadline)

    def require_missed(self) -> None:
        node, within = self.victim, self.timings.notice
        self.require_in_time(
            "RA-2.12", f"{node} is missed", lambda: node not in self.calls.online(), within
        )

    def queue(self, event: str, **params: str) -> str:
        """Run an event whose limit is reached; the id of the run, which waits for its turn.

        Raises the `Violation` of RA-6.7 if it is refused, that of another if it starts at once, and
        `Inconclusive` if the place was free.
        """
        try:
            job = self.calls.run(event, params)
        except Rejected as refusal:
            raise Violation("RA-6.7", "the run waits in the queue", str(refusal)) from None
        if (state := self.calls.state(job)) != "waiting":
            if self.over(self.work):
                raise Inconclusive(f"{job} was to wait, and is {state}: the place was free")
            raise Violation(self.clause("RA-6.2", "RA-6.10"), f"{job} waits for its turn", state)
        return job

    def refuses_to_run(self, tag: str) -> str:
        """The words in which one more manual run of the event is refused; empty if it is accepted.

        A system has codes of its own, so any refusal is one.
        """
        try:
            self.calls.run(self.work.event, {"tag": tag, "hold": "0"})
        except Rejected as refusal:
            return f"{refusal}" or refusal.code
        return ""

    def require_turns(self, *tags: str) -> None:
        """Require that none of these ran beside the next, and that the queue kept its order.

        The first may be a rerun, and no clause says whether that or the queue comes first.
        """
        runs = [self.cluster.tagged(tag)[-1] for tag in tags]
        for one, other in pairwise(runs):
            until = min(run.ended_at or run.beat_at for run in (one, other))
            beside = until - max(one.started_at, other.started_at)
            seen = f"{beside:.2f} s beside {one.job}"
            require(beside <= BEAT, "RA-6.10", f"{other.job} starts in its turn", seen)
        for one, other in pairwise(runs[1:]):
            kept = one.started_at <= other.started_at
            require(kept, "RA-6.10", f"{other.job} starts in its turn", f"before {one.job}")

    def require_stop(self, clause: str, expected: str, promised: float = 0.0) -> None:
        """Require that the first execution ends within that many seconds and the kill grace."""
        within = promised + self.timings.grace
        self.require_in_time(clause, expected, lambda: self.runs()[0].how != "running", within)
