"""A backup's whole brain: watch the lease, and say when it may be taken.

It knows nothing of jobs. When it says yes, a `Primary` is built from the store, and its first
commit takes the lease only if nobody else did meanwhile.
"""

from ..records import Lease
from ..settings import TAKEOVER, Settings


class Standby:
    """Watches the lease on this node's own clock. `now` is seconds, and need only be steady."""

    def __init__(self, node: str, settings: Settings) -> None:
        self.node, self.settings = node, settings
        self.seen: tuple[int, int] | None = None
        self.since = 0.0

    def may_lead(self, lease: Lease | None, now: float) -> bool:
        """Whether the lease is free, is this node's own, or has stood still for its whole life.

        The holder's clock is never compared with ours: only that its renewals stopped (RA-9.2).
        """
        if lease is None or lease.holder in ("", self.node):
            return True
        version = (lease.epoch, lease.renewals)
        if version != self.seen:
            self.seen, self.since = version, now
        return now - self.since >= self.settings.lease

    def poll_every(self) -> float:
        """How often to look, in seconds."""
        return self.settings.lease * (TAKEOVER - 1)
