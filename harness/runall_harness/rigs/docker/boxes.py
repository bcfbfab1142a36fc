"""One node in its container, from the first start to the last.

A server that comes back is the same container started again: its data folder, its address and
its log stay. It is made anew only when the node is started in another way than before.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runall_harness.rigs.base import NodeSpec
from runall_harness.rigs.docker.benches import Seat, create_container
from runall_harness.rigs.docker.engine import Engine, asking, missing_error, reachable_errors
from runall_harness.rigs.docker.events import Death, Deaths, WhenDead
from runall_harness.rigs.docker.networks import Network
from runall_harness.rigs.docker.ownership import NODE

DATA = "/runall/data"
WITNESS = "/runall/witness"
# From SIGKILL to the engine's word for it: 0.05 s as a rule; a machine at its limits gets this.
KILL_WITHIN = 30.0
# Exit status 0 while that process exists and is no zombie; needs nothing but a shell.
LIVES = """
while read -r key value rest; do
    case "$key$value" in State:Z|State:X) exit 1 ;; esac
done 2>/dev/null <"/proc/$1/status" || exit 1
"""
# A process that leads a group takes the group with it. Gone within two seconds, or status 1.
END_ALL = f"""
lives() ( {LIVES} )
for pid; do kill -9 "-$pid" 2>/dev/null || kill -9 "$pid"; done
tries=0
for pid; do
    while lives "$pid"; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || exit 1
        sleep 0.01
    done
