"""The worker's end of the link: it dials the primaries in turn until one lets it in.

A closed link is dialled again at once and then often, because a job may be waiting for it; only
after some seconds do the attempts become rare.
"""

import asyncio
import logging
import random
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import MsgspecError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from runall_reference.brain.messages import Message, ToWorker, decode_order, encode

from .addresses import Address

log = logging.getLogger("runall")

# Room for a job whose parameters fill the largest request that the API takes, and to spare.
LARGEST_MESSAGE = 4 * 1024 * 1024
QUICK_SECONDS = 3.0
QUICKEST, QUICK, SLOWEST = 0.003, 0.02, 1.0
GROWTH = 1.5
# A frozen primary accepts a connection and says nothing. With several to dial, whoever leads has
# to be found well within the fence, so each gets but a small part of it.
ANSWER_WITHIN = 1.0
TRIES_IN_FENCE = 8
# A link that closes sooner counts as refused: two workers of one name would chase each other.
LASTING = 1.0
DENIED = (401, 403)
BACKUP = 503


class Listener(Protocol):
    """What a link tells its worker."""

    def linked(self) -> None:
        """A primary let us in."""
        ...

    def told(self, message: ToWorker) -> None:
        """It said something."""
        ...

    def cut(self) -> None:
        """The link is closed."""
        ...


class LinkClient:
    """Keeps a worker linked to one of its primaries."""

    def __init__(
        self, primaries: Sequence[Address], secret: str, fence: float, listener: Listener
    ) -> None:
        self.primaries, self.listener = tuple(primaries), listener
        several = len(self.primaries) > 1
        self.patience = min(ANSWER_WITHIN, fence / TRIES_IN_FENCE) if several else ANSWER_WITHIN
        self.headers = {"Authorization": f"Bearer {secret}"}
        self.outgoing: asyncio.Queue[Message] | None = None
        self.connection: ClientConnection | None = None
        self.left = ""
        self.trouble = ""

    def send(self, message: Message) -> None:
        """Say something on the present link; without one it is dropped."""
        if self.outgoing is not None:
            self.outgoing.put_nowait(message)

    def leave(self, why: str) -> None:
        """Close the present link from this side, and dial the next primary."""
        if self.connection is not None:
            self.left = why
            self.connection.transport.abort()

    async def run(self) -> None:
        """Dial, listen, and dial again, for ever."""
        turn = 0
        while True:
            for delay in delays():
                address = self.primaries[turn % len(self.primaries)]
                if await self.visit(address):
                    break
                turn += 1
                await asyncio.sleep(delay)
            await asyncio.sleep(QUICKEST)

    async def visit(self, address: Address) -> bool:
        """Dial one primary and stay while the link lasts. False: dial the next one."""
        try:
            connection = await self.dial(address)
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI, ConnectionClosed) as error:
            self.complain(address, reason(error, self.patience))
            return False
        self.trouble = ""
        log.info("linked to the primary at %s", address)
        since = time.monotonic()
        why = await self.stay(connection)
        log.info("the link to the primary at %s is closed: %s", address, why)
        return time.monotonic() - since >= LASTING and not self.left

    async def dial(self, address: Address) -> ClientConnection:
        """Open a link. Raises what the network or the primary has against it."""
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

    def complain(self, address: Address, trouble: str) -> None:
        """Log why a primary is out of reach, once for each new reason."""
        if trouble != self.trouble:
            self.trouble = trouble
            log.warning("no link to the primary at %s: %s; trying on", address, trouble)

    async def stay(self, connection: ClientConnection) -> str:
        """Carry messages both ways until the link ends; returns why it did."""
        self.outgoing, self.connection, self.left = asyncio.Queue(), connection, ""
        writer = asyncio.create_task(write(connection, self.outgoing), name="link writer")
        self.listener.linked()
        try:
            return await self.read(connection)
        finally:
            self.outgoing = self.connection = None
            writer.cancel()
            connection.transport.abort()
            self.listener.cut()

    async def read(self, connection: ClientConnection) -> str:
        """Pass on what the primary says; returns why it says no more."""
        try:
            while True:
                self.listener.told(decode_order(await connection.recv(decode=False)))
        except ConnectionClosed as closed:
            if self.left:
                return self.left
            return closed.rcvd.reason if closed.rcvd and closed.rcvd.reason else "it hung up"
        except MsgspecError as error:
            return f"it sent a message that can't be read: {error}"


async def write(connection: ClientConnection, outgoing: "asyncio.Queue[Message]") -> None:
    """Send what is queued; the reader notices when the link is gone."""
    try:
        while True:
            await connection.send(encode(await outgoing.get()))
    except ConnectionClosed:
        return


def delays() -> Iterator[float]:
    """How long to wait after each failed attempt, seconds: short at first, then up to a second.

    The quick ones go on for about as long as a primary takes to start again.
    """
    spent, delay = 0.0, QUICKEST
    while True:
        yield delay * random.uniform(0.5, 1.0)  # noqa: S311 - spreads attempts, guards nothing
        spent += delay
        delay = min(delay * GROWTH, QUICK if spent < QUICK_SECONDS else SLOWEST)


def reason(error: Exception, patience: float) -> str:
    """Why a primary did not let us in, in the operator's words."""
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        if status == BACKUP:
            return "it does not lead"
        if status in DENIED:
            return f"it refused our secret (HTTP {status}); give both the same --secret-file"
        return f"it answered HTTP {status}"
    if isinstance(error, TimeoutError):
        return f"no answer within {patience:g} s"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)
