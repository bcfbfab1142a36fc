"""Drives the primary's brain: one primary, and workers that send what a test has them send.

There is no clock, process or network. A test hands the brain an input at a moment of its choice,
then looks at the records and the orders that follow.
"""

from collections.abc import Iterable
from typing import Any

from runall_reference.brain.inputs import (
    BeatReceived,
    Boot,
    CreateEvent,
    Order,
    PrimaryInput,
    Refused,
    RunEvent,
    Send,
    Tick,
    WorkerDisconnected,
)
from runall_reference.brain.messages import Beat, Message, Result
from runall_reference.brain.primary import Primary
from runall_reference.brain.record_set import Step
from runall_reference.brain.records import Entry, Event, Finished, Job, Record
from runall_reference.brain.settings import Settings
from runall_reference.daemon.releases import POLICIES

NOW = 1_740_000_000.0  # the moment at which a driver begins: slot 29,000,000 begins
SLOT = 29_000_000


class PrimaryDriver:
    """A primary `p` that leads since `began`. Times are seconds after `NOW`, and never go back."""

    def __init__(
        self, records: Iterable[Record] = (), *, began: float = NOW, **settings: Any
    ) -> None:
        self.settings = Settings(**settings)
        self.brain = Primary("p", self.settings, records, POLICIES[self.settings.policy])
        self.state, self.records = self.brain.state, self.brain.records
        self.now = began
        self.step = self.handle(Boot("p#1"))

    # ---------------------------------------------------------------- inputs
    def handle(self, given: PrimaryInput, at: float | None = None) -> Step:
        """Give the brain an input, at that second or now; the step that follows."""
        self.now = self.now if at is None else NOW + at
        self.step = self.brain.handle(given, self.now)
        return self.step

    def tick(self, at: float) -> Step:
        """Let time pass up to that second."""
        return self.handle(Tick(), at)

    def beat(
        self,
        at: float | None = None,
        *running: str,
        node: str = "w",
        boot: str = "w#1",
        results: tuple[Result, ...] = (),
        draining: bool = False,
    ) -> Step:
        """A worker sends its inventory: what it runs and what ended. A restart closes its link."""
        known = self.state.links.get(node)
        if known is not None and known.boot != boot and known.state == "online":
            self.handle(WorkerDisconnected(node, known.boot), at)
        sent = self.now if at is None else NOW + at
        inventory = Beat(
            node=node, boot=boot, sent=sent, running=running, results=results, draining=draining
        )
        return self.handle(BeatReceived(inventory), at)

    def create(self, name: str = "e", **fields: Any) -> Event:
        """A user schedules something for the worker `w`, with Run All on."""
        wanted: dict[str, Any] = {"target": "w", "catch_up": True, **fields}
        return self.order(CreateEvent(Event(id=name, **wanted)))

    def run(self, name: str = "e", source: str = "operator", **params: Any) -> Job:
        """A person runs an event; the accepted job."""
        return self.order(RunEvent(name, params, source))

    def order(self, order: Order) -> Any:
        """An order that must be accepted; the reply."""
        reply = self.handle(order).reply
        assert not isinstance(reply, Refused), reply.message
        return reply

    def refusal(self, order: Order) -> tuple[str, str]:
        """The code and the message with which an order is refused; it must have changed nothing."""
        before = {name: dict(table) for name, table in self.records.tables.items() if table}
        reply = self.handle(order).reply
        assert isinstance(reply, Refused), "it was accepted"
        assert before == {name: table for name, table in self.records.tables.items() if table}
        return reply.code, reply.message

    # ---------------------------------------------------------------- what can be seen
    def messages(self, node: str = "w") -> list[Message]:
        """What the last step sends to a node."""
        sends = (act for act in self.step.actions if isinstance(act, Send))
        return [send.message for send in sends if send.node == node]

    def job(self, name: str) -> Job:
        """An attempt that is not finalized."""
        return self.records.all(Job)[name]

    def done(self, name: str) -> Finished:
        """An attempt that is finalized."""
        return self.records.all(Finished)[name]

    def ledger(self) -> list[Entry]:
        """The operator's ledger, oldest line first."""
        return list(self.records.all(Entry).values())

    def lines(self) -> list[tuple[str, str, str, str, str]]:
        """The ledger without numbers and times: job, what, decision, clause, detail."""
        return [
            (line.job, line.what, line.decision, line.clause, line.detail) for line in self.ledger()
        ]


def ended(job: str, code: int = 0, how: str = "exit", at: float = 0.0) -> Result:
    """The end of a job, as its worker reports it."""
    return Result(job=job, code=code, how=how, ended_at=NOW + at)
