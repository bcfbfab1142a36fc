"""The base of an adapter program in Python: questions become calls of methods.

A method that raises `Rejected` answers `refused`, one that raises `Unreachable` answers `maybe`.
Any other exception is a fault of the adapter. It ends the program, with its trace on standard
error, because a fault answered as a refusal would count against the scheduler.
"""

import os
import sys
import threading
from collections.abc import Mapping
from typing import Any, BinaryIO, ClassVar

import msgspec

from runall_harness.evidence.views import EventView, JobView, LedgerView, Rejected, Unreachable

from . import protocol
from .protocol import Message, Question


class Adapter:
    """A program that translates the kit's verbs into a scheduler's API.

    Subclasses set `name`, `version` and `capabilities`, write the methods of the verbs, and give
    in `cannot` a reason for each verb, or field, that the scheduler can't do. A verb with neither
    a method nor a reason is refused when the program starts.
    """

    name: str = "unnamed"
    version: str = "unknown"
    capabilities: frozenset[str] = frozenset()
    cannot: ClassVar[Mapping[str, str]] = {}
    _output: BinaryIO | None = None

    def __init__(self) -> None:
        self._writing = threading.Lock()

    def describe(self) -> protocol.Description:
        """The name and version of the scheduler, what it claims, and what it can't do."""
        return protocol.Description(
            protocol=protocol.PROTOCOL,
            name=self.name,
            version=self.version,
            capabilities=sorted(self.capabilities),
            cannot=dict(self.cannot),
        )

    def ready(self) -> list[str]:
        """The nodes that take work now, by the names that the kit gave them."""
        raise NotImplementedError

    def create_event(self, event: dict[str, Any]) -> None:
        """Create an event; see `Event` in SPEC.md for the fields."""
        raise NotImplementedError

    def update_event(self, event: str, fields: dict[str, Any]) -> None:
        """Change those fields of an event, and leave the others as they are."""
        raise NotImplementedError

    def delete_event(self, event: str) -> None:
        """Delete an event: nothing of it starts any more."""
        raise NotImplementedError

    def run(self, event: str, params: dict[str, Any], source: str) -> str:
        """Start an event by hand; the job's id."""
        raise NotImplementedError

    def abort(self, job: str) -> None:
        """End a job for good: nothing may follow it."""
        raise NotImplementedError

    def jobs(self) -> list[JobView]:
        """All jobs, live and finished."""
        raise NotImplementedError

    def job(self, job: str) -> JobView | None:
        """One job, looked for among all of them; a scheduler may have a shorter way."""
        return next((view for view in self.jobs() if view.id == job), None)

    def present_slot(self) -> int:
        """The running minute of the schedule, in minutes since the epoch."""
        raise NotImplementedError

    def event(self, event: str) -> EventView:
        """How far the schedule of an event has been served."""
        raise NotImplementedError

    def leader(self) -> str:
        """The node that leads."""
        raise NotImplementedError

    def owes(self, root: str) -> bool | None:
        """Whether something is still to be run for a lineage; None: can't say."""
        raise NotImplementedError

    def ledger(self) -> list[LedgerView]:
        """The operator's ledger, oldest line first."""
        raise NotImplementedError

    def reasons(self, root: str) -> str:
        """The scheduler's own reasons for its decisions about a lineage; may be empty."""
        raise NotImplementedError

    def close(self) -> None:
        """Close connections: the kit asks nothing more."""

    def serve(self) -> None:
        """Answer questions until standard input ends. Raises `TypeError` for a missing verb."""
        self.require_verbs()
        self._output = own_output()
        try:
            for line in sys.stdin.buffer:
                self._write(self.answer(msgspec.json.decode(line, type=protocol.AnyQuestion)))
        finally:
            self.close()

    def require_verbs(self) -> None:
        """Raise `TypeError` with the verbs that have neither a method nor a reason."""
        missing = [
            verb
            for verb in protocol.VERBS
            if getattr(type(self), verb) is getattr(Adapter, verb)
            and verb not in ("describe", "job", *self.cannot)
        ]
        if missing:
            raise TypeError(
                f"{type(self).__name__} has neither a method nor a reason in `cannot` for "
                f"{', '.join(missing)}; a reason will do for {', '.join(protocol.OPTIONAL)}"
            )

    def answer(self, question: Question) -> Message:
        """The answer to one question."""
        verb = question.verb()
        args = {} if isinstance(question, protocol.Describe) else msgspec.structs.asdict(question)
        args.pop("id", None)
        if verb in self.cannot:
            return protocol.Refused(id=question.id, code="cannot", message=self.cannot[verb])
        try:
            return protocol.Done(id=question.id, value=getattr(self, verb)(**args))
        except Rejected as refusal:
            return protocol.Refused(id=question.id, code=refusal.code, message=refusal.message)
        except Unreachable as error:
            return protocol.Maybe(id=question.id, message=str(error))

    def changed(self) -> None:
        """Tell the kit, from any thread, that something may have changed."""
        self._write(protocol.Changed())

    def _write(self, message: Message) -> None:
        """Write a message as one whole line, also if several threads write at once."""
        if self._output is None:
            return
        with self._writing:
            self._output.write(msgspec.json.encode(message) + b"\n")
            self._output.flush()


def own_output() -> BinaryIO:
    """Take standard output for answers alone; from now on, `print` writes to standard error."""
    sys.stdout.flush()
    kept = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return kept
