"""The store of a cluster, as something that can be hurt: killed, stopped, frozen, cut off, locked.

A store that is a server is a node of the site, and gets what any node gets. A file has no server:
another process can hold its lock, and that is all.
"""

from typing import Protocol

from runall_harness.evidence.facts import Proof
from runall_harness.rigs.base import STORE, NodeSpec, Site

# What can be done to a store, and what mends it; one that has ended is started again.
MENDED_BY = {"kill": "", "stop": "", "pause": "unpause", "cut": "join", "lock": "unlock"}
# How long a lock that was given back may still be another writer's.
UNLOCK_SECONDS = 10.0


def proven(kind: str, at: float, held: object, evidence: str) -> Proof:
    """The proof of a fault of the store, or that it was mended."""
    return Proof(kind=kind, node=STORE, at=at, proven=bool(held), evidence=evidence)


class Store(Protocol):
    """The store of one cluster."""

    @property
    def spec(self) -> NodeSpec | None:
        """How its server is run; None where that is no node of the site."""
        ...

    def hurt(self, fault: str) -> Proof:
        """Do one of `MENDED_BY` to it; the proof is that it took effect."""
        ...

    def mend(self, fault: str) -> Proof:
        """Undo a fault that did not end the server; the proof is that the store can be used."""
        ...


class ServerStore:
    """A store whose server is a node of the site. `grace` is for its clean stop; seconds."""

    def __init__(self, site: Site, spec: NodeSpec, grace: float) -> None:
        self.site, self.spec, self.grace = site, spec, grace

    def hurt(self, fault: str) -> Proof:
        if fault == "stop":
            return self.site.stop(STORE, self.grace)
        acts = {"kill": self.site.kill, "pause": self.site.pause, "cut": self.site.cut}
        return acts[fault](STORE)

    def mend(self, fault: str) -> Proof:
        return (self.site.unpause if fault == "pause" else self.site.join)(STORE)
