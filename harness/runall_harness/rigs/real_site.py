"""The common part of the real rigs: time that passes by itself, and waiting for the jobs' reports.

Real daemons act at any time, so the harness waits for one signal. It is given by the witness when a
job starts or ends, by a rig when a node dies, and by a client that saw the API change. A slow poll
beside it finds what no event reports, such as a missing beat.
"""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from runall_harness.evidence.facts import Execution, Proof
from runall_harness.evidence.witness import Witness

from .base import CrashPoint, NodeSpec, Place
from .faults import EVERYWHERE, FAULTS
from .wall_clock import READ_CLOCK, WallClock, find_library, with_clock

T = TypeVar("T")

# The order to crash in a node's data folder, and what the daemon renames it to when it obeys.
ORDERED, FIRED = "failpoint.json", "failpoint.fired"
# Seconds between two polls when nothing is reported.
SAFETY_POLL = 0.25
# After a silence of so many beats a job's process is looked up.
SILENT_BEATS = 4


def abilities() -> frozenset[str]:
    """Those of every rig, and those for which this machine has what they need."""
    return FAULTS if find_library() else EVERYWHERE


class RealSite:
    """The part of a site that does not depend on where its nodes live."""

    # Whether its nodes see only those files of this machine that are lent to them.
    apart = False

    def __init__(self, witness: Witness, *, clocks: bool = False) -> None:
        self.witness, self._clocks = witness, clocks
        self._clock_of: dict[str, WallClock] = {}
        self._changed = threading.Condition()
        self._changes = 0
        witness.watch(self.notify)

    def now(self) -> float:
        return self.witness.now()

    def notify(self) -> None:
        with self._changed:
            self._changes += 1
            self._changed.notify_all()

    def wait(self, condition: Callable[[], T | None], within: float) -> T | None:
        """As `Site` says. Raises `KitCannotRun` when the place of the nodes is lost."""
        deadline = time.monotonic() + within
        while True:
            seen = self._changes
            self.check()
            if value := condition():
                return value
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            with self._changed:
                if self._changes == seen:
                    self._changed.wait(min(left, SAFETY_POLL))

    def has_image(self, name: str) -> bool:  # noqa: ARG002 - only containers have images
        return False

    def check(self) -> None:
        """Raise `KitCannotRun` if the engine of the nodes is lost; without one, do nothing."""

    def executions(self) -> Sequence[Execution]:
        """All executions so far, oldest first; processes of silent ones have been looked up."""
        found = self.witness.executions()
        now, beat = self.now(), self.witness.beat
        running = [e for e in found if e.how == "running"]
        silent = [e for e in running if now - e.beat_at > SILENT_BEATS * beat(e.id)]
        lost = [execution for execution in silent if self.job_gone(execution)]
        for execution in lost:
            self.witness.execution_died(execution.id, execution.beat_at)
        return self.witness.executions() if lost else found

    def word(self, event: str) -> str:
        return self.witness.word(event)

    def strangers(self) -> Sequence[str]:
        return self.witness.strangers()

    def running_jobs(self, node: str) -> list[Execution]:
        return [e for e in self.executions() if e.node == node and e.how == "running"]

    def release(self, tag: str) -> None:
        self.witness.release(tag)

    def route(self, frm: str, host: str, port: int) -> tuple[str, int]:
        del frm
        return host, port

    def proof(
        self, kind: str, node: str, proven: bool, evidence: str, at: float | None = None
    ) -> Proof:
        """The proof of a fault, at that time or now; it wakes the threads in `wait`."""
        self.notify()
        moment = self.now() if at is None else at
        return Proof(kind=kind, node=node, at=moment, proven=proven, evidence=evidence)

    def set_clock(self, node: str, ahead: float) -> Proof:
        if not self._clocks:
            raise NotImplementedError(f"{node} can't be {ahead:+g} s off: it has no own clock")
        clock = self._clock(node)
        clock.set(ahead)
        if not self.alive(node):
            return self.proof("clock", node, True, f"its next start is {clock.ahead:+g} s off")
        proven, evidence = clock.judge(self.in_shell(node, READ_CLOCK), time.time())
        return self.proof("clock", node, proven, evidence)

    def _clock(self, node: str) -> WallClock:
        if node not in self._clock_of:
            self._clock_of[node] = WallClock(self.data_folder(node))
        return self._clock_of[node]

    def prepared(self, spec: NodeSpec) -> NodeSpec:
        """The node as this site starts it; its files are written."""
        self.write_files(spec)
        if not self._clocks:
            return spec
        self._clock(spec.name)
        return with_clock(spec, self.place(spec.name).data, lent=self.apart)

    def write_files(self, spec: NodeSpec) -> None:
        for name, text in spec.files.items():
            path = self.data_folder(spec.name) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    def arm(self, node: str, point: CrashPoint) -> None:
        folder = self.data_folder(node)
        (folder / FIRED).unlink(missing_ok=True)
        draft = folder / f"{ORDERED}.new"
        draft.write_bytes(msgspec.json.encode(point))
        draft.rename(folder / ORDERED)

    def disarm(self, node: str) -> bool:
        try:
            (self.data_folder(node) / ORDERED).unlink()
        except FileNotFoundError:
            return False
        return True

    def crashed(self, node: str, within: float) -> Proof:
        """The crash is proven if the daemon took the order and ended by a SIGKILL of its own."""
        ended = self.wait(lambda: not self.alive(node), within)
        fired = (self.data_folder(node) / FIRED).exists()
        killed, how = self.end_remaining(node) if ended else (False, "it lives")
        evidence = f"{how}; the order to crash was {'' if fired else 'not '}taken up"
        return self.proof("crash", node, killed and fired, evidence)

    def alive(self, node: str) -> bool:
        raise NotImplementedError

    def place(self, node: str) -> Place:
        raise NotImplementedError

    def kill_command(self, node: str) -> str:
        """What a person types to kill that node, as it runs now."""
        raise NotImplementedError

    def in_shell(self, node: str, script: str) -> str:
        """What a shell in the environment of a node that runs prints; $1 is its daemon."""
        raise NotImplementedError

    def data_folder(self, node: str) -> Path:
        """The node's data folder as the harness sees it."""
        raise NotImplementedError

    def end_remaining(self, node: str) -> tuple[bool, str]:
        """End the processes of a dead daemon; return whether SIGKILL ended it, and how it ended."""
        raise NotImplementedError

    def job_gone(self, execution: Execution) -> bool:  # noqa: ARG002 - for subclasses
        """Whether a silent execution has certainly no process; False for a rig that can't look."""
        return False
