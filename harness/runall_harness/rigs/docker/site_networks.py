"""What the nodes of one site stand on: a shared network namespace, or a network of their own.

Most cases cut nobody off. Their nodes share the namespace that a pause container holds, as the
containers of a Kubernetes pod do: starts are more than twice as fast, and an address outlives
any restart. A case that cuts a node off needs an interface per node instead. Both kinds are made
in the background and used again by later sites, by one site at a time.
"""

import itertools
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from .engine import Engine, asking
from .networks import NUMBERS, Network, make_network
from .ownership import NODE

# Below the ports that Linux hands out by itself, so that no outgoing connection is in the way.
PORTS = range(20001, 30001)
# Where containers can be reached through published ports only, each costs the engine a process.
PUBLISHED = 12
PAUSE = ["python3", "-S", "-c", "import signal; signal.pause()"]


class Seat(NamedTuple):
    """The place of one node: what others dial, what the harness dials, how it is plugged in."""

    host: str
    port: int
    url: str
    plug: Mapping[str, Any]


class Bench(Protocol):
    """Seats for the nodes of one site."""

    network: Network

    def seat(self, node: str) -> Seat:
        """A seat that nobody has."""
        ...

    def clear(self) -> None:
        """Take all seats back: their containers are gone."""
        ...


@dataclass
class SharedBench:
    """All nodes in one network namespace, told apart by their port."""

    network: Network
    holder: str
    address: str
    published: Mapping[int, int]
    ports: Iterator[int]

    def seat(self, node: str) -> Seat:  # noqa: ARG002 - a namespace has one host name only
        """The next port of the namespace."""
        port = next(self.ports)
        if self.network.direct:
            url = f"http://{self.address}:{port}"
        else:
            url = f"http://127.0.0.1:{self.published[port]}"
        return Seat(self.address, port, url, {"network_mode": f"container:{self.holder}"})

    def clear(self) -> None:
        """Ports are not given out again soon, so there is nothing to take back."""


@dataclass
class MeshBench:
    """An interface, an address and a host name for each node, on a network of the site's own."""

    network: Network
    taken: list[str] = field(default_factory=list[str])

    def seat(self, node: str) -> Seat:  # noqa: ARG002 - the name is given at the start
        """The address that has been out of use for longest."""
        address = self.network.addresses.popleft()
        self.taken.append(address)
        port = PORTS.start
        plug: dict[str, Any] = {"network_mode": self.network.name, "address": address}
        if self.network.direct:
            return Seat(address, port, f"http://{address}:{port}", plug)
        plug["published"] = {port: free_port()}
        return Seat(address, port, f"http://127.0.0.1:{plug['published'][port]}", plug)

    def clear(self) -> None:
        """Give the addresses back to the network."""
        self.network.addresses.extend(self.taken)
        self.taken.clear()


class Benches:
    """The benches of one kind that nobody uses now, and those that are being made."""

    def __init__(self, make: Callable[[], Bench], workers: Executor) -> None:
        self._make, self._workers = make, workers
        self._lock = threading.Lock()
        self._ready: deque[Future[Bench]] = deque()

    def prepare(self) -> None:
        """Begin to make one, unless one is there."""
        with self._lock:
            if not self._ready:
                self._ready.append(self._workers.submit(self._make))

    def take(self) -> Bench:
        """One for the caller alone, made now if need be."""
        self.prepare()
        with self._lock:
            self._ready = deque(sorted(self._ready, key=lambda future: not future.done()))
            future = self._ready.popleft() if self._ready else self._workers.submit(self._make)
        return future.result()

    def give_back(self, bench: Bench) -> None:
        """Let a later site have it."""
        bench.clear()
        future: Future[Bench] = Future()
        future.set_result(bench)
        with self._lock:
            self._ready.append(future)


def make_mesh(engine: Engine, run: str, labels: Mapping[str, str]) -> Bench:
    """A network of its own for each site, so that host names of two sites never meet."""
    return MeshBench(make_network(engine, run, labels))


def make_shared(
    engine: Engine, run: str, image: str, network: Network, labels: Mapping[str, str]
) -> Bench:
    """Start a container that does nothing but hold a network namespace."""
    address = network.addresses.popleft()
    published = {} if network.direct else {port: free_port() for port in PORTS[:PUBLISHED]}
    with asking("start a container that holds a network"):
        holder = create_container(
            engine,
            image=image,
            command=PAUSE,
            name=f"runall-{run}-pause{next(NUMBERS)}",
            labels={**labels, NODE: "(pause)"},
            plug={"network_mode": network.name, "address": address, "published": published},
        )
        engine.client.api.start(holder)
    return SharedBench(network, holder, address, published, itertools.cycle(published or PORTS))


def create_container(
    engine: Engine,
    *,
    plug: Mapping[str, Any],
    mounts: Mapping[str, str] | None = None,
    lent: Mapping[str, str] | None = None,
    **kwargs: Any,
) -> str:
    """Create a container, plugged in as its seat says.

    `mounts` are folders of the host by their path inside; `lent` are those that it may only read.
    """
    from docker.types import LogConfig, Mount

    api: Any = engine.client.api
    published: Mapping[int, int] = plug.get("published") or {}
    mode = str(plug["network_mode"])
    host = api.create_host_config(
        init=True,  # reaps orphans, and hands SIGTERM to the daemon only
        network_mode=mode,
        security_opt=list(engine.security) or None,
        log_config=LogConfig(type="json-file"),
        # Mounts, not binds: a folder that the engine can't see is an error, not an empty folder.
        mounts=[
            *(Mount(inside, outside, type="bind") for inside, outside in (mounts or {}).items()),
            *(Mount(i, o, type="bind", read_only=True) for i, o in (lent or {}).items()),
        ],
        port_bindings={port: ("127.0.0.1", outer) for port, outer in published.items()} or None,
    )
    aliases = [kwargs["hostname"]] if "hostname" in kwargs else None
    networking = (
        {"networking_config": endpoint(api, mode, str(plug["address"]), aliases)}
        if "address" in plug
        else {}
    )
    made = api.create_container(
        host_config=host,
        ports=list(published) or None,
        stop_signal="SIGTERM",
        **networking,
        **kwargs,
    )
    return str(made["Id"])


def endpoint(api: Any, network: str, address: str, aliases: list[str] | None) -> Any:
    """A container's end on that network: always this address, always these names."""
    config = api.create_endpoint_config(ipv4_address=address, aliases=aliases)
    return api.create_networking_config({network: config})


def free_port() -> int:
    """A port of the loopback interface that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
