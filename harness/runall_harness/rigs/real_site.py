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

from .base import CrashPoint, NodeSpec
from .faults import EVERYWHERE

T = TypeVar("T")

# The order to crash in a node's data folder, and what the daemon renames it to when it obeys.
ORDERED, FIRED = "failpoint.json", "failpoint.fired"
# Seconds between two polls when nothing is reported.
SAFETY_POLL = 0.25
# Several beats long, in seconds: after this silence a job's process is looked up.
SILENCE = 0.4


def abilities(store: tuple[str, int] | None) -> frozenset[str]:
    """The faults of a real rig whose nodes share a store at that address, or a file if None.

    A partition can separate a node from a store on the network, but from no file.
    """
    return EVERYWHERE | frozenset({"netstore"} if store else ())


class Changes:
    """Counts changes, and wakes the threads that wait for the next one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.count = 0

    def notify(self) -> None:
        """Count one more change."""
        with self._changed:
            self.count += 1
            self._changed.notify_all()

    def wait(self, seen: int, within: float) -> None:
        """Return once there were more changes than `seen`, or after `within` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self.count != seen, timeout=within)


class RealSite:
    """The part of a site that does not depend on where its nodes live."""

    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self._changes = Changes()
        witness.watch(self.notify)

    def now(self) -> float:
        """The time, in seconds since 1970, on the clock that stamps what the jobs write."""
        return self.witness.now()

    def notify(self) -> None:
        """Wake the threads in `wait`: something may have changed."""
        self._changes.notify()

    def wait(self, condition: Callable[[], T | None], within: float) -> T | None:
        """The condition's first true value, or None after `within` seconds.

        Raises:
            KitCannotRun: the place of the nodes is lost.
        """
        deadline = time.monotonic() + within
        while True:
            seen = self._changes.count
            self.check()
            if value := condition():
                return value
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self._changes.wait(seen, min(left, SAFETY_POLL))

    def check(self) -> None:
        """Raise `KitCannotRun` if the engine of the nodes is lost; without one, do nothing."""

    def executions(self) -> Sequence[Execution]:
        """All executions so far, oldest first; processes of silent ones have been looked up."""
        found = self.witness.executions()
        silent = [e for e in found if e.how == "running" and self.now() - e.beat_at > SILENCE]
        lost = [execution for execution in silent if self.job_gone(execution)]
        for execution in lost:
            self.witness.execution_died(execution.id, execution.beat_at)
        return self.witness.executions() if lost else found

    def running_jobs(self, node: str) -> list[Execution]:
        """The executions that run on that node."""
        return [e for e in self.executions() if e.node == node and e.how == "running"]

    def release(self, tag: str) -> None:
        """Let all present and future jobs of that tag end."""
        self.witness.release(tag)

    def route(self, frm: str, host: str, port: int) -> tuple[str, int]:
        """The address at which a node reaches a server that is no node: the same for all nodes."""
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
        """Raise `NotImplementedError`: the clock of all nodes is that of this machine."""
        raise NotImplementedError(f"{node} can't be {ahead:+g} s off: it has this machine's clock")

    def write_files(self, spec: NodeSpec) -> None:
        """Write the files that a node finds in its data folder when it starts."""
        for name, text in spec.files.items():
            path = self.data_folder(spec.name) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    # ------------------------------------------------------------------ failpoints
    def arm(self, node: str, point: CrashPoint) -> None:
        """Ask the node's daemon, or its next start, to crash at that point, once."""
        folder = self.data_folder(node)
        (folder / FIRED).unlink(missing_ok=True)
        draft = folder / f"{ORDERED}.new"
        draft.write_bytes(msgspec.json.encode(point))
        draft.rename(folder / ORDERED)

    def disarm(self, node: str) -> bool:
        """Withdraw the order to crash. False: there is none, or the daemon has taken it up."""
        try:
            (self.data_folder(node) / ORDERED).unlink()
        except FileNotFoundError:
            return False
        return True

    def crashed(self, node: str, within: float) -> Proof:
        """Wait for the crash that was ordered; then end what is left of the node.

        The crash is proven if the daemon took the order and ended by SIGKILL, which the rig did not
        send.
        """
        ended = self.wait(lambda: not self.alive(node), within)
        fired = (self.data_folder(node) / FIRED).exists()
        killed, how = self.end_remaining(node) if ended else (False, "it lives")
        evidence = f"{how}; the order to crash was {'' if fired else 'not '}taken up"
        return self.proof("crash", node, killed and fired, evidence)

    def alive(self, node: str) -> bool:
        """Whether the node's daemon exists."""
        raise NotImplementedError

    def data_folder(self, node: str) -> Path:
        """The node's data folder as the harness sees it."""
        raise NotImplementedError

    def end_remaining(self, node: str) -> tuple[bool, str]:
        """End the processes of a dead daemon; return whether SIGKILL ended it, and how it ended."""
        raise NotImplementedError

    def job_gone(self, execution: Execution) -> bool:  # noqa: ARG002 - for subclasses
        """Whether the process of an execution that missed several beats is certainly gone.

        False for a rig that cannot look: then the job counts as running until its node dies.
        """
        return False
