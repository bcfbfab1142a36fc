"""A worker daemon: one start after another, each with a brain of its own.

A start ends when its brain has drained, or when its store fails. In the second case all jobs are
killed and another start begins, exactly as if the process had been started again.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from runall_reference.brain.inputs import Boot, Drain, Halt, Leave, Send, Signal, Spawn
from runall_reference.brain.records import WORKER_RECORDS, Run
from runall_reference.brain.settings import Settings
from runall_reference.brain.worker import Worker
from runall_reference.store import CommitFailed, Store, StoreError, open_store

from .addresses import Address
from .backoff import pauses, set_within
from .brain_runner import BrainRunner, new_boot
from .errors import DONE, DaemonCannotRun
from .folder_lock import folder_lock
from .guardian_process import guarded
from .job_processes import JobProcesses
from .keys import read_key
from .lifecycle import StopSignals
from .link_client import LinkClient
from .orphans import end_orphans
from .steady_clock import SteadyClock

log = logging.getLogger("runall")


class WorkerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of `runall worker`. `primaries` are dialled in turn."""

    name: str
    primaries: tuple[Address, ...]
    data: Path
    settings: Settings
    secret_file: Path | None = None


async def run_worker(options: WorkerOptions) -> int:
    """Run a worker to its clean end; returns its exit code, or raises what ended it otherwise."""
    secret = read_key("secret", options.secret_file)
    if secret is None:
        raise DaemonCannotRun(
            "a worker needs the secret of its primary",
            "give --secret-file FILE, or set RUNALL_SECRET",
        )
    with folder_lock(options.data, f"worker {options.name}"), guarded(options.data):
        worker = WorkerRunner(options, secret, SteadyClock())
        await StopSignals(worker.drain).wait_for(asyncio.create_task(worker.run(), name="worker"))
    log.info("the worker has left")
    return DONE


def home_name(data: Path) -> str:
    """The name of a data folder, made at its first use. A copy of the folder has the same."""
    path = data / "home"
    if not path.exists():
        path.write_text(new_boot(), encoding="utf-8")
    return path.read_text(encoding="utf-8")


class WorkerRunner:
    """A worker: its options, the secret that it shows, and its clock."""

    def __init__(self, options: WorkerOptions, secret: str, clock: Callable[[], float]) -> None:
        self.options, self.secret, self.clock = options, secret, clock
        self.start: WorkerStart | None = None
        self.done = False
        self.leaving = asyncio.Event()

    async def run(self) -> None:
        """Make one start after another, until a brain has drained.

        Raises `StoreError` when the store can't be used at the first start.
        """
        await self.run_start()
        # The pauses grow from start to start: a disk that stays full must not spin through jobs.
        for pause in pauses():
            if self.done or await set_within(self.leaving, pause):
                return
            try:
                await self.run_start()
            except StoreError as error:
                log.error("%s; trying on", error.cause)

    async def run_start(self) -> None:
        """End the orphans of the last start, then run until the brain drains or the store fails."""
        url = f"sqlite:///{self.options.data / 'worker.db'}"
        with contextlib.closing(open_store(url, WORKER_RECORDS)) as store:
            records = store.load()
            if any(isinstance(record, Run) and not record.how for record in records):
                log.info(
                    "%d processes of an earlier start were ended", end_orphans(self.options.data)
                )
            brain = Worker(self.options.name, self.options.settings, records)
            self.start = WorkerStart(self, brain, store)
            try:
                await self.start.run()
                self.done = True
            except CommitFailed as error:
                log.error("%s; all jobs here are stopped, and a new start follows", error.cause)

    def drain(self) -> None:
        """Begin a clean end; `run` returns when it is done."""
        self.leaving.set()
        if self.start is not None:
            self.start.runner.notify(Drain())


class WorkerStart:
    """One start of the worker: its brain, its job processes, its link."""

    def __init__(self, worker: WorkerRunner, brain: Worker, store: Store) -> None:
        options = worker.options
        self.home = home_name(options.data)
        self.runner = BrainRunner(brain, store, worker.clock, self.act)
        self.jobs = JobProcesses(options.data, self.runner.notify)
        self.link = LinkClient(
            options.primaries, worker.secret, options.settings, self.runner.notify
        )

    async def run(self) -> None:
        """Run until the brain has drained. Raises the error that ends this start otherwise."""
        boot = new_boot()
        self.runner.handle(Boot(boot, self.home))
        log.info("the worker starts as boot %s", boot)
        link = asyncio.create_task(self.link.run(), name="link")
        try:
            done, _ = await asyncio.wait(
                (link, self.runner.over), return_when=asyncio.FIRST_COMPLETED
            )
            for ended in done:
                ended.result()
        finally:
            self.runner.stop()
            self.runner.over.cancel()
            link.cancel()
            await asyncio.wait((link,))
            await self.jobs.kill_all()  # none outlives this start

    def act(self, action: Send | Spawn | Signal | Leave | Halt) -> None:
        match action:
            case Send(_, message):
                self.link.send(message)
            case Spawn(job):
                self.jobs.spawn(job)
            case Signal(job, which):
                log.info("job %s gets SIG%s", job, which)
                self.jobs.signal(job, which)
            case Leave(why, pause):
                self.link.leave(why, pause)
            case Halt():
                self.runner.over.set_result(None)
