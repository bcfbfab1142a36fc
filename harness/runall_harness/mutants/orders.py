"""Bugs in what is accepted: orders that can't be carried out, and values that nothing can have."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from runall_reference.brain import inputs, values
from runall_reference.brain.primary import orders
from runall_reference.brain.primary.lease import Leadership
from runall_reference.brain.primary.orders import Orders
from runall_reference.brain.primary.reachability import Reachability
from runall_reference.brain.primary.slots import Slots
from runall_reference.brain.records import Event
from runall_reference.brain.worker import Worker

from .mutant import FROM_THE_RULE, mutant
from .planting import Plant, always


# ------------------------------------------------------------------ orders
@mutant(source=FROM_THE_RULE, clause="RA-8.7")
def makes_events_over_others(plant: Plant) -> None:
    """An event that is made under the id of another one takes its place."""
    original = Orders.create_event

    @plant.method(Orders)
    def create_event(self: Any, order: Any) -> Any:
        if (known := self.state.event(order.event.id)) is not None:
            self.records.drop(known)
        return original(self, order)


@mutant(source=FROM_THE_RULE, clause="RA-8.7")
def edits_by_halves(plant: Plant) -> None:
    """Of an edit that is refused, the fields before the wrong one are written."""
    original = Orders.update_event

    @plant.method(Orders)
    def update_event(self: Any, order: Any) -> Any:
        known = self.state.event(order.event)
        if known is not None and "params" in order.fields:
            self.records.put(replace(known, params={**known.params, **order.fields["params"]}))
        return original(self, order)


def forgives(plant: Plant, code: str, answer: Callable[[Any, Any], Any]) -> None:
    """Answer an order that is refused with that code, as if it were done."""
    original = Orders.obey

    @plant.method(Orders)
    def obey(self: Any, order: Any) -> Any:
        try:
            return original(self, order)
        except inputs.Refused as refusal:
            if refusal.code != code:
                raise
            return answer(self, order)


@mutant(source=FROM_THE_RULE, clause="RA-8.7")
def answers_for_what_there_is_not(plant: Plant) -> None:
    """An order about an event that there is not is answered as if it were done."""
    forgives(plant, "unknown-event", lambda _, __: Event(id="none"))


@mutant(source=FROM_THE_RULE, clause="RA-8.7")
def aborts_what_has_ended(plant: Plant) -> None:
    """An abort of a job that has ended is answered as if it had ended the job."""
    forgives(plant, "ended", lambda self, order: self.root_of(order.job))


# ------------------------------------------------------------------ values
@mutant(source="this kit's reference, until its values were measured", clause="RA-8.6")
def accepts_any_values(plant: Plant) -> None:
    """A run is accepted with values that no process can be given, and fails each time."""

    def nothing_wrong(*_: Any) -> str:
        return ""

    plant(orders, "impossible", nothing_wrong)


@mutant(source=FROM_THE_RULE, clause="RA-8.6")
def looks_at_runs_alone(plant: Plant) -> None:
    """The values of an event are looked at when it is run, not when it is made or edited."""
    original = orders.impossible

    def impossible(event: Any, source: str) -> str:
        return original(event, source) if source else ""

    plant(orders, "impossible", impossible)


@mutant(source=FROM_THE_RULE, clause="RA-8.6")
def counts_each_value_by_itself(plant: Plant) -> None:
    """Each value is short enough, and nobody counts all of them together."""
    plant(values, "TOGETHER", float("inf"))


@mutant(source=FROM_THE_RULE, clause="RA-12.4")
def what_never_began_never_ends(plant: Plant) -> None:
    """A job whose process could not be started is shown as starting for ever."""
    original = Worker.exited

    @plant.method(Worker)
    def exited(self: Any, name: str, code: int) -> None:
        if code != 127:
            original(self, name, code)


# ------------------------------------------------------------------ who may answer
@mutant(source=FROM_THE_RULE, clause="RA-9.3")
def shows_what_it_knew(plant: Plant) -> None:
    """A primary that wakes answers at once, before it knows whether another one leads."""
    plant(Leadership, "may_answer", always)


# ------------------------------------------------------------------ ages
@mutant(source=FROM_THE_RULE, clause="RA-8.2", also=("RA-8.3",))
def a_restart_makes_losses_younger(plant: Plant) -> None:
    """A job that is in limbo when its primary dies counts as lost at that death."""
    original = Reachability.remember

    @plant.method(Reachability)
    def remember(self: Any, node: str, **what: Any) -> None:
        what.pop("alive_at", None)
        original(self, node, **what)


# ------------------------------------------------------------------ edits
@mutant(source="one place for the timing before", clause="RA-5.14")
def a_second_edit_forgets_the_first(plant: Plant) -> None:
    """Of several timings that an event had while minutes were owed, the last one is kept."""
    original = Slots.edited

    @plant.method(Slots)
    def edited(self: Any, old: Any, new: Any) -> None:
        for past in self.past_timings(old):
            self.state.records.drop(past)
        original(self, old, new)
