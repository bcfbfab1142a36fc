"""One node in its container, from the first start to the last.

A server that comes back is the same container started again: its data folder, its address and
its log stay. It is made anew only when the node is started in another way than before.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from typing import Any

from runall_harness.contract.errors import KitCannotRun

from ..base import NodeSpec, StopTo
from .death_events import Death, Deaths, WhenDead
from .engine import Engine, asking, missing_error, reachable_errors
from .exec import KEEP, KEEPER, Inside, Told
from .networks import Network
from .ownership import NODE
from .site_networks import Seat, create_container

DATA = "/runall/data"
WITNESS = "/runall/witness"
# From SIGKILL to the engine's word for it: 0.05 s as a rule; a machine at its limits gets this.
KILL_WITHIN = 30.0


@dataclass(frozen=True)
class Home:
    """What stays the same over all containers of a node.

    `keeper` is the folder of a keeper, where the daemon can be killed apart from its jobs.
    """

    name: str
    image: str
    labels: Mapping[str, str]
    seat: Seat
    data: Path
    witness: Path
    shared: Path
    keeper: Path | None = None

    def mounts(self, spec: NodeSpec) -> dict[str, Path]:
        """Folders of this machine that the node may write to, by where it finds them."""
        kept = {inside: self.data / name for inside, name in spec.keep.items()}
        common = {inside: self.shared / name for inside, name in spec.shared.items()}
        keeper = {KEEP: self.keeper} if self.keeper else {}
        return {DATA: self.data, WITNESS: self.witness, **keeper, **kept, **common}


def mounted(folders: Mapping[str, Path]) -> dict[str, str]:
    """These folders, made if need be, as the engine is told of them."""
    for folder in folders.values():
        if not folder.is_dir():
            folder.mkdir(parents=True)
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
        self._frozen = self._orphaned = False

    @property
    def node(self) -> str:
        """The node's name."""
        return self.home.labels[NODE]

    def start(self, spec: NodeSpec) -> None:
        """Start the node's container; make it first if there is none for this spec.

        Raises:
            ValueError: the node runs.
        """
        if self.alive():
            raise ValueError(f"{spec.name} runs already")
        if self.running():
            self._begin_again(spec)
            return
        if spec != self._spec:
            self._replace(spec)
        self._forget_daemon()
        with asking(f"start {spec.name}"):
            self._api.start(self.id)

    def _begin_again(self, spec: NodeSpec) -> None:
        """Start the daemon again beside the orphans that it left."""
        if spec != self._spec:
            raise ValueError(f"{spec.name} has orphans, and can be started as before only")
        told = self._inside().begin_again()
        if not told.done:
            raise KitCannotRun(f"{spec.name} did not start again: {told.words}", "see its log")
        self._orphaned = False

    def _forget_daemon(self) -> None:
        """What is known of the daemon of an earlier start is true no more."""
        self._orphaned = False
        for file in self.home.keeper.iterdir() if self.home.keeper else ():
            file.unlink()

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
            **self._argv(spec),
            name=home.name,
            user=self._engine.user,
            labels=dict(home.labels),
            environment={"RUNALL_NODE": spec.name, "RUNALL_WITNESS": WITNESS, **spec.env},
            **named,
        )

    def _argv(self, spec: NodeSpec) -> dict[str, Any]:
        """What the container executes: the daemon, or its keeper, which executes it.

        The words of a node go in the place of the image's entry point, too: they are all of them.
        """
        words = list(spec.command) or (self._own_words(spec) if self.home.keeper else [])
        if self.home.keeper:
            return {"entrypoint": ["sh", "-c", KEEPER, "keeper", KEEP], "command": words}
        return {"entrypoint": words[:1] or None, "command": words[1:] or None}

    def _own_words(self, spec: NodeSpec) -> list[str]:
        """What the node's image executes by itself."""
        image = spec.image or self.home.image
        with asking(f"inspect the image {image}"):
            told: Mapping[str, Any] = self._api.inspect_image(image)["Config"]
        return [*(told.get("Entrypoint") or ()), *(told.get("Cmd") or ())]

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
        """Whether anything of the node runs; what is frozen does."""
        return bool(self.state().get("Running"))

    def alive(self) -> bool:
        """Whether the node's daemon runs; a frozen one does."""
        return not self._orphaned and self.running()

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

    def stop(self, grace: float, to: StopTo | None) -> tuple[Death | None, Told]:
        """The stop signal; the daemon's death, if it came in `grace` seconds, and who got it."""
        assert self._spec is not None
        seen = self._count()
        told = self._tell(Signals[self._spec.stop_signal], to or self._spec.stop_to)
        return self._deaths.next_after(str(self.id), seen, grace), told

    def _tell(self, which: Signals, to: StopTo) -> Told:
        if to == "group":
            return self._inside().signal_all(which)
        with asking(f"send {which.name} to {self.home.name}"):
            self._api.kill(self.id, which.name)
        return Told(True, f"{which.name} to the daemon")

    def kill_daemon(self) -> Told:
        """SIGKILL the daemon alone; its jobs live on as orphans, in the container that stays."""
        told = self._inside().kill_daemon()
        self._orphaned = told.done
        return told

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
        return not self._frozen and self.running() and self._inside().lacks(pid)

    def kill_jobs(self, pids: Sequence[int]) -> Told:
        """SIGKILL jobs of the node, by the pids that they have there; their daemon sees it."""
        return self._inside().kill_jobs(pids)

    def _inside(self) -> Inside:
        return Inside(self._api, str(self.id), self.home.name)

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
