"""A client that asks an adapter program, so that the kit can speak to any scheduler.

If a case needs what the adapter declares that its scheduler cannot do, the case is unsupported,
with the adapter's own reason. No answer is ever made up.
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

# The values with which a field of an event asks for nothing, so that no scheduler need support it.
NEUTRAL: Mapping[str, object] = {
    "enabled": True,
    **dict.fromkeys(("timeout", "max_children", "queue_max", "retries", "retry_delay"), 0),
}


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
        notify: Callable[[], None] = lambda: None,
        limit: float | None = None,
    ) -> None:
        self.wire = AdapterProcess(command, env or {}, cwd, notify, limit)
        self.described: Description | None = None
        # How long each answer took, by verb, in seconds.
        self.took: dict[str, list[float]] = {}

    def describe(self) -> Description:
        """The adapter's description of itself and of its scheduler; the adapter is asked once."""
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
        """The declared reason why the scheduler can't do `what`; empty if it can."""
        return self.describe().cannot.get(what, "")

    def require(self, what: str) -> None:
        """Raise `Unsupported` if the adapter declares that its scheduler can't do that."""
        if reason := self.cannot(what):
            raise Unsupported(f"the system can't do {what}: {reason}")

    def ask(self, kind: type[Question], **args: Any) -> Any:
        """The answer to a verb. Raises `Unsupported` for one that the scheduler can't do."""
        self.require(kind.verb())
        return self.put(kind, **args)

    def ask_if_able(self, kind: type[Question], otherwise: Any, **args: Any) -> Any:
        """The answer to a verb on which no case depends; `otherwise` if the system can't answer."""
        return otherwise if self.cannot(kind.verb()) else self.put(kind, **args)

    def put(self, kind: type[Question], **args: Any) -> Any:
        """The value of the answer. Raises `Rejected` for a refusal, `Unreachable` for `maybe`."""
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
        """The running minute of the schedule, in minutes since the epoch."""
        return self.ask(PresentSlot)

    def create_event(self, event: Mapping[str, Any]) -> None:
        """Create an event. Raises `Unsupported` for a field that is not supported."""
        self.require_fields(event)
        self.ask(CreateEvent, event=dict(event))

    def update_event(self, event: str, fields: Mapping[str, Any]) -> None:
        """Change fields of an event. Raises `Unsupported` for a field that is not supported."""
        self.require_fields(fields)
        self.ask(UpdateEvent, event=event, fields=dict(fields))

    def require_fields(self, fields: Mapping[str, Any]) -> None:
        """Raise `Unsupported` for the first field that the scheduler can't honour."""
        for name, value in fields.items():
            if NEUTRAL.get(name) != value:
                self.require(f"event.{name}")

    def delete_event(self, event: str) -> None:
        """Delete an event: nothing of it starts any more."""
        self.ask(DeleteEvent, event=event)

    def event(self, event: str) -> EventView:
        """How far an event has been served; without a cursor where the system shows none."""
        return self.ask_if_able(OneEvent, EventView(id=event), event=event)

    def run(self, event: str, params: Mapping[str, Any], source: str) -> str:
        """Start an event by hand; the new job's id."""
        if params:
            self.require("run.params")
        return self.ask(Run, event=event, params=dict(params), source=source)

    def abort(self, job: str) -> None:
        """End a job for good: nothing may follow it."""
        self.ask(Abort, job=job)

    def jobs(self) -> list[JobView]:
        """All jobs, live and finished."""
        return self.ask(Jobs)

    def job(self, job: str) -> JobView | None:
        """One job; None if it is not known."""
        return self.ask(OneJob, job=job)

    def leader(self) -> str:
        """The node that leads."""
        return self.ask(Leader)

    def online(self) -> set[str]:
        """The servers that take work now."""
        return set(self.ask(Ready))

    def owes(self, root: str) -> bool | None:
        """Whether something is still to run for that lineage; None if the system can't say."""
        return self.ask_if_able(Owes, None, root=root)

    def ledger(self) -> list[LedgerView]:
        """The operator's ledger; empty where the system keeps none."""
        return self.ask_if_able(LedgerLines, [])

    def reasons(self, root: str) -> str:
        """What the system says about that lineage; empty where it says nothing."""
        return self.ask_if_able(Reasons, "", root=root)

    def close(self) -> None:
        """Let the adapter end by itself; kill it if it does not."""
        self.wire.close()
