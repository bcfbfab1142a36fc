"""Bugs that reckon with another server's wall clock, as if all clocks agreed."""

from typing import Any

from runall_reference.brain.primary import Standby
from runall_reference.brain.primary.inventories import Inventories

from .mutant import mutant
from .planting import Plant


@mutant(source="the rule of leases; Quartz asks for synchronized clocks", clause="RA-2.15")
def believes_worker_clocks(plant: Plant) -> None:
    """A report counts from the time that the worker wrote into it, by the worker's own clock."""
    original = Inventories.take_in

    @plant.method(Inventories)
    def take_in(self: Any, beat: Any) -> None:
        original(self, beat)
        link = self.state.links[beat.node]
        link.heard = link.alive = beat.sent


@mutant(source="leader election by time stamps", clause="RA-9.2", also=("RA-9.1", "RA-9.7"))
def compares_lease_times(plant: Plant) -> None:
    """A backup holds the time of the last renewal, by the primary's clock, against its own."""

    @plant.method(Standby)
    def may_lead(self: Any, lease: Any, now: float) -> bool:
        if lease is None or lease.holder in ("", self.node):
            return True
        return now - lease.renewed_at >= self.settings.lease
