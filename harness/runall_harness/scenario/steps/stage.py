"""The stage of one scenario: its servers, its events, its jobs, and what is done to them.

It turns the words of the steps into calls on the cluster. What must follow is in `scene`.
"""

from typing import Any

import msgspec

from runall_harness.contract.verdicts import Inconclusive, Violation
from runall_harness.evidence.facts import Execution, Proof
from runall_harness.evidence.views import JobView
from runall_harness.evidence.witness_job import LEAD_SLOTS, NOTE, SCRIPT, exactly
from runall_harness.rigs.base import Scope, StopTo
from runall_harness.systems.base import Timings

from ..cluster import PRIMARY, Cluster


class Work(msgspec.Struct, kw_only=True):
    """A piece of work: a tag that its executions carry, and how it was started."""

    tag: str
    trigger: str
    event: str
    first: Execution
    root: str

    @property
    def node(self) -> str:
        """The server on which it ran first."""
        return self.first.node


class Stage:
    """What the steps set up and break: events, jobs, nodes."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.workers: tuple[str, ...] = ()
        self.plan: dict[str, Any] = {}
        self.works: dict[str, Work] = {}
        self.clause = "RA-2.1"
        self.since = 0.0
        self.cut_off: set[str] = set()
        self.away = 0.0  # of a server that was to be back at once
        self.stopped_at = self.left_at = self.back_at = self.led_at = 0.0
        self.promised = 0.0
        self.accepted = ""
        self.due = 0  # the slot of an event of the clock

    @property
    def timings(self) -> Timings:
        """What the system says of its own speed."""
        return self.cluster.system.timings

    # ---------------------------------------------------------------- work
    @property
    def work(self) -> Work:
        """The job that the scenario is about: the first that it started."""
        return next(iter(self.works.values()))

    def launch(self, trigger: str, tag: str = "job", **params: str) -> Work:
        """Start a job of the planned event, by hand or by the clock, and see it run."""
        own = {"tag": tag, "note": NOTE, **params}
        event = self.plan.get("id", "report")
        known = any(work.event == event for work in self.works.values())
        if not known:
            self.create_planned(event, trigger, own)
        if trigger == "manual":
            self.cluster.call("run", event=event, params=own, source="operator")
        return self.meet(trigger, event, tag)

    def create_planned(self, event: str, trigger: str, own: dict[str, str]) -> None:
        """The event itself; for the clock it is due once, at a minute that is about to come."""
        fields = {k: v for k, v in self.plan.items() if k not in ("id", "target")}
        if trigger == "scheduled":
            self.due = self.cluster.api.present_slot() + LEAD_SLOTS
            fields |= {"timing": exactly(self.due), "params": own}
        else:
            fields["params"] = {**own, "note": "the event's own, not the run's"}
        self.cluster.create(event, self.plan["target"], **fields)

    def meet(self, trigger: str, event: str, tag: str) -> Work:
        """Wait until the witness tells that the job started, and learn who it is."""
        within = (LEAD_SLOTS + 1) * self.timings.minute + self.timings.prompt + self.timings.slack
        runs = self.cluster.await_evidence(
            f"the {trigger} job {tag!r} started", lambda: self.cluster.tagged(tag), within
        )
        view = self.cluster.await_evidence(
            f"the system shows {runs[0].job} as running", lambda: self.running(runs[0].job), within
        )
        work = Work(tag=tag, trigger=trigger, event=event, first=runs[0], root=view.root)
        self.works[tag] = work
        self.cluster.regard(work.root, tag)
        return work

    def running(self, job: str) -> JobView | None:
        """The job, once the system itself shows that it runs."""
        view = self.cluster.job(job)
        return view if view and (view.final or view.state in ("running", "stopping")) else None

    def slot_params(self) -> dict[str, str]:
        """What the event's own slots run: a short job under a tag of its own."""
        return {"script": SCRIPT, "tag": "slot", "hold": "0"}

    def end_job(self) -> None:
        """Let the job come to its own end, as the witness tells."""
        tag = self.work.tag
        self.cluster.site.release(tag)
        self.cluster.await_evidence(
            f"{tag} comes to its own end",
            lambda: self.cluster.tagged(tag)[-1].how in ("completed", "failed"),
            self.timings.slack,
        )

    # ---------------------------------------------------------------- faults
    @property
    def victim(self) -> str:
        """The server of the job."""
        return self.work.node

    def promise_after_return(self) -> float:
        """How soon a recovery is owed once the server is back: at once only if that is claimed."""
        prompt = "prompt" in self.cluster.system.capabilities
        return self.timings.prompt if prompt else self.timings.dead_job_timeout

    def clause_after_primary(self, local: str) -> str:
        """What is at stake when the primary went away: its own job, or one on a worker."""
        return local if self.victim == PRIMARY else "RA-2.11"

    def come_back_with_all(self, node: str) -> None:
        """Start the primary again, and wait until every server is with it.

        Raises `Inconclusive` when it was away for so long that a worker had to stop its jobs.
        """
        self.back_at = self.cluster.site.now()
        self.cluster.restart(node)
        self.cluster.await_online(PRIMARY)
        self.await_return(*self.workers)
        away = self.cluster.site.now() - self.since
        runs = [run for work in self.works.values() for run in self.cluster.tagged(work.tag)]
        stopped = any(run.how == "terminated" and run.node != PRIMARY for run in runs)
        if self.since and stopped and away > self.timings.alone:
            raise Inconclusive(
                f"the primary was away for {away:.1f} s, and workers go on alone "
                f"for {self.timings.alone:g} s only"
            )

    def await_return(self, *nodes: str, clause: str = "") -> None:
        """Wait until nodes that were not started anew are with whoever leads again.

        Raises `Violation`: one that dies of it, or does not find back, is the scheduler's failure
        and not the kit's.
        """
        if away := self.cluster.silent(*nodes):
            alive = all(self.cluster.site.alive(node) for node in away)
            how = f"not within {self.timings.start:g} s" if alive else "it has ended"
            raise Violation(
                clause or self.clause,
                f"{', '.join(away)} back with whoever leads",
                f"{how}; last words of {self.cluster.last_words(*away)}",
            )

    def expect(self, clause: str, promised: float, proof: Proof | None = None) -> None:
        """From now on the system owes a recovery, within what it promises of itself."""
        self.clause = clause
        self.since = proof.at if proof else self.cluster.site.now()
        self.promised = promised

    @property
    def deadline(self) -> float:
        """How long to wait before a promise counts as broken, in seconds."""
        return self.promised + self.timings.slack

    def kill(self, node: str, scope: Scope = "node") -> Proof:
        """SIGKILL a whole node, or a part of it."""
        return self.cluster.hurt(lambda: self.cluster.site.kill(node, scope))

    def stop(self, node: str, to: StopTo | None = None) -> Proof:
        """Stop a node cleanly, as its system says or as told, and remember when it had left."""
        grace = self.timings.stop + self.timings.slack
        proof = self.cluster.hurt(lambda: self.cluster.site.stop(node, grace, to))
        self.stopped_at, self.left_at = proof.at, self.cluster.site.now()
        return proof

    def come_back(self, node: str) -> None:
        """Start a node again, and wait until everybody who should be there is."""
        self.cluster.restart(node)
        self.cluster.await_online(node)

    def cut(self, node: str) -> Proof:
        """Cut a node off from the network, in silence."""
        self.cut_off.add(node)
        return self.cluster.hurt(lambda: self.cluster.site.cut(node))

    def cut_until_missed(self, node: str) -> None:
        """Cut a node off, until the primary has noticed."""
        self.cut(node)
        within = self.timings.notice + self.timings.slack
        self.cluster.await_evidence(
            f"{node} is missed", lambda: node not in self.cluster.online(), within
        )

    def join(self, node: str) -> None:
        """Mend the cut, and wait until the node takes work again."""
        self.cluster.hurt(lambda: self.cluster.site.join(node))
        self.cut_off.discard(node)
        self.await_return(node)
