"""A primary: one brain after another over the same store.

If a commit fails, or it is unknown whether it was written, the brain is discarded and the next one
is built from what the store says. While another server holds the lease there is no brain: this
server is a backup, it watches the lease, and its worker serves whoever leads.
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

from runall_reference.brain.inputs import Boot, ClockSet, Drain, Retire, Send
from runall_reference.brain.primary import Primary, Standby
from runall_reference.brain.record_set import Step
from runall_reference.brain.records import PRIMARY_RECORDS, Record
from runall_reference.brain.settings import Settings
from runall_reference.store import LeaseLost, Store, StoreError, open_store

from .backoff import pauses, set_within
from .brain_runner import BrainDiscarded, BrainRunner, new_boot
from .change_counter import ChangeCounter
from .link_server import LinkServer
from .releases import POLICIES
from .steady_clock import SteadyClock
from .turn import Reached, ignore_point

log = logging.getLogger("runall")

# A wall clock that is this far off, in seconds, was set; less is the two clocks' own difference.
CLOCK_SET = 1.0


class PrimaryRunner:
    """A primary: its name, its settings, its store, its links.

    `changes` counts what the API shows differently; `reached` is called where a crash can fall.
    """

    def __init__(
        self,
        node: str,
        settings: Settings,
        store: str,
        secret: str,
        clock: SteadyClock,
        reached: Reached = ignore_point,
    ) -> None:
        self.node, self.settings, self.url, self.clock = node, settings, store, clock
        self.reached = reached
        self.changes = ChangeCounter()
        self.links = LinkServer(secret, self.notify, self.leading)
        self.standby = Standby(node, settings)
        self.store: Store | None = None
        self.skew = 0.0
        self.retired = asyncio.Event()
        self.leaving = asyncio.Event()
        self.brain = self.new_brain()
        self.runner: BrainRunner | None = None
        self.shown: object = None

    def new_brain(self, records: Iterable[Record] = ()) -> Primary:
        return Primary(self.node, self.settings, records, POLICIES[self.settings.policy])

    async def begin(self) -> None:
        """Open the store, and lead if the lease is free.

        Raises `StoreError` when the store can't be used, or another server wrote to it just now,
        and `LeaseLost` when that other took the lease.
        """
        # In a thread: to give up a server that is out of reach takes seconds, and this node's own
        # worker has a fence to keep meanwhile.
        self.store = await asyncio.to_thread(open_store, self.url, PRIMARY_RECORDS)
        try:
            self.lead_if_free()
        except BaseException:
            self.close_store()
            raise

    def lead_if_free(self) -> None:
        assert self.store is not None
        if self.standby.may_lead(self.store.lease(), self.clock()):
            brain = self.brain = self.new_brain(self.store.load())
            self.runner = BrainRunner(
                brain, self.store, self.clock, self.act, self.seen, self.reached
            )
            self.follow_wall_clock()
            self.runner.handle(ClockSet(self.skew))
            self.runner.handle(Boot(new_boot()))
            if self.leaving.is_set():
                self.runner.handle(Drain())

    def leading(self) -> bool:
        """Whether this server leads, with a brain that knows what the store knows."""
        return self.runner is not None and not self.runner.over.done()

    async def run(self) -> None:
        """Lead or stand by until this primary has retired.

        Raises `LeaseLost` when another server of the same name leads, and whatever is a fault of
        the program itself.
        """
        while not self.retired.is_set():
            try:
                await self.one_term()
            except StoreError as error:
                log.error("%s; the state is read from the store again", error.cause)
                await self.recover()

    async def one_term(self) -> None:
        """Lead, or watch the lease, until that changes. Raises `StoreError` and `LeaseLost`."""
        if self.store is None:
            return await self.recover()
        try:
            await (self.lead() if self.runner else self.stand_by())
        except LeaseLost as error:
            self.step_down(error)

    async def lead(self) -> None:
        """Wait until the present brain retires. Raises the error that ended it otherwise."""
        assert self.runner is not None
        retired = asyncio.create_task(self.retired.wait(), name="retired")
        try:
            await asyncio.wait((retired, self.runner.over), return_when=asyncio.FIRST_COMPLETED)
            if self.runner.over.done():
                self.runner.over.result()
        finally:
            retired.cancel()

    async def stand_by(self) -> None:
        log.info("this server is a backup: it watches the lease")
        while self.runner is None:
            if await set_within(self.leaving, self.standby.poll_every()):
                self.retired.set()
                return
            try:
                self.lead_if_free()
            except LeaseLost:
                self.discard()
        log.info("this server leads from now on")

    def step_down(self, error: LeaseLost) -> None:
        """Discard the brain: another server leads. Raises `LeaseLost` if it has the same name."""
        assert self.store is not None
        lease = self.store.lease()
        if lease is not None and lease.holder == self.node:
            raise error
        log.warning("another server leads: %s", error)
        self.discard()

    def discard(self) -> None:
        if self.runner is not None:
            self.runner.stop()
            self.runner = None
        self.links.close_all()
        self.changes.count()

    async def recover(self) -> None:
        """Lead no more until the store is back, and then as after an absence (RA-13.2)."""
        self.close_store()
        for pause in pauses():
            if await set_within(self.leaving, pause):
                self.give_up()
                return
            try:
                await self.begin()
                return
            except StoreError as error:
                log.error("%s; trying on", error.cause)
            except LeaseLost as error:
                log.warning("another server leads: %s", error)

    def close_store(self) -> None:
        self.discard()
        if self.store is not None:
            self.store.close()
            self.store = None

    def handle(self, given: Any) -> Any:
        """Give the brain an input and return its reply. Raises `BrainDiscarded` without one."""
        if self.runner is None:
            raise BrainDiscarded
        return self.runner.handle(given)

    def notify(self, given: Any) -> None:
        """Give the brain an input that nobody waits for; without a brain it is dropped."""
        if self.runner is not None:
            self.runner.notify(given)

    def drain(self) -> None:
        """Begin a clean end; `run` returns when it is done."""
        self.leaving.set()
        self.notify(Drain())

    def give_up(self) -> None:
        """Leave, although the ends of some jobs are not recorded yet."""
        log.warning("leaving with jobs of this node not finalized; the next start does that")
        self.retired.set()

    def act(self, action: Send | Retire) -> None:
        if isinstance(action, Send):
            self.links.send(action.node, action.boot, action.message)
        else:
            self.retired.set()

    def seen(self, step: Step) -> None:
        """Wake those who wait for a change, and look whether the wall clock was set.

        This is looked at after every turn, so at the latest when the lease is renewed. Only the
        schedule goes by it.
        """
        servers = {name: (link.state, link.boot) for name, link in self.brain.state.links.items()}
        shown = (self.brain.state.role, servers)
        if step.change or shown != self.shown:
            self.shown = shown
            self.changes.count()
        if self.follow_wall_clock():
            asyncio.get_running_loop().call_soon(self.notify, ClockSet(self.skew))

    def follow_wall_clock(self) -> bool:
        """Whether the wall clock was set since the last look, so that `skew` is another now."""
        skew = self.clock.skew()
        if was_set := abs(skew - self.skew) >= CLOCK_SET:
            log.warning("the wall clock was set: it is %+.1f s off its course", skew)
            self.skew = skew
        return was_set
