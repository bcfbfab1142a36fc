"""Worker processes that do tasks for one parent: conform's cases, worlds, mutants and seeds.

`concurrent.futures` is not enough: one killed process breaks its whole pool, a task says nothing
before it has ended, and none can be interrupted. `pytest-xdist` deals out the items of one pytest
session and nothing else, and to it a crashed worker is a failed test, while here it is an error of
the kit, whose leftovers are removed.

The parent gives a task to an idle worker, and receives events: a message of a worker, or the end of
its process. A worker that dies costs the task that it was at, and nothing more. Each worker has a
pipe of its own, so that no lock is left behind by one that is killed.

A worker runs a function that has a `Channel` to its parent. It ends at once when the parent has
gone, however that ended. It runs in a session of its own, so that Ctrl-C on a terminal reaches the
parent only, and whatever it prints goes to standard error.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple, Self

from runall_harness.contract.errors import KitCannotRun

from .interruptions import signals_handled

# A new interpreter, not a copy of this one: a copy would share locks with threads that it lacks.
SPAWN = multiprocessing.get_context("spawn")
ORPHANED = 4
# How long a process whose pipe is closed may take for its last steps, in seconds.
GRACE = 10.0


class Channel:
    """A worker's connection to its parent. `number` counts the workers of the pool from 1."""

    def __init__(self, pipe: "Connection[Any, Any]", number: int) -> None:
        self.pipe, self.number = pipe, number

    def tasks(self) -> Iterator[Any]:
        """Ask for tasks, one after the other, until the worker is dismissed."""
        return iter(self.next_task, None)

    def next_task(self) -> Any:
        self.send(None)
        try:
            return self.pipe.recv()
        except (EOFError, OSError):
            os._exit(ORPHANED)

    def send(self, message: object) -> None:
        """Send a message to the parent, which receives it as `WorkerReport`."""
        try:
            self.pipe.send(message)
        except OSError:
            os._exit(ORPHANED)


