"""The shortest story: what is found is made plainer for as long as it still breaks the same clause.

A bug is understood by what is left when nothing more can be left out. So moves are dropped, first
many at once, the world is made smaller, and what stays is put into the plainest words and at the
earliest full second, each as far as the same check still names the same clause. No chance is
involved: the same finding has the same shortest story.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from runall_harness.checks import Broken, examine

from .moves import SHORT, AnyMove, Crash, Cut, Kill, Message, Order, Pause, Stop
from .play import Play
from .search import Found
from .worlds import AT_ONCE, BACKUP, LATE, Outline

# How many stories are told at the most: some seconds.
EFFORT = 300
# Two instants that differ by less are one, in seconds.
TINY = 1e-6
# From plain to involved; a move is replaced by plainer ones only.
PLAIN: tuple[type, ...] = (Order, Kill, Stop, Pause, Cut, Message, Crash)
RETURNS: tuple[float | None, ...] = (None, AT_ONCE, LATE)


class Tale(NamedTuple):
    """A story to be tried, and `instants`: when each move is made, in seconds from the beginning.

    Where `instants` is empty, the moves are made at the acts that they name.
    """

    outline: Outline
    moves: tuple[AnyMove, ...]
    instants: tuple[float, ...] = ()


def shrink(found: Found, keep: Broken | None = None, effort: int = EFFORT) -> Found:
    """The plainest story in which the same check still says that the same clause is broken.

    Which one that is says `keep`, or else the first of what is broken. At most `effort` stories
    are told. What was planted when it was found must be planted now.
    """
    wanted = keep or found.broken[0]
    return Shrinking(found, (wanted.check, wanted.clause), effort).run()


class Shrinking:
    """One finding on its way to its shortest story. `best` is as far as it has come."""

    def __init__(self, found: Found, wanted: tuple[str, str], effort: int) -> None:
        self.wanted, self.left = wanted, effort
        self.tried: set[str] = set()
        self.best, self.found = Tale(found.outline, found.moves), found
        self.take(self.best)

    def run(self) -> Found:
        """Go on until nothing makes it plainer, or the effort is spent."""
        before = None
        while self.best != before and self.left:
            before = self.best
            for ways in (fewer, smaller, plainer, earlier):
                self.improve(ways)
        return self.found

    def improve(self, ways: Callable[[Tale], Iterator[Tale]]) -> None:
        """Take the first of these ways that works, and look for the next from there."""
        while any(self.take(tale) for tale in ways(self.best)):
            pass

    def take(self, tale: Tale) -> bool:
        """Try a tale; if it still breaks the same, it is the best one now."""
        if repr(tale) in self.tried or not self.left:
            return False
        self.tried.add(repr(tale))
        self.left -= 1
        play, told = tell(tale)
        broken = examine(play.history.lines).violations
        if self.wanted not in {(each.check, each.clause) for each in broken}:
            return False
        self.best = told
        self.found = replace(self.found, outline=told.outline, moves=told.moves, broken=broken)
        return True


def tell(tale: Tale) -> tuple[Play, Tale]:
    """Play a tale to its end; the play, and the tale with its acts and instants as they were."""
    play = Play(tale.outline)
    moves: list[AnyMove] = []
    instants: list[float] = []
    for number, move in enumerate(tale.moves):
        while before(play, move, tale.instants[number] if tale.instants else None) and play.step():
            pass
        moves.append(replace(move, at=play.acts))
        instants.append(instant(play, move))
        moves[-1].make(play)
    play.end()
    return play, Tale(tale.outline, tuple(moves), tuple(instants))


def before(play: Play, move: AnyMove, when: float | None) -> bool:
    """Whether the next act still happens before that move is made."""
    planned = play.site.world.time.next()
    if when is None or planned is None:
        return planned is not None and play.acts < move.at
    # A crash falls into an act; all else comes after the acts of its instant.
    slack = -TINY if isinstance(move, Crash) else TINY
    return planned.at - play.began < when + slack


def instant(play: Play, move: AnyMove) -> float:
    """When a move is made that comes now: a crash, in the act to come."""
    planned = play.site.world.time.next()
    inside = isinstance(move, Crash) and planned is not None
    return (planned.at if inside and planned else play.site.now()) - play.began


# ------------------------------------------------------------------ what may be plainer
def smaller(tale: Tale) -> Iterator[Tale]:
    """The same in a smaller world: no backup, a person instead of the clock, no failure of its own.

    Acts are counted anew there; the instants stay.
    """
    outline, named = tale.outline, {getattr(move, "node", "") for move in tale.moves}
    if outline.backup and BACKUP not in named:
        yield tale._replace(outline=replace(outline, backup=False))
    if outline.trigger != "manual":
        yield tale._replace(outline=replace(outline, trigger="manual"))
    for name in outline.event:
        event = {key: value for key, value in outline.event.items() if key != name}
        yield tale._replace(outline=replace(outline, event=event))
    if outline.fault and tale.moves:
        yield tale._replace(outline=replace(outline, fault=""))


def fewer(tale: Tale) -> Iterator[Tale]:
    """Without some of its moves: halves, then quarters, then single ones."""
    size = len(tale.moves)
    while size:
        for start in range(0, len(tale.moves), size):
            gone = slice(start, start + size)
            moves, instants = list(tale.moves), list(tale.instants)
            del moves[gone], instants[gone]
            yield tale._replace(moves=tuple(moves))._replace(instants=tuple(instants))
            if moves:
                yield Tale(tale.outline, tuple(moves))
        size //= 2


def plainer(tale: Tale) -> Iterator[Tale]:
    """With one move replaced by a plainer one, at the same instant."""
    for number, move in enumerate(tale.moves):
        for other in plainer_moves(move):
            moves = (*tale.moves[:number], other, *tale.moves[number + 1 :])
            yield tale._replace(moves=moves)
            yield Tale(tale.outline, moves)


def plainer_moves(move: AnyMove) -> Iterator[AnyMove]:
    """What could stand in place of a move: a plainer fault of that node, or a plainer return."""
    if isinstance(move, Crash | Stop | Pause | Cut):
        back = getattr(move, "back", None)
        for each in dict.fromkeys((back, *RETURNS)):
            yield Kill(at=move.at, node=move.node, back=each)
    if isinstance(move, Crash | Kill | Stop) and move.back is not None:
        plain = RETURNS[: RETURNS.index(move.back)] if move.back in RETURNS else RETURNS
        yield from (replace(move, back=each) for each in plain)
    if isinstance(move, Crash):
        if move.count > 1:
            yield replace(move, count=1)
    elif isinstance(move, Pause | Cut) and move.lasting != SHORT:
        yield replace(move, lasting=SHORT)
    elif isinstance(move, Message) and move.fate != "lost":
        yield replace(move, fate="lost")


def earlier(tale: Tale) -> Iterator[Tale]:
    """With one move at an earlier full second; the earliest first."""
    for number, when in enumerate(tale.instants):
        first = tale.instants[number - 1] if number else 0.0
        for second in range(int(first), int(when + 1)):
            if second < when - TINY:
                instants = (*tale.instants[:number], float(second), *tale.instants[number + 1 :])
                yield tale._replace(instants=instants)
