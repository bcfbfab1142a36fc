"""What the nodes of a case share in virtual time: clock, store, logs and executions."""

from typing import Generic, TypeVar

from runall_harness.evidence.facts import Execution

from .disk import Disk
from .store_server import StoreServer
from .timeline import Timeline

# An instant in the summer of 2025, not at a full minute; nothing may depend on its value.
EPOCH = 1_751_371_217.0


AnyNode = TypeVar("AnyNode")


class SharedWorld(Generic[AnyNode]):
    """What all nodes of one case share. Times are seconds since 1970, of virtual time."""

    def __init__(self, epoch: float = EPOCH) -> None:
        self.time = Timeline(epoch)
        self.store = Disk()
        # A server of the store that can be hurt; without one, the store always answers.
        self.server: StoreServer | None = None
        self.nodes: dict[str, AnyNode] = {}
        self.executions: list[Execution] = []
        self.printed: dict[str, list[str]] = {}
        self.released: set[str] = set()

    def say(self, node: str, line: str) -> None:
        self.printed.setdefault(node, []).append(f"{self.time.now:.3f} {line}")
