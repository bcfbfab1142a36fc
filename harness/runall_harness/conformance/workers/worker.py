"""One hand of a crew: a pytest that is dealt its cases, instead of walking through all of them.

It leaves as soon as its lead is gone, at once and without a word, as a harness does that is
killed: what it had made is then removed by `runall clean`, which finds its owner dead.
"""

import os
import signal
import threading
from queue import SimpleQueue
from typing import IO

import msgspec
import pytest

from runall_harness.contract.cases import Case
from runall_harness.contract.errors import KitCannotRun

from ..case_result import Ended
from ..pytest_session import SESSION
from ..run import Listener, Order, Run, call_pytest
from .messages import (
    TO_HAND,
    Began,
    Deal,
    Done,
    FromHand,
    Ready,
    Said,
    Stop,
    ToHand,
    read,
    tell_over,
    write,
)

LEFT_ALONE = 4


class Hand:
    """A plugin of pytest that asks for a case, runs it, and asks again; it tells all it hears."""

    def __init__(self, run: Run, orders: IO[bytes], words: IO[bytes]) -> None:
        self.run, self.orders, self.words = run, orders, words
        self.dealt: SimpleQueue[ToHand] = SimpleQueue()
        self.speaking = threading.Lock()
        self.finished = False
        self.ears = threading.Thread(target=self.listen, name="orders", daemon=True)
        self.ears.start()

    # ---------------------------------------------------------------- with the lead
    def listen(self) -> None:
        """Take in orders, in a thread of its own, until there are no more."""
        for order in read(self.orders, TO_HAND):
            self.dealt.put(order)
            if isinstance(order, Stop):
                interrupt()
        if not self.finished:
            os._exit(LEFT_ALONE)

    def tell(self, word: FromHand) -> None:
        """Say something to the lead."""
        try:
            with self.speaking:
                write(self.words, word)
        except OSError:
            os._exit(LEFT_ALONE)

    def leave(self) -> None:
        """Say good-bye, and wait until it was heard."""
        self.finished = True
        self.tell(Done(troubles=self.run.troubles, interrupted=self.run.interrupted))
        self.ears.join()

    # ---------------------------------------------------------------- as a display
    def say(self, line: str) -> None:
        """Pass on."""
        self.tell(Said(line))

    def started(self, case: Case) -> None:
        """Pass on."""
        self.tell(Began(case.id))

    def ended(self, ended: Ended) -> None:
        """Pass on, with what is known by now of the rig and the system."""
        self.tell(tell_over(ended, self.run.rig or None, self.run.system))

    # ---------------------------------------------------------------- with pytest
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Run what is dealt. What was not collected as it should be is left to pytest to tell."""
        cases = session.config.stash.get(SESSION, None)
        if cases is None or session.testsfailed:
            return None
        items = {case.id: item for item, case in cases.by_node.items()}
        while isinstance(deal := self.ask(session), Deal):
            item = items[deal.case]
            follower = items.get(deal.next) or another(items, item)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=follower)
        if isinstance(deal, Stop):
            raise KeyboardInterrupt
        return True

    def ask(self, session: pytest.Session) -> ToHand:
        """The next order, unless the session has to end."""
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        self.tell(Ready())
        return self.dealt.get()


def another(items: dict[str, pytest.Item], one: pytest.Item) -> pytest.Item | None:
    """Any other item: pytest clears the rig away when it is told that none follows."""
    return next((item for item in items.values() if item is not one), None)


def interrupt() -> None:
    """Interrupt the main thread wherever it waits, as SIGTERM does."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGTERM)
    else:
        import _thread

        _thread.interrupt_main(signal.SIGTERM)


def own_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """The pipes to the lead, for us alone: whatever else reads and writes gets something else."""
    orders, words = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return orders, words


def main() -> None:
    """Read what pytest is to be called with, and serve until there is nothing left to do."""
    orders, words = own_pipes()
    arguments = msgspec.json.decode(orders.readline(), type=list[str])
    run = Run(Order(cases=()), "")
    hand = Hand(run, orders, words)
    try:
        call_pytest(run, arguments, hand, Listener(run, hand))
    except KitCannotRun as error:
        run.troubles.append(str(error))
    hand.leave()


if __name__ == "__main__":
    main()
