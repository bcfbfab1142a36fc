"""One turn of a brain: handle an input, commit the change, carry out the actions, in this order.

The daemon and the simulated rig take every turn here, so a crash that the explorer places between
two of these steps is one that can befall a daemon. Nothing here does I/O: what commits and what
acts is given.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, Protocol

from runall_reference.brain.record_set import Change, Step

# A wake that is due already still leaves this many seconds for other inputs.
SHORTEST_WAKE = 0.001

# A crash falls before a step's commit, within it, after it, or between its actions.
Where = Literal["before", "within", "after", "between"]


class Brain(Protocol):
    """What primary and worker have in common."""

    def handle(self, given: Any, now: float, /) -> Step:
        """The step that follows from an input at `now`, in seconds."""
        ...

    def next_wake(self) -> float | None:
        """The time in seconds at which `Tick` is due; None if only an input matters."""
        ...


# Called at every point of a step at which a crash can fall, with the number of actions that were
# carried out, or of rows that were written; it may not return.
Reached = Callable[[Where, Step, int], None]


def ignore_point(*_: object) -> None:
    """Do nothing at a point: no crash is wanted."""


def take_turn(
    brain: Brain,
    given: Any,
    now: float,
    commit: Callable[[Change, int | None, Callable[[int], None]], None],
    act: Callable[[Any], None],
    reached: Reached,
) -> Step:
    """Let a brain handle what it is given, and carry out its step, which holds the reply.

    The change is committed as a whole before anything is done or answered (RA-3.2, RA-12.2).
    A step that writes nothing and does nothing needs no lease, so the store is not asked.
    Whatever `commit`, `act` or the brain raises ends the turn, and the brain may know something
    that the store does not: the caller discards it.
    """
    step = brain.handle(given, now)
    reached("before", step, 0)
    if step.change or step.actions:
        commit(step.change, step.guard, partial(reached, "within", step))
    reached("after", step, 0)
    for number, action in enumerate(step.actions, 1):
        act(action)
        reached("between", step, number)
    return step


def wake_delay(brain: Brain, now: float) -> float | None:
    """In how many seconds the brain has to be given a `Tick`; None if not at all."""
    wake = brain.next_wake()
    return None if wake is None else max(wake - now, SHORTEST_WAKE)
