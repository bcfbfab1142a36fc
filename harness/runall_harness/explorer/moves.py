"""The moves: what the nemesis and the users of a play can do, each once, at a chosen act.

A move knows how to carry itself out, and its sentence. Its `at` is the number of acts that a play
has done before it, so a list of moves is a whole story, and can be played again.
"""

from functools import partial
from typing import Any, ClassVar, Literal

import msgspec
from runall_reference.brain.record_set import Step
from runall_reference.daemon.failpoint import Failpoint, Trigger
from runall_reference.daemon.turn import Where

from .play import EVENT, Play
from .worlds import AT_ONCE, HELD, LATE

Brain = Literal["primary", "worker"]
Fate = Literal["lost", "late", "overtaken"]
# A short absence and a long one, in seconds: shorter than the silence, longer than the timeout.
SHORT, LONG = 2.0, 24.0


class Move(msgspec.Struct, frozen=True, kw_only=True, tag_field="move"):
    """What all moves share: after how many acts of the play they are made."""

    at: int

    def make(self, play: Play) -> None:
        """Make this move in the play, now."""
        raise NotImplementedError

    def sentence(self) -> str:
        """What happens, for people."""
        raise NotImplementedError

    @property
    def fault(self) -> str:
        """The kind of fault, for counting."""
        return type(self).__name__.lower()


def returning(back: float | None) -> str:
    """When a node returns, in words."""
    return "stays away" if back is None else f"is back after {back:g} s"


class Absence(Move, frozen=True, kw_only=True):
    """A node goes away. It is back after `back` seconds, or never (None)."""

    node: str
    back: float | None = AT_ONCE
    words: ClassVar[str] = ""

    def make(self, play: Play) -> None:
        """Do it by the method of the play that is called like this move."""
        getattr(play, self.fault)(self.node, self.back)

    def sentence(self) -> str:
        """What happens to the node, and when it returns."""
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
        """Set the crash point, let the act happen, and plan the node's return."""
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
        """Where it dies, in words."""
        where = f"after act {self.act}" if self.where == "between" else f"{self.where} the commit"
        return f"{where} of a step of its {self.brain}"

    def sentence(self) -> str:
        """Where in its work the node dies, and when it returns."""
        return f"{self.node} dies {self.point()}, and {returning(self.back)}"


class Hindrance(Move, frozen=True, kw_only=True):
    """A node can't go on, for some seconds."""

    node: str
    lasting: float = SHORT
    words: ClassVar[str] = ""

    def make(self, play: Play) -> None:
        """Do it by the method of the play that is called like this move."""
        getattr(play, self.fault)(self.node, self.lasting)

    def sentence(self) -> str:
        """What happens to the node, and for how long."""
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
        """Have the network lose, delay or reorder the next message."""
        link = play.site.node(self.worker).link
        if link is not None and link.fate is None:
            link.fate = (self.fate, HELD)
            play.note(play.site.proof("message", self.worker, True, self.fate))

    def sentence(self) -> str:
        """What happens to the message."""
        fates = {
            "lost": "is lost",
            "late": f"is held up for {HELD:g} s, with all that follow it",
            "overtaken": "is overtaken by the one after it",
        }
        return f"the next message on the link of {self.worker} {fates[self.fate]}"


ORDERS: dict[str, tuple[str, dict[str, Any]]] = {
    "aborts the job": ("abort", {}),
    "disables the event": ("update_event", {"fields": {"enabled": False}}),
    "enables the event": ("update_event", {"fields": {"enabled": True}}),
    "edits the event": ("update_event", {"fields": {"params": {"tag": "work", "note": "edited"}}}),
    "turns Run All off": ("update_event", {"fields": {"catch_up": False}}),
    "deletes the event": ("delete_event", {}),
    "runs the event by hand": ("run", {"params": {"note": "of another run"}, "source": "user"}),
}


class Order(Move, frozen=True, kw_only=True, tag="order"):
    """A user does something: `what` is one of `ORDERS`."""

    what: str

    def make(self, play: Play) -> None:
        """Ask the primary, as a client does."""
        verb, args = ORDERS[self.what]
        play.call(verb, **({"job": play.root} if verb == "abort" else {"event": EVENT}), **args)

    def sentence(self) -> str:
        """What the user does, for people."""
        return f"a user {self.what}"

    @property
    def fault(self) -> str:
        """The kind of order, for counting."""
        return self.what.split()[0]


AnyMove = Crash | Kill | Stop | Pause | Cut | Message | Order


# ------------------------------------------------------------------ what can be done now
class Probe(Trigger):
    """A trigger that never fires: it notes each point of a step at which a crash would matter."""

    def __init__(self) -> None:
        super().__init__(Failpoint(where="before"))
        self.points: list[tuple[Where, int]] = []

    def fires(self, where: Where, step: Step, act: int = 0) -> bool:
        """Note the point, if a crash there differs from none."""
        if step.change or where == "between":
            self.points.append((where, act))
        return False


def crash_points(play: Play) -> list[Crash]:
    """A crash at each point inside the next act, found by letting that happen in a copy."""
    node = play.next_node()
    if node is None or not node.up or node.frozen:
        return []
    twin = play.copy()
    probes: dict[Brain, Probe] = {"primary": Probe(), "worker": Probe()}
    for brain, probe in probes.items():
        twin.site.node(node.name).triggers[brain] = probe
    twin.step()
    return [
        Crash(
            at=play.acts,
            node=node.name,
            brain=brain,
            where=where,
            act=act,
            count=probe.points[: number + 1].count((where, act)),
        )
        for brain, probe in probes.items()
        for number, (where, act) in enumerate(probe.points)
    ]


def crashes(play: Play) -> list[AnyMove]:
    """Every crash inside the next act, with every return."""
    returns = (AT_ONCE, LATE, None)
    points = crash_points(play)
    return [msgspec.structs.replace(crash, back=back) for crash in points for back in returns]


def nemesis(play: Play) -> list[AnyMove]:
    """Every other fault of a node that is possible now, or of the next message of its link."""
    at, found = play.acts, list[AnyMove]()
    for node in play.nodes():
        if node.up:
            found += [Kill(at=at, node=node.name, back=back) for back in (AT_ONCE, LATE, None)]
            found += [Stop(at=at, node=node.name, back=back) for back in (AT_ONCE, LATE)]
            for lasting in (SHORT, LONG):
                found.append(Pause(at=at, node=node.name, lasting=lasting))
                found.append(Cut(at=at, node=node.name, lasting=lasting))
            if node.link is not None:
                message = partial(Message, at=at, worker=node.name)
                found += [message(fate=fate) for fate in ("lost", "late", "overtaken")]
    return found


def orders(play: Play) -> list[AnyMove]:
    """Everything that a user can ask for now, and that is not so already."""
    event = leader.state.event(EVENT) if (leader := play.leader()) else None
    idle = "disables the event" if event and not event.enabled else "enables the event"
    return [Order(at=play.acts, what=what) for what in ORDERS if what != idle]


KINDS = {"crash": crashes, "nemesis": nemesis, "orders": orders}
