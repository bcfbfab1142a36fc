"""A primary daemon from its options to its end: HTTP server, brain, and its own node's worker."""

import asyncio
import contextlib
import logging
import socket
from pathlib import Path

import msgspec

from runall_reference.brain.settings import Settings
from runall_reference.daemon.releases import POLICIES
from runall_reference.store import CommitFailed, LeaseLost

from .addresses import Address, bind
from .api import application
from .backoff import set_within
from .errors import DONE, DaemonCannotRun
from .failpoint import watch_failpoints
from .folder_lock import folder_lock
from .guardian_process import guarded
from .http_server import HttpServer
from .keys import kept_key, read_key
from .lifecycle import StopSignals
from .primary_runner import PrimaryRunner
from .steady_clock import SteadyClock
from .worker_daemon import WorkerOptions, WorkerRunner

log = logging.getLogger("runall")


class PrimaryOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of `runall primary`. `store` is a URL; empty for a file in `data`.

    `primaries` are the other servers that may lead: this node's worker serves whoever does.
    """

    name: str
    listen: Address
    data: Path
    settings: Settings
    store: str = ""
    secret_file: Path | None = None
    token_file: Path | None = None
    with_worker: bool = True
    primaries: tuple[Address, ...] = ()


async def run_primary(options: PrimaryOptions) -> int:
    """Run a primary to its clean end; returns its exit code, or raises what ended it otherwise."""
    if options.primaries:
        options.settings.checked_for_backups()
    policy = options.settings.policy
    if policy not in POLICIES:
        raise DaemonCannotRun(
            f"there is no policy {policy!r}", f"choose one with --policy: {', '.join(POLICIES)}"
        )
    with folder_lock(options.data, f"primary {options.name}"), guarded(options.data):
        secret = key("secret", options.secret_file, options)
        token = key("token", options.token_file, options)
        with contextlib.closing(bind(options.listen)) as bound:
            await PrimaryDaemon(options, secret, token, bound).run()
    log.info("the primary has left")
    return DONE


def key(what: str, file: Path | None, options: PrimaryOptions) -> str:
    """The secret or the token: given, or made and kept if only this machine can reach us."""
    if given := read_key(what, file):
        return given
    if not options.listen.loopback():
        raise DaemonCannotRun(
            f"{options.listen} can be reached by other machines, so a {what} must be given",
            f"give --{what}-file FILE, set RUNALL_{what.upper()}, or listen on 127.0.0.1",
        )
    log.info("the %s is in %s", what, options.data / what)
    return kept_key(what, options.data)


class PrimaryDaemon:
    """A primary, its HTTP server, and the worker of its own node."""

    def __init__(
        self, options: PrimaryOptions, secret: str, token: str, bound: socket.socket
    ) -> None:
        self.options = options
        host, port = bound.getsockname()[:2]
        clock, reached = SteadyClock(), watch_failpoints(options.data)
        store = options.store or f"sqlite:///{options.data / 'primary.db'}"
        self.primary = PrimaryRunner(options.name, options.settings, store, secret, clock, reached)
        self.server = HttpServer(application(self.primary, token), bound)
        own_worker = WorkerOptions(
            name=options.name,
            primaries=(Address(host, port).own(), *options.primaries),
            data=options.data,
            settings=options.settings,
        )
        self.worker = WorkerRunner(own_worker, secret, clock)

    async def run(self) -> None:
        """Serve until the primary has retired, or the lease is lost."""
        # If another server wrote at this very moment, this one tries again.
        with contextlib.suppress(CommitFailed, LeaseLost):
            await self.primary.begin()
        try:
            await StopSignals(self.drain).wait_for(
                asyncio.create_task(self.server.serve([self.server.bound]), name="HTTP server"),
                asyncio.create_task(self.primary.run(), name="primary"),
                asyncio.create_task(self.run_worker(), name="worker"),
            )
        finally:
            self.primary.close_store()

    async def run_worker(self) -> None:
        """Run this node's own worker, whoever leads (RA-9.6); then end primary and server."""
        if self.options.with_worker:
            await self.worker.run()
            if not await set_within(self.primary.retired, self.options.settings.kill_grace):
                self.primary.give_up()
        await self.primary.retired.wait()
        self.primary.changes.close()
        self.server.stopping.set()

    def drain(self) -> None:
        """Begin a clean end of both, the worker first, without an await between them."""
        self.worker.drain()
        self.primary.drain()
