"""The cluster of one case: a system (how to run and call a scheduler) on a site of a rig.

It injects faults, sees what runs, and waits for evidence. `nodes` starts the servers, `calls`
speaks to the system, `history` keeps all of it for the checks. The cluster decides that a case is
inconclusive, if a fault or other evidence did not come, and no more than one failure: a run for
which there is room may not be refused.
"""

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any, TypeVar

import msgspec

from runall_harness.checks import examine, judge
from runall_harness.checks.job_outcome import JobOutcome, outcome_of
from runall_harness.checks.job_traces import About, Gathered
from runall_harness.contract.cases import Case
from runall_harness.contract.verdicts import Inconclusive, Unsupported, Violation
from runall_harness.evidence.facts import Execution, Proof
from runall_harness.evidence.history import Clock, End, Exit, Fault, History, Ledger, Meta, Owed
from runall_harness.evidence.views import JobView, Rejected, Unreachable
from runall_harness.rigs.base import STORE, Rig
from runall_harness.rigs.faults import stand_apart
from runall_harness.systems.base import Client, System
from runall_harness.systems.stores import MENDED_BY, Store

from .calls import CANARY, Calls
from .nodes import PRIMARY, Nodes

T = TypeVar("T")
# Faults with two ends: a site cuts a node off from all others.
PARTINGS = ("cut", "join")
Condition = Callable[[], T | None]


