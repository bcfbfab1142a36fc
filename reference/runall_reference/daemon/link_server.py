"""The primary's end of the links: one live connection for each worker.

A worker proves that it knows the secret before it is let in, and says with its first beat who it
is. A name that dials in again replaces its earlier connection, which may be a dead one that no
network has reported.
"""

import asyncio
import logging
from collections.abc import Callable

from msgspec import MsgspecError
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from runall_reference.brain.inputs import BeatReceived, WorkerDisconnected
from runall_reference.brain.messages import Beat, Message, decode_beat, encode

from .keys import matches
from .link_client import BACKUP

log = logging.getLogger("runall")

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
        """The next inventory. Raises `MsgspecError` for what is none."""
        event = await self.websocket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1006))
        return decode_beat(event.get("bytes") or event.get("text") or b"")

    async def write(self) -> None:
        """Send what is queued; the reader notices when the connection is gone."""
        try:
            while True:
                await self.websocket.send_bytes(encode(await self.outgoing.get()))
        except (WebSocketDisconnect, RuntimeError):
            return

    async def close(self, code: int, words: str) -> None:
        """Hang up, saying why."""
        try:
            await self.websocket.close(code, words)
        except (WebSocketDisconnect, RuntimeError):
            return


class LinkServer:
    """All live connections. `notify` gives the primary's brain an input, if it is `leading`."""

    def __init__(
        self,
        secret: str,
        notify: Callable[[BeatReceived | WorkerDisconnected], None],
        leading: Callable[[], bool],
    ) -> None:
        self.secret, self.notify, self.leading = secret, notify, leading
        self.live: dict[str, Connection] = {}
        self.closing: set[asyncio.Task[None]] = set()

    def send(self, node: str, message: Message) -> None:
        """Say something to a node; one that is not linked misses it."""
        if connection := self.live.get(node):
            connection.outgoing.put_nowait(message)

    async def serve(self, websocket: WebSocket) -> None:
        """Carry one worker's link from its handshake to its end."""
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
        """Take in beats until the connection ends, or says what no worker says."""
        try:
            while True:
                self.hear(connection, await connection.beat())
        except WebSocketDisconnect:
            return
        except MsgspecError as error:
            who = connection.node or connection.peer
            log.warning("worker %s sent a message that can't be read: %s", who, error)
            await connection.close(MALFORMED, "that message can't be read")

    def hear(self, connection: Connection, beat: Beat) -> None:
        """Pass a beat on; the first one says whose connection this is."""
        if (beat.node, beat.boot) != (connection.node, connection.boot):
            self.introduce(connection, beat)
        if self.live.get(beat.node) is connection:
            self.notify(BeatReceived(beat))

    def introduce(self, connection: Connection, beat: Beat) -> None:
        """Let a connection take its worker's place, and hang up on the earlier one."""
        if connection.node:
            self.forget(connection)
        connection.node, connection.boot = beat.node, beat.boot
        earlier = self.live.get(beat.node)
        self.live[beat.node] = connection
        log.info("worker %s is linked from %s, boot %s", beat.node, connection.peer, beat.boot)
        if earlier is not None and earlier is not connection:
            log.warning(
                "worker %s had a link already, of boot %s, which is closed; "
                "if this repeats, two workers use one name",
                beat.node,
                earlier.boot,
            )
            self.hang_up(earlier, REPLACED, "another worker of that name has linked")

    def hang_up(self, connection: Connection, code: int, words: str) -> None:
        """Close a connection without waiting for it."""
        task = asyncio.create_task(connection.close(code, words), name="hang up")
        self.closing.add(task)
        task.add_done_callback(self.closing.discard)

    def forget(self, connection: Connection) -> None:
        """A connection ended: if it was its worker's present one, that worker is cut off."""
        if connection.node and self.live.get(connection.node) is connection:
            del self.live[connection.node]
            log.info("the link to worker %s is closed", connection.node)
            self.notify(WorkerDisconnected(connection.node, connection.boot))

    def close_all(self) -> None:
        """Hang up on everybody: they dial again, and tell all that they know."""
        for connection in list(self.live.values()):
            self.hang_up(connection, RESTART, "the primary starts again")
