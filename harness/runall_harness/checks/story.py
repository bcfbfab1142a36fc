"""A history, put in order for the checks: what ran, what was shown, what was asked."""

from collections import defaultdict
from collections.abc import Iterable
from math import inf

import msgspec

from ..history import Answer, AnyLine, Call, Fault, Ledger, Meta, Seen, Witnessed
from ..rigs.base import Execution, Proof
from ..systems.base import JobView, LedgerView

# An execution is seen to live at its beats, so an overlap shorter than this is no proof of one.
BEAT = 0.15


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One call with its answer. Without one, it may or may not have happened."""

    verb: str
    args: dict[str, object]
    called_at: float
    answered_at: float | None = None
    outcome: str = "maybe"
    value: object = None


class Freeze(msgspec.Struct, kw_only=True):
    """A node stood still from `since` until it was woken or ended, in seconds."""

    node: str
    since: float
    until: float = inf


class Limbo(msgspec.Struct, kw_only=True):
    """A job was shown in limbo from `since` until it was shown otherwise, in seconds."""

    job: str
    event: str
    since: float
    until: float = inf


class Story(msgspec.Struct, kw_only=True):
    """`shown` holds every state that the system showed of a job, in order.

    `grace` is how long a job may live on after it was told to end, in seconds. `ledger` is None
    where nobody could be asked for it.
    """

    capabilities: frozenset[str] = frozenset()
    grace: float = 0.0
    freezes: list[Freeze] = []
    executions: dict[str, Execution] = {}
    shown: dict[str, list[JobView]] = {}
    limbo: list[Limbo] = []
    ledger: tuple[LedgerView, ...] | None = None
    asked: list[Asked] = []

    @classmethod
    def of(cls, lines: Iterable[AnyLine]) -> "Story":
        """Read a history."""
        story, calls = cls(shown=defaultdict(list)), dict[int, Call]()
        for line in lines:
            match line:
                case Call():
                    calls[line.number] = line
                case Answer():
                    story.asked.append(asked(calls.pop(line.number), line))
                case _:
                    story.see(line)
        story.asked += [asked(call, None) for call in calls.values()]
        return story

    def see(self, line: AnyLine) -> None:
        """Take in what was observed."""
        match line:
            case Meta():
                self.capabilities, self.grace = frozenset(line.capabilities), line.grace
            case Fault(proof=proof):
                self.see_fault(proof)
            case Witnessed(execution=execution):
                self.executions[execution.id] = execution
            case Seen(job=job):
                self.shown[job.id].append(job)
                self.see_limbo(line.at, job)
            case Ledger(entries=entries):
                self.ledger = entries
            case _:
                pass

    def see_fault(self, proof: Proof) -> None:
        """Remember when a node was frozen; a kill or a stop ends that as well."""
        if proof.kind in ("unpause", "kill", "stop"):
            for freeze in self.freezes:
                if freeze.node == proof.node:
                    freeze.until = min(freeze.until, proof.at)
        if proof.kind == "pause":
            self.freezes.append(Freeze(node=proof.node, since=proof.at))

    def see_limbo(self, at: float, job: JobView) -> None:
        """Remember from when to when a job was in limbo; its end, by the system's own word."""
        last = next((each for each in self.limbo if each.job == job.id and each.until == inf), None)
        if last is not None and (job.final or not job.limbo):
            last.until = job.finalized_at if job.final else at
        elif last is None and job.limbo and not job.final:
            self.limbo.append(Limbo(job=job.id, event=job.event, since=at))

    def slept_into(self, earlier: Execution, later: Execution) -> bool:
        """Whether one execution outlived the start of another only because its node was frozen.

        What does not run cannot stop itself: it has the kill grace from its waking.
        """
        last_seen = earlier.ended_at or earlier.beat_at
        return any(
            freeze.node == earlier.node
            and freeze.since <= later.started_at
            and last_seen <= freeze.until + self.grace
            for freeze in self.freezes
        )

    def jobs(self) -> list[JobView]:
        """Each job as it was shown last."""
        return [states[-1] for states in self.shown.values()]

    def lineages(self) -> dict[str, list[Execution]]:
        """The executions of each root, oldest first. A scheduler names the root, or the job."""
        roots = {job.id: job.root for job in self.jobs()}
        found: dict[str, list[Execution]] = defaultdict(list)
        for execution in self.executions.values():
            root = execution.claims.get("JOB_ROOT") or roots.get(execution.job, execution.job)
            found[root].append(execution)
        return {root: sorted(runs, key=lambda e: e.started_at) for root, runs in found.items()}


def asked(call: Call, answer: Answer | None) -> Asked:
    """A call and its answer as one."""
    return Asked(
        verb=call.verb, args=call.args, called_at=call.at,
        answered_at=answer.at if answer else None,
        outcome=answer.outcome if answer else "maybe", value=answer.value if answer else None,
    )  # fmt: skip
