"""What a search has seen: which transition was taken after which kind of fault.

The rules of recovery are rows of three machines, and what goes wrong decides when a row is taken.
So a search is as thorough as the pairs that it has come to: a row, and the kind of the last thing
that befell the play before that row was taken. The rows come from the machines and the kinds from
the moves, so that a new rule or a new move makes the measure larger by itself.
"""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import ParamSpec, Self, TypeVar, get_args

from runall_reference.machines import JOB, LINK, ROLE, Life

from runall_harness.history import Fault

from .moves import ORDERS, AnyMove, Order
from .play import Play
from .worlds import Outline

Pair = tuple[str, str]
P = ParamSpec("P")
T = TypeVar("T")
# What befell a play to which nothing has happened yet.
NONE = "none"


def transition(life: Life, trigger: str, source: str, dest: str) -> str:
    """A row of a machine, in words."""
    return f"{life.name} {trigger}: {source} to {dest}"


def transitions() -> list[str]:
    """Every row of every machine."""
    return [
        transition(life, rule.trigger, source, rule.dest)
        for life in (JOB, ROLE, LINK)
        for rule, source in life.rows()
    ]


def faults() -> list[str]:
    """Every kind of thing that can befall a play, and that nothing did."""
    moves = [kind.__name__.lower() for kind in get_args(AnyMove) if kind is not Order]
    return [NONE, *moves, *dict.fromkeys(Order(at=0, what=what).fault for what in ORDERS)]


def every_pair() -> list[Pair]:
    """All pairs, those that can't occur among them."""
    return [(row, fault) for row in transitions() for fault in faults()]


class Ear:
    """Hears the machines while one act is carried out, and notes the pairs that it makes.

    A context manager: within it every machine of this process is listened to. Acts that are tried
    in a copy, and not through `hear`, leave no trace.
    """

    def __init__(self) -> None:
        self.pairs: set[Pair] = set()
        self.fault = ""

    def __enter__(self) -> Self:
        self.honest = [(life, life.fire) for life in (JOB, ROLE, LINK)]
        for life, fire in self.honest:
            vars(life)["fire"] = self.listening(life, fire)  # in the place of the memoised method
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for life, fire in self.honest:
            vars(life)["fire"] = fire

    def listening(self, life: Life, honest: Callable[..., str]) -> Callable[..., str]:
        """The same machine, overheard."""

        def fire(state: str, trigger: str, *facts: str) -> str:
            dest = honest(state, trigger, *facts)
            if self.fault:
                self.pairs.add((transition(life, trigger, state, dest), self.fault))
            return dest

        return fire

    def hear(self, fault: str, act: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """Carry out one act, after that kind of fault."""
        self.fault = fault
        try:
            return act(*args, **more)
        finally:
            self.fault = ""


class Telling:
    """One play that is told from its beginning, with an ear on it."""

    def __init__(self, outline: Outline, ear: Ear) -> None:
        self.ear, self.fault, self.lines = ear, NONE, 0
        self.play = ear.hear(NONE, Play, outline)
        self.moves: tuple[AnyMove, ...] = ()

    def step(self) -> bool:
        """Let the next act happen, and see whether it was a fault: that of the world, planned."""
        happened = self.ear.hear(self.fault, self.play.step)
        lines = self.play.history.lines
        for line in lines[self.lines :]:
            if isinstance(line, Fault) and line.proof.kind in faults():
                self.fault = line.proof.kind
        self.lines = len(lines)
        return happened

    def make(self, move: AnyMove) -> None:
        """Make a move, once as many acts have passed as it says."""
        while self.play.acts < move.at and self.step():
            pass
        self.moves = (*self.moves, move)
        self.fault = move.fault
        self.ear.hear(self.fault, move.make, self.play)
        self.lines = len(self.play.history.lines)

    def end(self) -> None:
        """Play on to the end."""
        while not self.play.over() and self.step():
            pass
        self.play.close()


def pairs_of(outline: Outline, moves: Iterable[AnyMove]) -> set[Pair]:
    """The pairs that a story takes."""
    with Ear() as ear:
        telling = Telling(outline, ear)
        for move in moves:
            telling.make(move)
        telling.end()
    return ear.pairs
