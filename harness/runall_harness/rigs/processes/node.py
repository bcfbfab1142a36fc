"""One node of the processes rig: a daemon in a session of its own, a folder, a log."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from runall_harness.contract.errors import KitCannotRun

from ..base import NodeSpec, Place, StopTo
from .process_tree import Kin

NODE_MARKER = "RUNALL_NODE"
WITNESS_MARKER = "RUNALL_WITNESS"
DAEMON: StopTo = "daemon"


def ignore_nothing_for_good() -> None:
    """Let no node inherit that this process ignores a signal.

    A shell lets a command in its background ignore SIGINT and SIGQUIT, and nohup SIGHUP: all are
    signals by which a node may be stopped. A handler that does nothing is as deaf, and a new
    program does not inherit it.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for which in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(which) is signal.SIG_IGN:
            signal.signal(which, hear_nothing)


def hear_nothing(signum: int, frame: object) -> None:
    """Take a signal, and do nothing about it."""


class NodeProcess:
    """A node that can be started again and again; all its starts share one log and one data.

    `now` is the clock of its site.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        place: Place,
        markers: Mapping[str, str],
        now: Callable[[], float],
    ) -> None:
        self.name, self.place, self.folder, self.now = name, place, folder, now
        self.exited = threading.Event()
        self.kin = Kin({**markers, NODE_MARKER: name})
        self.stop_signal, self.stop_to = signal.SIGTERM, DAEMON
        self._daemon: subprocess.Popen[bytes] | None = None
        self._markers = {**markers, NODE_MARKER: name, WITNESS_MARKER: place.witness}
        self.exited.set()
        for needed in (folder / "home", Path(place.data)):
            needed.mkdir(parents=True, exist_ok=True)

    @property
    def log(self) -> Path:
        """What all starts printed."""
        return self.folder / "log"

    @property
    def alive(self) -> bool:
        """Whether the daemon runs; a frozen one does."""
        return not self.exited.is_set()

    @property
    def pid(self) -> int:
        """The process id of the daemon's last start; 0 before the first."""
        return self._daemon.pid if self._daemon is not None else 0

    @property
    def code(self) -> int | None:
        """The exit status of the daemon's last start, negative for a signal; None if it runs."""
        return self._daemon.returncode if self._daemon is not None else None

    @property
    def status(self) -> str:
        """How the daemon's last start ended, in words."""
        if (code := self.code) is None:
            return "no exit status"
        return f"exit status {code}" if code >= 0 else f"ended by {signal.Signals(-code).name}"

    def start(self, spec: NodeSpec, on_exit: Callable[[], None]) -> None:
        """Start the daemon; `on_exit` is called, in another thread, whenever this start ends.

        Raises `ValueError` if it runs already, `KitCannotRun` if it cannot be started.
        """
        if self.alive:
            raise ValueError(f"the node {self.name} runs already")
        self._daemon = self._launch(spec)
        self.stop_signal, self.stop_to = signal.Signals[spec.stop_signal], spec.stop_to
        self.exited.clear()
        self.kin.add_session(self._daemon.pid)
        watch = threading.Thread(
            target=self._reap, args=(self._daemon, on_exit), name=f"reap {self.name}", daemon=True
        )
        watch.start()

    def _launch(self, spec: NodeSpec) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            try:
                return subprocess.Popen(
                    spec.command,
                    env=self._environment(spec),
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise KitCannotRun(
                    f"the node {self.name} cannot be started: {error}",
                    f"see whether {spec.command[0]!r} is installed and can be executed",
                ) from error

    def _environment(self, spec: NodeSpec) -> dict[str, str]:
        """Clean, so that no setting of the user's shell decides a case; the marks come last."""
        clean = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder / "home"),
            "LANG": "C.UTF-8",
        }
        return {**clean, **spec.env, **self._markers}

    def _reap(self, daemon: subprocess.Popen[bytes], on_exit: Callable[[], None]) -> None:
        daemon.wait()
        self.exited.set()
        on_exit()

    def signal_daemon(self, number: signal.Signals) -> float:
        """Signal the daemon alone. Returns the time at which it was sent."""
        sent_at = self.now()
        if self._daemon is not None and self.alive:
            self._daemon.send_signal(number)
        return sent_at
