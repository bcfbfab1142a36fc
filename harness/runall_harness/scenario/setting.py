"""The setting of one scenario: its servers, its event, its jobs, and the last fault.

It turns the words of the steps into calls on the cluster. What must follow is in `expectations`.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from runall_harness.contract.verdicts import Inconclusive, Violation
from runall_harness.evidence.facts import Execution, Proof
from runall_harness.evidence.views import JobView
from runall_harness.evidence.witness_job import LEAD_SLOTS, NOTE, exactly
from runall_harness.rigs.base import Scope, StopTo

from .calls import EVENT
from .cluster import Cluster
from .nodes import PRIMARY


class Work(msgspec.Struct, kw_only=True):
    """A job under test: the tag that its executions carry, and how it was started."""

    tag: str
    trigger: str
    event: str
    first: Execution
    root: str

    @property
    def node(self) -> str:
        """The server on which it ran first."""
        return self.first.node

    @property
    def rerun_clause(self) -> str:
        return rerun_clause(self.trigger)


def rerun_clause(trigger: str) -> str:
    """The clause that promises to run a job of that trigger again."""
    return "RA-1.1" if trigger == "manual" else "RA-1.2"


class Setting:
    """The state of a running scenario: its servers and jobs, and the faults so far.

    since: when the last recovery began to be owed; promised: within how many seconds. gone_at: when
    the primary went away last. away: for how many seconds a server was away that was to be back at
    once. stopped_at and left_at: when the last clean stop began and when the node had exited;
    back_at: when the primary was started again. All times are the rig's clock. due: the slot of a
    scheduled event. accepted: the job of an accepted run that the witness has not seen begin.
    cut_off: the nodes that are out of reach now.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.site = cluster, cluster.site
        self.calls, self.nodes = cluster.calls, cluster.nodes
        self.timings = cluster.system.timings
        self.workers: tuple[str, ...] = ()
        self.plan: dict[str, Any] = {}
        self.works: dict[str, Work] = {}
        self.cut_off: set[str] = set()
        self.since = self.promised = self.gone_at = self.away = 0.0
        self.stopped_at = self.left_at = self.back_at = 0.0
        self.due = 0
        self.accepted = ""

    def clause(self, *clauses: str) -> str:
        """The first of these clauses with which the case is tagged; if none is, the last."""
        tagged = self.cluster.case.clauses
        return next((clause for clause in clauses if clause in tagged), clauses[-1])

    @property
    def work(self) -> Work:
        """The job that the scenario is about: the first that it started."""
        return next(iter(self.works.values()))

    @property
    def victim(self) -> str:
        """The server on which that job ran first."""
        return self.work.node

    def runs(self) -> list[Execution]:
        """The executions of that job, oldest first."""
        return self.cluster.tagged(self.work.tag)

    def launch(self, trigger: str, tag: str = "job", **params: Any) -> Work:
        """Start a job of the planned event, by hand or by the clock, and see it run."""
        own = {"tag": tag, "note": NOTE, **params}
        event = self.plan.get("id", EVENT)
        if all(work.event != event for work in self.works.values()):
            self.create_planned(event, trigger, own)
        if trigger == "manual":
            self.cluster.run_beside(event, own)
        return self.meet(trigger, event, tag)

    def launch_other(self, trigger: str, target: str) -> None:
        """Start a job of another event, which runs on that target, and see it run."""
        mine, self.plan = self.plan, {"target": target, "catch_up": True, "id": "other"}
        self.launch(trigger, tag="other")
        self.plan = mine

    def create_planned(self, event: str, trigger: str, own: dict[str, Any]) -> None:
        """Create the planned event; for the clock it is due once, at a minute about to come."""
        fields = {k: v for k, v in self.plan.items() if k not in ("id", "target")}
        if trigger == "scheduled":
            self.due = self.calls.present_slot() + LEAD_SLOTS
            fields |= {"timing": exactly(self.due), "params": own}
        else:
            fields["params"] = {**own, "note": "the event's own, not the run's"}
        self.calls.create(event, self.plan["target"], **fields)

    def meet(self, trigger: str, event: str, tag: str) -> Work:
        """Wait until the witness reports the start of the job, and learn its lineage."""
        within = (LEAD_SLOTS + 1) * self.timings.minute + self.timings.prompt + self.timings.slack
        runs = self.cluster.await_evidence(
            f"the {trigger} job {tag!r} started", lambda: self.cluster.tagged(tag), within
        )
        work = self.works[tag] = self.adopt(trigger, event, runs[0], within)
        self.cluster.regard(work.root, tag)
        return work

    def adopt(self, trigger: str, event: str, run: Execution, within: float) -> Work:
        """The work that an execution belongs to, once the system itself shows that it runs."""
        view = self.cluster.await_evidence(
            f"the system shows {run.job} as running", lambda: self.running(run.job), within
        )
        return Work(tag=run.tag, trigger=trigger, event=event, first=run, root=view.root)

    def running(self, job: str) -> JobView | None:
        """The job, once the system itself shows that it runs, or that it has ended."""
        view = self.calls.job(job)
        return view if view and (view.final or view.state in ("running", "stopping")) else None

    def end_job(self, work: Work | None = None) -> None:
        """Let that job, or the first, come to its own end, as the witness reports it."""
        tag = (work or self.work).tag
        self.site.release(tag)
        self.cluster.await_evidence(
            f"{tag} comes to its own end",
            lambda: self.cluster.tagged(tag)[-1].how in ("completed", "failed"),
        )

    def await_minutes(self, count: int, what: str, condition: Callable[[], object]) -> None:
        """Wait for something that comes within so many minutes of the schedule, and the slack."""
        within = count * self.timings.minute + self.timings.slack
        self.cluster.await_evidence(what, condition, within)

    @property
    def loss_timeout(self) -> float:
        """After how many seconds the job of a server that stays away is given up."""
        return self.timings.notice + self.timings.dead_job_timeout

    @property
    def return_timeout(self) -> float:
        """How soon a recovery is owed once a server is back: at once only if that is declared."""
        prompt = "prompt" in self.cluster.system.capabilities
        return self.timings.prompt if prompt else self.timings.dead_job_timeout

    @property
    def deadline(self) -> float:
        """How long to wait before a promise counts as broken, in seconds."""
        return self.promised + self.timings.slack

    def expect_within(self, promised: float, proof: Proof | None = None) -> None:
        """From now on, or from that fault on, the system owes a recovery within so many seconds."""
        self.since = proof.at if proof else self.site.now()
        self.promised = promised

    def kill(self, node: str, scope: Scope = "node") -> Proof:
        proof = self.cluster.hurt(lambda: self.site.kill(node, scope))
        self.gone_at = self.site.now()
        return proof

    def stop(self, node: str, to: StopTo | None = None) -> Proof:
        """Stop a node cleanly, as its system says or as ordered, and note when it had exited."""
        grace = self.timings.stop + self.timings.slack
        proof = self.cluster.hurt(lambda: self.site.stop(node, grace, to))
        self.stopped_at, self.left_at = proof.at, self.site.now()
        self.gone_at = self.left_at
        return proof

    def cut(self, node: str) -> Proof:
        self.cut_off.add(node)
        return self.cluster.hurt(lambda: self.site.cut(node))

    def mend_cut(self, node: str) -> None:
        self.cluster.hurt(lambda: self.site.join(node))
        self.cut_off.discard(node)

    def join(self, node: str, clause: str) -> None:
        """Mend the cut of a node, and wait until it takes work again."""
        self.mend_cut(node)
        self.await_return(node, clause=clause)

    def join_in_time(self, node: str, clause: str) -> None:
        """Like `join`, for a cut that the job of the node is to outlive. Raises `Inconclusive`."""
        self.join(node, clause)
        run, mended = self.runs()[0], self.cluster.faults[-1].at
        if run.how == "terminated" and (run.ended_at or mended) < mended:
            raise Inconclusive("the job was ended before its server was in reach again")

    def freeze(self, node: str) -> Proof:
        self.cut_off.add(node)
        self.gone_at = self.site.now()
        return self.cluster.hurt(lambda: self.site.pause(node))

    def wake(self, node: str) -> Proof:
        self.cut_off.discard(node)
        return self.cluster.hurt(lambda: self.site.unpause(node))

    def restart(self, node: str) -> None:
        """Start a node again, and wait until it takes work."""
        self.nodes.restart(node)
        self.nodes.await_online(node)

    def bring_back(self, node: str) -> None:
        """Start a node again: from now on a recovery is owed, as after any return."""
        self.expect_within(self.return_timeout)
        self.restart(node)

    def bring_back_primary(self, clause: str) -> None:
        """Start the primary again, and wait until every server is with it; then as after a return.

        Raises `Violation` of that clause for a worker that does not find back, and `Inconclusive`
        when the primary was away for so long that a worker had to stop its jobs.
        """
        self.expect_within(self.return_timeout)
        self.back_at = self.site.now()
        self.restart(PRIMARY)
        self.await_return(*self.workers, clause=clause)
        self.excuse_fence()

    def excuse_fence(self) -> None:
        """Raise `Inconclusive` if no primary was there for so long that a worker stopped its jobs.

        To be called when all servers are with a primary again, since `gone_at`.
        """
        away = self.site.now() - self.gone_at
        runs = [run for work in self.works.values() for run in self.cluster.tagged(work.tag)]
        stopped = any(run.how == "terminated" and run.node != PRIMARY for run in runs)
        # A worker counts from its last report that was answered, some time before.
        if stopped and away > self.timings.alone - self.timings.prompt:
            raise Inconclusive(
                f"the primary was away for {away:.1f} s, and workers go on alone "
                f"for {self.timings.alone:g} s only"
            )

    def await_return(self, *nodes: str, clause: str) -> None:
        """Wait until nodes that were not started anew are with whoever leads again.

        Raises `Violation` of that clause: a node that ends, or does not find back, is a failure
        of the scheduler and not of the kit.
        """
        if missing := self.nodes.await_missing(*nodes):
            alive = all(self.site.alive(node) for node in missing)
            how = f"not within {self.timings.start:g} s" if alive else "it has ended"
            expected = f"{', '.join(missing)} back with whoever leads"
            seen = f"{how}; last words of {self.nodes.last_words(*missing)}"
            raise Violation(clause, expected, seen)
