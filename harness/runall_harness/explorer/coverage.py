"""What a search has seen: which transition was taken after which kind of fault.

The rules of recovery are rows of three machines, and faults decide when a row is taken. So a search
is as thorough as the pairs that it has taken: a row, and the kind of the last fault or order before
it. The rows come from the machines and the kinds from the moves, so that a new rule or a new move
makes the measure larger.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, Self, get_args

from runall_reference.brain.machines import JOB, LINK, ROLE, Life, Rule

from runall_harness.mutants.planting import Plant

from .moves import ORDERS, AnyMove, Order
from .play import Play
from .worlds import Outline

Pair = tuple[str, str]
ROWS = [(life, *row) for life in (JOB, ROLE, LINK) for row in life.rows()]
# The kind of fault of a play to which nothing has happened yet.
NONE = "none"
# States that are reached only after a failure, a stop or an abort.
AFTER_FAULTS = frozenset({"suspect", "draining", "retired", "interrupted", "aborted"})


def transition(life: Life, trigger: str, source: str, dest: str) -> str:
    return f"{life.name} {trigger}: {source} to {dest}"


def faults() -> list[str]:
    """Every kind of fault and order, and the kind that stands for none."""
    moves = [kind.__name__.lower() for kind in get_args(AnyMove) if kind is not Order]
    return [NONE, *moves, *dict.fromkeys(Order(at=0, what=what).fault for what in ORDERS)]


KINDS_OF_FAULT = frozenset(faults())


def why_never(rule: Rule, source: str, fault: str) -> str:
    """Why a row is never taken after that kind of fault; empty if it can be."""
    if fault == NONE and AFTER_FAULTS & {source, rule.dest}:
        return "only a fault or an order leads to such a state"
    if rule.trigger == "stop" and source != "running" and fault != "aborts":
        return "a time limit counts while a job runs, so only an abort stops one that does not"
    return ""


def every_pair() -> dict[Pair, str]:
    """All pairs, each with the reason why it can't occur; empty if it can."""
    return {
        (transition(life, rule.trigger, source, rule.dest), fault): why_never(rule, source, fault)
        for life, rule, source in ROWS
        for fault in faults()
    }


def possible_pairs() -> list[Pair]:
    return [pair for pair, reason in every_pair().items() if not reason]


class TransitionRecorder(Plant):
    """Records the pairs that a play takes, one act at a time.

    A context manager: within it the machines of this process report to it. Acts that are tried in a
    copy, and not `after` a fault, leave no trace.
    """

    def __init__(self) -> None:
        super().__init__()
        self.pairs: set[Pair] = set()
        self.fault = ""

    def __enter__(self) -> Self:
        for life in (JOB, ROLE, LINK):
            self(life, "fire", self.recording(life, life.fire))
        return super().__enter__()

    def recording(self, life: Life, original: Callable[..., str]) -> Callable[..., str]:
        def fire(state: str, trigger: str, *facts: str) -> str:
            dest = original(state, trigger, *facts)
            if self.fault:
                self.pairs.add((transition(life, trigger, state, dest), self.fault))
            return dest

        return fire

    @contextmanager
    def after(self, fault: str) -> Generator[None]:
        """Record what happens meanwhile as after that kind of fault."""
        self.fault = fault
        try:
            yield
        finally:
            self.fault = ""


class RecordedPlay:
    """A play whose transitions are recorded from its beginning."""

    def __init__(self, outline: Outline, recorder: TransitionRecorder) -> None:
        self.recorder, self.fault = recorder, NONE
        with recorder.after(NONE):
            self.play = Play(outline)
        self.moves: tuple[AnyMove, ...] = ()

    def step(self) -> bool:
        """Let the next act happen; it may be the failure that this world is named after."""
        planned = self.play.site.world.time.next()
        act: Any = planned.act if planned else None
        if isinstance(act, partial) and getattr(act.func, "__self__", None) is self.play:
            name = act.func.__name__
            self.fault = name if name in KINDS_OF_FAULT else self.fault
        with self.recorder.after(self.fault):
            return self.play.step()

    def make(self, move: AnyMove) -> None:
        self.moves = (*self.moves, move)
        self.fault = move.fault
        with self.recorder.after(self.fault):
            move.make(self.play)

    def end(self) -> None:
        while not self.play.over() and self.step():
            pass
        self.play.close()
