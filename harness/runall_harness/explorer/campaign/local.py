"""The processes of this machine that search seeds: one a core.

Each has a pipe of its own. So one that is killed takes nothing with it but the seed that it was at,
and all of them end when the campaign's process does, however it ends.
"""

import multiprocessing
import signal
from collections import deque
from multiprocessing.connection import Connection, wait

import msgspec

from .searchers import Heard, Lost
from .work import Reported, search_here

# A new interpreter, not a copy of this one: a copy would share locks with threads that it lacks.
CONTEXT = multiprocessing.get_context("spawn")


class Child:
    """One process, and the seed that it is at."""

    def __init__(self, plan: str, kit: str) -> None:
        self.seed: int | None = None
        self.pipe, theirs = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=serve, args=(theirs, plan, kit), daemon=True)
        self.process.start()
        theirs.close()

    def begin(self, seed: int) -> None:
        """Give it a seed; that it is dead is heard later."""
        self.seed = seed
        try:
            self.pipe.send(seed)
        except OSError:
            return

    def told(self) -> Heard:
        """What it says; called when there is something to read, be it that it has died."""
        seed, self.seed = self.seed, None
        assert seed is not None, "a child speaks when it was asked"
        try:
            return msgspec.json.decode(self.pipe.recv_bytes(), type=Reported)
        except (EOFError, OSError):
            self.process.join()
            return Lost(seed=seed, why=f"its process ended with {self.process.exitcode}")

    def end(self) -> None:
        """End it, whatever it is at."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


def serve(pipe: "Connection[bytes, int]", plan: str, kit: str) -> None:
    """Search what comes through the pipe, until nobody is at its other end."""
    # Ctrl-C goes to all processes of a terminal; the campaign's own hears it, and ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        while True:
            pipe.send_bytes(search_here(pipe.recv(), plan, kit))
    except (EOFError, OSError):
        return


class LocalSearchers:
    """So many processes of this machine."""

    def __init__(self, plan: str, kit: str, jobs: int) -> None:
        self.plan, self.kit = plan, kit
        self.idle = deque(Child(plan, kit) for _ in range(jobs))
        self.busy: dict[Connection[int, bytes], Child] = {}

    def room(self) -> int:
        """One seed for each process that has none."""
        return len(self.idle)

    def begin(self, seed: int) -> None:
        """Give it to a process that has none."""
        child = self.idle.popleft()
        child.begin(seed)
        self.busy[child.pipe] = child

    def heard(self, patience: float) -> list[Heard]:
        """What became of seeds; a process that died is replaced."""
        ready = wait(list(self.busy), patience)
        return [self.ended(self.busy.pop(pipe)) for pipe in list(self.busy) if pipe in ready]

    def ended(self, child: Child) -> Heard:
        """What a process says; it, or its successor, is idle then."""
        heard = child.told()
        if isinstance(heard, Lost):
            child.end()
            child = Child(self.plan, self.kit)
        self.idle.append(child)
        return heard

    def close(self) -> None:
        """End all of them."""
        for child in (*self.idle, *self.busy.values()):
            child.end()
