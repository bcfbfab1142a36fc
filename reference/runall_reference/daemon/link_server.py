"""The primary's end of the links: one open connection for each worker.

A worker has to show the secret before its connection is accepted, and names itself and its start
in its first beat. When the same start connects again, the new connection replaces the earlier one,
which may be dead without the network having reported it. Whether another start may have the name
is for the brain to decide. Both ends name the formats that they speak before the link is open; a
worker that has none in common with this primary is refused with the reason (RA-13.1).
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from msgspec import MsgspecError
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from runall_reference.brain.inputs import BeatReceived, WorkerDisconnected
from runall_reference.brain.messages import Beat, Message, Refuse, decode_beat

from . import wire
from .keys import matches

log = logging.getLogger("runall")

# What writing to a connection raises that has ended.
GONE = (WebSocketDisconnect, RuntimeError)


class Connection:
    """One worker's connection. `node` and `boot` are empty until its first beat.

    `spoken` is the format of what it carries, `over` says why it was closed.
    """

    def __init__(self, websocket: WebSocket) -> None:
        self.websocket, self.spoken = websocket, wire.SPOKEN.newest
        self.node = self.boot = self.over = ""
        self.outgoing: asyncio.Queue[Message] = asyncio.Queue()
        client = websocket.client
        self.peer = f"{client.host}:{client.port}" if client else "somewhere"

    async def beat(self) -> Beat:
        """The next beat. Raises `MsgspecError` for any other message."""
        event = await self.websocket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1006), event.get("reason"))
        return decode_beat(event.get("bytes") or event.get("text") or b"")

    async def write(self) -> None:
        """Send what is queued; the reader notices when the connection is gone."""
        with suppress(*GONE):
            while True:
                message = await self.outgoing.get()
                if said := wire.encoded(message, self.spoken):
                    await self.websocket.send_bytes(said)
                elif isinstance(message, Refuse):
                    await self.close(wire.REFUSED, message.why)

    async def deny(self, status: int, words: str = "") -> None:
        """Refuse to open this connection."""
        await self.websocket.send_denial_response(Response(words, status))

    async def close(self, code: int, words: str) -> None:
        self.over = self.over or words
        with suppress(*GONE):
            await self.websocket.close(code, wire.short(words))


class LinkServer:
    """All open connections. `notify` gives the primary's brain an input, if it is `leading`."""

    def __init__(
        self,
        secret: str,
        notify: Callable[[BeatReceived | WorkerDisconnected], None],
        leading: Callable[[], bool],
    ) -> None:
        self.secret, self.notify, self.leading = secret, notify, leading
        self.open: dict[tuple[str, str], Connection] = {}
        self.closers: set[asyncio.Task[None]] = set()

    def send(self, node: str, boot: str, message: Message) -> None:
        """Send a message to a start of a node; if it is not linked, the message is dropped."""
        if isinstance(message, Refuse):
            log.warning("worker %s, boot %s, is refused: %s", node, boot, message.why)
        if connection := self.open.get((node, boot)):
            connection.outgoing.put_nowait(message)

    async def serve(self, websocket: WebSocket) -> None:
        connection = Connection(websocket)
        if not matches(websocket.headers.get("authorization"), self.secret):
            log.warning("a worker at %s showed a wrong secret and was refused", connection.peer)
            return await connection.deny(wire.WRONG_SECRET)
        if not self.leading():
            return await connection.deny(wire.BACKUP)
        try:
            connection.spoken = wire.agreed(
                worker=wire.named(websocket.headers.get(wire.HEADER)), primary=wire.SPOKEN
            )
        except wire.NoCommonFormat as error:
            log.warning("a worker at %s was refused: %s", connection.peer, error)
            return await connection.deny(wire.NO_COMMON_FORMAT, str(error))
        ours = wire.HEADER.lower().encode(), wire.SPOKEN.header().encode()
        await websocket.accept(headers=[ours])
        writer = asyncio.create_task(connection.write(), name="link writer")
        try:
            await self.listen(connection)
        finally:
            writer.cancel()
            self.forget(connection)
        return None

    async def listen(self, connection: Connection) -> None:
        try:
            while True:
                self.receive(connection, await connection.beat())
        except WebSocketDisconnect as closed:
            connection.over = connection.over or words_of(closed)
        except MsgspecError as error:
            who = connection.node or connection.peer
            log.warning("worker %s sent a message that can't be read: %s", who, error)
            await connection.close(wire.MALFORMED, "that message can't be read")

    def receive(self, connection: Connection, beat: Beat) -> None:
        if (beat.node, beat.boot) != (connection.node, connection.boot):
            self.identify(connection, beat)
        if self.open.get((beat.node, beat.boot)) is connection:
            self.notify(BeatReceived(beat))

    def identify(self, connection: Connection, beat: Beat) -> None:
        """Make this the connection of the start that it named, and close its earlier one."""
        if connection.node:
            self.forget(connection)
        connection.node, connection.boot = beat.node, beat.boot
        earlier = self.open.get((beat.node, beat.boot))
        self.open[beat.node, beat.boot] = connection
        log.info("worker %s is linked from %s, boot %s", beat.node, connection.peer, beat.boot)
        if earlier is not None and earlier is not connection:
            log.warning("worker %s had a link already, which is closed", beat.node)
            self.close_later(earlier, wire.REPLACED, "this worker has linked again")

    def close_later(self, connection: Connection, code: int, words: str) -> None:
        task = asyncio.create_task(connection.close(code, words), name="close link")
        self.closers.add(task)
        task.add_done_callback(self.closers.discard)

    def forget(self, connection: Connection) -> None:
        """Drop a connection that ended; if it was the present one, its worker is disconnected."""
        name = connection.node, connection.boot
        if connection.node and self.open.get(name) is connection:
            del self.open[name]
            log.info("the link to worker %s is closed: %s", connection.node, connection.over)
            self.notify(WorkerDisconnected(connection.node, connection.boot))

    def close_all(self) -> None:
        """Close all connections; each worker dials again and reports all that it runs."""
        for connection in list(self.open.values()):
            self.close_later(connection, wire.RESTART, "the primary starts again")


def words_of(closed: WebSocketDisconnect) -> str:
    if closed.code == wire.TOO_LARGE:
        return f"a message is too large for one of the two ends: {closed.reason}"
    return closed.reason or "it hung up"
