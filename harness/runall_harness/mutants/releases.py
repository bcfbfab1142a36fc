"""Three releases of Cronicle, as policies of the reference: the bugs as they came together.

The policy is put in the place of the default, so that whoever runs the reference runs the release.
"""

from runall_reference.daemon.releases import POLICIES

from .mutant import Mutant


def release(version: str, story: str, clause: str, *also: str) -> Mutant:
    policy = f"cronicle-{version}"
    return Mutant(
        name=policy,
        story=story,
        source=f"Cronicle {version}",
        clause=clause,
        also=also,
        bug=lambda plant: plant.entry(POLICIES, "reference", POLICIES[policy]),
        policy=policy,
    )


RELEASES = (
    release("0.9.49", "The schedule is replayed, and a job started by hand is lost.", "RA-1.1"),
    release(
        "0.9.50",
        "The schedule is replayed for manual jobs too, which stay lost.",
        "RA-4.7",
        "RA-5.1",
    ),
    release(
        "0.9.52", "The manual job is run again, and served slots run twice.", "RA-4.7", "RA-5.1"
    ),
)