class Cluster:
    """A running system on a site, with its history.

    recovery_s: how long the recovery took; deadline_s: how long it may take; waited: how long the
    case waited for a run that never came. All in seconds, for the report, and None where no step
    has measured it. `says_what_it_owes` is false for a system that can't say whether it still owes
    a job.
    """

    def __init__(self, rig: Rig, case: Case, system: System) -> None:
        self.rig, self.case, self.system = rig, case, system
        self.site = rig.site(
            case.id,
            cuttable=stand_apart(case.tags, own_hosts=system.own_hosts),
            orphans="daemon" in case.tags,
            clocks="clock" in case.tags,
        )
        self.history = History()
        self.history.add(self.meta())
        self.calls = Calls(self.site, self.history)
        self.nodes = Nodes(system, self.site, self.calls, self.history)
        self.faults: list[Proof] = []
        self.recovery_s: float | None = None
        self.deadline_s: float | None = None
        self.waited: float | None = None
        self.about: About | None = None
        self.store: Store | None = None
        self.says_what_it_owes = True

    def meta(self) -> Meta:
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
            clauses=tuple(sorted(self.case.clauses)),
            timings=s.timings.stated(),
        )

    def up(self, *workers: str, backups: tuple[str, ...] = (), store: str = "") -> None:
        """Start a primary, its backups and workers, and wait until all of them take work.

        `store` is the fault that their store is to get later, if any. Raises `Unsupported`.
        """
        # A partition can separate a node from a server, but from no file.
        if store := store or ("cut" if "netstore" in self.case.tags else ""):
            try:
                self.store = self.system.store(self.site, store)
            except Unsupported as error:
                why = f"the {self.rig.name} rig cannot show that to the store ({store}): {error}"
                raise Unsupported(why) from None
            self.nodes.start_store(self.store)
        self.nodes.start(*workers, backups=backups)
        if backups:
            # The first primary is to lead, so the backups start when it does.
            self.nodes.await_online(PRIMARY)
            self.nodes.start_backups()
        self.nodes.await_online(*self.nodes.specs)
        for node in {fault.node for fault in self.faults if fault.kind == "clock"}:
            self.prove_clock(node)
        for node in self.nodes.specs if self.system.probe else ():
            self.probe(node, self.system.timings.start)
        self.calls.note_leader()

    @property
    def api(self) -> Client:
        return self.calls.api

    def hurt(self, inject: Callable[[], Proof]) -> Proof:
        """Inject a fault. Raises `Inconclusive` if it is not proven to have taken effect."""
        try:
            proof = inject()
        except NotImplementedError as error:
            raise Unsupported(f"the {self.rig.name} rig cannot show this fault: {error}") from None
        if proof.kind in PARTINGS:
            peers = tuple(sorted(self.nodes.specs.keys() - {proof.node}))
            proof = msgspec.structs.replace(proof, peers=peers)
        self.faults.append(proof)
        self.history.add(Fault(at=proof.at, proof=proof))
        if proof.kind == "stop" and proof.proven:
            self.history.add(Exit(at=self.site.now(), node=proof.node))
        if not proof.proven:
            raise Inconclusive(f"{proof.kind} of {proof.node} is not proven: {proof.evidence}")
        return proof

    def hurt_store(self, fault: str) -> Proof:
        store = self.store
        assert store is not None, "the case was started without a store that can be hurt"
        return self.hurt(lambda: store.hurt(fault))

    def mend_store(self, fault: str) -> None:
        """Let the store be used again: mend it, or start its server again and wait for it."""
        store = self.store
        assert store is not None, "the case was started without a store that can be hurt"
        if MENDED_BY[fault]:
            self.hurt(lambda: store.mend(fault))
        else:
            self.nodes.start_store(store)

    def set_clock(self, node: str, ahead: float) -> None:
        """Set a node's wall clock ahead by so many seconds."""
        proof = self.hurt(lambda: self.site.set_clock(node, ahead))
        self.history.add(Clock(at=proof.at, node=node, ahead=ahead))

    def prove_clock(self, node: str) -> None:
        """See that a node which has started runs by the clock that was set before."""
        self.hurt(lambda: self.site.set_clock(node, 0.0))

    def owe(self, within: float, most: float | None = None, **owed: Any) -> None:
        """Write down what the system owes within so many seconds from now, in the words of `Owed`.

        `most` is for how long the case waits, with the overtime in which nothing is decided.
        """
        now, most = self.site.now(), max(within, most or 0.0)
        due = now + within if within < most else None
        self.history.add(Owed(at=now, until=now + most, due=due, **owed))

    def executions(self) -> Sequence[Execution]:
        found = list(self.site.executions())
        self.history.see_executions(self.site.now(), found)
        return found

    def tagged(self, tag: str) -> list[Execution]:
        """The executions that carry a tag, oldest first."""
        return [execution for execution in self.executions() if execution.tag == tag]

    def ended(self, tag: str) -> bool:
        """Whether a job of that tag has completed."""
        return any(run.how == "completed" for run in self.tagged(tag))

    def attempts(self, root: str, tag: str = "") -> list[JobView]:
        """The attempts of a lineage, in their order.

        A system that declares no lineage may name no link between them. Those that have run are
        then known by the tag of their executions, if one is given.
        """
        linked = "lineage" in self.system.capabilities
        ids = set[str]() if linked or not tag else {run.job for run in self.tagged(tag)}
        found = [job for job in self.calls.jobs() if job.root == root or job.id in ids]
        return sorted(found, key=lambda job: (job.attempt, job.placed_at or inf))

    def await_evidence(self, what: str, condition: Condition[T], within: float | None = None) -> T:
        """Wait for evidence that the case needs, by default for the slack of a busy machine.

        Raises `Inconclusive` if it does not come.
        """
        within = self.system.timings.slack if within is None else within
        value = self.site.wait(condition, within)
        if not value:
            raise Inconclusive(f"no evidence within {within:g} s that {what}")
        return value

    def await_time(self, what: str, until: float) -> None:
        """Wait until the rig's clock shows `until`, where there is no other sign to wait for."""
        now = self.site.now
        self.await_evidence(what, lambda: now() >= until, until - now() + 1)

    def await_missed(self, node: str) -> None:
        """Wait until the primary takes a node for absent. Raises `Inconclusive`."""
        within = self.system.timings.notice + self.system.timings.slack
        self.await_evidence(f"{node} is missed", lambda: node not in self.calls.online(), within)

    def run_beside(self, event: str, params: Mapping[str, Any], source: str = "operator") -> str:
        """Run an event that has room for one more job; the id of the job.

        Raises the `Violation` of RA-6.7 if it is refused for its limit.
        """
        try:
            return self.calls.run(event, params, source=source)
        except Rejected as refusal:
            if refusal.code != "limit":
                raise
            expected = f"{event} runs, for it has room for one more job"
            raise Violation("RA-6.7", expected, str(refusal)) from None

    def probe(self, node: str, within: float) -> None:
        """Run a job of a new event to its end on that node. Raises `Inconclusive`."""

        def canary() -> str | None:
            """The tag of a job that was accepted. What a lost answer was about is left alone."""
            tag = f"{CANARY}{self.calls.count}"
            try:
                self.calls.create(tag, node)
                self.run_beside(tag, {"tag": tag, "hold": "0"}, source="harness")
            except Unreachable:
                return None
            except Rejected as refusal:
                if refusal.code != "no-server":
                    raise
                return None
            return tag

        tag = self.await_evidence(f"{node} takes a job", canary, within)
        self.await_evidence(f"a job runs to its end on {node}", lambda: self.ended(tag), within)

    def regard(self, root: str, tag: str) -> None:
        """Note that the case is about that job, unless it is about an earlier one."""
        if self.about is None:
            self.about = About(root, tag)
            self.learn_what_it_says(root)

    def learn_what_it_says(self, root: str) -> None:
        """Learn whether the system can say what it owes of a job, while it answers."""
        known = self.calls.ask(lambda api: api.owes(root) is not None, None)
        self.says_what_it_owes = self.says_what_it_owes if known is None else known

    def job_outcome(self) -> JobOutcome | None:
        """What became of the job that the case is about; None where it is about none."""
        if self.about is None:
            return None
        root = self.about.root
        self.calls.jobs()
        runs = {run.id: run for run in self.executions()}
        gathered = Gathered(self.history.lines)
        # The history has an execution as it was at its last change; the site has its latest beat.
        gathered.runs |= runs
        if self.calls.owes(root) is False:
            gathered.refused.add(root)
        return outcome_of(gathered.traces(self.about, self.waited))

    def judge(self) -> None:
        """Run every check over the history. Raises `Violation`, or `Inconclusive`."""
        self.calls.note_leader()
        self.calls.jobs()
        self.executions()
        self.keep_ledger()
        self.end_history()
        judge(self.history.lines)

    def void(self) -> str:
        """Why nothing counts that was found so far, such as a job that outlived its kill."""
        self.history.see_last(self.site.now(), self.executions())
        return examine(self.history.lines).void or self.forged()

    def forged(self) -> str:
        """What the witness holds that no job of the harness has written; empty if there is none."""
        names = ", ".join(self.site.strangers())
        why = "reported executions without the word that the harness gave to the jobs of its events"
        return f"{names}: {why}" if names else ""

    def keep_ledger(self) -> None:
        """Write down the ledger, where there is one and the system answers."""
        entries = self.calls.ask(lambda api: tuple(api.ledger()), None)
        if entries is not None:
            self.history.add(Ledger(at=self.site.now(), entries=entries))

    def end_history(self) -> None:
        """Write the last line of the history, once."""
        if not isinstance(self.history.lines[-1], End):
            self.history.see_last(self.site.now(), self.site.executions())
            self.history.add(End(at=self.site.now()))

    def logs(self) -> dict[str, str]:
        server = (STORE,) if self.store is not None and self.store.spec else ()
        return {node: self.site.logs(node) for node in (*self.nodes.specs, *server)}

    def close(self) -> None:
        self.calls.close()
        try:
            self.site.close()
        finally:
            self.system.close()
