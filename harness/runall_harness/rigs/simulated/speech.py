"""What is said on the links in virtual time: as bytes, in a format that both ends speak.

So a node that is of another release says and reads on a link what that release would.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from msgspec import MsgspecError
from runall_reference.brain import inputs, messages
from runall_reference.brain.messages import Message, Refuse
from runall_reference.daemon import wire

from ..other_releases import Release
from .network import Link, LinkEnd


class Speaker(LinkEnd, Protocol):
    """What is needed of the nodes at both ends."""

    name: str
    speaks: Release

    def give_primary(self, given: Any) -> None:
        """Give the primary's brain an input."""
        ...

    def give_worker(self, given: Any) -> None:
        """Give the worker's brain an input."""
        ...

    def say(self, line: str) -> None:
        """Write a line into the node's log."""
        ...


def agreed(worker: Speaker, primary: Speaker) -> int | None:
    """The format of a new link. None: they have none in common, and the logs of both say so."""
    try:
        return wire.agreed(worker.speaks.spoken, primary.speaks.spoken)
    except wire.NoCommonFormat as error:
        say_to_both(worker, primary, str(error))
        return None


def ordered(link: Link[Any], message: Message) -> Callable[[], None]:
    """What an order of the primary does when it arrives at the worker."""
    said = link.primary.speaks.encoded(message, link.spoken)
    if said is None and isinstance(message, Refuse):
        return partial(close, link, link.worker, f"it refuses this worker: {message.why}")
    try:
        order = link.worker.speaks.decode_order(said or b"")
    except MsgspecError as error:
        return partial(close, link, link.worker, f"an order can't be read: {error}")
    return partial(link.worker.give_worker, inputs.MessageReceived(order))


def reported(link: Link[Any], message: Message) -> Callable[[], None]:
    """What a beat of the worker does when it arrives at the primary."""
    said = link.worker.speaks.encoded(message, link.spoken)
    try:
        beat = messages.decode_beat(said or b"")
    except MsgspecError as error:
        return partial(close, link, link.primary, f"a report can't be read: {error}")
    return partial(link.primary.give_primary, inputs.BeatReceived(beat))


def close(link: Link[Any], by: Speaker, why: str) -> None:
    """End a link on which one end can't take what the other says."""
    say_to_both(link.worker, link.primary, why)
    link.close(by)
    by.lost_link(link)


def say_to_both(worker: Speaker, primary: Speaker, why: str) -> None:
    for node in (worker, primary):
        node.say(f"no link between {worker.name} and {primary.name}: {why}")
