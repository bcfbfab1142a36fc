"""The reference's API in virtual time: orders and views without the wire."""

from collections.abc import Mapping
from typing import Any

import msgspec
from runall_reference.brain.inputs import AbortJob, CreateEvent, DeleteEvent, Refused, RunEvent
from runall_reference.brain.inputs import UpdateEvent as Update
from runall_reference.brain.primary import Primary
from runall_reference.brain.records import Event
from runall_reference.daemon.views import View, events, jobs, ledger, servers, status

from runall_harness.evidence.views import EventView, JobView, LedgerView, Rejected, Unreachable
from runall_harness.rigs.simulated.node import Crashed, SimulatedBrain
from runall_harness.rigs.simulated.rig import SimulatedSite

from .views import entry_of, event_of, job_of, still_owed, told_reasons


class SimulatedClient:
    """The reference's API in virtual time: the same orders and views, without the wire."""

    def __init__(self, site: SimulatedSite, primaries: tuple[str, ...]) -> None:
        self.site, self.primaries = site, primaries

    def leading(self) -> SimulatedBrain:
        """Who leads and can be reached. Raises `Unreachable` while nobody does."""
        world = self.site.world.nodes
        nodes = [world[name] for name in self.primaries if name in world]
        there = [n.primary for n in nodes if n.up and not n.frozen and not n.cut and n.primary]
        now = self.site.now()
        leaders = [leader for leader in there if self.leads(leader).leadership.may_answer(now)]
        if not leaders:
            raise Unreachable(f"none of {', '.join(self.primaries)} answers")
        return max(leaders, key=lambda leader: self.leads(leader).state.epoch)

    def leads(self, leader: SimulatedBrain) -> Primary:
        """The brain of a primary."""
        assert isinstance(leader.brain, Primary)
        return leader.brain

    def brain(self) -> Primary:
        """The brain of whoever leads."""
        return self.leads(self.leading())

    def order(self, order: Any) -> Any:
        """Give an order, as the API would."""
        try:
            reply = self.leading().handle(order)
        except Crashed:
            raise Unreachable("it died before it answered") from None
        if isinstance(reply, Refused):
            raise Rejected(reply.code, reply.message)
        return reply

    def present_slot(self) -> int:
        """The running minute of the schedule."""
        brain = self.brain()
        return brain.state.clock.slot(self.site.now())

    def create_event(self, event: Mapping[str, Any]) -> None:
        """Schedule something."""
        self.order(CreateEvent(msgspec.convert(dict(event), Event)))

    def update_event(self, event: str, fields: Mapping[str, Any]) -> None:
        """Edit an event."""
        self.order(Update(event, dict(fields)))

    def delete_event(self, event: str) -> None:
        """Delete an event."""
        self.order(DeleteEvent(event))

    def event(self, event: str) -> EventView:
        """How far an event has been served."""
        return next(event_of(view) for view in events(self.brain()) if view["id"] == event)

    def run(self, event: str, params: Mapping[str, Any], source: str) -> str:
        """Start an event by hand."""
        return self.order(RunEvent(event, dict(params), source)).id

    def abort(self, job: str) -> None:
        """End a job for ever."""
        self.order(AbortJob(job, "harness"))

    def jobs(self) -> list[JobView]:
        """All jobs."""
        return [job_of(view) for view in jobs(self.brain())]

    def leader(self) -> str:
        """Who leads."""
        return self.brain().state.node

    def online(self) -> set[str]:
        """The servers that take work now."""
        return {s["name"] for s in servers(self.brain()) if s["state"] == "online"}

    def owes(self, root: str) -> bool:
        """Whether something is still to come for that lineage."""
        return still_owed(root, jobs(self.brain()), events(self.brain()))

    def ledger(self) -> list[LedgerView]:
        """The operator's ledger."""
        return [entry_of(view) for view in ledger(self.brain())]

    def reasons(self, root: str) -> str:
        """What the ledger says."""
        return told_reasons(root, ledger(self.brain()))

    def status(self) -> View:
        """Who the primary is."""
        return status(self.brain(), self.site.now())

    def close(self) -> None:
        """Nothing to close."""
