"""The worker's end of the link: it dials the primaries in turn until one accepts it.

When a link closes, the worker dials again at once and then often, because a job may be waiting;
after some seconds the attempts become rare. Where the next attempt would end as the last one did
(the two ends have no format in common, or one can't read what the other sends), it waits first.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from msgspec import MsgspecError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from runall_reference.brain import messages
from runall_reference.brain.inputs import Connected, Disconnected, MessageReceived
from runall_reference.brain.messages import Message
from runall_reference.brain.settings import Settings

from . import wire
from .addresses import Address
from .wire import LARGEST_MESSAGE

log = logging.getLogger("runall")

QUICK_SECONDS = 3.0
QUICKEST, QUICK, SLOWEST = 0.003, 0.02, 1.0
GROWTH = 1.5
# A frozen primary accepts a connection and sends nothing. With several to dial, the leader has to
# be found well within the fence, so each gets only a small part of it.
ANSWER_WITHIN = 1.0
TRIES_IN_FENCE = 8
# A link that closes sooner counts as refused, and is not dialled again at once.
LASTING = 1.0
DENIED = (401, 403)
# After a link that was closed with one of these codes, the next one would end likewise.
HOPELESS = (wire.MALFORMED, wire.REFUSED, wire.TOO_LARGE)


# Why there is no link.
FAILURES = (
    OSError,
    TimeoutError,
    InvalidHandshake,
    InvalidURI,
    ConnectionClosed,
    wire.NoCommonFormat,
)


class LinkClient:
    """Keeps a worker linked to one of its primaries; `notify` gives the worker's brain an input."""

    def __init__(
        self,
        primaries: Sequence[Address],
        secret: str,
        settings: Settings,
        notify: Callable[[Connected | MessageReceived | Disconnected], None],
    ) -> None:
        self.primaries, self.notify = tuple(primaries), notify
        several = len(self.primaries) > 1
        self.patience = ANSWER_WITHIN
        if several:
            self.patience = min(ANSWER_WITHIN, settings.fence / TRIES_IN_FENCE)
        self.long_pause = settings.heartbeat
        self.headers = {"Authorization": f"Bearer {secret}", wire.HEADER: wire.SPOKEN.header()}
        self.spoken = wire.SPOKEN.newest
        self.outgoing: asyncio.Queue[Message] | None = None
        self.connection: ClientConnection | None = None
        self.left, self.pause = "", 0.0
        self.trouble = ""

    def send(self, message: Message) -> None:
        """Send a message on the present link; without one it is dropped."""
        if self.outgoing is not None:
            self.outgoing.put_nowait(message)

    def leave(self, why: str, pause: float) -> None:
        """Close the present link from this end, for that reason; dial the next primary later."""
        if self.connection is not None:
            self.left, self.pause = why, pause
            self.connection.transport.abort()

    async def run(self) -> None:
        turn = 0
        while True:
            for delay in delays():
                address = self.primaries[turn % len(self.primaries)]
                if await self.visit(address):
                    break
                turn += 1
                await asyncio.sleep(max(delay, self.pause))
            await asyncio.sleep(QUICKEST)

    async def visit(self, address: Address) -> bool:
        """Dial a primary and stay while the link lasts; False if the next one is to be dialled."""
        self.left, self.pause = "", 0.0
        try:
            connection = await self.dial(address)
            self.spoken = await self.agree(connection)
        except FAILURES as error:
            self.pause = self.long_pause if without_format(error) else 0.0
            trouble = reason(error, self.patience)
            if trouble != self.trouble:  # each new one is logged once
                self.trouble = trouble
                log.warning("no link to the primary at %s: %s; trying on", address, trouble)
            return False
        self.trouble = ""
        log.info("linked to the primary at %s", address)
        since = time.monotonic()
        why = await self.stay(connection)
        log.info("the link to the primary at %s is closed: %s", address, why)
        return time.monotonic() - since >= LASTING and not self.left and not self.pause

    async def agree(self, connection: ClientConnection) -> int:
        """The format that this link carries (RA-13.1). Raises `NoCommonFormat`, and closes it."""
        answer = connection.response
        try:
            theirs = wire.named(answer.headers.get(wire.HEADER) if answer else None)
            return wire.agreed(worker=wire.SPOKEN, primary=theirs)
        except wire.NoCommonFormat as error:
            await connection.close(wire.REFUSED, wire.short(str(error)))
            raise

    async def dial(self, address: Address) -> ClientConnection:
        return await connect(
            f"ws://{address}/v1/link",
            additional_headers=self.headers,
            compression=None,
            max_size=LARGEST_MESSAGE,
            open_timeout=self.patience,
            ping_interval=None,
            close_timeout=ANSWER_WITHIN,
            proxy=None,
        )

    async def stay(self, connection: ClientConnection) -> str:
        """Carry messages both ways until the link ends; returns why it did."""
        self.outgoing, self.connection = asyncio.Queue(), connection
        writer = asyncio.create_task(self.write(connection, self.outgoing), name="link writer")
        self.notify(Connected())
        try:
            return await self.read(connection)
        finally:
            self.outgoing = self.connection = None
            writer.cancel()
            connection.transport.abort()
            self.notify(Disconnected())

    async def read(self, connection: ClientConnection) -> str:
        """Pass on what the primary sends; returns why the link ended."""
        try:
            while True:
                order = self.heard(await connection.recv(decode=False))
                self.notify(MessageReceived(order))
        except ConnectionClosed as closed:
            return self.left or self.closed(closed)
        except MsgspecError as error:
            self.pause = self.long_pause
            await connection.close(wire.MALFORMED, wire.short(f"that can't be read: {error}"))
            return f"it sent a message that can't be read: {error}"

    def heard(self, said: bytes) -> messages.ToWorker:
        """The order that these bytes are. Raises `MsgspecError`."""
        return messages.decode_order(said)

    def closed(self, closed: ConnectionClosed) -> str:
        """Why a link was closed, and by whom; after some reasons the next attempt has to wait."""
        by_us = closed.sent is not None and not closed.rcvd_then_sent
        frame = closed.sent if by_us else closed.rcvd
        if frame is None:
            return "it hung up"
        if frame.code in HOPELESS:
            self.pause = self.long_pause
        if by_us and frame.code == wire.TOO_LARGE:
            return f"it sent a message over {LARGEST_MESSAGE} bytes, the limit here"
        return frame.reason or ("this end closed it" if by_us else "it hung up")

    async def write(self, connection: ClientConnection, outgoing: "asyncio.Queue[Message]") -> None:
        """Send what is queued; the reader notices when the link is gone."""
        with suppress(ConnectionClosed):
            while True:
                if said := wire.encoded(await outgoing.get(), self.spoken):
                    await connection.send(said)


def delays() -> Iterator[float]:
    """How long to wait after each failed attempt, seconds: short at first, then up to a second.

    The quick ones go on for about as long as a primary takes to start again.
    """
    spent, delay = 0.0, QUICKEST
    while True:
        yield delay * random.uniform(0.5, 1.0)  # noqa: S311 - spreads attempts, guards nothing
        spent += delay
        delay = min(delay * GROWTH, QUICK if spent < QUICK_SECONDS else SLOWEST)


def without_format(error: Exception) -> bool:
    """Whether the two ends have no format in common, by the word of either."""
    if isinstance(error, InvalidStatus):
        return error.response.status_code == wire.NO_COMMON_FORMAT
    return isinstance(error, wire.NoCommonFormat)


def reason(error: Exception, patience: float) -> str:
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        if status == wire.BACKUP:
            return "it does not lead"
        if status == wire.NO_COMMON_FORMAT:
            return error.response.body.decode(errors="replace")
        if status in DENIED:
            return f"it refused our secret (HTTP {status}); give both the same --secret-file"
        return f"it answered HTTP {status}"
    if isinstance(error, TimeoutError):
        return f"no answer within {patience:g} s"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)
