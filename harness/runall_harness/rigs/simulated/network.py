"""Links in virtual time: in order, with a latency, and with the two ways in which a link fails.

When a link is *closed*, the other end sees the end of the stream. When a node is *cut off*,
neither end notices: messages sent meanwhile are held, and arrive when the cut is mended.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from .timeline import Timeline

LATENCY = 0.002
# The seconds after which a worker that reaches no primary tries again.
REDIAL = 0.2
# How long a message takes that the next one of its link overtakes: longer than two beats.
OVERTAKEN = 5.0


class LinkEnd(Protocol):
    """The methods that a link needs of the node at either end."""

    up: bool
    cut: bool

    @property
    def boot(self) -> str: ...

    def lost_link(self, link: "Link[Any]") -> None:
        """The other end has closed the link."""
        ...


End = TypeVar("End", bound=LinkEnd)


class Link(Generic[End]):
    """A worker's connection to a primary. The node that dialled is the worker's."""

    def __init__(self, time: Timeline, worker: End, primary: End, spoken: int) -> None:
        self.time, self.worker, self.primary = time, worker, primary
        self.open = True
        # The format of the wire that both ends have agreed on.
        self.spoken = spoken
        self.boot = worker.boot
        self.held: list[tuple[End, Callable[[], None]]] = []
        # What becomes of the next message, and for how many seconds one that is late is held up.
        self.fate: tuple[str, float] | None = None
        self.stalled = False

    @property
    def cut(self) -> bool:
        """Whether no message gets through now; a node always reaches itself."""
        apart = self.worker is not self.primary and (self.worker.cut or self.primary.cut)
        return apart or self.stalled

    def carry(self, by: End, act: Callable[[], None]) -> None:
        """Let `act` happen at the far end, in order, after the latency or after the cut."""
        fate, self.fate = self.fate, None
        if fate is not None:
            self.disturb(*fate, by, act)
        elif self.cut or self.held:
            self.held.append((by, act))
        else:
            self.time.after(LATENCY, act)

    def disturb(self, fate: str, lasting: float, by: End, act: Callable[[], None]) -> None:
        """Lose a message, hold it up with all that follow, or let the next one overtake it."""
        if fate == "overtaken":
            self.time.after(OVERTAKEN, partial(self.deliver_if_open, act))
        elif fate == "late":
            self.stalled = True
            self.held.append((by, act))
            self.time.after(lasting, self.end_stall)

    def deliver_if_open(self, act: Callable[[], None]) -> None:
        if self.open:
            act()

    def end_stall(self) -> None:
        self.stalled = False
        self.deliver_held()

    def deliver_held(self) -> None:
        if not self.cut:
            held, self.held = self.held, []
            for _, act in held:
                self.time.after(LATENCY, act)

    def close(self, by: End) -> None:
        """Close one end: its unsent messages are lost, and the other end sees the close."""
        if self.open:
            self.open = False
            self.held = [(sender, act) for sender, act in self.held if sender is not by]
            other = self.primary if by is self.worker else self.worker
            if other is not by and other.up:
                self.carry(by, partial(other.lost_link, self))
