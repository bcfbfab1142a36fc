"""Signals with which a user ends a run, so that it first removes everything that it made."""

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


@contextmanager
def signals_handled(
    handler: Callable[[int, FrameType | None], object], *numbers: signal.Signals
) -> Generator[None]:
    """Handle these signals that way meanwhile; only a main thread can, others change nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


@contextmanager
def terminated_as_interrupted() -> Generator[None]:
    """Let SIGTERM end a run as Ctrl-C does."""

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    with signals_handled(interrupt, signal.SIGTERM):
        yield
