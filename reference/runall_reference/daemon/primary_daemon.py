"""A primary daemon from its options to its end: HTTP server, brain, and its own node's worker."""

import asyncio
import contextlib
import logging
import socket
from pathlib import Path

import msgspec

from runall_reference.brain.primary.policies import POLICIES
from runall_reference.brain.settings import Settings
from runall_reference.store import CommitFailed, LeaseLost

from .addresses import Address, bind
from .api import application
from .errors import DONE, DaemonCannotRun
from .failpoints import watch_failpoints
from .folder_lock import FolderLock
from .guardian_process import guarded
from .http_server import HttpServer
from .keys import kept_key, read_key
from .lifecycle import Stops
from .primary_runner import PrimaryRunner
from .steady_clock import SteadyClock
from .worker_runner import WorkerRunner

log = logging.getLogger("runall")


class PrimaryOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What `runall primary` was told. `store` is a URL; empty for a file in `data`.

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


async def live_as_primary(options: PrimaryOptions) -> int:
    """A primary's life; returns its exit code, or raises what ended it."""
    options.settings.checked_for_backups() if options.primaries else options.settings.checked()
    check_policy(options.settings.policy)
    lock = FolderLock(options.data, f"primary {options.name}")
    with contextlib.closing(lock), guarded(options.data):
        secret, token = keys(options)
        with contextlib.closing(bind(options.listen)) as bound:
            return await PrimaryDaemon(options, secret, token, bound).live()


def check_policy(name: str) -> None:
    """Raise `DaemonCannotRun` for a policy that does not exist."""
    if name not in POLICIES:
        raise DaemonCannotRun(
            f"there is no policy {name!r}", f"choose one with --policy: {', '.join(POLICIES)}"
        )


def keys(options: PrimaryOptions) -> tuple[str, str]:
    """Secret and token: given, or made and kept where only this machine can reach us."""
    found = {
        "secret": read_key("secret", options.secret_file, "RUNALL_SECRET"),
        "token": read_key("token", options.token_file, "RUNALL_TOKEN"),
    }
    for what, key in found.items():
        if key is None and not options.listen.loopback():
            raise DaemonCannotRun(
                f"{options.listen} can be reached by other machines, so a {what} must be given",
                f"give --{what}-file FILE, set RUNALL_{what.upper()}, or listen on 127.0.0.1",
            )
        if key is None:
            found[what] = kept_key(what, options.data)
            log.info("the %s is in %s", what, options.data / what)
    return str(found["secret"]), str(found["token"])


class PrimaryDaemon:
    """A primary, its HTTP server, and the worker of its own node."""

    def __init__(
        self, options: PrimaryOptions, secret: str, token: str, bound: socket.socket
    ) -> None:
        host, port = bound.getsockname()[:2]
        self.address, clock = Address(host, port), SteadyClock()
        self.grace = options.settings.kill_grace
        store = options.store or f"sqlite:///{options.data / 'primary.db'}"
        self.primary = PrimaryRunner(
            options.name, options.settings, store, secret, clock, watch_failpoints(options.data)
        )
        self.server = HttpServer(application(self.primary, token), bound)
        self.worker = WorkerRunner(
            options.name,
            options.settings,
            options.data,
            (self.address.own(), *options.primaries),
            secret,
            clock,
        )
        self.with_worker = options.with_worker
        self.tasks: list[asyncio.Task[None]] = []

    async def live(self) -> int:
        """From the first commit to the last."""
        # Another server that wrote at this very moment is no reason to stay away.
        with contextlib.suppress(CommitFailed, LeaseLost):
            self.primary.begin()
        stops = Stops(self.drain)
        self.tasks = [
            asyncio.create_task(self.server.run_until_stopped(), name="HTTP server"),
            asyncio.create_task(self.primary.run(), name="primary"),
            asyncio.create_task(self.work(), name="worker"),
        ]
        try:
            await stops.unless_hurried(*self.tasks)
        finally:
            await self.leave()
        log.info("the primary has left")
        return DONE

    async def work(self) -> None:
        """Run this node's own worker to its end, then see the primary off."""
        if self.with_worker:
            await self.worker.run()
            await self.primary.retire_within(self.grace)
        await self.primary.retired.wait()
        self.primary.changes.close()
        self.server.stop()

    def drain(self) -> None:
        """Go down cleanly: the worker first, in the same breath as the primary."""
        self.worker.drain()
        self.primary.drain()

    async def leave(self) -> None:
        """Whatever the reason: no job, no connection and no task is left behind."""
        for task in self.tasks:
            task.cancel()
        await asyncio.wait(self.tasks)
        self.primary.close_store()
