"""The reference as another release is on the wire: the last one, and two that are to come.

The simulated rig takes the classes. On real nodes the text of this file is a program in the node's
data folder: `other_releases.py RELEASE worker --name ...` runs the daemon as that release. So it
imports nothing of the harness, which a container does not have.
"""

import sys
from typing import Any, ClassVar

import msgspec
from runall_reference.brain import messages
from runall_reference.brain.messages import Ack, Beat, Message, Stop, ToWorker
from runall_reference.daemon import wire
from runall_reference.daemon.wire import Formats

ENCODED = wire.encoded


class LastJob(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A job as the last release reads it: with each of these fields and no other."""

    id: str
    event: str
    root: str
    attempt: int
    cause: str
    now: float
    state: str
    predecessor: str
    reruns: int
    lost_at: float
    source: str
    slot: int | None
    catch_up: bool
    params: dict[str, Any]
    max_children: int
    retries: int
    retry_delay: float
    timeout: float
    target: str
    stop_reason: str
    created_at: float
    not_before: float
    node: str
    boot: str
    placed_at: float
    started_at: float
    finalized_at: float
    code: int | None
    description: str


class LastStart(msgspec.Struct, frozen=True, kw_only=True, tag="start"):
    """A start order as the last release reads it."""

    epoch: int
    boot: str
    sent: float
    job: LastJob


read_as_last_release = msgspec.json.Decoder(Ack | LastStart | Stop).decode


class Release:
    """The release that this is. `formats` are those that it names; None: it names none."""

    formats: ClassVar[Formats | None] = wire.SPOKEN

    @property
    def spoken(self) -> Formats:
        return self.formats or wire.UNNAMED

    def encoded(self, message: Message, spoken: int) -> bytes | None:
        """What it sends as a message; None where that format has none such."""
        return ENCODED(message, spoken)

    def decode_order(self, said: bytes) -> ToWorker:
        """What a primary said. Raises `msgspec.MsgspecError`."""
        return messages.decode_order(said)


class LastRelease(Release):
    """The last one that was released: it names no formats, and reads a job to the letter."""

    formats = None

    def decode_order(self, said: bytes) -> ToWorker:
        read_as_last_release(said)
        return super().decode_order(said)

    def encoded(self, message: Message, spoken: int) -> bytes | None:
        """Without the field of a beat that came later."""
        if not isinstance(message, Beat):
            return super().encoded(message, spoken)
        known = msgspec.to_builtins(message)
        del known["home"]
        return msgspec.json.encode(known)


class NextRelease(Release):
    """One to come, which says more in every message, and in each object within."""

    formats = Formats(wire.SPOKEN.newest, wire.SPOKEN.newest + 1)

    def encoded(self, message: Message, spoken: int) -> bytes | None:
        del spoken
        return msgspec.json.encode(with_more(msgspec.to_builtins(message)))


class DistantRelease(Release):
    """One to come that has given up all formats of today."""

    formats = Formats(wire.SPOKEN.newest + 1, wire.SPOKEN.newest + 2)


def with_more(message: dict[str, Any]) -> dict[str, Any]:
    """The message, its job and its results, each with one more field."""
    more = {"said_since": {"by": "the next release"}}
    if "job" in message and isinstance(message["job"], dict):
        message = {**message, "job": {**message["job"], **more}}
    results = [{**result, **more} for result in message.get("results", ())]
    return {**message, **({"results": results} if results else {}), **more}


THIS_RELEASE = Release()
RELEASES: dict[str, Release] = {
    "": THIS_RELEASE,
    "last": LastRelease(),
    "next": NextRelease(),
    "distant": DistantRelease(),
}


def run(name: str, *words: str) -> None:
    """Run a daemon of the reference as that release."""
    from runall_reference.daemon.commands import daemons
    from runall_reference.daemon.link_client import LinkClient

    release = RELEASES[name]
    if release.formats is None:
        wire.HEADER = "Runall-Nothing"  # so the other end looks for it in vain
    wire.SPOKEN, wire.encoded = release.spoken, release.encoded
    LinkClient.heard = lambda self, said: release.decode_order(said)  # noqa: ARG005 - as that is
    daemons.main(words, prog_name="runall")


if __name__ == "__main__":
    run(*sys.argv[1:])
