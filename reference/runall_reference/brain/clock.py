"""The schedule's clock: which minute it is.

With a `--time-scale` of 60 each schedule minute lasts one real second. Only the schedule is scaled:
heartbeats, timeouts and delays are real seconds.
"""

from math import inf, nextafter

import msgspec


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """Maps real seconds to schedule seconds and back; the two agree at `origin`.

    `skew` is how far, in seconds, the wall clock was set ahead of the steady time since the start.
    """

    scale: float = 1.0
    origin: float = 0.0
    skew: float = 0.0

    def schedule_time(self, now: float) -> float:
        return self.origin + self.skew + (now - self.origin) * self.scale

    def slot(self, now: float) -> int:
        return int(self.schedule_time(now) // 60)

    def starts(self, slot: int) -> float:
        """The real time, in seconds, at which a slot begins; `slot` agrees in spite of rounding."""
        begins = self.origin + (slot * 60 - self.origin - self.skew) / self.scale
        while self.slot(begins) < slot:
            begins = nextafter(begins, inf)
        return begins
