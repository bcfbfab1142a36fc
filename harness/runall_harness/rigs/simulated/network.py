"""Links in virtual time: in order, with a latency, and with the two ways in which links fail.

A link that *closes* tells the other side (end of stream). A node that is *cut off* tells nobody:
what is said meanwhile is held, and arrives when the cut is mended, late.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .node import Node
    from .world import World

LATENCY = 0.002
REDIAL = 0.2
# How long a message takes that the next one of its link overtakes: longer than two beats.
OVERTAKEN = 5.0


class Link:
    """A worker's connection to a primary. The node that dialled is the worker's."""

    def __init__(self, world: "World", worker: "Node", primary: "Node") -> None:
        self.world, self.worker, self.primary = world, worker, primary
        self.open = True
        self.boot = worker.boot
        self.held: list[tuple[Node, Callable[[], None]]] = []
        # What becomes of the next message, and for how many seconds one that is late is held up.
        self.fate: tuple[str, float] | None = None
        self.stalled = False

    @property
    def cut(self) -> bool:
        """Whether nothing gets through now; a node always reaches itself."""
        away = self.worker is not self.primary and (self.worker.cut or self.primary.cut)
        return away or self.stalled

    def carry(self, by: "Node", act: Callable[[], None]) -> None:
        """Let something arrive at the far end, in order, after the latency or after the cut."""
        fate, self.fate = self.fate, None
        if fate is not None:
            self.meddle(*fate, by, act)
        elif self.cut or self.held:
            self.held.append((by, act))
        else:
            self.world.time.after(LATENCY, act)

    def meddle(self, fate: str, lasting: float, by: "Node", act: Callable[[], None]) -> None:
        """Lose a message, hold it up with all that follow, or let the next one overtake it."""
        if fate == "overtaken":
            self.world.time.after(OVERTAKEN, partial(self.arrive, act))
        elif fate == "late":
            self.stalled = True
            self.held.append((by, act))
            self.world.time.after(lasting, self.unstall)

    def arrive(self, act: Callable[[], None]) -> None:
        """What was overtaken arrives at last, unless its link is gone: nobody listens to that."""
        if self.open:
            act()

    def unstall(self) -> None:
        """What was held up arrives, unless a cut holds it longer."""
        self.stalled = False
        if not self.cut:
            self.mend()

    def mend(self) -> None:
        """Deliver what the cut held up."""
        held, self.held = self.held, []
        for _, act in held:
            self.world.time.after(LATENCY, act)

    def close(self, by: "Node") -> None:
        """One end is gone, with all that it could not send; the other learns of it, if it can."""
        if self.open:
            self.open = False
            self.held = [(sender, act) for sender, act in self.held if sender is not by]
            other = self.primary if by is self.worker else self.worker
            if other is not by and other.up:
                self.carry(by, partial(other.lost_link, self))
