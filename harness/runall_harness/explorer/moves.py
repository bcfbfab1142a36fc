"""The moves: what the nemesis and the users of a play can do, each once, at a chosen act.

A move knows how to carry itself out, and its sentence. Its `at` is the number of acts that a play
has done before it, so a list of moves is a whole story, and can be played again.
"""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Literal

import msgspec
from runall_reference.brain.record_set import Step
from runall_reference.daemon.failpoint import Failpoint, Trigger
from runall_reference.daemon.turn import Where

from runall_harness.rigs.simulated.node import Node

from .play import EVENT, Play
from .worlds import AT_ONCE, HELD, LATE, WORKERS

Brain = Literal["primary", "worker"]
Fate = Literal["lost", "late", "overtaken"]
# A short absence and a long one, in seconds: shorter than the silence, longer than the timeout.
SHORT, LONG = 2.0, 24.0


class Move(msgspec.Struct, frozen=True, kw_only=True, tag_field="move"):
    """What all moves share: after how many acts of the play they are made."""

    at: int

    def make(self, play: Play) -> None:
        raise NotImplementedError

    def sentence(self) -> str:
        raise NotImplementedError

    @property
    def fault(self) -> str:
        """The kind of fault, for counting."""
        return type(self).__name__.lower()


def returning(back: float | None) -> str:
    return "stays away" if back is None else f"is back after {back:g} s"


class NodeFault(Move, frozen=True, kw_only=True):
    """Something is done to a node, by the method of the play that is called like the move."""

    node: str
    words: ClassVar[str] = ""

    def make(self, play: Play) -> None:
        _, *how = msgspec.structs.astuple(self)
        getattr(play, self.fault)(*how)


class Absence(NodeFault, frozen=True, kw_only=True):
    """A node goes away. It is back after `back` seconds, or never (None)."""

    back: float | None = AT_ONCE

    def sentence(self) -> str:
        return f"{self.node} is {self.words}, and {returning(self.back)}"


class Kill(Absence, frozen=True, kw_only=True, tag="kill"):
    """A node dies between two acts."""

    words = "killed"


class Stop(Absence, frozen=True, kw_only=True, tag="stop"):
    """A node is stopped cleanly, by SIGTERM."""

    words = "stopped cleanly"


class Crash(Move, frozen=True, kw_only=True, tag="crash"):
    """A node dies inside the next act: before a commit of a brain, after it, or between two acts.

    `count` is the how-manieth such point of that brain in the act; `back` as in `Absence`.
    """

    node: str
    brain: Brain
    where: Where
    count: int = 1
    act: int = 1
    back: float | None = AT_ONCE

    def make(self, play: Play) -> None:
        node = play.site.node(self.node)
        point = Failpoint(where=self.where, count=self.count, act=self.act)
        node.triggers[self.brain] = Trigger(point)
        play.step()
        reached = not node.up and self.brain not in node.triggers
        node.triggers.pop(self.brain, None)
        if reached:
            play.note(play.site.proof("crash", self.node, True, self.point()))
            play.returns(self.node, self.back)

    def point(self) -> str:
        where = f"after act {self.act}" if self.where == "between" else f"{self.where} the commit"
        return f"{where} of a step of its {self.brain}"

    def sentence(self) -> str:
        return f"{self.node} dies {self.point()}, and {returning(self.back)}"


class Hindrance(NodeFault, frozen=True, kw_only=True):
    """A node can't go on, for some seconds."""

    lasting: float = SHORT

    def sentence(self) -> str:
        return f"{self.node} is {self.words} for {self.lasting:g} s"


class Pause(Hindrance, frozen=True, kw_only=True, tag="pause"):
    """A node is frozen for some seconds."""

    words = "frozen"


class Cut(Hindrance, frozen=True, kw_only=True, tag="cut"):
    """A node is cut off for some seconds, and no one closes its connections."""

    words = "cut off"


class Message(Move, frozen=True, kw_only=True, tag="message"):
    """The next message of a worker's link is lost, comes late, or is overtaken by the one after it.

    `worker` is whose link it is, whichever end speaks. A message that is late holds up all that
    follow it on its link, as a stream does.
    """

    worker: str
    fate: Fate

    def make(self, play: Play) -> None:
        link = play.site.node(self.worker).link
        if link is not None and link.fate is None:
            link.fate = (self.fate, HELD)
            play.note(play.site.proof("message", self.worker, True, self.fate))

    def sentence(self) -> str:
        fates = {
            "lost": "is lost",
            "late": f"is held up for {HELD:g} s, with all that follow it",
            "overtaken": "is overtaken by the one after it",
        }
        return f"the next message on the link of {self.worker} {fates[self.fate]}"


