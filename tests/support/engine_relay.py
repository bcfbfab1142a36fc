"""A door in front of the container engine that a test can shut: to the kit, an engine that dies.

The engine itself goes on, so that what was left behind can be looked for, and removed.
"""

import socket
import threading
from contextlib import suppress
from pathlib import Path

ENGINE_SOCKET = Path("/var/run/docker.sock")


class Relay:
    """A socket in front of the engine's own. Closing it is an engine that dies."""

    def __init__(self, path: Path) -> None:
        self.address = f"unix://{path}"
        self._sockets: list[socket.socket] = []
        self._door = self._keep(socket.socket(socket.AF_UNIX))
        self._door.bind(str(path))
        self._door.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _keep(self, made: socket.socket) -> socket.socket:
        self._sockets.append(made)
        return made

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near = self._keep(self._door.accept()[0])
                far = self._keep(socket.socket(socket.AF_UNIX))
                far.connect(str(ENGINE_SOCKET))
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """End every connection and take no more."""
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
