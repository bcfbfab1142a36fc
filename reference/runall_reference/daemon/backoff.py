"""Waiting: ever longer pauses between attempts, and an event with a deadline."""

import asyncio
from collections.abc import Iterator

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0


def pauses() -> Iterator[float]:
    """Seconds between attempts, each twice the one before."""
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 2, LONGEST_PAUSE)


async def set_within(event: asyncio.Event, within: float) -> bool:
    """Wait for an event, at most so many seconds; returns whether it was set."""
    try:
        async with asyncio.timeout(within):
            return await event.wait()
    except TimeoutError:
        return False
