"""A brain takes its turns in virtual time exactly as it takes them in a daemon."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from runall_harness.rigs.simulated.node import Node, SimulatedBrain, World
from runall_reference.brain.primary import Standby
from runall_reference.brain.record_set import Change, Put, Step
from runall_reference.brain.records import Lease, Record
from runall_reference.brain.settings import Settings
from runall_reference.daemon.brain_runner import BrainRunner
from runall_reference.store import LeaseLost
from runall_reference.store.base import ignore_row

OWN, OTHERS = 1, 2
LOST = Lease(holder="another", epoch=OTHERS, since=0.0)


class Deposed:
    """The brain of a primary that does not know yet that another one has taken its lease."""

    def __init__(self, step: Step) -> None:
        self.step = step

    def handle(self, given: Any, now: float) -> Step:
        del given, now
        return self.step

    def next_wake(self) -> None:
        return None


class LostLease:
    """The store of that primary, for a daemon."""

    def load(self) -> list[Record]:
        return [LOST]

    def lease(self) -> Lease:
        return LOST

    def commit(
        self, change: Change, guard: int | None, written: Callable[[int], None] = ignore_row
    ) -> None:
        del change, written
        if guard not in (None, OTHERS):
            raise LeaseLost(guard, OTHERS)

    def close(self) -> None:
        return


def in_a_daemon(step: Step) -> Any:
    """The reply to an input that leads to that step; None from a primary that stepped down."""

    async def life() -> Any:
        runner = BrainRunner(
            Deposed(step), LostLease(), lambda: 0.0, lambda _: None, lambda _: None
        )
        try:
            return runner.handle("an input")
        except LeaseLost:
            return None

    return asyncio.run(life())


def in_virtual_time(step: Step) -> Any:
    """The same of a simulated primary."""
    world = World()
    node = world.nodes["p"] = Node(world, "p", "primary", Settings())
    node.standby = Standby("p", Settings())
    world.store.commit((Put(LOST),))
    brain: Any = Deposed(step)
    node.primary = SimulatedBrain(node, brain, world.store, lambda _: None)
    return node.primary.handle("an input")


@pytest.mark.parametrize("take", [in_a_daemon, in_virtual_time])
@pytest.mark.parametrize(
    ("step", "reply"),
    [
        (Step((), (), "a reply", OWN), "a reply"),
        (Step((), ("an act",), "a reply", OWN), None),
        (Step((Put(LOST),), (), "a reply", OWN), None),
    ],
    ids=["nothing to write or do", "something to do", "something to write"],
)
def test_a_lost_lease_forbids_every_step_but_an_empty_one(
    take: Callable[[Step], Any], step: Step, reply: str | None
) -> None:
    assert take(step) == reply
