"""Bugs in what outlasts an edit, a restart or a stall: counts, debts, identities and orders."""

from typing import Any

from runall_reference.brain.primary import Primary
from runall_reference.brain.primary.reachability import Reachability

from .mutant import mutant
from .planting import Plant, nothing


def no_seconds(*_: Any) -> float:
    return 0.0


@mutant(source="this kit's reference, until it was tried in a crash loop", clause="RA-2.14")
def counts_anew(plant: Plant) -> None:
    """Each primary that leads begins to count anew how long a dead worker has been away."""
    plant(Reachability, "missed_for", no_seconds)


@mutant(source="Mars 470", clause="RA-2.11")
def deaf_time_counts(plant: Plant) -> None:
    """A primary that was stalled takes its own deaf time for the silence of a worker."""
    original = Reachability.miss

    @plant.method(Reachability)
    def miss(self: Any, node: str, link: Any) -> None:
        original(self, node, link)
        link.since = link.heard


@mutant(source="this kit's reference, until a primary was frozen", clause="RA-2.11")
def forgives_no_deafness(plant: Plant) -> None:
    """A worker that was missed before the primary was stalled gets no time to report after it."""
    plant(Primary, "notice_deafness", nothing)
