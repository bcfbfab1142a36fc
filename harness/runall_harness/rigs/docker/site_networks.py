"""The network of one site: a shared network namespace, or an interface for each node.

Most cases cut off no node. Their nodes share the namespace that a pause container holds, as the
containers of a Kubernetes pod do: starts are more than twice as fast, and an address outlives
any restart. A case that cuts a node off needs an interface per node instead. Networks of both
kinds are made in the background, and a later site uses them again, one site at a time.
"""

import itertools
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import NamedTuple

from .containers import Connection, create_container
from .engine import Engine, asking
from .networks import NUMBERS, Network
from .ownership import NODE

# Below the ports that Linux gives to outgoing connections, so that none of these is in the way.
PORTS = range(20001, 30001)
# Where containers can be reached through published ports only, each costs the engine a process.
PUBLISHED = 12
PAUSE = ["python3", "-S", "-c", "import signal; signal.pause()"]


class Endpoint(NamedTuple):
    """The address of one node: what other nodes dial, what the harness dials, the connection."""

    host: str
    port: int
    url: str
    connection: Connection


@dataclass
class SharedNamespace:
    """All nodes in the network namespace of one container, `holder`, each at its own port."""

    network: Network
    holder: str
    address: str
    published: Mapping[int, int]
    ports: Iterator[int]

    def new_endpoint(self) -> Endpoint:
        port = next(self.ports)
        outer = f"127.0.0.1:{self.published[port]}" if self.published else f"{self.address}:{port}"
        connection = Connection(f"container:{self.holder}")
        return Endpoint(self.address, port, f"http://{outer}", connection)


@dataclass
class SeparateInterfaces:
    """An interface, an address and a host name for each node, on a network of the site's own."""

    network: Network

    def new_endpoint(self) -> Endpoint:
        """The address that has been out of use for longest; it is not used again soon."""
        address, port = self.network.addresses[0], PORTS.start
        self.network.addresses.rotate(-1)
        published = {} if self.network.direct else {port: free_port()}
        outer = f"127.0.0.1:{published[port]}" if published else f"{address}:{port}"
        connection = Connection(self.network.name, address, published)
        return Endpoint(address, port, f"http://{outer}", connection)


SiteNetwork = SharedNamespace | SeparateInterfaces


class NetworkPool:
    """The networks of one kind that no site uses now, and those that are being made."""

    def __init__(self, make: Callable[[], SiteNetwork], workers: Executor) -> None:
        self._make, self._workers = make, workers
        self._lock = threading.Lock()
        self._ready: deque[Future[SiteNetwork]] = deque()

    def prepare(self) -> None:
        """Begin to make a network in the background, unless one is free."""
        with self._lock:
            if not self._ready:
                self._ready.append(self._workers.submit(self._make))

    def take(self) -> SiteNetwork:
        """A network for the caller alone; make it now if none is free."""
        self.prepare()
        with self._lock:
            self._ready = deque(sorted(self._ready, key=lambda future: not future.done()))
            future = self._ready.popleft() if self._ready else self._workers.submit(self._make)
        return future.result()

    def give_back(self, network: SiteNetwork) -> None:
        future: Future[SiteNetwork] = Future()
        future.set_result(network)
        with self._lock:
            self._ready.append(future)


def shared_namespace(
    engine: Engine, run: str, image: str, network: Network, labels: Mapping[str, str]
) -> SiteNetwork:
    """Start a container that does nothing but hold a network namespace."""
    address = network.addresses.popleft()
    published = {} if network.direct else {port: free_port() for port in PORTS[:PUBLISHED]}
    with asking("start a container that holds a network"):
        holder = create_container(
            engine,
            Connection(network.name, address, published),
            image=image,
            command=PAUSE,
            name=f"runall-{run}-pause{next(NUMBERS)}",
            labels={**labels, NODE: "(pause)"},
        )
        engine.client.api.start(holder)
    return SharedNamespace(network, holder, address, published, itertools.cycle(published or PORTS))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
