"""How a story is placed on real nodes: what is done to them, when, and what can't be done there.

The story is played in virtual time first. What was done there, and what came back by itself, is
read from its history as *deeds*, each after something that can be seen on real nodes too. A crash
inside the primary's work is placed by counting its commits from the deed before, or from the first
one that writes to some table, whichever is nearer.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec
from runall_reference.brain.failpoint import Failpoint, Trigger
from runall_reference.brain.record_set import Put, Step
from runall_reference.brain.turn import Where

from runall_harness.evidence.history import Call, Fault, Start
from runall_harness.rigs.base import CrashPoint

from .moves import AnyMove, Crash, Cut, Message, Order, Pause
from .play import Play
from .shrink import before
from .story import Script, Story
from .worlds import RELEASED

Verb = Literal[
    "kill", "stop", "pause", "unpause", "cut", "join", "crash", "start", "order", "release"
]
DONE: dict[str, Verb] = {
    "kill": "kill",
    "stop": "stop",
    "pause": "pause",
    "unpause": "unpause",
    "cut": "cut",
    "join": "join",
    "crash": "crash",
}

# Earlier than any second of a story: when its job is about to be started.
LAUNCH = -10.0
NEEDS: dict[type, str] = {Crash: "failpoint", Pause: "pause", Cut: "partition"}


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do, `at` so many seconds of the story.

    `node` is whom it befalls. `what` is what a user does, one of `moves.ORDERS`. `point` is where
    a node crashes, counted from when the deed before this one is done.
    """

    at: float
    verb: Verb
    node: str = ""
    what: str = ""
    point: CrashPoint | None = None


# ------------------------------------------------------------------ what can't be done there
def hindrances(script: Script, rig: str, abilities: frozenset[str]) -> list[str]:
    """Why a story can't be placed on a rig: the sentence of each move, and what is missing."""
    found = [
        f"{move.sentence()}: {why}"
        for move in script.moves
        if (why := hindrance(move, script, rig, abilities))
    ]
    if script.mutant and rig != "processes":
        why = "the image has the reference, and no bugs to plant; take --rig processes"
        found.append(f"the bug {script.mutant} is planted: {why}")
    return found


def hindrance(move: AnyMove, script: Script, rig: str, abilities: frozenset[str]) -> str:
    """Why one move can't be made there; empty if it can."""
    needs = NEEDS.get(type(move), "kill")
    if needs not in abilities:
        return f"the {rig} rig has no {needs}"
    if isinstance(move, Message):
        return "no single message of a real link can be taken out"
    if isinstance(move, Crash) and move.brain == "worker":
        return "only a primary's daemon can be told to crash inside its work"
    local = isinstance(move, Cut) and move.node in script.outline.primaries
    if local and script.outline.backup and "netstore" not in abilities:
        return "the primaries share a file, from which nobody can be cut off"
    return ""


# ------------------------------------------------------------------ what is to be done
def deeds(story: Story) -> list[Deed]:
    """All that is done in a story, in its order."""
    orders = iter([move for move in story.script.moves if isinstance(move, Order)])
    done = [Deed(at=RELEASED, verb="release")]
    for line in story.lines:
        at = line.at - story.began
        match line:
            case Fault() if line.proof.kind in DONE:
                done.append(Deed(at=at, verb=DONE[line.proof.kind], node=line.proof.node))
            case Start() if at > 0:
                done.append(Deed(at=at, verb="start", node=line.node))
            case Call() if at >= 0 and line.number > calls_before(story):
                done.append(Deed(at=at, verb="order", what=next(orders).what))
            case _:
                pass
    return pointed(story, sorted(done, key=lambda deed: deed.at))


def calls_before(story: Story) -> int:
    """How many calls the story begins with: the event, and its run by a person."""
    return 2 if story.script.outline.trigger == "manual" else 1


def pointed(story: Story, done: list[Deed]) -> list[Deed]:
    """The same, each crash with its point."""
    crashes = crash_points(story.script, [deed.at for deed in done])
    return [
        msgspec.structs.replace(deed, point=next(crashes)) if deed.verb == "crash" else deed
        for deed in done
    ]


# ------------------------------------------------------------------ where a crash falls
class Passed(msgspec.Struct, frozen=True):
    """A point of a primary's work that was passed: when, whose, and which tables it writes to."""

    at: float
    node: str
    where: Where
    act: int
    tables: frozenset[str]


class Recorder(Trigger):
    """A trigger that never fires, and writes down each point that a primary passes."""

    def __init__(self, play: Play, node: str, passed: list[Passed]) -> None:
        super().__init__(Failpoint(where="before"))
        self.play, self.node, self.passed = play, node, passed

    def fires(self, where: Where, step: Step, act: int = 0) -> bool:
        """Write it down, if a failpoint would count it."""
        if step.change or where == "between":
            tables = frozenset(w.record.table for w in step.change if isinstance(w, Put))
            at = self.play.site.now()
            self.passed.append(Passed(at, self.node, where, act, tables))
        return False


class Recorded(Play):
    """A play whose primaries are watched from before its job is started."""

    def launch(self) -> None:
        """Begin to watch, then go on."""
        self.passed: list[Passed] = []
        self.watch()
        super().launch()

    def watch(self) -> None:
        """Watch all primaries, those that come later as well."""
        for node in self.nodes():
            if node.name in self.outline.primaries:
                node.triggers["primary"] = Recorder(self, node.name, self.passed)


def crash_points(script: Script, times: Iterable[float]) -> Iterator[CrashPoint]:
    """The point of each crash that comes about, counted from the deed before it.

    `times` are when the deeds are done, in seconds of the story. The first deed of all is to have
    the job started; where there is a backup, it is to start that.
    """
    with script.planted():
        play = Recorded(script.outline)
        done = [0.0 if script.outline.backup else LAUNCH, *sorted(times)]
        for move in script.moves:
            while before(play, move, None) and play.step():
                pass
            if isinstance(move, Crash) and (point := point_of(play, move, done)):
                yield point
            move.make(play)
            play.watch()


def point_of(play: Recorded, move: Crash, done: list[float]) -> CrashPoint | None:
    """Where in the work since the last deed that crash falls; None if it does not come about."""
    twin = play.copy()
    assert isinstance(twin, Recorded), "a copy is of the same kind"
    here = len(twin.passed)
    twin.watch()
    twin.step()
    act = [p for p in twin.passed[here:] if (p.node, p.where) == (move.node, move.where)]
    act = [p for p in act if move.where != "between" or p.act == move.act]
    if len(act) < move.count:
        return None
    last = act[move.count - 1]
    since = max(t for t in done if t < last.at - twin.began)
    work = [p for p in twin.passed if p.node == move.node and p.at > twin.began + since]
    return nearest([*work[: work.index(last)], last], move)


def nearest(work: list[Passed], move: Crash) -> CrashPoint:
    """The last of these points, by the shortest count: from some table's first change on."""
    alike = [p.where == move.where and (move.where != "between" or p.act == move.act) for p in work]
    counts = {"": sum(alike)}
    for number, passed in enumerate(work):
        for table in sorted(passed.tables):
            counts.setdefault(table, sum(alike[number:]))
    first = min(counts, key=lambda table: (counts[table], not table))
    return CrashPoint(where=move.where, act=move.act, first=first, count=counts[first])
