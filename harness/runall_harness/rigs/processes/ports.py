"""Ports that are reserved for a node, also while the node is down.

A node is killed and started again on the same port. In between, the kernel could give that port to
anybody who asks for a free one. On Linux a socket that is bound, but does not listen, keeps it: a
daemon that sets SO_REUSEADDR, as servers do, may still bind and listen beside it, and until then a
connection is refused, as it should be. On other systems a bound socket would block the node, so the
port is only recorded, and the sites of one run do not take it from each other.
"""

import socket
import sys
from typing import ClassVar

HOST = "127.0.0.1"
_TRIES = 100


class Ports:
    """The ports of one site."""

    _taken: ClassVar[set[int]] = set()

    def __init__(self) -> None:
        self._held: dict[int, socket.socket] = {}

    def take(self) -> int:
        """A free port of the loopback address, reserved until `close`. Raises `OSError` if none."""
        for _ in range(_TRIES):
            holder = _bound()
            port = int(holder.getsockname()[1])
            if port in Ports._taken:
                holder.close()
                continue
            Ports._taken.add(port)
            self._held[port] = holder
            if not sys.platform.startswith("linux"):
                holder.close()  # here a bound socket would keep the node from its port
            return port
        raise OSError("no free port on the loopback address")

    def close(self) -> None:
        for port, holder in self._held.items():
            Ports._taken.discard(port)
            holder.close()
        self._held.clear()


def _bound() -> socket.socket:
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind((HOST, 0))
    return holder
