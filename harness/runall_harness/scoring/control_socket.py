"""The hand that a foreign test suite is lent: it kills, stops and starts the nodes of a cluster.

The cluster belongs to `runall mutants`, which alone can end all processes of a node at one
instant. So the suite's hand is a small command that says over a Unix socket what it wants, and
gives back in words what was proven. A request is a line of JSON, and so is the answer.
"""

import socket
import socketserver
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from runall_harness.contract.errors import KitCannotRun
from runall_harness.evidence.facts import Proof
from runall_harness.rigs.base import NodeSpec, Site

SOCKET = "RUNALL_CONTROL_SOCKET"
DONE, NOT_PROVEN, CANNOT_RUN, USAGE = 0, 2, 3, 64
# How long a clean stop, and the coming up of all nodes, may take, in seconds.
GRACE, READY = 30.0, 30.0


class Wish(msgspec.Struct, frozen=True):
    """What is to be done to a node; `ready` and `status` are about all of them."""

    verb: str
    node: str = ""


class Told(msgspec.Struct, frozen=True):
    """What came of it: an exit code, and words."""

    code: int
    words: str


class Hand:
    """Carries out the wishes of one suite on the nodes of one cluster, one wish at a time."""

    def __init__(
        self, site: Site, specs: dict[str, NodeSpec], online: Callable[[], set[str]]
    ) -> None:
        self.site, self.specs, self.online = site, specs, online
        self.busy = threading.Lock()
        self.faults: dict[str, Callable[[str], Proof]] = {
            "kill": site.kill,
            "stop": lambda node: site.stop(node, GRACE),
            "pause": site.pause,
            "resume": site.unpause,
            "cut": site.cut,
            "join": site.join,
        }

    def obey(self, wish: Wish) -> Told:
        """Do it. Never raises for what the suite got wrong."""
        everybody = {"ready": self.ready, "status": self.status}
        single = {"start": self.start, "log": self.log}
        with self.busy:
            if wish.verb in everybody:
                return everybody[wish.verb]()
            if wish.verb not in {*single, *self.faults}:
                known = ", ".join(sorted({*everybody, *single, *self.faults}))
                return Told(USAGE, f"there is no {wish.verb!r}; there are {known}")
            if wish.node not in self.specs:
                return Told(USAGE, f"no node {wish.node!r}; there are {', '.join(self.specs)}")
            return single[wish.verb](wish.node) if wish.verb in single else self.hurt(wish)

    def hurt(self, wish: Wish) -> Told:
        """Inject a fault, or mend it; what was proven decides."""
        proof = self.faults[wish.verb](wish.node)
        return Told(DONE if proof.proven else NOT_PROVEN, f"{proof.kind}: {proof.evidence}")

    def start(self, node: str) -> Told:
        """Start a node again that has ended."""
        if self.site.alive(node):
            return Told(USAGE, f"{node} runs already")
        self.site.start(self.specs[node])
        return Told(DONE, f"{node} was started")

    def log(self, node: str) -> Told:
        """All that the node has printed."""
        return Told(DONE, self.site.logs(node))

    def ready(self) -> Told:
        """Wait until every node that runs takes work."""
        wanted = {node for node in self.specs if self.site.alive(node)}
        found = self.site.wait(lambda: wanted <= self.online() or None, READY)
        missing = ", ".join(sorted(wanted - self.online()))
        return Told(DONE, "all take work") if found else Told(NOT_PROVEN, f"not ready: {missing}")

    def status(self) -> Told:
        """A line for each node."""
        online = self.online()
        lines = [
            f"{node}: {'runs' if self.site.alive(node) else 'is down'}"
            f"{', takes work' if node in online else ''}"
            for node in self.specs
        ]
        return Told(DONE, "\n".join(lines))


@contextmanager
def listening(hand: Hand, path: Path) -> Generator[None]:
    """Listen for wishes at that socket."""

    class Caller(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(msgspec.json.encode(answer(hand, self.rfile.readline())))

    with socketserver.ThreadingUnixStreamServer(str(path), Caller) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="control")
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def answer(hand: Hand, line: bytes) -> Told:
    """What comes of one line; whatever goes wrong is told to the suite."""
    try:
        return hand.obey(msgspec.json.decode(line, type=Wish))
    except (msgspec.MsgspecError, KitCannotRun, ValueError, OSError) as error:
        return Told(CANNOT_RUN, str(error))


def ask(path: str, verb: str, node: str) -> Told:
    """Say what is wanted, and wait for what comes of it. Raises `KitCannotRun`."""
    try:
        with socket.socket(socket.AF_UNIX) as call:
            call.connect(path)
            call.sendall(msgspec.json.encode(Wish(verb, node)) + b"\n")
            words = b"".join(iter(lambda: call.recv(65536), b""))
        return msgspec.json.decode(words, type=Told)
    except (OSError, msgspec.MsgspecError) as error:
        hint = "call it from the suite that `runall mutants --suite` has started"
        raise KitCannotRun(f"the cluster does not answer at {path!r}: {error}", hint) from error
