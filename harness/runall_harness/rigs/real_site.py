"""What the real rigs share: time that passes by itself, and waiting for what jobs tell.

Real daemons act whenever they like, so the harness waits on one bell. The witness rings it when
a job starts or ends, a rig when a node dies, a client when it saw the API change. A slow poll
beside it catches what no event tells, such as a beat that stays away.
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

T = TypeVar("T")

# The order to crash in a node's data folder, and what the daemon renames it to when it obeys.
ORDERED, FIRED = "failpoint.json", "failpoint.fired"
SAFETY_POLL = 0.25
# Several beats long: what is silent for this time is worth the cost of a closer look.
SILENCE = 0.4


class Bell:
    """Counts what happened, and wakes who waits for the next thing to happen."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.rings = 0

    def ring(self) -> None:
        """Something happened."""
        with self._changed:
            self.rings += 1
            self._changed.notify_all()

    def wait(self, heard: int, within: float) -> None:
        """Return once there were more rings than `heard`, or after `within` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self.rings != heard, timeout=within)


class RealSite:
    """The half of a site that does not depend on where its nodes live."""

    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self._bell = Bell()
        witness.watch(self._bell.ring)

    def now(self) -> float:
        """The time, in seconds since 1970, on the clock that stamps what the jobs write."""
        return self.witness.now()

    def notify(self) -> None:
        """Wake whoever waits: something may have changed."""
        self._bell.ring()

    def wait(self, condition: Callable[[], T | None], within: float) -> T | None:
        """The condition's first true value, or None after `within` seconds."""
        deadline = time.monotonic() + within
        while True:
            heard = self._bell.rings
            if value := condition():
                return value
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self._bell.wait(heard, min(left, SAFETY_POLL))

    def executions(self) -> Sequence[Execution]:
        """All executions so far, oldest first; the silent ones have been looked at closely."""
        found = self.witness.executions()
        silent = [e for e in found if e.how == "running" and self.now() - e.beat_at > SILENCE]
        lost = [execution for execution in silent if self.job_gone(execution)]
        for execution in lost:
            self.witness.execution_died(execution.id, execution.beat_at)
        return self.witness.executions() if lost else found

    def release(self, tag: str) -> None:
        """Let all present and future jobs of that tag end."""
        self.witness.release(tag)

    def set_clock(self, node: str, ahead: float) -> Proof:
        """Raise `NotImplementedError`: the clock of all nodes is that of this machine."""
        raise NotImplementedError(f"{node} can't be {ahead:+g} s off: it has this machine's clock")

    def furnish(self, spec: NodeSpec) -> None:
        """Write the files that a node finds in its data folder when it starts."""
        for name, text in spec.files.items():
            path = self.data_folder(spec.name) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    # ------------------------------------------------------------------ crashes asked for
    def arm(self, node: str, point: CrashPoint) -> None:
        """Ask the node's daemon, or its next start, to crash at that point, once."""
        folder = self.data_folder(node)
        (folder / FIRED).unlink(missing_ok=True)
        draft = folder / f"{ORDERED}.new"
        draft.write_bytes(msgspec.json.encode(point))
        draft.rename(folder / ORDERED)

    def disarm(self, node: str) -> None:
        """Take the order to crash back."""
        (self.data_folder(node) / ORDERED).unlink(missing_ok=True)

    def crashed(self, node: str, within: float) -> Proof:
        """Wait for the crash that was asked for; what is left of the node dies with its daemon.

        Proven when the daemon took the order up and ended by SIGKILL, which nobody else sent.
        """
        ended = self.wait(lambda: not self.alive(node), within)
        fired = (self.data_folder(node) / FIRED).exists()
        killed, how = self.bury(node) if ended else (False, "it lives")
        evidence = f"{how}; the order to crash was {'' if fired else 'not '}taken up"
        return Proof(
            kind="crash", node=node, at=self.now(), proven=killed and fired, evidence=evidence
        )

    def alive(self, node: str) -> bool:
        """Whether the node's daemon runs."""
        raise NotImplementedError

    def data_folder(self, node: str) -> Path:
        """The node's data folder as the harness sees it."""
        raise NotImplementedError

    def bury(self, node: str) -> tuple[bool, str]:
        """End what a dead daemon left; whether it had died by SIGKILL, and how it ended."""
        raise NotImplementedError

    def job_gone(self, execution: Execution) -> bool:  # noqa: ARG002 - for subclasses
        """Whether the process of a silent execution is certainly gone.

        Asked for a job that missed several beats. A rig that cannot look says False: a job that
        cannot be seen to be dead counts as running until its node dies.
        """
        return False
