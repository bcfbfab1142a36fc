"""One brain in the event loop: each input is a turn (see `turn`), and a timer wakes it.

A turn happens in the event loop's thread without an await, so one input is over before the next
begins. Whatever goes wrong in a turn ends this brain: it may know something that the store does
not, so it is discarded and gets no further input.
"""

import asyncio
import os
from collections.abc import Callable
from typing import Any

from runall_reference.brain.inputs import Tick
from runall_reference.brain.record_set import Step
from runall_reference.store import Store

from .log_lines import log_change
from .turn import Brain, Reached, ignore_point, take_turn, wake_delay


class BrainDiscarded(Exception):
    """This brain failed earlier; another will be built from the store."""


def new_boot() -> str:
    """A random name for one start of a node."""
    return os.urandom(8).hex()


class BrainRunner:
    """One brain, its store, its clock, and `act`, which carries out one action.

    `over` ends with the error that ended this brain. `seen` is called after each turn with its
    step. `reached` is called at every point at which a crash can fall; only tests crash there.
    """

    def __init__(
        self,
        brain: Brain,
        store: Store,
        clock: Callable[[], float],
        act: Callable[[Any], None],
        seen: Callable[[Step], None] = ignore_point,
        reached: Reached = ignore_point,
    ) -> None:
        self.brain, self.store, self.clock = brain, store, clock
        self.act, self.seen, self.reached = act, seen, reached
        self.loop = asyncio.get_running_loop()
        self.over: asyncio.Future[None] = self.loop.create_future()
        self.timer: asyncio.TimerHandle | None = None

    def handle(self, given: Any) -> Any:
        """Give the brain an input and return its reply.

        Raises whatever goes wrong, which also ends `over`; later calls raise `BrainDiscarded`.
        """
        if self.over.done():
            raise BrainDiscarded
        try:
            return self.turn(given)
        except BaseException as error:
            self.fail(error)
            raise

    def notify(self, given: Any) -> None:
        """Give the brain an input that nobody waits for. An error only ends `over`."""
        if not self.over.done():
            try:
                self.turn(given)
            except Exception as error:  # noqa: BLE001 - kept in `over`, which ends the daemon
                self.fail(error)

    def turn(self, given: Any) -> Any:
        commit, act = self.store.commit, self.act
        step = take_turn(self.brain, given, self.clock(), commit, act, self.reached)
        log_change(step.change)
        self.seen(step)
        self.stop()
        delay = wake_delay(self.brain, self.clock())
        if delay is not None and not self.over.done():
            self.timer = self.loop.call_later(delay, self.notify, Tick())
        return step.reply

    def fail(self, error: BaseException) -> None:
        """Stop for good with this error, which whoever awaits `over` receives."""
        self.stop()
        if not self.over.done():
            self.over.set_exception(error)
            self.over.exception()  # seen: it is raised to the caller, or to whoever awaits `over`

    def stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
