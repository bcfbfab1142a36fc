"""A worker: one start of it after another, each with a brain of its own.

A start ends when its brain asks to leave, or when its store fails. In the second case all jobs
are killed and another start begins, exactly as if the process had been started again.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from runall_reference.brain.inputs import (
    Boot,
    Connected,
    Disconnected,
    Drain,
    Exited,
    Halt,
    Leave,
    MessageReceived,
    Send,
    Signal,
    Spawn,
)
from runall_reference.brain.messages import ToWorker
from runall_reference.brain.record_set import Step
from runall_reference.brain.records import WORKER_RECORDS, Run
from runall_reference.brain.settings import Settings
from runall_reference.brain.worker import Worker
from runall_reference.store import CommitFailed, Store, StoreError, open_store

from .addresses import Address
from .backoff import pauses, set_within
from .brain_runner import BrainRunner
from .job_processes import JobProcesses
from .link_client import LinkClient
from .log_lines import log_lines
from .orphans import end_orphans

log = logging.getLogger("runall")


def new_boot() -> str:
    """A name for one start of a node, unlike that of every other."""
    return os.urandom(8).hex()


class Start:
    """One start of the worker: its brain, its jobs, its link."""

    def __init__(
        self, daemon: "WorkerRunner", brain: Worker, store: Store, clock: Callable[[], float]
    ) -> None:
        self.halted = asyncio.Event()
        self.jobs = JobProcesses(daemon.data, self.exited)
        self.runner = BrainRunner(brain, store, clock, self.act, self.seen)
        self.link = LinkClient(daemon.primaries, daemon.secret, daemon.settings.fence, self)

    async def run(self) -> None:
        """Live until the brain asks to leave. Raises what ends this start otherwise."""
        boot = new_boot()
        self.runner.handle(Boot(boot))
        log.info("the worker starts as boot %s", boot)
        tasks: list[asyncio.Task[Any]] = [
            asyncio.create_task(self.link.run(), name="link"),
            asyncio.create_task(self.halted.wait(), name="halt"),
        ]
        try:
            done, _ = await asyncio.wait(
                (*tasks, self.runner.over), return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
        finally:
            await self.leave(tasks)

    async def leave(self, tasks: Sequence["asyncio.Task[Any]"]) -> None:
        """Close the link, and see to it that no job outlives this start."""
        self.runner.stop()
        self.runner.over.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await self.jobs.kill_all()

    def act(self, action: Send | Spawn | Signal | Leave | Halt) -> None:
        """Carry out one action."""
        match action:
            case Send(_, message):
                self.link.send(message)
            case Spawn(job):
                self.jobs.spawn(job)
            case Signal(job, which):
                log.info("job %s gets SIG%s", job, which)
                self.jobs.signal(job, which)
            case Leave(why):
                self.link.leave(why)
            case Halt():
                self.halted.set()

    def seen(self, step: Step) -> None:
        """Log what a step did."""
        for line in log_lines(step.change):
            log.info("%s", line)

    def exited(self, job: str, code: int) -> None:
        """A job's process ended."""
        self.runner.notify(Exited(job, code))

    # ---------------------------------------------------------------- what the link says
    def linked(self) -> None:
        """A primary let us in."""
        self.runner.notify(Connected())

    def told(self, message: ToWorker) -> None:
        """It said something."""
        self.runner.notify(MessageReceived(message))

    def cut(self) -> None:
        """The link is closed."""
        self.runner.notify(Disconnected())


class WorkerRunner:
    """A worker: its name, its settings, its folder, and whom it dials."""

    def __init__(
        self,
        node: str,
        settings: Settings,
        data: Path,
        primaries: Sequence[Address],
        secret: str,
        clock: Callable[[], float],
    ) -> None:
        self.node, self.settings, self.data = node, settings, data
        self.primaries, self.secret, self.clock = tuple(primaries), secret, clock
        self.start: Start | None = None
        self.done = False
        self.leaving = asyncio.Event()

    async def run(self) -> None:
        """Live through as many starts as it takes, until the brain asks to leave.

        Raises `StoreError` when the store can't be used at the first start.
        """
        await self.live(self.open())
        # The pauses grow from start to start: a disk that stays full must not spin through jobs.
        for pause in pauses():
            if self.done or await set_within(self.leaving, pause):
                return
            try:
                await self.live(self.open())
            except StoreError as error:
                log.error("%s; trying on", error.cause)

    def open(self) -> Store:
        """This worker's own store."""
        return open_store(f"sqlite:///{self.data / 'worker.db'}", WORKER_RECORDS)

    async def live(self, store: Store) -> None:
        """One start, from the orphans of the last one until its brain leaves or its store fails."""
        with contextlib.closing(store):
            records = store.load()
            if any(isinstance(record, Run) and not record.how for record in records):
                log.info("%d processes of an earlier start were ended", end_orphans(self.data))
            brain = Worker(self.node, self.settings, records)
            self.start = Start(self, brain, store, self.clock)
            try:
                await self.start.run()
                self.done = True
            except CommitFailed as error:
                log.error("%s; all jobs here are stopped, and a new start follows", error.cause)

    def drain(self) -> None:
        """Go down cleanly; `run` returns when that is done."""
        self.leaving.set()
        if self.start is not None:
            self.start.runner.notify(Drain())
