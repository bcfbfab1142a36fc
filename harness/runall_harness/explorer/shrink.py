"""The shortest story: a finding is made plainer as long as it still breaks the same clause.

A bug is understood by what is left when nothing more can be left out. So moves are dropped, first
many at once, the world is made smaller, and the moves that stay become plainer and earlier, each
for as long as the same check names the same clause. No chance is involved: the same finding has
the same shortest story.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from runall_harness.checks import examine

from .moves import SHORT, AnyMove, Crash, Cut, Kill, Message, Pause, Stop
from .play import Play
from .search import Found
from .worlds import AT_ONCE, BACKUP, LATE, TAKEOVERS, Outline

# At most how many candidates are played, which takes some seconds.
EFFORT = 300
# Two instants that differ by less are one, in seconds.
TINY = 1e-6
# The returns of a node, from plain to involved.
RETURNS: tuple[float | None, ...] = (None, AT_ONCE, LATE)


class Candidate(NamedTuple):
    """A story to be tried, and `instants`: when each move is made, in seconds from the beginning.

    Where `instants` is empty, the moves are made at the acts that they name.
    """

    outline: Outline
    moves: tuple[AnyMove, ...]
    instants: tuple[float, ...] = ()


def shrink(found: Found, wanted: tuple[str, str] | None = None, effort: int = EFFORT) -> Found:
    """The plainest story in which the same check still says that the same clause is broken.

    `wanted` is that check and clause; by default the first that is broken. At most `effort`
    candidates are played. The bug that was planted when it was found must be planted now.
    """
    first = found.broken[0]
    return Shrinking(found, wanted or (first.check, first.clause), effort).run()


class Shrinking:
    """One finding on its way to its shortest story. `best` is as far as it has come."""

    def __init__(self, found: Found, wanted: tuple[str, str], effort: int) -> None:
        self.wanted, self.left = wanted, effort
        self.tried: set[str] = set()
        self.best, self.found = Candidate(found.outline, found.moves), found
        self.take(self.best)

    def run(self) -> Found:
        before = None
        while self.best != before and self.left:
            before = self.best
            for ways in (fewer, smaller, plainer, earlier):
                self.improve(ways)
        return self.found

    def improve(self, ways: Callable[[Candidate], Iterator[Candidate]]) -> None:
        """Take the first of these ways that works, and look for the next from there."""
        while any(self.take(candidate) for candidate in ways(self.best)):
            pass

    def take(self, candidate: Candidate) -> bool:
        """Play a candidate; if it still breaks the same, it is the best one now."""
        if repr(candidate) in self.tried or not self.left:
            return False
        self.tried.add(repr(candidate))
        self.left -= 1
        play, played = play_candidate(candidate)
        broken = examine(play.history.lines).violations
        if self.wanted not in {(each.check, each.clause) for each in broken}:
            return False
        self.best = played
        self.found = replace(self.found, outline=played.outline, moves=played.moves, broken=broken)
        return True


def play_candidate(candidate: Candidate) -> tuple[Play, Candidate]:
    """Play a candidate to its end; return the play, and the candidate with the real instants."""
    play = Play(candidate.outline)
    moves: list[AnyMove] = []
    instants: list[float] = []
    for number, move in enumerate(candidate.moves):
        when = candidate.instants[number] if candidate.instants else None
        while is_before(play, move, when) and play.step():
            pass
        moves.append(replace(move, at=play.acts))
        instants.append(instant(play, move))
        moves[-1].make(play)
    play.end()
    return play, Candidate(candidate.outline, tuple(moves), tuple(instants))


def is_before(play: Play, move: AnyMove, when: float | None) -> bool:
    planned = play.site.world.time.next()
    if when is None or planned is None:
        return planned is not None and play.acts < move.at
    # A crash falls into an act; every other move comes after the acts of its instant.
    slack = -TINY if isinstance(move, Crash) else TINY
    return planned.at - play.began < when + slack


def instant(play: Play, move: AnyMove) -> float:
    """When a move is made that comes now: a crash, in the act to come."""
    planned = play.site.world.time.next()
    at = planned.at if isinstance(move, Crash) and planned else play.site.now()
    return at - play.began


def smaller(story: Candidate) -> Iterator[Candidate]:
    """The same in a smaller world: no backup, a person instead of the clock, no failure of its own.

    Acts are counted anew there; the instants stay.
    """
    outline, named = story.outline, {getattr(move, "node", "") for move in story.moves}
    if outline.backup and BACKUP not in named and outline.fault not in TAKEOVERS:
        yield story._replace(outline=replace(outline, backup=False))
    if outline.trigger != "manual":
        yield story._replace(outline=replace(outline, trigger="manual"))
    for name in outline.event:
        event = {key: value for key, value in outline.event.items() if key != name}
        yield story._replace(outline=replace(outline, event=event))
    if outline.fault and story.moves:
        yield story._replace(outline=replace(outline, fault=""))


def fewer(story: Candidate) -> Iterator[Candidate]:
    """Without some of its moves: halves, then quarters, then single ones."""
    size = len(story.moves)
    while size:
        for start in range(0, len(story.moves), size):
            end = start + size
            moves = story.moves[:start] + story.moves[end:]
            instants = story.instants[:start] + story.instants[end:]
            yield Candidate(story.outline, moves, instants)
            if moves:
                yield Candidate(story.outline, moves)
        size //= 2


def plainer(story: Candidate) -> Iterator[Candidate]:
    for number, move in enumerate(story.moves):
        for other in plainer_moves(move):
            moves = (*story.moves[:number], other, *story.moves[number + 1 :])
            yield story._replace(moves=moves)
            yield Candidate(story.outline, moves)


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


def earlier(story: Candidate) -> Iterator[Candidate]:
    """With one move at an earlier full second; the earliest first."""
    for number, when in enumerate(story.instants):
        first = story.instants[number - 1] if number else 0.0
        for second in range(int(first), int(when + 1)):
            if second < when - TINY:
                instants = (*story.instants[:number], float(second), *story.instants[number + 1 :])
                yield story._replace(instants=instants)
