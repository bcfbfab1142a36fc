"""What a scheduler shows of its jobs, events and ledger, and the errors of its API."""

from typing import Any

import msgspec


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job as the system shows it. `state` is one of the reference's states (see `machines`).

    `placed_at` is when it was sent to its node, in seconds of the system's clock; 0 if unknown.
    `late_code` is the exit status of a result that came after the attempt had been given up.
    """

    id: str
    event: str
    root: str
    attempt: int
    state: str
    node: str = ""
    cause: str = ""
    predecessor: str = ""
    source: str = ""
    now: float = 0.0
    params: dict[str, Any] = {}
    limbo: bool = False
    placed_at: float = 0.0
    finalized_at: float = 0.0
    description: str = ""
    late_code: int | None = None

    @property
    def final(self) -> bool:
        return self.state in ("succeeded", "failed", "timed_out", "aborted", "interrupted")


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """How far an event's schedule has been served. Slots are minutes since the epoch.

    `cursor` is the last slot that was served or skipped; None where a system shows none.
    `owed` are the slots before it that were interrupted and are still to be run again.
    """

    id: str
    cursor: int | None = None
    owed: tuple[int, ...] = ()


class LedgerView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the operator's ledger: what happened to a job, what was decided, and why.

    `decision` is "refused" where nothing follows; `clause` names the rule, `detail` the reason.
    """

    number: int
    at: float
    event: str
    job: str
    root: str
    what: str
    decision: str
    clause: str = ""
    detail: str = ""

    @property
    def refused(self) -> bool:
        return self.decision == "refused"


class Rejected(Exception):
    """The system refused: nothing happened."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


class Unreachable(Exception):
    """The system did not answer: what was asked for may or may not have happened."""
