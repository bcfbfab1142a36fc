"""The cluster of one case: what the steps of a scenario speak to.

It joins a system (how to run and call a scheduler) with a site (where its nodes live), keeps
the history, and waits for evidence. It decides no verdict but one: that evidence did not come.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf
from typing import Any, Literal, TypeVar

import msgspec

from runall_harness.checks import judge
from runall_harness.checks.job_outcome import JobOutcome, outcome_of
from runall_harness.checks.job_traces import About, Gathered, root_of
from runall_harness.contract.cases import Case
from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.verdicts import Inconclusive, Unsupported
from runall_harness.evidence.facts import Execution, Proof
from runall_harness.evidence.history import (
    Answer,
    AnswerOutcome,
    Call,
    Clock,
    End,
    Fault,
    History,
    Ledger,
    Meta,
    Owed,
    Start,
)
from runall_harness.evidence.views import JobView, LedgerView, Rejected, Unreachable
from runall_harness.evidence.witness_job import SCRIPT
from runall_harness.rigs.base import NodeSpec, Rig
from runall_harness.rigs.faults import stand_apart
from runall_harness.systems.base import System

from .readiness import Evidence

T = TypeVar("T")

PRIMARY = "primary"
TAIL = 5


class Cluster:
    """A running system on a site, with its history."""

    def __init__(self, rig: Rig, case: Case, system: System) -> None:
        self.rig, self.case, self.system = rig, case, system
        self.history = History()
        self.faults: list[Proof] = []
        self.recovery_s: float | None = None
        self.deadline_s: float | None = None
        self.about: About | None = None
        self.waited: float | None = None
        self.tells = True
        self.specs: dict[str, NodeSpec] = {}
        self.site = rig.site(
            case.id,
            cuttable=stand_apart(case.tags, own_hosts=system.own_hosts),
            orphans="daemon" in case.tags,
        )
        self.evidence = Evidence(self.site)
        self.client = None
        self.primaries: tuple[str, ...] = (PRIMARY,)
        self.calls = 0
        self.history.add(self.meta())

    def meta(self) -> Meta:
        """The first line of the history."""
        s = self.system
        return Meta(
            at=self.site.now(),
            case=self.case.id,
            system=s.name,
            version=s.version,
            policy=s.policy,
            rig=self.rig.name,
            capabilities=tuple(sorted(s.capabilities)),
            grace=s.timings.grace + s.timings.slack,
            lag=s.timings.lag,
        )

    # ---------------------------------------------------------------- nodes
    def up(self, *workers: str, backups: tuple[str, ...] = ()) -> None:
        """Start a primary, its backups and workers, and wait until all of them take work."""
        self.lead(*workers, backups=backups)
        if backups:
            # The first of them leads: the others come when it does, and find it leading.
            self.await_online(PRIMARY)
            self.follow()
        self.await_online(*self.specs)
        for node in self.specs if self.system.probe else ():
            self.probe(node, self.system.timings.start)

    def lead(self, *workers: str, backups: tuple[str, ...] = ()) -> None:
        """Start the primary and the workers; the backups are described, and come later."""
        self.primaries = (PRIMARY, *backups)
        for name in (*self.primaries, *workers):
            role = "primary" if name in self.primaries else "worker"
            self.specs[name] = self.system.node(self.site, name, role, self.primaries)
        self.begin(PRIMARY, *workers)
        self.client = self.system.client(self.site, self.primaries)

    def follow(self) -> None:
        """Start the backups."""
        self.begin(*self.primaries[1:])

    def begin(self, *nodes: str) -> None:
        """Start nodes that were described."""
        for name in nodes:
            self.tell_start(name)
            self.evidence.starts(self.specs[name])
        self.site.start(*(self.specs[name] for name in nodes))

    def await_online(self, *nodes: str) -> None:
        """Wait until these nodes take work. Raises `KitCannotRun` with their last words."""
        if silent := self.silent(*nodes):
            raise KitCannotRun(
                f"{', '.join(silent)} did not come up; last words of {self.last_words(*silent)}",
                "read the node's log, and try its command by hand",
            )

    def silent(self, *nodes: str) -> list[str]:
        """Wait until these nodes take work, or one has died; which of them do not by then."""
        wanted = set(nodes)

        def settled() -> set[str]:
            """Who is there, or who died meanwhile: either ends the waiting."""
            dead = {node for node in wanted if not self.site.alive(node)}
            return dead or (wanted if self.evident(wanted) and wanted <= self.online() else set())

        settled_on = self.wait(settled, self.system.timings.start)
        if settled_on == wanted and all(self.site.alive(node) for node in wanted):
            return []
        here = {node for node in wanted & self.online() if self.evident({node})}
        return sorted(settled_on or wanted - here)

    def last_words(self, *nodes: str) -> str:
        """The end of what each of these nodes printed, in a line."""
        return "; ".join(f"{node}: {tail(self.site.logs(node))}" for node in nodes)

    def evident(self, nodes: set[str]) -> bool:
        """Whether of each node that is seen which must be, before anybody else is asked."""
        return all(self.evidence.shows(self.specs[node]) for node in nodes)

    def online(self) -> set[str]:
        """The nodes that take work; none while the primary does not answer."""
        try:
            return self.api.online()
        except (Unreachable, Rejected):
            return set()

    def leader(self) -> str:
        """The server that leads; empty while none answers."""
        try:
            return self.api.leader()
        except (Unreachable, Rejected):
            return ""

    def restart(self, node: str, spec: NodeSpec | None = None) -> None:
        """Start a node again that had ended; `spec` is how, if not as before."""
        self.tell_start(node)
        self.evidence.starts(self.specs[node])
        self.site.start(spec or self.specs[node])

    def tell_start(self, node: str) -> None:
        """Write down that a node starts."""
        role = self.specs[node].role
        self.history.add(Start(at=self.site.now(), node=node, role=role))

    @property
    def api(self) -> Any:
        """The client; there is one as soon as the cluster is up."""
        assert self.client is not None, "the cluster is not up"
        return self.client

    # ---------------------------------------------------------------- faults
    def hurt(self, inject: Callable[[], Proof]) -> Proof:
        """Inject a fault. One that is not proven to have taken effect voids the case."""
        try:
            proof = inject()
        except NotImplementedError as error:
            raise Unsupported(f"the {self.rig.name} rig cannot show this fault: {error}") from None
        self.faults.append(proof)
        self.history.add(Fault(at=proof.at, proof=proof))
        if not proof.proven:
            raise Inconclusive(f"{proof.kind} of {proof.node} is not proven: {proof.evidence}")
        return proof

    def set_clock(self, node: str, ahead: float) -> Proof:
        """Set a node's wall clock that many seconds ahead, and write that down."""
        proof = self.hurt(lambda: self.site.set_clock(node, ahead))
        self.history.add(Clock(at=proof.at, node=node, ahead=ahead))
        return proof

    def owe(
        self,
        what: Literal["end", "rerun"],
        job: str,
        within: float,
        *,
        clause: str,
        since: float,
        tag: str = "",
    ) -> None:
        """Write down what the system owes of a job from now on, within so many seconds.

        A rerun counts if it started after `since`; where no link is shown, by its `tag`.
        """
        now = self.site.now()
        self.history.add(
            Owed(
                at=now, what=what, job=job, until=now + within, clause=clause, since=since, tag=tag
            )
        )

    # ---------------------------------------------------------------- asking
    def call(self, verb: str, **args: Any) -> Any:
        """Ask the system for something, and write down what was asked and answered."""
        self.calls += 1
        number = self.calls
        self.history.add(Call(at=self.site.now(), number=number, verb=verb, args=args))
        try:
            value = getattr(self.api, verb)(**args)
        except (Rejected, Unreachable) as error:
            outcome: AnswerOutcome = "refused" if isinstance(error, Rejected) else "maybe"
            self.answer(number, outcome, str(error))
            raise
        self.answer(number, "done", value)
        return value

    def answer(self, number: int, outcome: AnswerOutcome, value: Any) -> None:
        """Write down an answer."""
        line = Answer(at=self.site.now(), number=number, outcome=outcome, value=value)
        self.history.add(line)

    def jobs(self) -> list[JobView]:
        """What the system shows; nothing while it does not answer."""
        try:
            jobs = self.api.jobs()
        except (Unreachable, Rejected):
            return []
        self.history.see_jobs(self.site.now(), jobs)
        self.history.miss_jobs(self.site.now(), jobs)
        return jobs

    def job(self, name: str) -> JobView | None:
        """One job as the system shows it."""
        return next((job for job in self.jobs() if job.id == name), None)

    def attempts(self, root: str, tag: str = "") -> list[JobView]:
        """The attempts of a lineage, in their order.

        A system that declares no lineage may name no link between them: those that have run are
        then known by the tag of their executions, if one is given.
        """
        linked = "lineage" in self.system.capabilities
        ids = set[str]() if linked or not tag else {run.job for run in self.tagged(tag)}
        found = [job for job in self.jobs() if job.root == root or job.id in ids]
        return sorted(found, key=lambda job: (job.attempt, job.placed_at or inf))

    def ledger_of(self, root: str) -> list[LedgerView]:
        """The ledger's lines about a lineage; none while the system does not answer."""
        try:
            return [entry for entry in self.api.ledger() if entry.root == root]
        except (Unreachable, Rejected):
            return []

    def gave_up(self, root: str) -> bool:
        """Whether the system says that it owes nothing more for a lineage."""
        try:
            return self.api.owes(root) is False
        except (Unreachable, Rejected):
            return False

    # ---------------------------------------------------------------- seeing
    def executions(self) -> Sequence[Execution]:
        """All executions so far, as the jobs themselves told them."""
        found = list(self.site.executions())
        self.history.see_executions(self.site.now(), found)
        return found

    def tagged(self, tag: str) -> list[Execution]:
        """The executions that carry a tag, oldest first."""
        return [execution for execution in self.executions() if execution.tag == tag]

    def lineage_of(self, execution: Execution) -> str:
        """The root that the scheduler names for an execution; its job where it names none."""
        return root_of(execution)

    def wait(self, condition: Callable[[], T | None], within: float) -> T | None:
        """The condition's first true value, or None after `within` seconds."""
        return self.site.wait(condition, within)

    def await_evidence(self, what: str, condition: Callable[[], T | None], within: float) -> T:
        """Wait for something that a case cannot do without. Raises `Inconclusive`."""
        value = self.wait(condition, within)
        if not value:
            raise Inconclusive(f"no evidence within {within:g} s that {what}")
        return value

    def await_time(self, what: str, until: float) -> None:
        """Wait until the rig's clock says so, where it alone can tell that something has passed."""
        now = self.site.now
        self.await_evidence(what, lambda: now() >= until, until - now() + 1)

    # ---------------------------------------------------------------- trying
    def create(self, event: str, target: str, **fields: Any) -> None:
        """Create an event that runs the witness; catch-up and limits as given."""
        params = {"script": SCRIPT, **fields.pop("params", {})}
        body = {"id": event, "title": event, "target": target, "params": params, **fields}
        self.call("create_event", event=body)

    def edit(self, event: str, **fields: Any) -> None:
        """Change these fields of an event."""
        self.call("update_event", event=event, fields=fields)

    def probe(self, node: str, within: float) -> None:
        """Run a job of an event of its own to its end on that node. Raises `Inconclusive`."""
        tag = f"canary-{self.calls}"
        run = {"event": tag, "params": {"tag": tag, "hold": "0"}, "source": "harness"}
        takes = f"{node} takes a job"
        self.await_evidence(takes, lambda: self.taken(lambda: self.create(tag, node)), within)
        self.await_evidence(takes, lambda: self.taken(lambda: self.call("run", **run)), within)
        self.await_evidence(f"a job runs to its end on {node}", lambda: self.ended(tag), within)

    def taken(self, ask: Callable[[], object]) -> bool:
        """Whether the system took that; it does not while no server is there for it."""
        try:
            ask()
        except Rejected as refusal:
            if refusal.code != "no-server":
                raise
            return False
        return True

    def ended(self, tag: str) -> bool:
        """Whether a job of that tag completed."""
        return any(run.how == "completed" for run in self.tagged(tag))

    # ---------------------------------------------------------------- the end
    def regard(self, root: str, tag: str) -> None:
        """The case is about that job, unless it is about another that came before."""
        if self.about is None:
            self.about = About(root, tag)
            self.learn(root)

    def learn(self, root: str) -> None:
        """Learn whether the system can say what it owes of a job; asked while somebody answers."""
        with suppress(Unreachable, Rejected):
            self.tells = self.api.owes(root) is not None

    def job_outcome(self) -> JobOutcome | None:
        """What became of the job that the case is about; None where it is about none."""
        if self.about is None:
            return None
        self.jobs()
        live = self.executions()
        traces = Gathered(self.history.lines).traces(self.about)
        ids = {run.id for run in traces.runs}
        given_up = traces.given_up or self.gave_up(self.about.root)
        # A line tells an execution when it changes; its later signs of life are with the site.
        return outcome_of(
            msgspec.structs.replace(
                traces,
                runs=[run for run in live if run.id in ids],
                given_up=given_up,
                waited=self.waited or traces.waited,
            )
        )

    def judge(self) -> None:
        """Run every check over the history. Raises `Violation`, or `Inconclusive`."""
        self.jobs()
        self.executions()
        self.keep_ledger()
        self.tell_end()
        judge(self.history.lines)

    def tell_end(self) -> None:
        """Write down, once, that nothing more will be told."""
        if not isinstance(self.history.lines[-1], End):
            self.history.see_last(self.site.now(), self.site.executions())
            self.history.add(End(at=self.site.now()))

    def keep_ledger(self) -> None:
        """Write down the ledger, where there is one and somebody answers."""
        try:
            entries = tuple(self.api.ledger())
        except (Unreachable, Rejected):
            return
        self.history.add(Ledger(at=self.site.now(), entries=entries))

    def logs(self) -> dict[str, str]:
        """What each node printed."""
        return {node: self.site.logs(node) for node in self.specs}

    def close(self) -> None:
        """Remove the cluster."""
        if self.client is not None:
            self.client.close()
        try:
            self.site.close()
        finally:
            self.system.close()


def tail(text: str) -> str:
    """The last lines of what a node printed, in one."""
    lines = [line.strip() for line in text.splitlines()[-TAIL:]]
    return " / ".join(filter(None, lines)) or "(nothing)"
