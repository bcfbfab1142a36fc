"""Three releases of Cronicle, as policies of the reference: the bugs as they came together.

The policy is put in the place of the default, so that whoever runs the reference runs the release.
"""

from runall_reference.policies import POLICIES

from .mutant import Mutant
from .planting import Plant


def release(version: str, clause: str, story: str) -> Mutant:
    """The mutant that recovers as a release of history did."""
    policy = f"cronicle-{version}"

    def lie(plant: Plant) -> None:
        plant.entry(POLICIES, "reference", POLICIES[policy])

    return Mutant(
        name=policy, story=story, source=f"Cronicle {version}", clause=clause, lie=lie,
        policy=policy,
    )  # fmt: skip


RELEASES = (
    release("0.9.49", "RA-1.1", "The schedule is replayed, and a job started by hand is lost."),
    release("0.9.50", "RA-4.7", "The schedule is replayed for manual jobs too, which stay lost."),
    release("0.9.52", "RA-4.7", "The manual job is run again, and served slots run twice."),
)
