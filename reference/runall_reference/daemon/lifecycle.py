"""What the two daemons share: their log, their signals, and how their end becomes an exit code."""

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from runall_reference.brain.settings import UnsafeSettings
from runall_reference.store import LeaseLost, StoreError

from .errors import CANNOT_RUN, INTERNAL_ERROR, LEASE_LOST, DaemonCannotRun
from .orphans import OrphansRemain

log = logging.getLogger("runall")

STOPS = (signal.SIGTERM, signal.SIGINT)


class Hurry(Exception):
    """A second signal: leave at once."""

    def __init__(self, which: int) -> None:
        super().__init__(f"a second signal: {signal.Signals(which).name}")
        self.exit_code = 128 + which


class OneLine(logging.Formatter):
    """Puts each record on one line, whatever is in it."""

    default_msec_format = "%s.%03d"

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return " | ".join(super().format(record).splitlines())


def open_log(level: str) -> None:
    """Log to standard error: time, level, plain words."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    log.setLevel(level.upper())


class Stops:
    """SIGTERM and SIGINT: the first asks for a clean end, the second for an end at once."""

    def __init__(self, drain: Callable[[], None]) -> None:
        """`drain` is called at the first signal."""
        self.drain = drain
        self.heard = 0
        self.loop = asyncio.get_running_loop()
        self.hurry: asyncio.Future[None] = self.loop.create_future()
        for which in STOPS:
            self.loop.add_signal_handler(which, self.hear, which)

    def hear(self, which: signal.Signals) -> None:
        """Take in one signal."""
        self.heard += 1
        if self.heard == 1:
            log.info("%s: going down cleanly; a second signal ends at once", which.name)
            self.drain()
        elif not self.hurry.done():
            self.hurry.set_exception(Hurry(which))

    async def unless_hurried(self, *waited: Awaitable[Any]) -> None:
        """Wait for all of these. Raises the first error among them, and `Hurry`."""
        everything = asyncio.gather(*waited)
        await asyncio.wait((everything, self.hurry), return_when=asyncio.FIRST_COMPLETED)
        if everything.done():
            everything.result()
        else:
            self.hurry.result()


def run_daemon(life: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run a daemon's life and return its exit code. Every error ends in a clear line."""
    try:
        return asyncio.run(life())
    except (DaemonCannotRun, StoreError) as error:
        log.error("%s; next step: %s", error.cause, error.hint)
        return CANNOT_RUN
    except (UnsafeSettings, OrphansRemain) as error:
        log.error("%s", error)
        return CANNOT_RUN
    except LeaseLost as error:
        log.error("another primary has taken the lease, so this one leaves: %s", error)
        return LEASE_LOST
    except Hurry as hurry:
        log.warning("%s: left at once", hurry)
        return hurry.exit_code
    except Exception as error:
        log.exception("the daemon ends: a fault of the program itself: %r", error)
        return INTERNAL_ERROR
