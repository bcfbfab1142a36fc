"""What is done to real nodes so that they go through a story, when, and what can't be done there.

The story is played in virtual time first. What was done there, and which nodes came back, is
read from its history as steps. A crash inside the primary's work is placed by counting its commits
from the step before, or from the first commit that writes to some table, whichever is nearer.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Literal, get_args

import msgspec
from runall_reference.brain.record_set import Put, Step
from runall_reference.daemon.turn import Where

from runall_harness.evidence.history import Call, Fault, Start
from runall_harness.mutants import with_bug
from runall_harness.rigs.base import CrashPoint

from .moves import ORDERS, AnyMove, Crash, Cut, Message, Order, Probe
from .play import Play
from .story import Script, Story
from .worlds import RELEASED

FaultVerb = Literal["kill", "stop", "pause", "unpause", "cut", "join", "crash"]
FAULT_VERBS: tuple[FaultVerb, ...] = get_args(FaultVerb)
# Earlier than any second of a story: when its job is about to be started.
LAUNCH = -10.0


class RealStep(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do, `at` so many seconds of the story.

    `node` is the node to which it is done. `order` is what a user does, one of `moves.ORDERS`.
    `point` is where a node crashes, counted from when the step before this one is done.
    """

    at: float
    verb: FaultVerb | Literal["start", "order", "release"]
    node: str = ""
    order: str = ""
    point: CrashPoint | None = None


def obstacles(script: Script, rig: str) -> list[str]:
    """Why a story can't be played on a rig: the sentence of each move, and what is missing."""
    found = [
        f"{move.sentence()}: {why}" for move in script.moves if (why := obstacle(move, script))
    ]
    if script.mutant and rig != "processes":
        why = "the image has the reference, and no bugs to plant; take --rig processes"
        found.append(f"the bug {script.mutant} is planted: {why}")
    return found


def obstacle(move: AnyMove, script: Script) -> str:
    """Why one move can't be made on real nodes; empty if it can."""
    if isinstance(move, Message):
        return "no single message of a real link can be taken out"
    if isinstance(move, Crash) and move.brain == "worker":
        return "only a primary's daemon has failpoints inside its work"
    local = isinstance(move, Cut) and move.node in script.outline.primaries
    if local and script.outline.backup:
        return "the primaries share a file, from which nobody can be cut off"
    return ""


def real_steps(story: Story) -> list[RealStep]:
    """All that is done in a story, in its order; each crash with its point."""
    steps = [RealStep(at=RELEASED, verb="release"), *steps_of(story)]
    steps.sort(key=lambda step: step.at)
    points = crash_points(story.script, [step.at for step in steps])
    return [
        msgspec.structs.replace(step, point=next(points)) if step.verb == "crash" else step
        for step in steps
    ]


def steps_of(story: Story) -> Iterator[RealStep]:
    # An order is one step, however many calls it makes.
    orders = (
        what
        for move in story.script.moves
        if isinstance(move, Order)
        for what in (move.what, *[""] * (len(ORDERS[move.what]) - 1))
    )
    # The calls before are those of the beginning: events are created, and a person may run one.
    outline = story.script.outline
    first_call = 2 + outline.second + (outline.runs if outline.trigger == "manual" else 0)
    for line in story.lines:
        at = line.at - story.began
        match line:
            case Fault() if line.proof.kind in FAULT_VERBS:
                yield RealStep(at=at, verb=line.proof.kind, node=line.proof.node)
            case Start() if at > 0:
                yield RealStep(at=at, verb="start", node=line.node)
            case Call() if at >= 0 and line.number >= first_call:
                if what := next(orders):
                    yield RealStep(at=at, verb="order", order=what)
            case _:
                pass


class PassedPoint(msgspec.Struct, frozen=True):
    """A point of a primary's work that was passed: when, whose, and which tables it writes to."""

    at: float
    node: str
    where: Where
    act: int
    tables: frozenset[str]

    def is_like(self, move: Crash) -> bool:
        """Whether that crash could happen at this point, but for the count."""
        return self.where == move.where and (move.where != "between" or self.act == move.act)


class PointRecordedPlay(Play):
    """A play that records the points of its primaries from before its job is started."""

    def launch(self) -> None:
        self.passed: list[PassedPoint] = []
        self.record()
        super().launch()

    def record(self) -> None:
        for node in self.nodes():
            if node.name in self.outline.primaries:
                node.triggers["primary"] = Probe(partial(self.keep, node.name))

    def keep(self, node: str, where: Where, act: int, step: Step) -> None:
        tables = frozenset(write.record.table for write in step.change if isinstance(write, Put))
        self.passed.append(PassedPoint(self.site.now(), node, where, act, tables))


def crash_points(script: Script, times: Iterable[float]) -> Iterator[CrashPoint]:
    """The point of each crash that comes about, counted from the step before it.

    `times` are when the steps are done, in seconds of the story. The first step of all is to have
    the job started; where there is a backup, it is to start that.
    """
    with with_bug(script.mutant):
        play = PointRecordedPlay(script.outline)
        done = [0.0 if script.outline.backup else LAUNCH, *sorted(times)]
        for move in script.moves:
            play.reach(move.at)
            if isinstance(move, Crash) and (point := point_of(play, move, done)):
                yield point
            move.make(play)
            play.record()


def point_of(play: PointRecordedPlay, move: Crash, done: list[float]) -> CrashPoint | None:
    """Where in the work since the last step that crash falls; None if it does not come about."""
    twin = play.copy()
    assert isinstance(twin, PointRecordedPlay), "a copy is of the same kind"
    here = len(twin.passed)
    twin.record()
    twin.step()
    alike = [p for p in twin.passed[here:] if p.node == move.node and p.is_like(move)]
    if len(alike) < move.count:
        return None
    last = alike[move.count - 1]
    since = max(t for t in done if t < last.at - twin.began)
    work = [p for p in twin.passed if p.node == move.node and p.at > twin.began + since]
    return nearest([*work[: work.index(last)], last], move)


def nearest(work: list[PassedPoint], move: Crash) -> CrashPoint:
    """The last of these points, by the shortest count: from some table's first change on."""
    alike = [passed.is_like(move) for passed in work]
    counts = {"": sum(alike)}
    for number, passed in enumerate(work):
        for table in sorted(passed.tables):
            counts.setdefault(table, sum(alike[number:]))
    first = min(counts, key=lambda table: (counts[table], not table))
    return CrashPoint(where=move.where, act=move.act, first=first, count=counts[first])
