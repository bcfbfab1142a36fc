"""Bugs that only an order of events shows: a crash between two steps, or a lost message.

Each behaves well as long as every message arrives in its turn and every server dies between two
pieces of work. So the explorer is what has to find them.
"""

from typing import Any

from runall_reference.brain.primary import Primary
from runall_reference.brain.primary.finalization import Finalization
from runall_reference.brain.primary.placement import Placement
from runall_reference.brain.primary.slots import Slots

from .mutant import mutant
from .planting import Plant, nothing


def a_step_behind(plant: Plant, where: type, name: str) -> None:
    """Put a method off to the next input of its primary, and to a change of its own.

    What was put off is in the memory of that primary, and nowhere else.
    """
    original, handle = getattr(where, name), Primary.handle

    def later(self: Any, *args: Any) -> None:
        self.state.put_off = [*getattr(self.state, "put_off", ()), (self, args)]

    def then(self: Any, given: Any, now: float) -> Any:
        self.state.now = now
        put_off, self.state.put_off = getattr(self.state, "put_off", []), []
        for part, args in put_off:
            original(part, *args)
        return handle(self, given, now)

    plant(where, name, later)
    plant(Primary, "handle", then)


@mutant(source="two transactions in the place of one", clause="RA-5.1")
def cursor_is_a_step_behind(plant: Plant) -> None:
    """A minute is served, and the next step moves the cursor: a crash between serves it twice."""
    a_step_behind(plant, Slots, "move_cursor")


@mutant(source="two transactions in the place of one", clause="RA-3.2", also=("RA-1.1", "RA-1.2"))
def recovery_is_a_step_behind(plant: Plant) -> None:
    """A job is ended, and only the next step decides what follows: a crash between loses it."""
    a_step_behind(plant, Finalization, "follow")


@mutant(source="a call that is made once", clause="RA-2.13", also=("RA-12.1",))
def orders_once(plant: Plant) -> None:
    """A start order that did not arrive is never repeated: its job is starting for ever."""
    original, send = Placement.place, Placement.order_start

    @plant.method(Placement)
    def place(self: Any, job: Any, node: str) -> Any:
        placed = original(self, job, node)
        send(self, placed)
        return placed

    plant(Placement, "order_start", nothing)
