"""One node in its container, from the first start to the last.

A server that returns is the same container, started again: it keeps its data folder, its address
and its log. The container is replaced only when the node is started with another specification.
"""

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from typing import Any

import psutil

from runall_harness.contract.errors import KitCannotRun

from ..base import NodeSpec, StopTo
from .container_shell import SUPERVISOR, SUPERVISOR_FOLDER, ContainerShell, ScriptResult
from .containers import create_container
from .death_events import Death, DeathEvents, OnDeath
from .engine import ENGINE_ERRORS, Engine, asking
from .networks import Network
from .ownership import NODE
from .site_networks import Endpoint

DATA = "/runall/data"
WITNESS = "/runall/witness"
# From SIGKILL to the engine's die event, in seconds: usually 0.05; a busy machine needs more.
KILL_WITHIN = 30.0


@dataclass(frozen=True)
class ContainerSettings:
    """What all containers of a node have in common.

    `data`, `witness` and `shared` are folders of this machine. So is `supervisor`, for a node
    whose daemon can be killed apart from its jobs; it is None for others.
    """

    name: str
    image: str
    labels: Mapping[str, str]
    endpoint: Endpoint
    data: Path
    witness: Path
    shared: Path
    supervisor: Path | None = None

    def make_folders(self, spec: NodeSpec) -> dict[str, str]:
        """The folders that the node may write to, by their path in the container."""
        folders = {DATA: self.data, WITNESS: self.witness}
        if self.supervisor:
            folders[SUPERVISOR_FOLDER] = self.supervisor
        folders |= {path: self.data / name for path, name in spec.keep.items()}
        folders |= {path: self.shared / name for path, name in spec.shared.items()}
        for folder in folders.values():
            if not folder.is_dir():
                folder.mkdir(parents=True)
                folder.chmod(0o777)  # an image may run its daemon as any user
        return {path: str(folder) for path, folder in folders.items()}


