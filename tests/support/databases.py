"""The databases that the tests of the stores use: a place of its own for each test, and a server
that may be killed.
"""

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from pathlib import Path

import psutil
import psycopg
from runall_reference.brain.records import PRIMARY_RECORDS, Lease, Record
from runall_reference.store import Store, open_store

from support.places import ROOT

Home = Callable[[], AbstractContextManager[str]]


def opened(url: str) -> Store:
    """A primary's store there."""
    return open_store(url, PRIMARY_RECORDS)


def loaded(url: str) -> list[Record]:
    """What a later start finds there."""
    with contextlib.closing(opened(url)) as store:
        return store.load()


def keys(url: str) -> list[str]:
    """The keys of what a later start finds there."""
    return [record.key for record in loaded(url)]


def lease(epoch: int, holder: str = "p") -> Lease:
    """A lease of that epoch."""
    return Lease(holder=holder, epoch=epoch, since=0.0)


# ------------------------------------------------------------------ a place of a test's own
@contextlib.contextmanager
def own_file() -> Generator[str]:
    """The URL of a file that does not exist yet; gone at the end."""
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/store.db"


@contextlib.contextmanager
def own_schema(server: str) -> Generator[str]:
    """The URL of an empty schema on a server; dropped at the end."""
    name = f"runall_test_{uuid.uuid4().hex[:12]}"
    execute(server, f"CREATE SCHEMA {name}")
    try:
        yield f"{server}?options=-csearch_path%3D{name}"
    finally:  # by a new connection: the test may have killed the server meanwhile
        execute(server, f"DROP SCHEMA {name} CASCADE")


def execute(url: str, statement: str) -> None:
    """Do something to a database behind its store's back."""
    if url.startswith("sqlite:///"):
        file = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        with contextlib.closing(file):
            file.execute(statement)
    else:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(statement.encode())


# ------------------------------------------------------------------ a server that may be killed
class Server:
    """A PostgreSQL server of one test module, made by ci/postgres in a folder of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port, self.url = folder, port, ""

    def call(self, *arguments: str) -> str:
        """Call ci/postgres, and return its standard output."""
        env = os.environ | {"RUNALL_STATE": str(self.folder)}
        env["RUNALL_POSTGRES_PORT"] = str(self.port)
        command = [str(ROOT / "ci" / "postgres"), *arguments]
        return subprocess.run(
            command, env=env, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    def start(self) -> None:
        """Start it, also after a kill; returns when it answers."""
        self.url = self.call().removesuffix("\n")

    def processes(self) -> list[psutil.Process]:
        """All of its processes, the parent first, and that one frozen: no new one is born."""
        pidfile = self.folder / "runall-postgres" / "data" / "postmaster.pid"
        main = psutil.Process(int(pidfile.read_text().split()[0]))
        main.suspend()
        return [main, *main.children(recursive=True)]

    def kill(self) -> None:
        """SIGKILL to all of its processes at one instant."""
        everybody = self.processes()
        for process in everybody:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        _, alive = psutil.wait_procs(everybody, timeout=10)
        assert not alive, "the server was not killed"

    @contextlib.contextmanager
    def frozen(self) -> Generator[None]:
        """All of its processes stand still meanwhile."""
        everybody = self.processes()
        try:
            for process in everybody:
                process.suspend()
            yield
        finally:
            for process in everybody:
                process.resume()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def can_make_servers() -> bool:
    """Whether the server's programs are installed: a test installs nothing."""
    return any(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or bool(shutil.which("initdb"))


@contextlib.contextmanager
def own_server() -> Generator[Server]:
    """A server that nobody else uses; stopped and removed at the end."""
    # Not below pytest's folder: the server's own user must be able to pass.
    folder = Path(tempfile.mkdtemp(prefix="runall-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    server = Server(folder, free_port())
    try:
        server.start()
        yield server
    finally:
        server.call("--stop")
        shutil.rmtree(folder)
