"""The time that brains are given: the wall clock at the start, plus the seconds passed since.

So a jump of the wall clock neither fences a worker nor declares one dead; only the schedule
follows it. Where the system counts the seconds that it was suspended, they count as passed.
"""

import time


def passed() -> float:
    """Seconds since some fixed instant, suspension included where the system knows it."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class SteadyClock:
    """Seconds since the epoch that never jump."""

    def __init__(self) -> None:
        self.wall, self.start = time.time(), passed()

    def __call__(self) -> float:
        return self.wall + (passed() - self.start)

    def skew(self) -> float:
        """How far the wall clock was set ahead of this one since the start, in seconds."""
        return time.time() - self()
