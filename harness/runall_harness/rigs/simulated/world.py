"""The world itself: its nodes, its network, and the hands that hurt them."""

from functools import partial

from runall_reference.brain.settings import Settings

from runall_harness.evidence.facts import Execution

from .disk import Disk
from .node import Node
from .process import TICK
from .timeline import Timeline

# Some instant in the summer of 2025, at no full minute: nothing may depend on which one it is.
EPOCH = 1_751_371_217.0


class World:
    """Everything there is, in virtual time."""

    def __init__(self, epoch: float = EPOCH) -> None:
        self.time = Timeline(epoch)
        self.store = Disk()
        self.nodes: dict[str, Node] = {}
        self.executions: list[Execution] = []
        self.released: set[str] = set()
        self._number = 0

    def number(self) -> int:
        """A number that was not given before."""
        self._number += 1
        return self._number

    def add(self, name: str, role: str, settings: Settings) -> Node:
        """The node of that name, made on first use."""
        return self.nodes.setdefault(name, Node(self, name, role, settings))

    def shares_store(self) -> bool:
        """Whether more than one node is eligible as primary."""
        return sum(node.role == "primary" for node in self.nodes.values()) > 1

    def primary_for(self, caller: Node) -> Node | None:
        """A primary that answers that node's call."""
        for node in self.nodes.values():
            reach = node is caller or not (node.cut or caller.cut or node.frozen)
            if node.up and node.primary is not None and reach:
                return node
        return None

    def cut(self, node: Node) -> None:
        """From now on nothing gets to or from that node, and nobody is told."""
        node.cut = True

    def join(self, node: Node) -> None:
        """The cut is mended: what was held up arrives."""
        node.cut = False
        links = [link for n in self.nodes.values() for link in n.links.values()]
        for link in links + [n.link for n in self.nodes.values() if n.link]:
            if not link.cut:
                link.mend()

    def release(self, tag: str) -> None:
        """Let the jobs of that tag end, those to come as well."""
        self.released.add(tag)
        for node in self.nodes.values():
            for process in list(node.processes.values()):
                if process.execution.tag == tag and node.up:
                    self.time.after(TICK, node.living(partial(node.finish, process)))

    def breathe(self) -> None:
        """Let every process that runs and is not frozen give a sign of life."""
        for node in self.nodes.values():
            if not node.frozen:
                for process in node.processes.values():
                    process.execution.beat_at = self.time.now
