"""Bugs by which two attempts live at once, or a worker obeys the wrong primary (chapter 7)."""

from typing import Any

from msgspec.structs import replace
from runall_reference.brain.primary.inventories import Inventories
from runall_reference.brain.primary.placement import Placement
from runall_reference.brain.settings import Settings
from runall_reference.brain.worker import Worker

from .mutant import FROM_THE_RULE, mutant
from .planting import Plant, nothing


@mutant(source="Cronicle, all versions", clause="RA-7.3", also=("RA-7.1",))
def no_fence(plant: Plant) -> None:
    """A worker that reaches no primary goes on with its jobs until it is told to stop."""
    plant(Worker, "stop_fenced", nothing)


@mutant(source=FROM_THE_RULE, clause="RA-7.4", also=("RA-7.1", "RA-4.8"))
def starts_by_old_orders(plant: Plant) -> None:
    """A start order counts however long a cut has held it up."""
    original = Worker.void

    @plant.method(Worker)
    def void(self: Any, order: Any) -> bool:
        return original(self, replace(order, sent=self.now))


@mutant(source="Cronicle, all versions", clause="RA-7.5", also=("RA-7.1", "RA-7.6"))
def strays_go_on(plant: Plant) -> None:
    """A worker wakes with a job that runs elsewhere by now, and nobody stops it."""
    plant(Inventories, "stop_strays", nothing)
    plant(Worker, "stop_fenced", nothing)


@mutant(source=FROM_THE_RULE, clause="RA-7.6", also=("RA-7.5", "RA-7.1"))
def asks_and_never_kills(plant: Plant) -> None:
    """A job that ignores SIGTERM is asked to end, and that is all."""
    plant(Worker, "kill_stubborn", nothing)


@mutant(source=FROM_THE_RULE, clause="RA-7.7")
def takes_any_settings(plant: Plant) -> None:
    """A fence that is longer than the dead-job timeout is nobody's business."""

    @plant.method(Settings)
    def checked(self: Any) -> Any:
        return self

    def unsafe(*_: Any) -> str:
        return ""

    plant(Placement, "unsafe", unsafe)
