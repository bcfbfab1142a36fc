"""A worker daemon from its options to its end."""

import asyncio
import contextlib
import logging
from pathlib import Path

import msgspec

from runall_reference.brain.settings import Settings

from .addresses import Address
from .errors import DONE, DaemonCannotRun
from .folder_lock import FolderLock
from .guardian_process import guarded
from .keys import read_key
from .lifecycle import Stops
from .steady_clock import SteadyClock
from .worker_runner import WorkerRunner

log = logging.getLogger("runall")


class WorkerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What `runall worker` was told."""

    name: str
    primaries: tuple[Address, ...]
    data: Path
    settings: Settings
    secret_file: Path | None = None


async def live_as_worker(options: WorkerOptions) -> int:
    """A worker's life; returns its exit code, or raises what ended it."""
    options.settings.checked()
    secret = read_key("secret", options.secret_file, "RUNALL_SECRET")
    if secret is None:
        raise DaemonCannotRun(
            "a worker needs the secret of its primary",
            "give --secret-file FILE, or set RUNALL_SECRET",
        )
    lock = FolderLock(options.data, f"worker {options.name}")
    with contextlib.closing(lock), guarded(options.data):
        worker = WorkerRunner(
            options.name, options.settings, options.data, options.primaries, secret, SteadyClock()
        )
        stops = Stops(worker.drain)
        return await end_of_worker(worker, stops)


async def end_of_worker(worker: WorkerRunner, stops: Stops) -> int:
    """Wait for the worker's end; no job outlives it."""
    task = asyncio.create_task(worker.run(), name="worker")
    try:
        await stops.unless_hurried(task)
    finally:
        task.cancel()
        await asyncio.wait((task,))
    log.info("the worker has left")
    return DONE
