"""When containers died, as the engine's own event stream tells it.

`kill` returns 90 ms after the process is gone, and a poll knows only that something happened
since. The engine's `die` event carries the exit code and the moment, so it is both the proof of
a kill and the time of it. One thread per run listens for all sites.
"""

import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from runall_harness.contract.errors import KitCannotRun

from .engine import Engine, asking, reachable_errors
from .ownership import RUN

WhenDead = Callable[["Death"], None]


class Death(NamedTuple):
    """One end of a container: its exit code, and when the engine saw it (seconds, wall clock)."""

    code: int
    at: float


class Deaths:
    """Listens to the engine's events for one run, until it is closed.

    `lost` is why the engine can no longer be heard, or None while it can.
    """

    def __init__(self, engine: Engine, run: str) -> None:
        self.lost: str | None = None
        self._closing = False
        self._changed = threading.Condition()
        self._seen: dict[str, list[Death]] = defaultdict(list)
        self._watchers: dict[str, WhenDead] = {}
        self._alarms: set[Callable[[], None]] = set()
        with asking("tell its events"):
            self._stream: Any = engine.client.events(
                decode=True, filters={"type": "container", "event": "die", "label": f"{RUN}={run}"}
            )
        self._thread = threading.Thread(target=self._listen, name="runall-events", daemon=True)
        self._thread.start()

    def follow(self, container: str, when_dead: WhenDead) -> None:
        """Call `when_dead` at each death of that container, from the listening thread."""
        with self._changed:
            self._watchers[container] = when_dead

    def forget(self, container: str) -> None:
        """Drop what is known of a container that is removed."""
        with self._changed:
            self._watchers.pop(container, None)
            self._seen.pop(container, None)

    def alarm(self, wake: Callable[[], None]) -> None:
        """Call `wake` when the engine is lost."""
        with self._changed:
            self._alarms.add(wake)

    def disarm(self, wake: Callable[[], None]) -> None:
        """Take back an alarm."""
        with self._changed:
            self._alarms.discard(wake)

    def count(self, container: str) -> int:
        """How often that container has died so far."""
        with self._changed:
            return len(self._seen[container])

    def wake(self) -> None:
        """Make those who wait look again."""
        with self._changed:
            self._changed.notify_all()

    def next_after(
        self, container: str, count: int, within: float, hopeless: Callable[[], bool] = bool
    ) -> Death | None:
        """The death after the first `count` ones; None after `within` seconds or once hopeless.

        Raises:
            KitCannotRun: the engine is lost.
        """

        def settled() -> bool:
            return len(self._seen[container]) > count or self.lost is not None or hopeless()

        with self._changed:
            self._changed.wait_for(settled, within)
            deaths = self._seen[container]
        if len(deaths) > count:
            return deaths[count]
        self.check()
        return None

    def check(self) -> None:
        """Raise KitCannotRun if the engine is lost."""
        if self.lost is not None:
            raise KitCannotRun(
                f"the container engine went away during the run ({self.lost})",
                "see why it ended, start it again, and run `runall clean` before the next run",
            )

    def close(self) -> None:
        """Stop listening. Safe to call twice."""
        self._closing = True
        # The library closes a socket that may be gone already, by ways that differ per transport.
        with suppress(*reachable_errors(), AttributeError, ValueError):
            self._stream.close()
        self._thread.join(timeout=5)

    def _listen(self) -> None:
        reason = "its event stream ended"
        try:
            for event in self._stream:
                self._take(event)
        except (*reachable_errors(), AttributeError, ValueError) as error:
            reason = str(error) or type(error).__name__
        if not self._closing:
            self._lose(reason)

    def _take(self, event: dict[str, Any]) -> None:
        actor: dict[str, Any] = event.get("Actor") or {}
        attributes: dict[str, str] = actor.get("Attributes") or {}
        container = str(actor.get("ID") or event.get("id"))
        # Podman gives the code another name.
        code = attributes.get("exitCode") or attributes.get("containerExitCode") or "-1"
        death = Death(int(code), int(event.get("timeNano") or 0) / 1e9)
        with self._changed:
            self._seen[container].append(death)
            watcher = self._watchers.get(container)
            self._changed.notify_all()
        if watcher is not None:
            watcher(death)

    def _lose(self, reason: str) -> None:
        with self._changed:
            self.lost = reason
            alarms = list(self._alarms)
            self._changed.notify_all()
        for wake in alarms:
            wake()
