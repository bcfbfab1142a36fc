"""The floor of a kill-restart-rerun cycle: a primary and a worker of raw asyncio sockets.

It does what any scheduler has to do in such a cycle, and nothing else: no store, no HTTP library,
no heartbeats, no policy. What a real scheduler takes longer than this is the price of what it
promises. Run as `python stub.py primary HOST PORT` or `python stub.py worker HOST PORT`.

A connection to the primary begins with one line: `worker` from a worker that takes orders; `run`
from a user, answered when the job was sent to a worker; `wait`, answered when it has ended; or
the first line of an HTTP request.
"""

import asyncio
import os
import sys

REDIAL = 0.003


class Primary:
    """One job at most: sent to whichever worker comes, and sent again to the next one."""

    def __init__(self) -> None:
        self.asked, self.sent, self.ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection: a worker's for as long as it lasts, or one request."""
        first = (await reader.readline()).split()
        if first == [b"worker"]:
            await self.employ(reader, writer)
        elif first == [b"run"]:
            self.asked.set()
            await self.sent.wait()
            writer.write(b"sent\n")
        elif first == [b"wait"]:
            await self.ended.wait()
            writer.write(b"ended\n")
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async def employ(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Give a worker the job, as soon as it is asked for."""
        await self.asked.wait()
        writer.write(b"start\n")
        self.sent.set()
        if await reader.readline() == b"ended\n":
            self.ended.set()


async def be_primary(host: str, port: int) -> None:
    """Serve at this address until the process is ended."""
    server = await asyncio.start_server(Primary().meet, host, port)
    sys.stderr.write("listening\n")
    await server.serve_forever()


async def be_worker(host: str, port: int) -> None:
    """Dial until the primary answers, then run the jobs that it sends."""
    while True:
        try:
            reader, writer = await asyncio.open_connection(host, port)
            break
        except OSError:
            await asyncio.sleep(REDIAL)
    writer.write(b"worker\n")
    if await reader.readline() == b"start\n":
        job = os.environ["RUNALL_WITNESS"] + "/witness.sh"
        process = await asyncio.create_subprocess_exec("sh", job, start_new_session=True)
        await process.wait()
        writer.write(b"ended\n")
    await reader.read()


if __name__ == "__main__":
    role, host, port = sys.argv[1:]
    asyncio.run((be_primary if role == "primary" else be_worker)(host, int(port)))