class NodeContainer:
    """The container of one node. `on_death` is called at each of its deaths."""

    def __init__(
        self, engine: Engine, deaths: DeathEvents, settings: ContainerSettings, on_death: OnDeath
    ) -> None:
        self.settings = settings
        self.id: str | None = None
        self._engine, self._deaths, self._on_death = engine, deaths, on_death
        self._api: Any = engine.client.api
        self._spec: NodeSpec | None = None
        self._earlier_log = ""
        self._frozen = self._orphaned = False

    @property
    def node(self) -> str:
        return self.settings.labels[NODE]

    @property
    def shell(self) -> ContainerShell:
        return ContainerShell(self._api, str(self.id), self.settings.name)

    def start(self, spec: NodeSpec) -> None:
        """Start the node, in a new container if the spec is new. Raises `ValueError` if it runs."""
        if self.alive():
            raise ValueError(f"{spec.name} runs already")
        if self.running():
            self._restart_daemon(spec)
            return
        if spec != self._spec:
            self._replace(spec)
        self._forget_daemon()
        with asking(f"start {spec.name}"):
            self._api.start(self.id)

    def _restart_daemon(self, spec: NodeSpec) -> None:
        if spec != self._spec:
            raise ValueError(f"{spec.name} has orphans, and can be started as before only")
        result = self.shell.inject("restart", SUPERVISOR_FOLDER)
        if not result.proven:
            raise KitCannotRun(f"{spec.name} did not start again: {result.text}", "see its log")
        self._orphaned = False

    def _forget_daemon(self) -> None:
        """Remove what the supervisor wrote about the daemon of an earlier start."""
        self._orphaned = False
        for file in self.settings.supervisor.iterdir() if self.settings.supervisor else ():
            file.unlink()

    def _replace(self, spec: NodeSpec) -> None:
        self._earlier_log = self.log()
        self.remove()
        with asking(f"create a container for {spec.name}"):
            self.id = self._create(spec)
        self._spec = spec
        self._deaths.follow(self.id, self._on_death)

    def _create(self, spec: NodeSpec) -> str:
        settings, connection = self.settings, self.settings.endpoint.connection
        named = {"hostname": spec.name.lower()} if connection.address else {}
        return create_container(
            self._engine,
            connection,
            writable=settings.make_folders(spec),
            readable=spec.lent,
            image=spec.image or settings.image,
            **self._command(spec),
            name=settings.name,
            user=self._engine.user,
            labels=dict(settings.labels),
            environment={"RUNALL_NODE": spec.name, "RUNALL_WITNESS": WITNESS, **spec.env},
            **named,
        )

    def _command(self, spec: NodeSpec) -> dict[str, Any]:
        """The daemon, or its supervisor. A node's command replaces the image's entry point too."""
        command = list(spec.command)
        if self.settings.supervisor:
            words = command or self._image_command(spec.image or self.settings.image)
            entrypoint = ["sh", "-c", SUPERVISOR, "supervisor", SUPERVISOR_FOLDER]
            return {"entrypoint": entrypoint, "command": words}
        return {"entrypoint": command[:1] or None, "command": command[1:] or None}

    def _image_command(self, image: str) -> list[str]:
        with asking(f"inspect the image {image}"):
            config: Mapping[str, Any] = self._api.inspect_image(image)["Config"]
        return [*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ())]

    def state(self) -> Mapping[str, Any]:
        return self.inspect().get("State") or {}

    def inspect(self) -> Mapping[str, Any]:
        if self.id is not None:
            with asking(f"inspect {self.settings.name}", missing_ok=True):
                return self._api.inspect_container(self.id)
        return {}

    def running(self) -> bool:
        return bool(self.state().get("Running"))

    def alive(self) -> bool:
        return not self._orphaned and self.running()

    def kill(self) -> Death | None:
        """SIGKILL everything in the container; return its death, or None if no event came in time.

        The engine answers the request long after the kill, so the answer is not awaited.
        """
        seen = self._count_deaths()
        refused = threading.Event()

        def send() -> None:
            try:
                self._api.kill(self.id, "SIGKILL")
            except ENGINE_ERRORS:
                refused.set()
                self._deaths.wake()

        threading.Thread(target=send, name="runall-kill", daemon=True).start()
        return self._deaths.next_after(str(self.id), seen, KILL_WITHIN, refused.is_set)

    def stop(self, grace: float, to: StopTo | None) -> tuple[Death | None, ScriptResult]:
        """Send the stop signal; return the death, if any within `grace` s, and its receivers."""
        seen = self._count_deaths()
        sent = self.begin_stop(to)
        return self._deaths.next_after(str(self.id), seen, grace), sent

    def begin_stop(self, to: StopTo | None = None) -> ScriptResult:
        """Send the stop signal and return its receivers."""
        assert self._spec is not None
        return self._send(Signals[self._spec.stop_signal], to or self._spec.stop_to)

    def _send(self, signal: Signals, to: StopTo) -> ScriptResult:
        if to == "group":
            name = signal.name.removeprefix("SIG")
            return self.shell.inject("group", SUPERVISOR_FOLDER, name, signal.value)
        with asking(f"send {signal.name} to {self.settings.name}"):
            self._api.kill(self.id, signal.name)
        return ScriptResult(True, f"{signal.name} to the daemon")

    def kill_daemon(self) -> ScriptResult:
        result = self.shell.inject("daemon", SUPERVISOR_FOLDER)
        self._orphaned = result.proven
        return result

    def _count_deaths(self) -> int:
        self._frozen = False
        return self._deaths.count(str(self.id))

    def pause(self) -> None:
        with asking(f"pause {self.settings.name}"):
            self._api.pause(self.id)
        self._frozen = True

    def pids(self) -> set[int]:
        """The ids of its processes on this machine; none where the engine is on another one."""
        with suppress(psutil.NoSuchProcess):
            if self._engine.native and (pid := self.init()):
                return {pid, *(each.pid for each in psutil.Process(pid).children(recursive=True))}
        return set()

    def init(self) -> int:
        """The id of its first process, as the engine sees it; 0 if it does not run."""
        return int(self.state().get("Pid") or 0)

    def unpause(self) -> None:
        with asking(f"unpause {self.settings.name}"):
            self._api.unpause(self.id)
        self._frozen = False

    def disconnect(self, network: Network) -> None:
        with asking(f"disconnect {self.settings.name}"):
            self._api.disconnect_container_from_network(self.id, network.handle.id)

    def reconnect(self, network: Network) -> None:
        with asking(f"connect {self.settings.name}"):
            self._api.connect_container_to_network(
                self.id,
                network.handle.id,
                ipv4_address=self.settings.endpoint.host,
                aliases=[self.node.lower()],
            )

    def address_on(self, network: Network) -> str | None:
        """The container's address on that network, as the engine reports it; None for none."""
        settings: dict[str, Any] = self.inspect().get("NetworkSettings") or {}
        networks: dict[str, Any] = settings.get("Networks") or {}
        end = networks.get(network.name)
        return None if end is None else str(end.get("IPAddress"))

    def lost_process(self, pid: int) -> bool:
        """Whether the process with that id in the container is certainly gone."""
        return not self._frozen and self.running() and self.shell.lacks(pid)

    def log(self) -> str:
        if self.id is not None:
            with asking(f"read the log of {self.settings.name}", missing_ok=True):
                printed: bytes = self._api.logs(self.id, stdout=True, stderr=True)
                return self._earlier_log + printed.decode("utf-8", "replace")
        return self._earlier_log

    def remove(self) -> None:
        if self.id is None:
            return
        with asking(f"remove {self.settings.name}", missing_ok=True):
            self._api.remove_container(self.id, force=True, v=True)
        self._deaths.forget(self.id)
        self.id = None
