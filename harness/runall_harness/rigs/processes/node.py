"""One node of the processes rig: a daemon in a session of its own, with a folder and a log."""

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from runall_harness.contract.errors import KitCannotRun

from ..base import NodeSpec, Place, StopTo
from .process_tree import ProcessTree

NODE_MARKER = "RUNALL_NODE"
WITNESS_MARKER = "RUNALL_WITNESS"


def stop_ignoring_signals() -> None:
    """Replace ignored stop signals of this process by a handler that does nothing.

    A shell lets a command in its background ignore SIGINT and SIGQUIT, and nohup SIGHUP. Nodes
    would inherit that and could not be stopped by these signals; they inherit no handler.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for which in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(which) is signal.SIG_IGN:
            signal.signal(which, lambda _number, _frame: None)


class NodeProcess:
    """A node that can be started again and again; all its starts share one log and one data folder.

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
        self.log = folder / "log"
        self.exited = threading.Event()
        self.tree = ProcessTree({**markers, NODE_MARKER: name})
        self.stop_signal = signal.SIGTERM
        self.stop_to: StopTo = "daemon"
        self._daemon: subprocess.Popen[bytes] | None = None
        self._spec: NodeSpec | None = None
        self.exited.set()
        for needed in (folder / "home", Path(place.data)):
            needed.mkdir(parents=True, exist_ok=True)

    @property
    def alive(self) -> bool:
        return not self.exited.is_set()

    @property
    def pid(self) -> int:
        """The process id of the daemon's last start; 0 before the first."""
        return self._daemon.pid if self._daemon is not None else 0

    @property
    def was_killed(self) -> bool:
        return self._daemon is not None and self._daemon.returncode == -signal.SIGKILL

    @property
    def status(self) -> str:
        """How the daemon's last start ended, in words."""
        code = self._daemon.returncode if self._daemon is not None else None
        if code is None:
            return "no exit status"
        return f"exit status {code}" if code >= 0 else f"ended by {signal.Signals(-code).name}"

    def start(self, spec: NodeSpec, on_exit: Callable[[], None]) -> None:
        """Start the daemon; `on_exit` is called, in another thread, whenever this start ends."""
        if self.alive:
            raise ValueError(f"the node {self.name} runs already")
        self._spec = spec
        daemon = self._daemon = self._launch(spec)
        self.stop_signal, self.stop_to = signal.Signals[spec.stop_signal], spec.stop_to
        self.exited.clear()
        self.tree.add_session(daemon.pid)

        def await_exit() -> None:
            daemon.wait()
            self.exited.set()
            on_exit()

        threading.Thread(target=await_exit, name=f"exit of {self.name}", daemon=True).start()

    def _launch(self, spec: NodeSpec) -> subprocess.Popen[bytes]:
        environment = self._environment(spec)
        # What can't be found is started as it is: then the system says so.
        found = shutil.which(spec.command[0], path=environment["PATH"])
        joining = [word for group in self.tree.groups for word in group.joined()] if found else []
        with self.log.open("ab") as log:
            try:
                return subprocess.Popen(
                    [*joining, *spec.command],
                    env=environment,
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
        """A clean environment, so that no setting of the user's shell decides a case."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder / "home"),
            "LANG": "C.UTF-8",
            **spec.env,
            # Last, because the kit finds its processes by these.
            **self.tree.markers,
            WITNESS_MARKER: self.place.witness,
        }

    def in_shell(self, script: str) -> str:
        """What a shell in this node's environment prints; $1 is the daemon's process id."""
        assert self._spec is not None
        words = ["/bin/sh", "-c", script, "sh", str(self.pid)]
        done = subprocess.run(words, env=self._environment(self._spec), capture_output=True)
        return (done.stdout + done.stderr).decode("utf-8", "replace")

    def signal_daemon(self, number: signal.Signals) -> float:
        """Signal the daemon alone. Returns the time at which it was sent."""
        sent_at = self.now()
        if self._daemon is not None and self.alive:
            self._daemon.send_signal(number)
        return sent_at
