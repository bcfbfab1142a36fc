"""The store of virtual time, which another program can lock besides all that befalls a server."""

from runall_harness.evidence.facts import Proof
from runall_harness.rigs.base import STORE, NodeSpec
from runall_harness.rigs.simulated.rig import SimulatedSite

from ..stores import ServerStore


class SimulatedStore(ServerStore):
    """The server of the store in a simulated world."""

    def __init__(self, site: SimulatedSite, spec: NodeSpec, grace: float) -> None:
        super().__init__(site, spec, grace)
        self.world = site.world
        self.simulated = site

    def hurt(self, fault: str) -> Proof:
        return self.lock(locked=True) if fault == "lock" else super().hurt(fault)

    def mend(self, fault: str) -> Proof:
        return self.lock(locked=False) if fault == "lock" else super().mend(fault)

    def lock(self, *, locked: bool) -> Proof:
        server = self.world.server
        assert server is not None, "it was started"
        server.locked = locked
        words = "nobody else can write" if locked else "others can write again"
        return self.simulated.proof("lock" if locked else "unlock", STORE, True, words)
