"""A history, put in order for the checks: what ran, what was shown, what was asked."""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from ..history import Answer, AnyLine, Call, Meta, Seen, Witnessed
from ..rigs.base import Execution
from ..systems.base import JobView


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One call with its answer. Without one, it may or may not have happened."""

    verb: str
    args: dict[str, object]
    called_at: float
    answered_at: float | None = None
    outcome: str = "maybe"
    value: object = None


class Story(msgspec.Struct, kw_only=True):
    """`shown` holds every state that the system showed of a job, in order."""

    capabilities: frozenset[str] = frozenset()
    executions: dict[str, Execution] = {}
    shown: dict[str, list[JobView]] = {}
    asked: list[Asked] = []

    @classmethod
    def of(cls, lines: Iterable[AnyLine]) -> "Story":
        """Read a history."""
        story, calls = cls(shown=defaultdict(list)), dict[int, Call]()
        for line in lines:
            match line:
                case Meta():
                    story.capabilities = frozenset(line.capabilities)
                case Witnessed(execution=execution):
                    story.executions[execution.id] = execution
                case Seen(job=job):
                    story.shown[job.id].append(job)
                case Call():
                    calls[line.number] = line
                case Answer():
                    story.asked.append(asked(calls.pop(line.number), line))
                case _:
                    pass
        story.asked += [asked(call, None) for call in calls.values()]
        return story

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
