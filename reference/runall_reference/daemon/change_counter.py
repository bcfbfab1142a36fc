"""Long polling: a caller waits for the next change instead of asking again and again."""

import asyncio

from .backoff import set_within


class ChangeCounter:
    """Counts the changes since the daemon's start, and wakes whoever waits for the next one."""

    def __init__(self) -> None:
        self.version = 0
        self.closed = False
        self.next = asyncio.Event()

    def count(self) -> None:
        self.version += 1
        self.wake()

    def close(self) -> None:
        """Wake all who wait, and let nobody wait any more: the daemon ends."""
        self.closed = True
        self.wake()

    def wake(self) -> None:
        self.next.set()
        self.next = asyncio.Event()

    async def beyond(self, version: int, within: float) -> int:
        """The count, as soon as it differs from `version`, at the latest after `within` seconds.

        A version of an earlier start is not the present one, so the call returns at once.
        """
        if self.version == version and not self.closed:
            await set_within(self.next, within)
        return self.version