done
exit 0
"""


@dataclass(frozen=True)
class Home:
    """What stays the same over all containers of a node."""

    name: str
    image: str
    labels: Mapping[str, str]
    seat: Seat
    data: Path
    witness: Path
    shared: Path

    def mounts(self, spec: NodeSpec) -> dict[str, Path]:
        """Folders of this machine that the node may write to, by where it finds them."""
        kept = {inside: self.data / name for inside, name in spec.keep.items()}
        common = {inside: self.shared / name for inside, name in spec.shared.items()}
        return {DATA: self.data, WITNESS: self.witness, **kept, **common}


def mounted(folders: Mapping[str, Path]) -> dict[str, str]:
    """These folders, made if need be, as the engine is told of them."""
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)  # an image may run its daemon as any user
    return {inside: str(folder) for inside, folder in folders.items()}


class Box:
    """The container of one node."""

    def __init__(self, engine: Engine, deaths: Deaths, home: Home, when_dead: WhenDead) -> None:
        self.home = home
        self.id: str | None = None
        self._engine, self._deaths, self._when_dead = engine, deaths, when_dead
        self._api: Any = engine.client.api
        self._spec: NodeSpec | None = None
        self._earlier_log = ""
        self._frozen = False

    @property
    def node(self) -> str:
        """The node's name."""
        return self.home.labels[NODE]

    def start(self, spec: NodeSpec) -> None:
        """Start the node's container; make it first if there is none for this spec.

        Raises:
            ValueError: the node runs.
        """
        if self.running():
            raise ValueError(f"{spec.name} runs already")
        if spec != self._spec:
            self._replace(spec)
        with asking(f"start {spec.name}"):
            self._api.start(self.id)

    def _replace(self, spec: NodeSpec) -> None:
        self._earlier_log = self.log()
        self.remove()
        with asking(f"create a container for {spec.name}"):
            self.id = self._create(spec)
        self._spec = spec
        self._deaths.follow(self.id, self._when_dead)

    def _create(self, spec: NodeSpec) -> str:
        home = self.home
        named = {"hostname": spec.name.lower()} if "address" in home.seat.plug else {}
        return create_container(
            self._engine,
            plug=home.seat.plug,
            mounts=mounted(home.mounts(spec)),
            lent=spec.lent,
            image=spec.image or home.image,
            command=list(spec.command) or None,
            name=home.name,
            user=self._engine.user,
            labels=dict(home.labels),
            environment={"RUNALL_NODE": spec.name, "RUNALL_WITNESS": WITNESS, **spec.env},
            **named,
        )

    def state(self) -> Mapping[str, Any]:
        """What the engine says of the container; empty where there is none."""
        return self.inspect().get("State") or {}

    def inspect(self) -> Mapping[str, Any]:
        """All that the engine says of the container; empty where there is none."""
        if self.id is None:
            return {}
        with asking(f"inspect {self.home.name}"):
            try:
                return self._api.inspect_container(self.id)
            except missing_error():
                return {}

    def running(self) -> bool:
        """Whether the node's daemon runs; a frozen one does."""
        return bool(self.state().get("Running"))

    def kill(self) -> Death | None:
        """SIGKILL everything in the container; its death, or None if it could not be seen.

        The request is answered long after the deed, so it is not waited for.
        """
        seen = self._count()
        refused = threading.Event()

        def send() -> None:
            try:
                self._api.kill(self.id, "SIGKILL")
            except reachable_errors():
                refused.set()
                self._deaths.wake()

        threading.Thread(target=send, name="runall-kill", daemon=True).start()
        return self._deaths.next_after(str(self.id), seen, KILL_WITHIN, refused.is_set)

    def stop(self, grace: float) -> Death | None:
        """SIGTERM to the daemon; its death, or None if it still lives after `grace` seconds."""
        seen = self._count()
        with asking(f"send SIGTERM to {self.home.name}"):
            self._api.kill(self.id, "SIGTERM")
        return self._deaths.next_after(str(self.id), seen, grace)

    def _count(self) -> int:
        self._frozen = False
        return self._deaths.count(str(self.id))

    def pause(self) -> None:
        """Freeze every process of the container."""
        with asking(f"pause {self.home.name}"):
            self._api.pause(self.id)
        self._frozen = True

    def unpause(self) -> None:
        """Let them go on."""
        with asking(f"unpause {self.home.name}"):
            self._api.unpause(self.id)
        self._frozen = False

    def unplug(self, network: Network) -> None:
        """Take the container's interface away."""
        with asking(f"disconnect {self.home.name}"):
            self._api.disconnect_container_from_network(self.id, network.handle.id)

    def plug_in(self, network: Network) -> None:
        """Give the interface back, with the address and the names that it had."""
        names = [self.node.lower()]
        with asking(f"connect {self.home.name}"):
            self._api.connect_container_to_network(
                self.id, network.handle.id, ipv4_address=self.home.seat.host, aliases=names
            )

    def lost_process(self, pid: int) -> bool:
        """Whether a process of the node, by the pid that it has there, is certainly gone."""
        if self._frozen or not self.running():
            return False
        return self._run(LIVES, pid) == 1

    def kill_processes(self, pids: Sequence[int]) -> bool:
        """SIGKILL processes of the node with their groups; whether all are gone."""
        return self._run(END_ALL, *pids) == 0

    def _run(self, script: str, *arguments: int) -> int | None:
        """The exit status of a shell script in the container."""
        command = ["sh", "-c", script, "sh", *map(str, arguments)]
        with asking(f"run a command in {self.home.name}"):
            made = self._api.exec_create(self.id, command)
            self._api.exec_start(made["Id"])
            return self._api.exec_inspect(made["Id"])["ExitCode"]

    def log(self) -> str:
        """All that the node's containers have printed."""
        if self.id is None:
            return self._earlier_log
        with asking(f"read the log of {self.home.name}"):
            try:
                printed: bytes = self._api.logs(self.id, stdout=True, stderr=True)
            except missing_error():
                return self._earlier_log
        return self._earlier_log + printed.decode("utf-8", "replace")

    def remove(self) -> None:
        """Remove the container, whatever it does; fine if there is none."""
        if self.id is None:
            return
        with asking(f"remove {self.home.name}"):
            try:
                self._api.remove_container(self.id, force=True, v=True)
            except missing_error():
                pass
        self._deaths.forget(self.id)
        self.id = None
