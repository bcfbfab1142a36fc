"""Virtual time: a queue of acts, each at its instant, in the order in which they were planned.

An act is a method, or a `partial` of one, never a nested function. So a world can be pickled with
all that is planned in it, and continued from there any number of times.
"""

import heapq
from collections.abc import Callable
from typing import NamedTuple

Act = Callable[[], None]


class Planned(NamedTuple):
    """A planned act. `number` keeps acts of the same instant in the order of planning."""

    at: float
    number: int
    act: Act


class Timeline:
    """The clock of a world and the acts that are planned in it. Times are seconds."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._planned: list[Planned] = []
        self._number = 0
        # The numbers of those that will not happen; they are dropped when their turn comes.
        self._cancelled: set[int] = set()

    def after(self, delay: float, act: Act) -> int:
        """Plan an act; return its number."""
        self._number += 1
        heapq.heappush(self._planned, Planned(self.now + delay, self._number, act))
        return self._number

    def cancel(self, number: int) -> None:
        """Let an act that is still planned not happen."""
        self._cancelled.add(number)

    def next(self) -> Planned | None:
        while self._planned and self._planned[0].number in self._cancelled:
            self._cancelled.remove(heapq.heappop(self._planned).number)
        return self._planned[0] if self._planned else None

    def planned(self) -> list[Planned]:
        return [planned for planned in self._planned if planned.number not in self._cancelled]

    def step(self, until: float) -> bool:
        """Do the next act that is due by `until`; False when there is none."""
        planned = self.next()
        if planned is None or planned.at > until:
            return False
        heapq.heappop(self._planned)
        self.now = max(self.now, planned.at)
        planned.act()
        return True
