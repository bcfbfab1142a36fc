"""The HTTP server for the API: uvicorn, which only serves.

The daemon handles signals and decides when to end, so the server's own loop, which looks for both
ten times a second, is replaced by waiting for `stopping`.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Generator

import uvicorn
from starlette.types import ASGIApp

from .addresses import Address
from .wire import LARGEST_MESSAGE

log = logging.getLogger("runall")

# How long a request that is still being answered may take when the daemon leaves, in seconds.
LAST_ANSWERS = 1
# What uvicorn logs as an error whenever a link is refused; the worker's log has the reason.
REFUSED = "ASGI callable returned without completing handshake."


def is_news(record: logging.LogRecord) -> bool:
    return record.msg != REFUSED


class HttpServer(uvicorn.Server):
    """Serves plain HTTP/1.1 and WebSocket on a bound socket, without logs of its own.

    `serve([bound])` returns once `stopping` is set, without connections.
    """

    def __init__(self, app: ASGIApp, bound: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            loop="none",
            http="h11",
            ws="websockets-sansio",
            ws_max_size=LARGEST_MESSAGE,
            ws_ping_interval=None,
            ws_ping_timeout=None,
            ws_per_message_deflate=False,
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=LAST_ANSWERS,
        )
        super().__init__(config)
        logging.getLogger("uvicorn.error").addFilter(is_news)
        self.bound = bound
        self.stopping = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals to the daemon."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        log.info("listening on http://%s", Address(*self.bound.getsockname()[:2]))

    async def main_loop(self) -> None:
        await self.stopping.wait()
