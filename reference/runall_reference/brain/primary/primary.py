"""The primary itself: one function from an input to a step.

`handle` runs the input's own handler, then `settle`, which does whatever the present state and
time ask for. So a crash between two steps loses nothing (RA-12.1): the next input does what
is still to be done. No timer is set: `next_wake` follows from the state.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from .. import inputs
from ..machines import ROLE
from ..record_set import RecordSet, Step
from ..records import Record
from ..settings import Settings
from .finalization import Finalization
from .inventories import Inventories
from .lease import Leadership
from .orders import Orders
from .placement import Placement
from .policy import Policy
from .reachability import Reachability
from .slots import Slots
from .state import State
from .stopping import Stopping
from .waiting import Waiting


class Primary:
    """One primary's brain. `records` is what its store holds; it keeps nothing else."""

    def __init__(
        self,
        node: str,
        settings: Settings,
        records: Iterable[Record] = (),
        policy: type[Policy] = Policy,
    ) -> None:
        self.records = RecordSet(records)
        # The wake that was asked for last, in seconds.
        self.wake: float | None = None
        self.state = state = State(node, settings, self.records)
        self.leadership, self.stopping = Leadership(state), Stopping(state)
        self.placement = placement = Placement(state)
        self.policy = policy(state, placement)
        self.finalization = Finalization(state, self.policy)
        self.reachability = Reachability(state, self.finalization)
        self.inventories = Inventories(placement, self.stopping, self.reachability)
        self.waiting, self.slots = Waiting(state, placement), Slots(state, placement)
        self.orders = Orders(placement, self.stopping, self.waiting, self.slots)

    def handle(self, given: inputs.PrimaryInput, now: float) -> Step:
        """The step that follows from an input at the time `now`, in seconds."""
        state, reply = self.state, None
        state.now, state.actions, state.losses = now, [], 0
        guard = self.leadership.guard()
        self.notice_deafness()
        try:
            reply = self.answer(given)
        except inputs.Refused as refusal:
            reply = refusal
        self.settle()
        return Step(self.records.take_change(), tuple(state.actions), reply, guard)

    def notice_deafness(self) -> None:
        """A primary that is woken a heartbeat too late was stalled, and heard nobody meanwhile."""
        late = 0.0 if self.wake is None else self.state.now - self.wake
        self.wake = None
        if late >= self.state.settings.heartbeat:
            self.reachability.forgive(late)

    def answer(self, given: inputs.PrimaryInput) -> object:
        match given:
            case inputs.Tick():
                pass
            case inputs.Boot(boot):
                self.lead(boot)
            case inputs.Drain():
                self.state.role = ROLE.fire(self.state.role, "drain")
            case inputs.BeatReceived(beat):
                self.inventories.take_in(beat)
            case inputs.ClockSet(skew):
                # The schedule's clock alone: timeouts go by the steady time (RA-5.11).
                self.state.clock = replace(self.state.clock, skew=skew)
            case inputs.WorkerDisconnected(node, boot):
                self.reachability.disconnected(node, boot)
            case _:
                return self.orders.obey(given)
        return None

    def lead(self, boot: str) -> None:
        """Take the lease, and wait for each known worker to report what it still runs.

        All else goes on as the records say: each schedule from its cursor (RA-9.8), what waits
        (RA-9.9) and what binds (RA-9.10). So nothing of that may be anywhere but in the records.
        """
        old = self.leadership.lease()
        self.leadership.take(boot)
        self.reachability.expect_known(alive_at=old.renewed_at if old else self.state.now)

    def settle(self) -> None:
        """Do all that is due: find silent workers, stop overdue jobs, then start what may start."""
        if not self.leads():
            return
        self.leadership.renew()
        self.reachability.suspect_silent()
        self.reachability.give_up_lost()
        self.stopping.stop_overdue()
        self.waiting.drop_stale()
        if self.placement.open_for_work():
            self.start_due()
        # A draining primary waits until this node's own jobs are finalized.
        if self.state.role == "draining" and not self.state.active_on(self.state.node):
            self.leadership.retire()

    def leads(self) -> bool:
        """Whether this primary holds the lease, also while it goes down."""
        return self.state.role in ("primary", "draining")

    def start_due(self) -> None:
        """Start what may start now: reruns, retries and queued runs before the schedule."""
        self.waiting.place_all()
        self.slots.serve_all()

    def next_wake(self) -> float | None:
        """The absolute time, in seconds, at which `Tick` is due; None: only an input matters."""
        if not self.leads():
            return None
        parts = (self.reachability, self.stopping, self.waiting, self.slots)
        self.wake = min(
            (self.leadership.renewal_at(), *(at for part in parts for at in part.wakes()))
        )
        return self.wake
