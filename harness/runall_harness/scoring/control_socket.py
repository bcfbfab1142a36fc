"""Lets a foreign test suite kill, stop and start the nodes of the cluster that it tests.

The cluster belongs to `runall mutants`, which alone can end all processes of a node at one
instant. So the suite calls a small command that sends its request over a Unix socket and prints
what was proven. A request is a line of JSON, and so is the reply.
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
# How long a clean stop, and the start of all nodes, may take, in seconds.
GRACE, READY = 30.0, 30.0


class Request(msgspec.Struct, frozen=True):
    """A verb for a node; `ready` concerns all nodes."""

    verb: str
    node: str = ""


class Reply(msgspec.Struct, frozen=True):
    """The exit code of the suite's command, and what it prints."""

    code: int
    text: str


class NodeControl:
    """Carries out the requests of one suite on the nodes of one cluster, one at a time.

    `online` returns the names of the nodes that take work.
    """

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

    def carry_out(self, request: Request) -> Reply:
        """Do what is requested; a wrong verb or node is answered with `USAGE`."""
        verb, node = request.verb, request.node
        with self.busy:
            if verb == "ready":
                return self.ready()
            if verb != "start" and verb not in self.faults:
                known = ", ".join(sorted({"ready", "start", *self.faults}))
                return Reply(USAGE, f"there is no {verb!r}; there are {known}")
            if node not in self.specs:
                return Reply(USAGE, f"no node {node!r}; there are {', '.join(self.specs)}")
            return self.start(node) if verb == "start" else self.inject(verb, node)

    def inject(self, verb: str, node: str) -> Reply:
        """Inject or mend a fault; the exit code of the reply says whether that was proven."""
        proof = self.faults[verb](node)
        return Reply(DONE if proof.proven else NOT_PROVEN, f"{proof.kind}: {proof.evidence}")

    def start(self, node: str) -> Reply:
        if self.site.alive(node):
            return Reply(USAGE, f"{node} runs already")
        self.site.start(self.specs[node])
        return Reply(DONE, f"{node} was started")

    def ready(self) -> Reply:
        wanted = {node for node in self.specs if self.site.alive(node)}
        if self.site.wait(lambda: wanted <= self.online() or None, READY):
            return Reply(DONE, "all take work")
        return Reply(NOT_PROVEN, f"not ready: {', '.join(sorted(wanted - self.online()))}")


@contextmanager
def listening(control: NodeControl, path: Path) -> Generator[None]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(msgspec.json.encode(answer(control, self.rfile.readline())))

    with socketserver.ThreadingUnixStreamServer(str(path), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="control")
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def answer(control: NodeControl, line: bytes) -> Reply:
    """The reply to one line; also a malformed line gets a reply."""
    try:
        return control.carry_out(msgspec.json.decode(line, type=Request))
    except (msgspec.MsgspecError, KitCannotRun, ValueError, OSError) as error:
        return Reply(CANNOT_RUN, str(error))


def request(path: str, verb: str, node: str) -> Reply:
    """Send a request to that socket and await the reply. Raises `KitCannotRun`."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)
            connection.sendall(msgspec.json.encode(Request(verb, node)) + b"\n")
            received = b"".join(iter(lambda: connection.recv(65536), b""))
        return msgspec.json.decode(received, type=Reply)
    except (OSError, msgspec.MsgspecError) as error:
        hint = "call it from the suite that `runall mutants --suite` has started"
        raise KitCannotRun(f"the cluster does not answer at {path!r}: {error}", hint) from error
