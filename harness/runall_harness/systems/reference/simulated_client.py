"""The reference's API in virtual time: orders and views without HTTP."""

from collections.abc import Mapping
from typing import Any

import msgspec
from runall_reference.brain.inputs import AbortJob, CreateEvent, DeleteEvent, Refused, RunEvent
from runall_reference.brain.inputs import UpdateEvent as Update
from runall_reference.brain.primary import Primary
from runall_reference.brain.records import Event
from runall_reference.daemon.views import View, events, jobs, ledger, servers, status

from runall_harness.evidence.views import EventView, Rejected, Unreachable
from runall_harness.rigs.simulated.node import Crashed, SimulatedBrain
from runall_harness.rigs.simulated.rig import SimulatedSite

from .views import ReferenceViews, event_of

VIEWS = {"jobs": jobs, "events": events, "servers": servers, "ledger": ledger}


class SimulatedClient(ReferenceViews):
    """A client that hands orders to the brain that leads, and reads its state."""

    def __init__(self, site: SimulatedSite, primaries: tuple[str, ...]) -> None:
        self.site, self.primaries = site, primaries

    def leading(self) -> SimulatedBrain:
        """The primary that leads and can be reached. Raises `Unreachable` while none does."""
        nodes = filter(None, map(self.site.world.nodes.get, self.primaries))
        there = [n.primary for n in nodes if n.primary and not n.frozen and not n.cut]
        leaders = [one for one in there if self.leads(one).leadership.may_answer(one.node.now)]
        if not leaders:
            raise Unreachable(f"none of {', '.join(self.primaries)} answers")
        if len(leaders) == 1:
            return leaders[0]
        return max(leaders, key=lambda leader: self.leads(leader).state.epoch)

    def leads(self, leader: SimulatedBrain) -> Primary:
        assert isinstance(leader.brain, Primary)
        return leader.brain

    def brain(self) -> Primary:
        return self.leads(self.leading())

    def order(self, order: Any) -> Any:
        """Give an order, as the API would. Raises `Rejected` and `Unreachable`."""
        leader = self.leading()
        try:
            reply = leader.handle(order)
        except Crashed:
            raise Unreachable("it died before it answered") from None
        if leader.node.primary is not leader:
            raise Unreachable("it could not write, and it is not known whether this was done")
        if isinstance(reply, Refused):
            raise Rejected(reply.code, reply.message)
        return reply

    def create_event(self, event: Mapping[str, Any]) -> None:
        self.order(CreateEvent(msgspec.convert(dict(event), Event)))

    def update_event(self, event: str, fields: Mapping[str, Any]) -> None:
        self.order(Update(event, dict(fields)))

    def delete_event(self, event: str) -> None:
        self.order(DeleteEvent(event))

    def event(self, event: str) -> EventView:
        return next(event_of(view) for view in self.views("events") if view["id"] == event)

    def run(self, event: str, params: Mapping[str, Any], source: str) -> str:
        return self.order(RunEvent(event, dict(params), source)).id

    def abort(self, job: str) -> None:
        self.order(AbortJob(job, "harness"))

    def views(self, kind: str) -> list[View]:
        return VIEWS[kind](self.brain())

    def status(self) -> View:
        leader = self.leading()
        return status(self.leads(leader), leader.node.now)

    def close(self) -> None:
        """Do nothing: there is no connection to close."""
