"""The primary itself: one function from an input to a step.

`handle` runs the input's own handler, then `settle`, which does whatever the present state and
time ask for. So a crash between two acts mends itself: the next input does what is still owed.
There is no timer to set: `next_wake` is read off the state.
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from ..inputs import (
    BeatReceived,
    Boot,
    ClockSet,
    Drain,
    PrimaryInput,
    Refused,
    Retire,
    Tick,
    WorkerDisconnected,
)
from ..machines import ROLE
from ..record_set import RecordSet, Step
from ..records import Event, Lease, Record, Reopened, Server
from ..settings import Settings
from .api_orders import Orders
from .policies import POLICIES
from .schedule import Schedule
from .state import Link


class Primary(Orders, Schedule):
    """One primary's brain. `records` is what its store holds; it keeps nothing else."""

    def __init__(self, node: str, settings: Settings, records: Iterable[Record] = ()) -> None:
        super().__init__(node, settings, RecordSet(records))
        self.policy = POLICIES[settings.policy]()

    def handle(self, told: PrimaryInput, now: float) -> Step:
        """The step that follows from an input at the time `now`, in seconds."""
        self.now, self.actions, self.losses, reply = now, [], 0, None
        guard = self.guard()
        try:
            reply = self.answer(told)
        except Refused as refusal:
            reply = refusal
        self.settle()
        return Step(self.records.take_change(), tuple(self.actions), reply, guard)

    def guard(self) -> int:
        """The epoch that the lease must still have when this step is committed."""
        lease = self.lease()
        return lease.epoch if lease else 0

    def answer(self, told: PrimaryInput) -> object:
        """Hand an input to the part that knows it."""
        match told:
            case Tick():
                return None
            case Boot():
                return self.lead(told)
            case Drain():
                self.role = ROLE.fire(self.role, "drain")
                return None
            case BeatReceived(beat):
                return self.heard(beat)
            case ClockSet(skew):
                self.clock = replace(self.clock, skew=skew)
                return None
            case WorkerDisconnected(node, boot):
                return self.unlinked(node, boot)
            case _:
                return self.obey(told)

    def lead(self, told: Boot) -> None:
        """Take the lease with the next epoch; nobody is known to be alive yet."""
        old = self.lease()
        self.boot, self.epoch = told.boot, self.guard() + 1
        origin = old.origin if old else self.now
        self.clock = replace(self.clock, origin=origin)
        self.records.put(
            Lease(
                holder=self.node,
                epoch=self.epoch,
                since=self.now,
                origin=origin,
                renewed_at=self.now,
            )
        )
        self.role = ROLE.fire(self.role, "lead")
        renewed_at = old.renewed_at if old else self.now
        for server in list(self.records.all(Server).values()):
            alive = server.alive_at or renewed_at
            self.remember(server.name, alive_at=alive)
            self.links[server.name] = Link(
                state="suspect", boot=server.boot, since=self.now, heard=self.now, alive=alive
            )

    def renew_lease(self) -> None:
        """Show the backups that this primary lives; the record also dates an outage."""
        if self.now >= self.renewal_at():
            lease = self.own_lease()
            renewed = replace(lease, renewals=lease.renewals + 1, renewed_at=self.now)
            self.records.put(renewed)

    def renewal_at(self) -> float:
        """When the lease is renewed next, in seconds: three times in its life."""
        return self.own_lease().renewed_at + self.settings.lease / 3

    def may_answer(self, now: float) -> bool:
        """Whether the records can still be shown: no backup can have led since the last renewal.

        One leads when the lease stood still for its whole life (RA-9.2). A primary that slept for
        as long renews first, or learns that it is deposed (RA-9.3). `now` is seconds.
        """
        stood_still = now - self.own_lease().renewed_at
        return stood_still * (1 + self.settings.drift) < self.settings.lease

    def give_up_lease(self) -> None:
        """Leave the lease to whoever wants it, without a wait."""
        self.records.put(replace(self.own_lease(), holder="", renewed_at=self.now))

    def own_lease(self) -> Lease:
        """The lease of a primary that leads."""
        lease = self.lease()
        assert lease is not None
        return lease

    def settle(self) -> None:
        """Do all that is due: who is silent, what is over, then what may start."""
        if self.role not in ("primary", "draining"):
            return
        self.renew_lease()
        self.suspect_silent()
        self.give_up_lost()
        self.stop_overdue()
        self.drop_stale()
        if self.open_for_work():
            self.place_waiting()
            self.serve_schedule()
        if self.role == "draining" and not self.busy_here():
            self.role = ROLE.fire(self.role, "retire")
            self.give_up_lease()
            self.actions.append(Retire())

    def busy_here(self) -> bool:
        """Whether this node's own jobs are not finalized yet: a draining primary waits for them."""
        return bool(self.active_on(self.node))

    # ---------------------------------------------------------------- when to wake
    def next_wake(self) -> float | None:
        """The absolute time, in seconds, at which `Tick` is due; None: only an input matters."""
        if self.role not in ("primary", "draining"):
            return None
        return min((self.renewal_at(), *self.link_wakes(), *self.job_wakes(), *self.slot_wakes()))

    def link_wakes(self) -> Iterator[float]:
        """When a silent worker becomes suspect, and a suspect one lost."""
        for link in self.links.values():
            if link.state in ("online", "draining"):
                yield self.silent_at(link)
            elif link.state == "suspect":
                yield self.given_up_at(link)

    def job_wakes(self) -> Iterator[float]:
        """When a running job is over its time, and a retry's delay has passed."""
        for job in self.live():
            if self.is_timed(job):
                yield self.overdue_at(job)
            elif job.state == "waiting":
                stale = self.too_old_at(self.event(job.event), job.lost_at)
                yield from (at for at in (job.not_before, stale) if at > self.now)

    def slot_wakes(self) -> Iterator[float]:
        """When the next minute of the schedule begins, and when an owed slot may start."""
        for owed in self.records.all(Reopened).values():
            stale = self.too_old_at(self.event(owed.event), owed.lost_at)
            yield from (at for at in (owed.not_before, stale) if at > self.now)
        if any(event.enabled and event.timing for event in self.records.all(Event).values()):
            yield self.clock.starts(self.clock.slot(self.now) + 1)
