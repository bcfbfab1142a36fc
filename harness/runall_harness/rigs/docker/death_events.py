"""Records when containers died, from the engine's own event stream.

The engine answers a kill 90 ms after the process is gone, and a poll would only show that it died
after the last poll. The engine's `die` event carries the exit code and the moment, so it is the
proof of a kill and its time. One thread per run listens for all sites.
"""

import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from runall_harness.contract.errors import KitCannotRun

from .engine import ENGINE_ERRORS, Engine, asking
from .ownership import RUN

OnDeath = Callable[["Death"], None]


class Death(NamedTuple):
    """One end of a container: its exit code, and when the engine saw it (seconds, wall clock)."""

    code: int
    at: float


class DeathEvents:
    """Listens to the engine's events for one run, until it is closed.

    `lost` is the reason why no more events can arrive, or None while they can.
    """

    def __init__(self, engine: Engine, run: str) -> None:
        self.lost: str | None = None
        self._closed = False
        self._changed = threading.Condition()
        self._seen: dict[str, list[Death]] = defaultdict(list)
        self._listeners: dict[str, OnDeath] = {}
        filters = {"type": "container", "event": "die", "label": f"{RUN}={run}"}
        with asking("send its events"):
            self._stream: Any = engine.client.events(decode=True, filters=filters)
        self._thread = threading.Thread(target=self._listen, name="runall-events", daemon=True)
        self._thread.start()

    def follow(self, container: str, on_death: OnDeath) -> None:
        """Call `on_death` at each death of that container, from the listening thread."""
        with self._changed:
            self._listeners[container] = on_death

    def forget(self, container: str) -> None:
        """Forget the deaths of a container that was removed."""
        with self._changed:
            self._listeners.pop(container, None)
            self._seen.pop(container, None)

    def count(self, container: str) -> int:
        with self._changed:
            return len(self._seen[container])

    def wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def next_after(
        self, container: str, count: int, within: float, give_up: Callable[[], bool] = bool
    ) -> Death | None:
        """The death after the first `count`; None after `within` seconds, or once `give_up` holds.

        Raises `KitCannotRun` if the engine is lost.
        """

        def decided() -> bool:
            return len(self._seen[container]) > count or self.lost is not None or give_up()

        with self._changed:
            self._changed.wait_for(decided, within)
            deaths = self._seen[container]
        if len(deaths) > count:
            return deaths[count]
        self.check()
        return None

    def check(self) -> None:
        if self.lost is not None:
            raise KitCannotRun(
                f"the container engine went away during the run ({self.lost})",
                "see why it ended, start it again, and run `runall clean` before the next run",
            )

    def close(self) -> None:
        self._closed = True
        # The library closes a socket that may be gone already, by ways that differ per transport.
        with suppress(*ENGINE_ERRORS, AttributeError, ValueError):
            self._stream.close()
        self._thread.join(timeout=5)

    def _listen(self) -> None:
        reason = "its event stream ended"
        try:
            for event in self._stream:
                self._record(event)
        except (*ENGINE_ERRORS, AttributeError, ValueError) as error:
            reason = str(error) or type(error).__name__
        if not self._closed:
            with self._changed:
                self.lost = reason
                self._changed.notify_all()

    def _record(self, event: dict[str, Any]) -> None:
        actor: dict[str, Any] = event.get("Actor") or {}
        attributes: dict[str, str] = actor.get("Attributes") or {}
        container = str(actor.get("ID") or event.get("id"))
        # Podman gives the code another name.
        code = attributes.get("exitCode") or attributes.get("containerExitCode") or "-1"
        death = Death(int(code), int(event.get("timeNano") or 0) / 1e9)
        with self._changed:
            self._seen[container].append(death)
            listener = self._listeners.get(container)
            self._changed.notify_all()
        if listener is not None:
            listener(death)
