"""Addresses to listen on and to dial: HOST:PORT, with an IPv6 host in brackets."""

import socket
from typing import NamedTuple

from .errors import DaemonCannotRun

ANY = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - compared, not bound


class Address(NamedTuple):
    """A host, by name or number, and a TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        import ipaddress  # here: a worker does not need it, and starts faster without

        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def own(self) -> "Address":
        """The address at which this machine itself reaches a server that listens here."""
        return Address(ANY.get(self.host, self.host), self.port)


def parse(text: str) -> Address:
    """Read HOST:PORT. Raises `ValueError` with what is wrong."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{text!r} is not HOST:PORT, such as 127.0.0.1:7070 or [::1]:7070")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if ":" in bare and bare == host:
        raise ValueError(f"{text!r}: write an IPv6 address in brackets, such as [::1]:{port}")
    return Address(bare, int(port))


def bind(address: Address) -> socket.socket:
    """A socket that is bound there. Raises `DaemonCannotRun`, for instance when it is taken."""
    try:
        found = socket.getaddrinfo(address.host or None, address.port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, where = found[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(where)
        bound.setblocking(False)
    except OSError as error:
        raise DaemonCannotRun(
            f"can't listen on {address}: {error.strerror or error}",
            "end the program that listens there, or choose another address with --listen",
        ) from error
    return bound
