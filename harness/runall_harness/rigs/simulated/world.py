"""What all nodes of one case share: the time, the primaries' store, and the list of nodes."""

from typing import Generic, TypeVar

from runall_harness.evidence.facts import Execution

from .disk import Disk
from .timeline import Timeline

# An instant in the summer of 2025, not at a full minute; nothing may depend on its value.
EPOCH = 1_751_371_217.0

Member = TypeVar("Member")


class World(Generic[Member]):
    """The nodes by name, and what they share. Times are seconds since 1970, of virtual time."""

    def __init__(self, epoch: float = EPOCH) -> None:
        self.time = Timeline(epoch)
        self.store = Disk()
        self.nodes: dict[str, Member] = {}
        self.executions: list[Execution] = []
        self.released: set[str] = set()
