"""How soon a primary answers after its start, against a bare interpreter with a raw server."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from figures import Rows, compare
from runall_harness.rigs.processes.ports import Ports

STUB = str(Path(__file__).with_name("stub.py"))
KEYS = {"RUNALL_SECRET": "s" * 32, "RUNALL_TOKEN": "t" * 32}


def starts(rounds: int) -> Rows:
    """The seconds from the start of a primary to its first answer on /health."""
    yield compare("start to /health", ("asyncio, raw server", bare), primary, rounds=rounds)


def bare() -> float:
    """A raw server, in seconds."""
    return answered([sys.executable, STUB, "primary", "127.0.0.1"], lambda port: [str(port)])


def primary() -> float:
    """The reference's primary, in seconds."""
    with tempfile.TemporaryDirectory(prefix="runall-bench-") as data:
        command = [sys.executable, "-m", "runall_reference", "primary", "--name", "bench"]
        command += ["--data", data]
        return answered(command, lambda port: ["--listen", f"127.0.0.1:{port}"])


def answered(command: list[str], listen: Callable[[int], list[str]]) -> float:
    """Start a server, wait until it says that it listens, ask for /health, and end it."""
    ports = Ports()
    port = ports.take()
    began = perf_counter()
    with subprocess.Popen(
        [*command, *listen(port)], env=os.environ | KEYS, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        said = next((line for line in server.stderr if "listening" in line), "")
        status = health(port) if said else "it never listened"
        took = perf_counter() - began
        server.kill()
    ports.close()
    if " 200 " not in status:
        raise RuntimeError(f"{command[1:3]} is not healthy: {status}")
    return took


def health(port: int) -> str:
    """The first line of the answer."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
        return connection.recv(200).partition(b"\r\n")[0].decode()
