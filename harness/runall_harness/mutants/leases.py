"""Bugs in who leads, and in what a takeover carries on (chapter 9)."""

from typing import Any

from msgspec.structs import replace
from runall_reference.brain.inputs import Retire
from runall_reference.brain.machines import ROLE
from runall_reference.brain.primary import Primary, Standby
from runall_reference.brain.primary.lease import Leadership
from runall_reference.brain.records import Lease
from runall_reference.brain.worker import Worker

from .mutant import FROM_THE_RULE, mutant
from .planting import Plant, always
from .takeovers import at_takeover


@mutant(source=FROM_THE_RULE, clause="RA-9.3", also=("RA-9.1",))
def writes_without_a_guard(plant: Plant) -> None:
    """A primary writes whether it still leads or not."""
    original = Primary.handle

    @plant.method(Primary)
    def handle(self: Any, given: Any, now: float) -> Any:
        return original(self, given, now)._replace(guard=None)


@mutant(source=FROM_THE_RULE, clause="RA-9.2", also=("RA-9.4", "RA-9.5"))
def waits_to_be_asked(plant: Plant) -> None:
    """A backup leads when the primary gives up its lease, and a dead one gives up nothing."""

    def may_lead(self: Any, lease: Any, _: float) -> bool:
        return lease is None or lease.holder in ("", self.node)

    plant(Standby, "may_lead", may_lead)


@mutant(source=FROM_THE_RULE, clause="RA-9.1", also=("RA-9.6", "RA-9.3"))
def leads_beside_another(plant: Plant) -> None:
    """A server that may be primary leads whenever it is up."""
    plant(Standby, "may_lead", always)


@mutant(source=FROM_THE_RULE, clause="RA-7.2", also=("RA-9.1", "RA-9.3"))
def obeys_every_primary(plant: Plant) -> None:
    """A primary that was replaced goes on giving orders, and workers obey it."""
    original = Worker.obey
    writes_without_a_guard.bug(plant)

    @plant.method(Worker)
    def obey(self: Any, message: Any) -> None:
        self.epoch = 0
        original(self, message)


@mutant(source="Dkron 1569, at a takeover", clause="RA-9.4", also=("RA-2.11", "RA-1.4"))
def a_takeover_is_a_loss(plant: Plant) -> None:
    """A backup that takes over runs all jobs of the workers again."""

    def lose_all(self: Any, old: Lease) -> None:
        for job in self.state.live():
            if job.node and job.node != old.holder:
                self.finalization.lose(job, "takeover")

    at_takeover(plant, lose_all, late=True)


@mutant(source=FROM_THE_RULE, clause="RA-9.6", also=("RA-9.1",))
def takes_its_place_again(plant: Plant) -> None:
    """A primary that comes back leads again at once, whoever leads by now."""
    original = Standby.may_lead

    @plant.method(Standby)
    def may_lead(self: Any, lease: Any, now: float) -> bool:
        first_look = self.seen is None
        return original(self, lease, now) or (first_look and lease.epoch > 1)


@mutant(source=FROM_THE_RULE, clause="RA-9.7")
def leaves_with_its_lease(plant: Plant) -> None:
    """A primary that is stopped cleanly keeps its lease, and its backup waits for the end of it."""

    @plant.method(Leadership)
    def retire(self: Any) -> None:
        self.state.role = ROLE.fire(self.state.role, "retire")
        self.state.actions.append(Retire())
        self.state.records.put(replace(self.held(), renewed_at=self.state.now))
