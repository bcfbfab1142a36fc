"""Who leads: the lease, as the primary that holds it and as a backup that watches it."""

from msgspec.structs import replace

from ..inputs import Retire
from ..machines import ROLE
from ..records import Lease
from ..settings import TAKEOVER, Settings
from .state import State


class Leadership:
    """The primary's side: takes the lease, renews it, and gives it up."""

    def __init__(self, state: State) -> None:
        self.state = state

    def lease(self) -> Lease | None:
        return self.state.records.get(Lease, "primary")

    def guard(self) -> int:
        """The epoch that the lease must still have (RA-9.1), or the whole step fails (RA-9.3)."""
        lease = self.lease()
        return lease.epoch if lease else 0

    def take(self, boot: str) -> None:
        """Take the lease with the next epoch; the schedule's clock keeps its origin."""
        state, old = self.state, self.lease()
        state.boot, state.epoch = boot, self.guard() + 1
        origin, now = old.origin if old else state.now, state.now
        state.clock = replace(state.clock, origin=origin)
        state.records.put(
            Lease(holder=state.node, epoch=state.epoch, since=now, origin=origin, renewed_at=now)
        )
        state.role = ROLE.fire(state.role, "lead")

    def renew(self) -> None:
        """Renew the lease: it shows that this primary lives, and later since when it does not."""
        if self.state.now >= self.renewal_at():
            lease = self.held()
            renewed = replace(lease, renewals=lease.renewals + 1, renewed_at=self.state.now)
            self.state.records.put(renewed)

    def renewal_at(self) -> float:
        """When the lease is renewed next, in seconds: three times per lease duration."""
        return self.held().renewed_at + self.state.settings.lease / 3

    def may_answer(self, now: float) -> bool:
        """Whether users may see the records: nobody else can have led by `now` (RA-9.3)."""
        stood_still = now - self.held().renewed_at
        return stood_still * (1 + self.state.settings.drift) < self.state.settings.lease

    def retire(self) -> None:
        """Leave, and free the lease, so that a backup takes it without a wait (RA-9.7)."""
        self.state.role = ROLE.fire(self.state.role, "retire")
        self.state.actions.append(Retire())
        self.state.records.put(replace(self.held(), holder="", renewed_at=self.state.now))

    def held(self) -> Lease:
        """The lease; to be called only while this primary leads."""
        lease = self.lease()
        assert lease is not None
        return lease


class Standby:
    """A backup's whole brain: it watches the lease on this node's own clock, and knows no jobs.

    When it may lead, a `Primary` is built from the store, and its first commit takes the lease
    only if nobody else did meanwhile. `now` is seconds, and need only be steady.
    """

    def __init__(self, node: str, settings: Settings) -> None:
        self.node, self.settings = node, settings
        self.seen: tuple[int, int] | None = None
        self.since = 0.0

    def may_lead(self, lease: Lease | None, now: float) -> bool:
        """Whether the lease is free, this node's own, or not renewed for its duration (RA-9.2)."""
        if lease is None or lease.holder in ("", self.node):
            return True
        version = (lease.epoch, lease.renewals)
        if version != self.seen:
            self.seen, self.since = version, now
        return now - self.since >= self.settings.lease

    def poll_every(self) -> float:
        return self.settings.lease * (TAKEOVER - 1)
