"""How those who watch the primary learn that something changed, without asking all the time."""

import asyncio

from .backoff import set_within


class ChangeCounter:
    """Counts what changed since the daemon's start, and wakes whoever waits for more."""

    def __init__(self) -> None:
        self.version = 0
        self.closed = False
        self.next = asyncio.Event()

    def count(self) -> None:
        """Something that the API shows has changed."""
        self.version += 1
        self.wake()

    def close(self) -> None:
        """Let everybody go who waits: the daemon is leaving."""
        self.closed = True
        self.wake()

    def wake(self) -> None:
        """Wake all who wait now; later ones wait for the next change."""
        self.next.set()
        self.next = asyncio.Event()

    async def beyond(self, version: int, within: float) -> int:
        """The count, once it exceeds `version` or `within` seconds have passed.

        A version that was never reached is from an earlier start: that returns at once.
        """
        if self.version == version and not self.closed:
            await set_within(self.next, within)
        return self.version
