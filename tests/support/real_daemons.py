"""Real daemons for tests: started as a user would, watched by events, and removed.

Nothing here sleeps. A test waits for a line of a log, for a change that the API reports, for a
word that a job says into a pipe, or for the end of a process; each wait has a bound.
"""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx

T = TypeVar("T")

SECRET, TOKEN = "a-secret-for-tests-only", "a-token-for-tests-only"
KEYS = {"RUNALL_SECRET": SECRET, "RUNALL_TOKEN": TOKEN}
# fence x 1.05 + kill grace is less than the dead-job timeout.
QUICK = {"heartbeat": 0.2, "silence": 1.0, "dead-job-timeout": 2.0, "fence": 1.0, "kill-grace": 0.5}
BOUND = 20.0


def options(settings: Mapping[str, float | str]) -> list[str]:
    """Settings as command-line arguments."""
    return [part for name, value in settings.items() for part in (f"--{name}", str(value))]


def quick_options(settings: Mapping[str, float | str]) -> list[str]:
    """The settings of QUICK as arguments, with these over them."""
    return options({**QUICK, **{name.replace("_", "-"): settings[name] for name in settings}})


class Daemon:
    """One daemon's process, and every line that it logged."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str]) -> None:
        inherited = {key: value for key, value in os.environ.items() if key not in KEYS}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "runall_reference", *arguments],
            env={**inherited, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self.heard = threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self) -> None:
        """Collect the log until the process closes it."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self.heard:
                self.lines.append(line.rstrip("\n"))
                self.heard.notify_all()

    def says(self, words: str, within: float = BOUND) -> str:
        """The first line with these words, as soon as it is logged."""
        with self.heard:
            self.heard.wait_for(lambda: self.line(words), within)
            found = self.line(words)
            assert found, f"never said {words!r}:\n" + "\n".join(self.lines)
        return found

    def line(self, words: str) -> str:
        """The first line so far with these words, or an empty one."""
        return next((line for line in self.lines if words in line), "")

    def log(self) -> str:
        """All that was logged; the process has ended."""
        self.reader.join(BOUND)
        return "\n".join(self.lines)

    def send(self, which: signal.Signals) -> None:
        """Signal the daemon itself, not its jobs."""
        self.process.send_signal(which)

    def end(self, which: signal.Signals = signal.SIGTERM) -> int:
        """Signal the daemon and return its exit status."""
        self.send(which)
        return self.wait()

    def wait(self) -> int:
        """The exit status, once it has ended by itself."""
        return self.process.wait(BOUND)


class Api:
    """A caller of the primary's API."""

    def __init__(self, port: int, token: str = TOKEN) -> None:
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            timeout=BOUND,
            trust_env=False,
            headers={"Authorization": f"Bearer {token}"},
        )

    def get(self, path: str) -> Any:
        """The JSON at that path; raises for any status but success."""
        return self.http.get(path).raise_for_status().json()

    def event(self, name: str, script: str, **fields: Any) -> None:
        """Create an event with Run All on whose jobs run that shell script."""
        params = {"script": script, **fields.pop("params", {})}
        body = {"id": name, "catch_up": True, "params": params, **fields}
        self.http.post("/v1/events", json=body).raise_for_status()

    def run(self, event: str, **params: Any) -> Any:
        """Run an event; the job."""
        answer = self.http.post(f"/v1/events/{event}/run", json={"params": params})
        return answer.raise_for_status().json()

    def until(self, condition: Callable[[], T | None], within: float = BOUND) -> T:
        """The condition's first true value; it is tried again after every change."""
        deadline, version = time.monotonic() + within, -1
        while True:
            if found := condition():
                return found
            left = deadline - time.monotonic()
            assert left > 0, f"not within {within} s; jobs: {self.get('/v1/jobs')}"
            asked = {"after": max(version, 0), "wait": left}
            version = self.http.get("/v1/changes", params=asked).json()["version"]

    def job_in(self, state: str, name: str) -> Any:
        """That job, once it is in that state."""

        def found() -> Any:
            jobs = self.get(f"/v1/jobs?state={state}")
            return next((job for job in jobs if job["id"] == name), None)

        return self.until(found)

    def server_in(self, state: str, name: str) -> Any:
        """That server, once its link is in that state."""

        def found() -> Any:
            servers = self.get("/v1/servers")
            return next((s for s in servers if s["name"] == name and s["state"] == state), None)

        return self.until(found)


class JobPipe:
    """A named pipe into which jobs write a line at a time: `echo word > $PIPE`."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path, self.pipe, self.rest = path, os.open(path, os.O_RDWR | os.O_NONBLOCK), b""

    def read_word(self, within: float = BOUND) -> str:
        """The next line, as soon as a job has written it."""
        deadline = time.monotonic() + within
        while b"\n" not in self.rest:
            left = deadline - time.monotonic()
            assert left > 0, f"no job wrote anything within {within} s"
            assert select.select([self.pipe], [], [], left)[0], "no job wrote anything"
            self.rest += os.read(self.pipe, 65536)
        line, _, self.rest = self.rest.partition(b"\n")
        return line.decode()

    def close(self) -> None:
        """Close this end of the pipe."""
        os.close(self.pipe)


class RealDaemons:
    """Primaries and workers in one folder, all of which end with the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[Daemon] = []
        self.pipes: list[JobPipe] = []

    def start(self, *arguments: str, keys: Mapping[str, str] = KEYS) -> Daemon:
        """Start a daemon with exactly these arguments."""
        daemon = Daemon(list(arguments), keys)
        self.started.append(daemon)
        return daemon

    def primary(self, name: str = "p", port: int = 0, **settings: Any) -> tuple[Daemon, Api]:
        """Start a primary that runs no jobs itself, unless `worker=True`."""
        alone = [] if settings.pop("worker", False) else ["--no-worker"]
        daemon = self.start(
            "primary",
            "--name",
            name,
            "--data",
            str(self.folder / name),
            "--listen",
            f"127.0.0.1:{port}",
            *alone,
            *quick_options(settings),
        )
        line = daemon.says("listening on http://127.0.0.1:")
        return daemon, Api(int(line.rpartition(":")[2]))

    def worker(self, name: str, api: Api, secret: str = SECRET, **settings: Any) -> Daemon:
        """Start a worker of that primary."""
        return self.start(
            "worker",
            "--name",
            name,
            "--data",
            str(self.folder / name),
            "--primary",
            f"127.0.0.1:{api.http.base_url.port}",
            *quick_options(settings),
            keys={"RUNALL_SECRET": secret},
        )

    def pipe(self) -> JobPipe:
        """A pipe that jobs write into and the test reads."""
        pipe = JobPipe(self.folder / f"pipe{len(self.pipes)}")
        self.pipes.append(pipe)
        return pipe

    def close(self) -> None:
        """End every daemon, and every process that carries their mark."""
        for daemon in self.started:
            if daemon.process.poll() is None:
                daemon.process.kill()
            daemon.wait()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and self.owns(entry):
                os.kill(int(entry.name), signal.SIGKILL)
        for pipe in self.pipes:
            pipe.close()

    def owns(self, process: Path) -> bool:
        """Whether a process is a job of one of these daemons."""
        try:
            return (
                f"RUNALL_RUN_OF={self.folder.resolve()}/".encode()
                in (process / "environ").read_bytes()
            )
        except OSError:
            return False


def gone(pid: int, within: float = BOUND) -> bool:
    """Whether that process has ended, waiting for its end."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], within)[0])
    finally:
        os.close(handle)
