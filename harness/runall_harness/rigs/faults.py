"""The faults and situations that a case may need, by their tags in the features.

A rig that can't inject a fault, and a scheduler that never gets into a situation, make the case
unsupported, with the reason.
"""

from collections.abc import Collection

# The faults that every rig can inject, then those that only some rigs can inject.
EVERYWHERE: frozenset[str] = frozenset(
    {"kill", "stop", "restart", "pause", "partition", "daemon", "job", "group", "failpoint"}
    | {"store", "netstore"}
)
FAULTS = EVERYWHERE | {"clock"}
# Situations, not faults: not every scheduler gets into them.
# handover: a job is given to a server that has not begun it; servers that fetch jobs have none.
SITUATIONS = frozenset({"handover"})
# Why a rig can't inject a fault, where the name alone does not say it.
WHY = {
    "clock": "its nodes get clocks of their own on Linux on x86_64, by: "
    "pip install 'runall-kit[clocks]'"
}


def stand_apart(tags: Collection[str], *, own_hosts: bool) -> bool:
    """Whether each node of a case with these tags needs a network interface of its own."""
    return bool({"partition", "store"} & set(tags)) or own_hosts
