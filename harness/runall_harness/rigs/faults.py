"""The faults and situations that a case may need, by the tag that it names them with.

Not every rig can show each fault, and not every scheduler can be shown under each, or gets into
each situation; the case is unsupported then, with the reason.
"""

from collections.abc import Collection

FAULTS = frozenset(
    {
        "kill",
        "stop",
        "restart",
        "pause",
        "partition",
        "clock",
        "daemon",
        "job",
        "group",
        "netstore",
        "failpoint",
        "many",
    }
)
# What is no fault, and yet does not come about in every scheduler.
# handover: a job is given to a server that has not begun it; not so where servers take their jobs.
SITUATIONS = frozenset({"handover"})
# Why a rig may not be able to, where that needs more than a word.
WHY = {
    "clock": "its nodes have no clocks of their own",
    "netstore": "the primaries share a file; with --store-url they share a server on the network",
    "many": "hundreds of real processes are more than the smallest machine for it can bear",
}


def stand_apart(tags: Collection[str], *, own_hosts: bool) -> bool:
    """Whether each node of a case with these tags needs a network interface of its own."""
    return "partition" in tags or own_hosts
