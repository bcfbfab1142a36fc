"""The exhaustive search: every move at every point of a bounded world, and every two of them.

Of several plays that have become the same, only one is played on. What is found is a play whose
history breaks a clause, with the moves that were made.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from runall_harness.checks import examine
from runall_harness.contract.verdicts import BrokenClause
from runall_harness.rigs.simulated.shared_world import EPOCH

from .moves import KINDS, AnyMove
from .phases import points
from .play import Play
from .signature import SignedValues, signature
from .worlds import GRID, Outline


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A play that breaks something: its world, its moves, and what the checks say.

    `seed` is that of the random search that found it.
    """

    outline: Outline
    moves: tuple[AnyMove, ...]
    broken: tuple[BrokenClause[int], ...]
    seed: int = 0

    @property
    def clauses(self) -> frozenset[str]:
        return frozenset(each.clause for each in self.broken)


class Counts(msgspec.Struct, kw_only=True):
    """How much a search has done. `schedules` were begun; `merged` were the same as others.

    `states` counts distinct signatures, `exercised` how often each check had something to judge.
    `seconds` are those that cores spent on it.
    """

    schedules: int = 0
    merged: int = 0
    states: int = 0
    acts: int = 0
    seconds: float = 0.0
    exercised: Counter[str] = msgspec.field(default_factory=Counter[str])

    def add(self, other: "Counts") -> None:
        for name in ("schedules", "merged", "states", "acts", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.exercised.update(other.exercised)


class Search:
    """One search of one bounded world, with up to `depth` moves of the given kinds."""

    def __init__(
        self,
        outline: Outline,
        kinds: Sequence[str] = ("crash",),
        *,
        depth: int = 1,
        merge: bool = True,
        progress: Callable[[Counts], None] = lambda _: None,
    ) -> None:
        self.outline, self.kinds, self.depth, self.merge = outline, kinds, depth, merge
        self.counts = Counts()
        self.seen: set[tuple[int, int]] = set()
        self.signed = SignedValues()
        self.progress = progress

    def run(self) -> Iterator[Found]:
        """Search, and yield each play that breaks a clause as soon as it is found."""
        yield from self.branch(Play(self.outline), (), self.depth)

    def branch(self, play: Play, moves: tuple[AnyMove, ...], left: int) -> Iterator[Found]:
        """Make every move at every act of this play, then judge the play itself."""
        self.counts.schedules += 1
        acts = points(play) if left and not self.outline.still else {}
        for act, by_clock in acts.items():
            while play.acts < act:
                self.step(play)
            if self.known(signature(play, known=self.signed) if self.merge else play.acts, left):
                return
            # What a user asks for depends on the state, and not on the second.
            kinds = [kind for kind in self.kinds if not (by_clock and kind == "orders")]
            yield from self.moved(play, moves, left, kinds)
        yield from self.finish(play, moves)

    def moved(
        self, play: Play, moves: tuple[AnyMove, ...], left: int, kinds: Iterable[str]
    ) -> Iterator[Found]:
        choices = [move for kind in kinds for move in KINDS[kind](play)]
        for move, twin in zip(choices, play.copies(), strict=False):
            move.make(twin)
            yield from self.branch(twin, (*moves, move), left - 1)

    def finish(self, play: Play, moves: tuple[AnyMove, ...]) -> Iterator[Found]:
        """Play on to the end, unless another play did from the same state on, and judge."""
        border = play.site.now()
        while not play.over():
            planned = play.site.world.time.next()
            if self.merge and planned and planned.at >= border:
                border = EPOCH + GRID * ((planned.at - EPOCH) // GRID)
                if self.known(signature(play, border, self.signed), 0):
                    return
                border += GRID
            if not self.step(play):
                break
        play.close()
        self.progress(self.counts)
        findings = examine(play.history.lines)
        self.counts.exercised.update(findings.exercised)
        if findings.violations:
            yield Found(outline=self.outline, moves=moves, broken=findings.violations)

    def step(self, play: Play) -> bool:
        self.counts.acts += 1
        return play.step()

    def known(self, state: int, left: int) -> bool:
        """Whether a play was in this state with as many moves left; if not, note this one."""
        if self.merge and (state, left) in self.seen:
            self.counts.merged += 1
            return True
        self.seen.add((state, left))
        self.counts.states = len(self.seen)
        return False
