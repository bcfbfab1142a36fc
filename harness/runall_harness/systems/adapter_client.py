"""A client that asks an adapter program, so that the kit can speak to any scheduler.

If a case needs what the adapter declares that its scheduler cannot do, the case is unsupported,
with the adapter's own reason. No answer is ever made up.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from runall_harness.adapter import protocol
from runall_harness.adapter.protocol import Description, Question
from runall_harness.adapter.wire import AdapterProcess
from runall_harness.contract.verdicts import Unsupported
from runall_harness.evidence.views import EventView, JobView, LedgerView, Rejected, Unreachable

# The values with which a field of an event asks for nothing, so that no scheduler need support it.
NEUTRAL: Mapping[str, object] = {
    "enabled": True,
    **dict.fromkeys(("timeout", "max_children", "queue_max", "retries", "retry_delay"), 0),
}

# What the name of a field of an event begins with, among what a scheduler can't do.
FIELD = "event."


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

    def describe(self) -> Description:
        if self.described is None:
            try:
                self.described = self.put(protocol.Describe)
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
        answer = self.wire.ask(kind, **args)
        if isinstance(answer, protocol.Done):
            return answer.value
        if isinstance(answer, protocol.Refused):
            raise Rejected(answer.code, answer.message)
        raise Unreachable(answer.message)

    def ignores(self) -> frozenset[str]:
        cannot = self.describe().cannot
        return frozenset(n.removeprefix(FIELD) for n in cannot if n.startswith(FIELD))

    def present_slot(self) -> int:
        return self.ask(protocol.PresentSlot)

    def create_event(self, event: Mapping[str, Any]) -> None:
        self.require_fields(event)
        self.ask(protocol.CreateEvent, event=dict(event))

    def update_event(self, event: str, fields: Mapping[str, Any]) -> None:
        self.require_fields(fields)
        self.ask(protocol.UpdateEvent, event=event, fields=dict(fields))

    def require_fields(self, fields: Mapping[str, Any]) -> None:
        """Raise `Unsupported` for the first field that the scheduler can't honour."""
        for name, value in fields.items():
            if NEUTRAL.get(name) != value:
                self.require(f"{FIELD}{name}")

    def delete_event(self, event: str) -> None:
        self.ask(protocol.DeleteEvent, event=event)

    def event(self, event: str) -> EventView:
        return self.ask_if_able(protocol.OneEvent, EventView(id=event), event=event)

    def run(self, event: str, params: Mapping[str, Any], source: str) -> str:
        if params:
            self.require("run.params")
        return self.ask(protocol.Run, event=event, params=dict(params), source=source)

    def abort(self, job: str) -> None:
        self.ask(protocol.Abort, job=job)

    def jobs(self) -> list[JobView]:
        return self.ask(protocol.Jobs)

    def job(self, job: str) -> JobView | None:
        return self.ask(protocol.OneJob, job=job)

    def leader(self) -> str:
        return self.ask(protocol.Leader)

    def online(self) -> set[str]:
        return set(self.ask(protocol.Ready))

    def owes(self, root: str) -> bool | None:
        return self.ask_if_able(protocol.Owes, None, root=root)

    def ledger(self) -> list[LedgerView]:
        return self.ask_if_able(protocol.LedgerLines, [])

    def reasons(self, root: str) -> str:
        return self.ask_if_able(protocol.Reasons, "", root=root)

    def close(self) -> None:
        """Let the adapter end by itself; kill it if it does not."""
        self.wire.close()
