"""Forwards connections between nodes, so that they can be cut without being closed.

Between plain processes on one machine there is no network to take away. So nodes that are to be
cut off reach each other through a small relay of the rig's own. While a wire is cut, the relay
forwards nothing, in neither direction, and closes nothing: neither end can tell the cut from a
slow peer, as in a real partition. Sent bytes wait in the relay and in the sockets' buffers, and
arrive once the wire is mended, as TCP would resend them. If an end dies during the cut, the other
end notices only then. A new connection is accepted and gets no answer, much as after a lost SYN.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")
Address = tuple[str, int]

_CHUNK = 65536
_BACKLOG = 64
# Linger for 0 s: closing sends a reset, as a peer does that refuses the connection.
_RESET = struct.pack("ii", 1, 0)


class WireStatus(NamedTuple):
    """The wires and connections of one node, and how many bytes at least are held back."""

    wires: int
    connections: int
    held: int


class Link:
    """One connection through the relay: its two sockets, and the bytes held between them."""

    def __init__(self, near: socket.socket) -> None:
        self.near, self.far = near, socket.socket()
        # Bytes that were read from one end and not yet written to the other. No more are read
        # before these are written, so beyond one chunk the rest waits in the kernel, uncounted.
        self.held = 0
        for end in (self.near, self.far):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def reset(self) -> None:
        for end in (self.near, self.far):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    def close(self) -> None:
        self.near.close()
        self.far.close()


class Wire:
    """The wire from one node to another: a port of the relay, forwarded to the real address."""

    def __init__(self, ends: frozenset[str], target: Address) -> None:
        self.ends, self.target = ends, target
        self.links: set[Link] = set()
        self._whole = asyncio.Event()
        self._server = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        self._server.setblocking(False)
        self.address: Address = self._server.getsockname()
        self.task = asyncio.get_running_loop().create_task(self._serve())

    def set_whole(self, whole: bool) -> None:
        """Cut or mend the wire; this takes effect before the next byte."""
        if whole:
            self._whole.set()
        else:
            self._whole.clear()

    async def _until_whole(self) -> None:
        # The wire may be cut again before this task runs.
        while not self._whole.is_set():
            await self._whole.wait()

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        with self._server:
            async with asyncio.TaskGroup() as links:
                while True:
                    near, _ = await loop.sock_accept(self._server)
                    links.create_task(self._carry(Link(near)))

    async def _carry(self, link: Link) -> None:
        self.links.add(link)
        try:
            await self._connect(link)
        except* OSError:
            await self._until_whole()
            link.reset()
        finally:
            link.close()
            self.links.discard(link)

    async def _connect(self, link: Link) -> None:
        await self._until_whole()
        await asyncio.get_running_loop().sock_connect(link.far, self.target)
        async with asyncio.TaskGroup() as ways:
            ways.create_task(self._pump(link, link.near, link.far))
            ways.create_task(self._pump(link, link.far, link.near))

    async def _pump(self, link: Link, source: socket.socket, sink: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while chunk := await loop.sock_recv(source, _CHUNK):
            link.held += len(chunk)
            await self._forward(link, memoryview(chunk), sink)
        await self._until_whole()
        sink.shutdown(socket.SHUT_WR)

    async def _forward(self, link: Link, rest: memoryview, sink: socket.socket) -> None:
        """Write piece by piece: the wire may be cut between any two pieces."""
        while rest:
            await self._until_whole()
            try:
                sent = sink.send(rest)
            except BlockingIOError:
                await _writable(sink)
                continue
            link.held -= sent
            rest = rest[sent:]


class Relay:
    """All wires of a site, in an event loop that has a thread of its own."""

    def __init__(self) -> None:
        self._wires: dict[tuple[str, str], Wire] = {}
        self._cut: set[str] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._thread.start()

    def address(self, frm: str, to: str, target: Address) -> Address:
        """The address at which `frm` reaches `to`, whose real address is `target`; stable."""
        return self._do(self._address(frm, to, target))

    def cut(self, node: str) -> WireStatus:
        """Cut all wires of a node, present and future. When this returns, nothing passes."""
        return self._do(self._change(node, cut=True))

    def mend(self, node: str) -> WireStatus:
        """Mend a node's wires, except those whose other end is cut off; the status before that."""
        return self._do(self._change(node, cut=False))

    def close(self) -> None:
        if self._loop.is_closed():
            return
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, step: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(step, self._loop).result()

    async def _address(self, frm: str, to: str, target: Address) -> Address:
        wire = self._wires.get((frm, to))
        if wire is None:
            wire = self._wires[frm, to] = Wire(frozenset((frm, to)), target)
            wire.set_whole(not wire.ends & self._cut)
        return wire.address

    async def _change(self, node: str, *, cut: bool) -> WireStatus:
        if cut:
            self._cut.add(node)
        else:
            self._cut.discard(node)
        wires = [wire for wire in self._wires.values() if node in wire.ends]
        links = [link for wire in wires for link in wire.links]
        seen = WireStatus(len(wires), len(links), sum(link.held for link in links))
        for wire in wires:
            wire.set_whole(not wire.ends & self._cut)
        return seen

    async def _end(self) -> None:
        tasks = [wire.task for wire in self._wires.values()]
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        for end in ends:
            # A wire that ends in any other way is a defect, and may have falsified the case.
            if end is not None and not isinstance(end, asyncio.CancelledError):
                raise end


async def _writable(sink: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(sink, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(sink)
