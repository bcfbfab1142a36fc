"""A brain that fails, or whose commit does, is asked nothing more."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from runall_reference.brain.inputs import Tick
from runall_reference.brain.record_set import Change, Put, Step
from runall_reference.brain.records import Counter, Record
from runall_reference.daemon.brain_runner import BrainDiscarded, BrainRunner
from runall_reference.store import CommitFailed
from runall_reference.store.base import ignore_row

CHANGE: Change = (Put(Counter(name="c", next=2)),)


class Script:
    """A brain that answers each input with the next of some steps, or raises it."""

    def __init__(self, *steps: Step | Exception, wake: float | None = None) -> None:
        self.steps, self.wake, self.inputs = list(steps), wake, list[Any]()

    def handle(self, message: Any, now: float) -> Step:
        self.inputs.append((message, now))
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    def next_wake(self) -> float | None:
        return self.wake if self.steps else None


class Notebook:
    """A store that writes down what happens, in one list with the actions."""

    def __init__(self, events: list[Any], trouble: Exception | None = None) -> None:
        self.events, self.trouble = events, trouble

    def load(self) -> list[Record]:
        return []

    def lease(self) -> None:
        return None

    def commit(
        self, change: Change, guard: int | None, written: Callable[[int], None] = ignore_row
    ) -> None:
        del written
        if self.trouble:
            raise self.trouble
        self.events.append(("commit", change, guard))

    def close(self) -> None:
        return


def life(test: Callable[[list[Any]], Any]) -> None:
    """Run a test inside an event loop, with a list of what happens."""

    async def body() -> None:
        await test([])

    asyncio.run(body())


def runner_of(brain: Script, store: Notebook) -> BrainRunner:
    events = store.events
    return BrainRunner(brain, store, lambda: 7.0, lambda act: events.append(act), lambda _: None)


def test_the_change_is_committed_before_any_action_and_the_reply_comes_last():
    async def test(events: list[Any]) -> None:
        runner = runner_of(Script(Step(CHANGE, ("first", "second"), "reply", 3)), Notebook(events))
        assert runner.handle("input") == "reply"
        assert events == [("commit", CHANGE, 3), "first", "second"]

    life(test)


def test_when_the_commit_fails_nothing_is_acted_upon_and_the_brain_is_discarded():
    async def test(events: list[Any]) -> None:
        trouble = CommitFailed("the disk is full", "free some space")
        runner = runner_of(Script(Step(CHANGE, ("act",)), Step()), Notebook(events, trouble))
        with pytest.raises(CommitFailed):
            runner.handle("input")
        assert events == []
        assert runner.over.exception() is trouble
        with pytest.raises(BrainDiscarded):
            runner.handle("another")

    life(test)


def test_a_fault_of_the_brain_ends_it_also_when_nobody_waits_for_the_answer():
    async def test(events: list[Any]) -> None:
        fault = ZeroDivisionError("a fault of the brain")
        brain = Script(fault, Step())
        runner = runner_of(brain, Notebook(events))
        runner.notify("input")
        assert runner.over.exception() is fault
        runner.notify("another")
        assert len(brain.inputs) == 1

    life(test)


def test_a_wake_that_is_due_gives_the_brain_a_tick():
    async def test(events: list[Any]) -> None:
        brain = Script(Step(), Step(actions=("woken",)), wake=7.0)
        runner = runner_of(brain, Notebook(events))
        woken = asyncio.Event()

        def act(_: object) -> None:
            woken.set()

        runner.act = act
        runner.handle("input")
        async with asyncio.timeout(20):
            await woken.wait()
        assert brain.inputs[1] == (Tick(), 7.0)

    life(test)