class Worker:
    """A worker process as its parent sees it.

    `task` is what it is at, None while it is idle or starts. `since` is when it was last heard of
    or given a task, in seconds of the monotonic clock. `killed` says that the parent ended it.
    """

    def __init__(self, number: int, run: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        self.number, self.killed = number, False
        self.task: Any = None
        self.since = time.monotonic()
        self.pipe, theirs = SPAWN.Pipe()
        self.process = SPAWN.Process(
            target=begin, args=(theirs, number, run, arguments), name=f"worker {number}"
        )
        self.process.start()
        theirs.close()

    def send(self, task: object) -> None:
        """Send a task, or None to dismiss it; if it is dead, its end is an event of its own."""
        self.task, self.since = task, time.monotonic()
        with suppress(OSError):
            self.pipe.send(task)

    def kill(self) -> None:
        self.killed = True
        self.process.kill()

    def status(self) -> int:
        """Wait for its end; its exit status, negative if a signal ended it."""
        self.process.join(GRACE)
        self.process.kill()
        self.process.join()
        assert self.process.exitcode is not None, "it was joined"
        return self.process.exitcode


class WorkerReport(NamedTuple):
    """A worker has sent a message."""

    worker: Worker
    message: Any


class WorkerGone(NamedTuple):
    """The process of a worker has ended, with this exit status (negative: by that signal).

    The worker still has the `task` that it was at. It is no longer in the pool.
    """

    worker: Worker
    status: int

    @property
    def why(self) -> str:
        by_signal = self.status < 0
        return signal.Signals(-self.status).name if by_signal else f"exit status {self.status}"


class Interrupted(NamedTuple):
    """The user wants an end. Only an event within `interruptions_as_events`."""

    number: int


Event = WorkerReport | WorkerGone | Interrupted


class WorkerPool:
    """Worker processes that all run one function: `run(channel, *arguments)`.

    They live within the pool's context: `with WorkerPool(2, run) as pool`. The function must be
    one of a module, and all that is sent must be picklable. `workers` are those whose process
    lives, `idle` those of them that wait for a task.
    """

    def __init__(self, size: int, run: Callable[..., None], *arguments: Any) -> None:
        self.size, self.run, self.arguments, self.started = size, run, arguments, 0
        self.workers: set[Worker] = set()
        self.idle: deque[Worker] = deque()
        self.signals, self.signalled = SPAWN.Pipe(duplex=False)

    def __enter__(self) -> Self:
        try:
            for _ in range(self.size):
                self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def start(self) -> Worker:
        """Start one more worker; after `WorkerGone`, one in the place of the dead."""
        self.started += 1
        worker = Worker(self.started, self.run, self.arguments)
        self.workers.add(worker)
        return worker

    def give(self, task: object) -> Worker:
        """Give a task to the worker that has been idle for longest."""
        worker = self.idle.popleft()
        worker.send(task)
        return worker

    def dismiss(self) -> None:
        """Send the idle workers away, as no task is left: each ends in its own time."""
        while self.idle:
            self.idle.popleft().send(None)

    def events(self, timeout: float | None = None) -> list[Event]:
        """What has happened since the last call; waits for it up to so many seconds.

        The list may be empty, also before the time is over: a worker has become idle.
        """
        by_pipe: dict[Any, Worker] = {worker.pipe: worker for worker in self.workers}
        ready = wait([*by_pipe, self.signals], timeout)
        found = [self.read(by_pipe[pipe]) for pipe in ready if pipe in by_pipe]
        if self.signals in ready:
            found.append(Interrupted(self.signals.recv()))
        return [event for event in found if event]

    def read(self, worker: Worker) -> Event | None:
        try:
            message = worker.pipe.recv()
        except (EOFError, OSError):
            self.workers.discard(worker)
            if worker in self.idle:
                self.idle.remove(worker)
            return WorkerGone(worker, worker.status())
        worker.since = time.monotonic()
        if message is not None:
            return WorkerReport(worker, message)
        worker.task = None
        self.idle.append(worker)
        return None

    def carry_out(
        self, tasks: Iterable[object], tick: float | None = None
    ) -> Iterator[list[Event]]:
        """Have all these tasks done, and yield the events meanwhile.

        Every `tick` seconds there is a list, be it an empty one. A worker that dies is not
        replaced: whoever goes on after `WorkerGone` starts another. Raises the `KitCannotRun` that
        a task has ended with under `serve`.
        """
        pending = deque(tasks)
        while self.workers and (pending or any(w.task is not None for w in self.workers)):
            while pending and self.idle:
                self.give(pending.popleft())
            events = self.events(tick)
            for event in events:
                if isinstance(event, WorkerReport) and isinstance(event.message, KitCannotRun):
                    raise event.message
            yield events

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
        for worker in self.workers:
            worker.process.join()
        self.workers.clear()
        self.idle.clear()


@contextmanager
def interruptions_as_events(pool: WorkerPool) -> Generator[None]:
    """Make Ctrl-C and SIGTERM events of that pool, so that no other event is lost by them."""

    def send(number: int, _: object) -> None:
        pool.signalled.send(number)

    with signals_handled(send, signal.SIGINT, signal.SIGTERM):
        yield


# ------------------------------------------------------------------ in the new process
def begin(
    pipe: "Connection[Any, Any]", number: int, run: Callable[..., None], arguments: tuple[Any, ...]
) -> None:
    """Cut the new process off from the user's terminal and output, and run its function."""
    if hasattr(os, "setsid"):
        os.setsid()
    os.dup2(2, 1)
    threading.Thread(target=end_with_parent, name="end with parent", daemon=True).start()
    run(Channel(pipe, number), *arguments)


def end_with_parent() -> None:
    """Wait for the parent's end, however it comes, then end at once: nobody wants the result."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "a worker is made by a pool"
    parent.join()
    os._exit(ORPHANED)


def serve(channel: Channel, work: Callable[..., object], *arguments: Any) -> None:
    """Send the result of `work(*arguments, task)` for each task, or its `KitCannotRun`."""
    for task in channel.tasks():
        try:
            result = work(*arguments, task)
        except KitCannotRun as error:
            result = error
        channel.send(result)
