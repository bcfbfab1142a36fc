"""A client that asks an adapter program: how the kit talks to anybody's scheduler.

What the adapter has declared that its scheduler can't do is told here: a case that needs it is
unsupported, with the adapter's own reason, and nothing is ever made up in its place.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from runall_harness.adapter.protocol import (
    Abort,
    CreateEvent,
    DeleteEvent,
    Describe,
    Description,
    Done,
    Jobs,
    Leader,
    LedgerLines,
    OneEvent,
    OneJob,
    Owes,
    PresentSlot,
    Question,
    Ready,
    Reasons,
    Refused,
    Run,
    UpdateEvent,
)
from runall_harness.adapter.wire import AdapterProcess
from runall_harness.contract.verdicts import Unsupported
from runall_harness.evidence.views import EventView, JobView, LedgerView, Rejected, Unreachable

# The values with which a field of an event asks for nothing: whoever has no limits can have none.
NO_WISH: Mapping[str, object] = {
    "enabled": True,
    **dict.fromkeys(("timeout", "max_children", "queue_max", "retries", "retry_delay"), 0),
}


def nothing() -> None:
    """Nobody waits."""


class AdapterClient:
    """The verbs of `systems.base.Client`, asked of a program over its input and output.

    `env` is added to the environment, `notify` wakes whoever waits for a change, `limit` is how
    long an answer may take, in seconds. Raises `Rejected` for what did certainly not happen,
    `Unreachable` for what may have happened, `Unsupported` for what the scheduler can't do, and
    `KitCannotRun` when the adapter dies, hangs, or writes nonsense; its process is ended then.
    """

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        *,
        notify: Callable[[], None] = nothing,
        limit: float | None = None,
    ) -> None:
        self.wire = AdapterProcess(command, env or {}, cwd, notify, limit)
        self.described: Description | None = None
        # How long each answer took, by verb, in seconds.
        self.took: dict[str, list[float]] = {}

    def describe(self) -> Description:
        """What the adapter says of itself and of its scheduler; asked once."""
        if self.described is None:
            try:
                self.described = self.put(Describe)
            except (Rejected, Unreachable) as error:
                self.wire.fail(
                    "nonsense",
                    f"does not describe itself: {error}",
                    "let describe answer from the adapter's own knowledge",
                )
        assert self.described is not None
        return self.described

    def cannot(self, what: str) -> str:
        """The declared reason why the scheduler can't do that; empty if it can."""
        return self.describe().cannot.get(what, "")

    def require(self, what: str) -> None:
        """Raise `Unsupported` for what the adapter has declared that its scheduler can't do."""
        if reason := self.cannot(what):
            raise Unsupported(f"the system can't do {what}: {reason}")

    def ask(self, kind: type[Question], **args: Any) -> Any:
        """Ask for a verb. Raises what the class says."""
        self.require(kind.verb())
        return self.put(kind, **args)

    def tell(self, kind: type[Question], otherwise: Any, **args: Any) -> Any:
        """Ask for something that no case depends on; `otherwise` where the system can't say."""
        return otherwise if self.cannot(kind.verb()) else self.put(kind, **args)

    def put(self, kind: type[Question], **args: Any) -> Any:
        """Ask, and make an exception of an answer that is none."""
        began = time.monotonic()
        answer = self.wire.ask(kind, **args)
        verb = kind.verb()
        self.took.setdefault(verb, []).append(time.monotonic() - began)
        if isinstance(answer, Done):
            return answer.value
        if isinstance(answer, Refused):
            raise Rejected(answer.code, answer.message)
        raise Unreachable(answer.message)

    # ---------------------------------------------------------------- the verbs
    def present_slot(self) -> int:
        """The running minute of the schedule."""
        return self.ask(PresentSlot)

    def create_event(self, event: Mapping[str, Any]) -> None:
        """Schedule something."""
        self.require_fields(event)
        self.ask(CreateEvent, event=dict(event))

    def update_event(self, event: str, fields: Mapping[str, Any]) -> None:
        """Edit an event."""
        self.require_fields(fields)
        self.ask(UpdateEvent, event=event, fields=dict(fields))

    def require_fields(self, fields: Mapping[str, Any]) -> None:
        """Raise `Unsupported` for the first field that the scheduler can't honour."""
        for name, value in fields.items():
            if NO_WISH.get(name) != value:
                self.require(f"event.{name}")

    def delete_event(self, event: str) -> None:
        """Delete an event."""
        self.ask(DeleteEvent, event=event)

    def event(self, event: str) -> EventView:
        """How far an event has been served; without a cursor where the system shows none."""
        return self.tell(OneEvent, EventView(id=event), event=event)

    def run(self, event: str, params: Mapping[str, Any], source: str) -> str:
        """Start an event by hand."""
        if params:
            self.require("run.params")
        return self.ask(Run, event=event, params=dict(params), source=source)

    def abort(self, job: str) -> None:
        """End a job for ever."""
        self.ask(Abort, job=job)

    def jobs(self) -> list[JobView]:
        """All jobs."""
        return self.ask(Jobs)

    def job(self, job: str) -> JobView | None:
        """One job, or None for one that is not known."""
        return self.ask(OneJob, job=job)

    def leader(self) -> str:
        """Who leads."""
        return self.ask(Leader)

    def online(self) -> set[str]:
        """The servers that take work now."""
        return set(self.ask(Ready))

    def owes(self, root: str) -> bool | None:
        """Whether something is still to come for that lineage; None: can't say."""
        return self.tell(Owes, None, root=root)

    def ledger(self) -> list[LedgerView]:
        """The operator's ledger; empty where the system keeps none."""
        return self.tell(LedgerLines, [])

    def reasons(self, root: str) -> str:
        """What the system says about that lineage; empty where it says nothing."""
        return self.tell(Reasons, "", root=root)

    def close(self) -> None:
        """Let the adapter end; one that does not is ended."""
        self.wire.close()
