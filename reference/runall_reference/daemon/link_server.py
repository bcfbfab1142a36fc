"""The primary's end of the links: one open connection for each worker.

A worker has to show the secret before its connection is accepted, and names itself and its start
in its first beat. When the same start connects again, the new connection replaces the earlier one,
which may be dead without the network having reported it. Whether another start may have the name
is for the brain to decide.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from msgspec import MsgspecError
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from runall_reference.brain.inputs import BeatReceived, WorkerDisconnected
from runall_reference.brain.messages import Beat, Message, Refuse, decode_beat, encode

from .keys import matches
from .link_client import BACKUP

log = logging.getLogger("runall")

# What writing to a connection raises that has ended.
GONE = (WebSocketDisconnect, RuntimeError)
WRONG_SECRET, MALFORMED, REPLACED, RESTART = 4401, 4400, 4409, 1012


class Connection:
    """One worker's connection. `node` and `boot` are empty until its first beat."""

    def __init__(self, websocket: WebSocket) -> None:
        self.websocket = websocket
        self.node = self.boot = ""
        self.outgoing: asyncio.Queue[Message] = asyncio.Queue()
        client = websocket.client
        self.peer = f"{client.host}:{client.port}" if client else "somewhere"

    async def beat(self) -> Beat:
        """The next beat. Raises `MsgspecError` for any other message."""
        event = await self.websocket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1006))
        return decode_beat(event.get("bytes") or event.get("text") or b"")

    async def write(self) -> None:
        """Send what is queued; the reader notices when the connection is gone."""
        with suppress(*GONE):
            while True:
                await self.websocket.send_bytes(encode(await self.outgoing.get()))

    async def close(self, code: int, words: str) -> None:
        with suppress(*GONE):
            await self.websocket.close(code, words)


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
            return await connection.close(WRONG_SECRET, "wrong secret")
        if not self.leading():
            return await websocket.send_denial_response(Response(status_code=BACKUP))
        await websocket.accept()
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
        except WebSocketDisconnect:
            return
        except MsgspecError as error:
            who = connection.node or connection.peer
            log.warning("worker %s sent a message that can't be read: %s", who, error)
            await connection.close(MALFORMED, "that message can't be read")

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
            self.close_later(earlier, REPLACED, "this worker has linked again")

    def close_later(self, connection: Connection, code: int, words: str) -> None:
        task = asyncio.create_task(connection.close(code, words), name="close link")
        self.closers.add(task)
        task.add_done_callback(self.closers.discard)

    def forget(self, connection: Connection) -> None:
        """Drop a connection that ended; if it was the present one, its worker is disconnected."""
        name = connection.node, connection.boot
        if connection.node and self.open.get(name) is connection:
            del self.open[name]
            log.info("the link to worker %s is closed", connection.node)
            self.notify(WorkerDisconnected(connection.node, connection.boot))

    def close_all(self) -> None:
        """Close all connections; each worker dials again and reports all that it runs."""
        for connection in list(self.open.values()):
            self.close_later(connection, RESTART, "the primary starts again")
