"""Jobs as real processes: each in a session of its own, so that a signal reaches all of it.

The main process is the job. When it ends, the rest of its process group is killed: a process that
stays behind would be an execution that nobody knows of (RA-7.9).
"""

import asyncio
import contextlib
import logging
import os
import signal
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Callable
from pathlib import Path
from typing import IO

from runall_reference.brain.inputs import Exited
from runall_reference.brain.records import Job

from .job_environment import environment

log = logging.getLogger("runall")

# The status of a job that could not be started; a shell gives it for a missing command.
NOT_STARTED = 127
SIGNALS = {"TERM": signal.SIGTERM, "KILL": signal.SIGKILL}


class JobProcesses:
    """The job processes of one start of a worker; `notify` gives its brain their exits."""

    def __init__(self, data: Path, notify: Callable[[Exited], None]) -> None:
        self.data, self.notify = data, notify
        self.processes: dict[str, Process] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.early: dict[str, list[str]] = {}

    def spawn(self, job: Job) -> None:
        """Start a job's process. Its exit is notified, also when it could not start."""
        self.early[job.id] = []
        self.tasks[job.id] = asyncio.create_task(self.follow(job), name=f"job {job.id}")

    def signal(self, name: str, which: str) -> None:
        """Signal a job's process group; before its process exists, the signal is kept for it."""
        if name in self.processes:
            signal_group(self.processes[name].pid, SIGNALS[which])
        elif name in self.early:
            self.early[name].append(which)

    async def follow(self, job: Job) -> None:
        code = NOT_STARTED
        try:
            with open_log(self.data, job.id) as output:
                code = await self.execute(job, output)
        except OSError as error:
            log.error("job %s: its log can't be written: %s", job.id, error)
        self.early.pop(job.id, None)
        del self.tasks[job.id]
        self.notify(Exited(job.id, code))

    async def execute(self, job: Job, output: IO[bytes]) -> int:
        try:
            process = await self.start(job, output)
        except (OSError, ValueError) as error:
            output.write(f"runall: the job could not be started: {error}\n".encode())
            log.warning("job %s could not be started: %s", job.id, error)
            return NOT_STARTED
        self.processes[job.id] = process
        for which in self.early.pop(job.id):
            self.signal(job.id, which)
        try:
            return await process.wait()
        finally:
            del self.processes[job.id]
            # Right after the main process was reaped: its number can't have been used again.
            signal_group(process.pid, signal.SIGKILL)
            tidy(folder(self.data, job.id))

    async def start(self, job: Job, output: IO[bytes]) -> Process:
        """Start the job's process. Raises `OSError` or `ValueError` if that can't be done."""
        home = folder(self.data, job.id)
        home.mkdir(parents=True, exist_ok=True)
        return await asyncio.create_subprocess_exec(
            *command(job, home),
            stdin=DEVNULL,
            stdout=output,
            stderr=STDOUT,
            cwd=home,
            env=environment(job, self.data),
            start_new_session=True,
        )

    async def kill_all(self) -> None:
        tasks = list(self.tasks.values())
        for name in (*self.processes, *self.early):
            self.signal(name, "KILL")
        if tasks:
            await asyncio.wait(tasks)


def signal_group(leader: int, which: signal.Signals) -> None:
    """Signal a whole process group (RA-7.9), which may be gone already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, which)


def file_name(job: str) -> str:
    return job.replace("/", "_").replace("\0", "_").lstrip(".") or "_"


def folder(data: Path, job: str) -> Path:
    return data / "jobs" / file_name(job)


def open_log(data: Path, job: str) -> IO[bytes]:
    path = data / "logs" / f"{file_name(job)}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("ab", buffering=0)


def command(job: Job, home: Path) -> tuple[str, ...]:
    """The argument vector. Raises `ValueError` for a job without a script."""
    script = job.params.get("script")
    if not isinstance(script, str) or not script.strip():
        raise ValueError("it has no script: give the event a parameter named 'script'")
    if not script.startswith("#!"):
        return ("/bin/sh", "-c", script)
    path = home / "script"
    path.write_text(script, encoding="utf-8")
    path.chmod(0o700)
    return (str(path),)


def tidy(home: Path) -> None:
    """Remove a job's folder, unless the job left something in it."""
    with contextlib.suppress(OSError):
        (home / "script").unlink(missing_ok=True)
        home.rmdir()
