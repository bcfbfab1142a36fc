"""A worker daemon from its options to its end."""

import asyncio
import contextlib
import logging

from .errors import DONE, DaemonCannotRun
from .folder_lock import FolderLock
from .guardian_process import guarded
from .keys import read_key
from .lifecycle import StopSignals
from .steady_clock import SteadyClock
from .worker_runner import WorkerOptions, WorkerRunner

log = logging.getLogger("runall")


async def run_worker(options: WorkerOptions) -> int:
    """Run a worker to its clean end; returns its exit code, or raises what ended it otherwise."""
    options.settings.checked()
    secret = read_key("secret", options.secret_file, "RUNALL_SECRET")
    if secret is None:
        raise DaemonCannotRun(
            "a worker needs the secret of its primary",
            "give --secret-file FILE, or set RUNALL_SECRET",
        )
    lock = FolderLock(options.data, f"worker {options.name}")
    with contextlib.closing(lock), guarded(options.data):
        worker = WorkerRunner(options, secret, SteadyClock())
        await StopSignals(worker.drain).wait_for(asyncio.create_task(worker.run(), name="worker"))
    log.info("the worker has left")
    return DONE
