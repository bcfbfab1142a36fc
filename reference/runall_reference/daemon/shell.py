"""The discipline that keeps a brain honest: handle, commit, act, answer, in this order.

All of it happens in the event loop's thread without an await, so one input is over before the
next begins. Whatever goes wrong on the way ends this brain: it may know something that the store
does not, so it is discarded and nothing is asked of it again.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from runall_reference.brain.inputs import Tick
from runall_reference.brain.record_set import Step
from runall_reference.store import Store

from .failpoints import Reached, unheeded

# A wake that is due already still lets the loop breathe, and others be heard.
SHORTEST_WAKE = 0.001


class Brain(Protocol):
    """What both brains are."""

    def handle(self, told: Any, now: float) -> Step:
        """The step that follows from an input."""
        ...

    def next_wake(self) -> float | None:
        """When `Tick` is due."""
        ...


class BrainDiscarded(Exception):
    """This brain failed earlier; another will be built from the store."""


class Shell:
    """One brain, its store, its clock, and `act`, which carries out one action.

    `over` ends with the error that ended this brain. `seen` is called after each input with the
    step that came of it, once its actions were carried out. `reached` is told of every point at
    which a crash can fall; only tests crash there.
    """

    def __init__(
        self,
        brain: Brain,
        store: Store,
        clock: Callable[[], float],
        act: Callable[[Any], None],
        seen: Callable[[Step], None],
        reached: Reached = unheeded,
    ) -> None:
        self.brain, self.store, self.clock = brain, store, clock
        self.act, self.seen, self.reached = act, seen, reached
        self.loop = asyncio.get_running_loop()
        self.over: asyncio.Future[None] = self.loop.create_future()
        self.timer: asyncio.TimerHandle | None = None

    def tell(self, told: Any) -> Any:
        """Give the brain an input and return its reply.

        Raises what went wrong, which also ends `over`; `BrainDiscarded` ever after.
        """
        if self.over.done():
            raise BrainDiscarded
        try:
            return self.step(told)
        except BaseException as error:
            self.fail(error)
            raise

    def step(self, told: Any) -> Any:
        """Handle, commit, act, answer."""
        step = self.brain.handle(told, self.clock())
        self.reached("before", step)
        self.store.commit(step.change, step.guard if step.change or step.actions else None)
        self.reached("after", step)
        for number, action in enumerate(step.actions, 1):
            self.act(action)
            self.reached("between", step, number)
        self.seen(step)
        self.arm()
        return step.reply

    def arm(self) -> None:
        """Set the timer to the brain's next wake."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        wake = self.brain.next_wake()
        if wake is not None and not self.over.done():
            delay = max(wake - self.clock(), SHORTEST_WAKE)
            self.timer = self.loop.call_later(delay, self.tick)

    def tick(self) -> None:
        """Tell the brain that time has passed."""
        self.inform(Tick())

    def inform(self, told: Any) -> None:
        """Give the brain an input that nobody waits for. What goes wrong is in `over` only."""
        if not self.over.done():
            try:
                self.step(told)
            except Exception as error:  # noqa: BLE001 - kept in `over`, which ends the daemon
                self.fail(error)

    def fail(self, error: BaseException) -> None:
        """Discard the brain."""
        self.stop()
        if not self.over.done():
            self.over.set_exception(error)
            self.over.exception()  # seen: it is raised to the caller, or to whoever awaits `over`

    def stop(self) -> None:
        """Wake no more."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
