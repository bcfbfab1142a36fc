"""A hand as its lead sees it: a process, a pipe in each direction, and the case that it has."""

import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from queue import SimpleQueue
from typing import NamedTuple

import msgspec

from runall_harness.contract.cases import Case

from .messages import FROM_HAND, FromHand, ToHand, read, write

COMMAND = (sys.executable, "-P", "-m", "runall_harness.conformance.workers.worker")


class Gone(NamedTuple):
    """The process of a hand has ended, with this exit status (negative: by that signal)."""

    status: int


class Heard(NamedTuple):
    """A word, and whose it is; of nobody if the user wants an end."""

    hand: "Hired | None"
    word: FromHand | Gone


class Hired:
    """One hand. All that it says goes into `heard`, and at last that it is gone.

    `share` is the name of what it makes. `since` is when it was last heard of, in seconds of the
    monotonic clock.
    """

    def __init__(self, share: str, arguments: list[str], heard: "SimpleQueue[Heard]") -> None:
        self.share, self.heard = share, heard
        self.case: Case | None = None
        self.done = self.silenced = False
        self.since = time.monotonic()
        # In a session of its own: Ctrl-C reaches the lead, who passes it on, once.
        self.process = subprocess.Popen(
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self.send(arguments)
        threading.Thread(target=self.listen, name=f"hand {share}", daemon=True).start()

    def listen(self) -> None:
        """Pass on what it says."""
        assert self.process.stdout is not None
        try:
            with self.process.stdout as words:
                for word in read(words, FROM_HAND):
                    self.heard.put(Heard(self, word))
        except msgspec.MsgspecError:
            self.process.kill()
        self.heard.put(Heard(self, Gone(self.process.wait())))

    def send(self, word: ToHand | list[str]) -> None:
        """Tell it something; if it is dead, that is noticed elsewhere."""
        assert self.process.stdin is not None
        with suppress(OSError):
            write(self.process.stdin, word)

    def dismiss(self) -> None:
        """It has said good-bye: nothing more will be asked of it."""
        self.done = True
        assert self.process.stdin is not None
        with suppress(OSError):
            self.process.stdin.close()

    def silence(self) -> None:
        """End it the hard way: it has not been heard of for too long."""
        self.silenced = True
        self.process.kill()


def told_status(status: int) -> str:
    """An exit status in words."""
    return f"exit status {status}" if status >= 0 else signal.Signals(-status).name
