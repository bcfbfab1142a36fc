"""What both daemons share: their log, their signals, and the exit code that each end has."""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from runall_reference.brain.settings import UnsafeSettings
from runall_reference.store import LeaseLost, StoreError

from .errors import CANNOT_RUN, INTERNAL_ERROR, LEASE_LOST, DaemonCannotRun
from .orphans import OrphansRemain

log = logging.getLogger("runall")


class SecondSignal(Exception):
    """A second signal: the daemon ends at once."""

    def __init__(self, which: int) -> None:
        super().__init__(f"a second signal: {signal.Signals(which).name}")
        self.exit_code = 128 + which


class OneLineFormatter(logging.Formatter):
    """Puts each record on one line, whatever it contains; " | " stands for a line break."""

    default_msec_format = "%s.%03d"

    def format(self, record: logging.LogRecord) -> str:
        return " | ".join(super().format(record).splitlines())


def open_log(level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLineFormatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    log.setLevel(level.upper())


class StopSignals:
    """SIGTERM and SIGINT: the first one calls `drain` for a clean end, the second ends at once."""

    def __init__(self, drain: Callable[[], None]) -> None:
        self.drain = drain
        self.count = 0
        loop = asyncio.get_running_loop()
        self.second: asyncio.Future[None] = loop.create_future()
        for which in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(which, self.receive, which)

    def receive(self, which: signal.Signals) -> None:
        self.count += 1
        if self.count == 1:
            log.info("%s: going down cleanly; a second signal ends at once", which.name)
            self.drain()
        elif not self.second.done():
            self.second.set_exception(SecondSignal(which))

    async def wait_for(self, *tasks: "asyncio.Task[None]") -> None:
        """Wait until all tasks are done. Raises their first error, or `SecondSignal`.

        However it ends, none of the tasks is left running.
        """
        left = set(tasks)
        try:
            while left:
                done, _ = await asyncio.wait(
                    (*left, self.second), return_when=asyncio.FIRST_COMPLETED
                )
                for ended in done:
                    ended.result()
                left -= done
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def run_daemon(daemon: Coroutine[Any, Any, int]) -> int:
    """Run a daemon and return its exit code; every error becomes a line of the log."""
    try:
        return asyncio.run(daemon)
    except (DaemonCannotRun, StoreError) as error:
        log.error("%s; next step: %s", error.cause, error.hint)
        return CANNOT_RUN
    except (UnsafeSettings, OrphansRemain) as error:
        log.error("%s", error)
        return CANNOT_RUN
    except LeaseLost as error:
        log.error("another primary has taken the lease, so this one leaves: %s", error)
        return LEASE_LOST
    except SecondSignal as second:
        log.warning("%s: left at once", second)
        return second.exit_code
    except Exception as error:
        log.exception("the daemon ends: a fault of the program itself: %r", error)
        return INTERNAL_ERROR