Calls = tuple[tuple[str, dict[str, Any]], ...]


def edit(**fields: Any) -> Calls:
    return (("update_event", {"fields": fields}),)


# What a user does: the calls, one after the other. An abort names its job when it is made, and who
# makes the event again gives it the settings that it had.
ORDERS: dict[str, Calls] = {
    "aborts the job": (("abort", {}),),
    "aborts what waits": (("abort", {}),),
    "disables the event": edit(enabled=False),
    "enables the event": edit(enabled=True),
    "edits the event": edit(params={"tag": "work", "note": "edited"}),
    "edits the timing": edit(timing={}),
    "edits the target": edit(target=WORKERS[1]),
    "turns Run All off": edit(catch_up=False),
    "deletes the event": (("delete_event", {}),),
    "replaces the event": (("delete_event", {}), ("create_event", {})),
    "runs the event by hand": (("run", {"params": {"note": "of another run"}, "source": "user"}),),
}


class Order(Move, frozen=True, kw_only=True, tag="order"):
    """A user does something: `what` is one of `ORDERS`."""

    what: str

    def make(self, play: Play) -> None:
        for verb, args in ORDERS[self.what]:
            play.call(verb, **self.about(verb, play), **args)

    def about(self, verb: str, play: Play) -> dict[str, Any]:
        """What a call is about: the event, or the lineage of a job."""
        if verb == "create_event":
            return {"event": play.event}
        if verb != "abort":
            return {"event": EVENT}
        return {"job": play.waiting() if "waits" in self.what else play.root}

    def sentence(self) -> str:
        return f"a user {self.what}"

    @property
    def fault(self) -> str:
        return self.what.split()[0]


AnyMove = Crash | Kill | Stop | Pause | Cut | Message | Order


class Probe(Trigger):
    """A trigger that never fires: it notes each point of a step at which a crash would matter."""

    def __init__(self, note: Callable[[Where, int, Step], None]) -> None:
        super().__init__(Failpoint(where="before"))
        self.note = note

    def fires(self, where: Where, step: Step, act: int = 0) -> bool:
        # Within a commit is the same as before it: a disk of virtual time writes it at once.
        if where != "within" and (step.change or where == "between"):
            self.note(where, act, step)
        return False


def crash_points(play: Play) -> list[Crash]:
    """A crash at each point inside the next act, found by letting that happen in a copy."""
    node = play.next_node()
    if node is None or not node.up or node.frozen:
        return []
    twin = play.copy()
    passed: dict[Brain, list[tuple[Where, int]]] = {"primary": [], "worker": []}
    for brain, points in passed.items():
        probe = Probe(lambda where, act, _, points=points: points.append((where, act)))
        twin.site.node(node.name).triggers[brain] = probe
    twin.step()
    return [
        Crash(
            at=play.acts,
            node=node.name,
            brain=brain,
            where=where,
            act=act,
            count=points[: number + 1].count((where, act)),
        )
        for brain, points in passed.items()
        for number, (where, act) in enumerate(points)
    ]


def crashes(play: Play) -> list[AnyMove]:
    returns = (AT_ONCE, LATE)
    points = crash_points(play)
    return [msgspec.structs.replace(crash, back=back) for crash in points for back in returns]


def nemesis(play: Play) -> list[AnyMove]:
    """Every other fault of a node that is possible now, or of the next message of its link."""
    return [move for node in play.nodes() if node.up for move in faults_of(node, play.acts)]


def faults_of(node: Node, at: int) -> Iterator[AnyMove]:
    for back in (AT_ONCE, LATE, None):
        yield Kill(at=at, node=node.name, back=back)
    for back in (AT_ONCE, LATE):
        yield Stop(at=at, node=node.name, back=back)
    for lasting in (SHORT, LONG):
        yield Pause(at=at, node=node.name, lasting=lasting)
        yield Cut(at=at, node=node.name, lasting=lasting)
    if node.link is not None:
        for fate in ("lost", "late", "overtaken"):
            yield Message(at=at, worker=node.name, fate=fate)


def orders(play: Play) -> list[AnyMove]:
    """Everything that a user can ask for now, and that is not so already."""
    event = leader.state.event(EVENT) if (leader := play.leader()) else None
    idle = {"disables the event" if event and not event.enabled else "enables the event"}
    if event and event.retries:
        # Each of its jobs fails and is tried again: a slot in every minute would never be over.
        idle.add("edits the timing")
    if event and event.target == WORKERS[1]:
        idle.add("edits the target")
    if play.waiting() == play.root:
        idle.add("aborts what waits")
    return [Order(at=play.acts, what=what) for what in ORDERS if what not in idle]


KINDS = {"crash": crashes, "nemesis": nemesis, "orders": orders}
