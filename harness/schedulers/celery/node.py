"""One server: what a service manager would run on it, as one program.

A worker runs `celery worker`. The primary runs Redis, `celery beat`, and a worker of its own, for
it takes jobs like any other server. What falls is started again, as with Restart=always, after all
that it left behind was killed; when it keeps falling the node ends.

    RUNALL_REDIS=redis://... python node.py --name worker-1
    RUNALL_REDIS=redis://... python node.py --name primary --lead --data FOLDER

Stopped with SIGTERM it does what `systemctl stop` does with KillMode=mixed: SIGTERM to the main
process of each, first to worker and beat, then to Redis; and what is still there after --patience
seconds is killed with all its children.
"""

import argparse
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import BusyLoadingError, ConnectionError, TimeoutError
from redis.retry import Retry

from orders import queues_of

CELERY = [sys.executable, "-m", "celery", "-A", "jobs"]
# A process that is started with it gets SIGKILL when its parent ends; other systems have no such.
LEASH = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
ASKED = ""
# How soon what fell is started again, in seconds, and how often in the life of a node.
AGAIN, OFTEN = 1.0, 10
# How often, and for how long in all, Redis is asked whether it is there; seconds.
STEP, START = 0.05, 20.0


class Node:
    """The processes of one server, each in a process group of its own."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked = asked
        self.commands: dict[str, list[str]] = {}
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        # The names of processes that ended by themselves; ASKED when the node is to end.
        self.ended: queue.SimpleQueue[str] = queue.SimpleQueue()

    def start(self) -> None:
        """Start all that belongs to it, Redis before those that need it."""
        commands = {"worker": self.worker()}
        if self.asked.lead:
            self.launch("redis", ["redis-server", f"{self.asked.data}/redis.conf"])
            await_redis()
            commands["beat"] = self.beat()
        for name, command in commands.items():
            self.launch(name, command)

    def keep(self) -> bool:
        """Start again what falls, until the node is asked to end. False when it falls too often."""
        for _ in range(OFTEN):
            if (name := self.ended.get()) == ASKED:
                return True
            fallen = self.running[name]
            kill_group(fallen.pid)
            say(f"{name} fell with exit status {fallen.returncode}, and is started again")
            if self.asked_within(AGAIN):
                return True
            self.launch(name, self.commands[name])
        return False

    def asked_within(self, seconds: float) -> bool:
        """Whether the node is asked to end meanwhile. Other ends are handled afterwards."""
        try:
            name = self.ended.get(timeout=seconds)
        except queue.Empty:
            return False
        self.ended.put(name)
        return name == ASKED

    def worker(self) -> list[str]:
        """The command of its worker."""
        name, queues = self.asked.name, ",".join(queues_of(self.asked.name))
        return [
            *CELERY,
            "worker",
            "-n",
            f"{name}@runall",
            "-Q",
            queues,
            "-c",
            str(self.asked.concurrency),
            "-l",
            "info",
        ]

    def beat(self) -> list[str]:
        """The command of beat, whose file lies in the data folder."""
        return [
            *CELERY,
            "beat",
            "-S",
            "minutes:Scheduler",
            "-s",
            f"{self.asked.data}/beat",
            "--pidfile=",
            "-l",
            "info",
        ]

    def launch(self, name: str, command: list[str]) -> None:
        """Start one process. It dies with this one, whatever ends that."""
        process = subprocess.Popen([*LEASH, *command], process_group=0, stdin=subprocess.DEVNULL)
        self.commands[name], self.running[name] = command, process
        watch = threading.Thread(target=self.watch, args=(name, process), daemon=True)
        watch.start()

    def watch(self, name: str, process: subprocess.Popen[bytes]) -> None:
        """Report when a process has ended."""
        process.wait()
        self.ended.put(name)

    def stop(self) -> None:
        """End the node in the order in which its parts need each other."""
        for names in (("worker", "beat"), ("redis",)):
            self.end([self.running[name] for name in names if name in self.running])

    def end(self, processes: Sequence[subprocess.Popen[bytes]]) -> None:
        """SIGTERM to these processes at once, and SIGKILL to their groups after the patience."""
        until = time.monotonic() + self.asked.patience
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                say(f"process {process.pid} is still there, and is killed")
            kill_group(process.pid)
            process.wait()


def say(line: str) -> None:
    """A line of the node's log."""
    print(line, file=sys.stderr, flush=True)


def kill_group(leader: int) -> None:
    """SIGKILL whatever is left of a process group."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def await_redis() -> None:
    """Wait until Redis answers, its append-only file read. Raises its error when it does not."""
    retry = Retry(ConstantBackoff(STEP), int(START / STEP))
    errors = [BusyLoadingError, ConnectionError, TimeoutError]
    Redis.from_url(os.environ["RUNALL_REDIS"], retry=retry, retry_on_error=errors).ping()


def main() -> None:
    """Run a node until somebody wants it to end, or one of its processes falls."""
    parser = argparse.ArgumentParser(description="One server of a Celery cluster.")
    parser.add_argument("--name", required=True, help="its name, and that of its own queue")
    parser.add_argument("--lead", action="store_true", help="run Redis and beat too")
    parser.add_argument("--data", default=".", help="where they keep what must survive")
    parser.add_argument("--concurrency", type=int, default=4, help="jobs at a time")
    parser.add_argument("--patience", type=float, default=5.0, help="seconds to SIGKILL")
    node = Node(parser.parse_args())
    signal.signal(signal.SIGTERM, lambda *_: node.ended.put(ASKED))
    node.start()
    kept = node.keep()
    why = "it was asked to" if kept else "something keeps falling"
    say(f"node {node.asked.name} ends: {why}")
    node.stop()
    sys.exit(not kept)


if __name__ == "__main__":
    main()
