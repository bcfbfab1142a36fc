"""The faults and situations that a case may need, by the tag that it names them with.

Not every rig can show each fault, and not every scheduler can be shown under each, or gets into
each situation; the case is unsupported then, with the reason.
"""

FAULTS = frozenset({
    "kill", "stop", "restart", "pause", "partition", "clock", "daemon", "job", "group",
    "netstore", "failpoint", "many",
})  # fmt: skip
# What is no fault, and yet does not come about in every scheduler.
# handover: a job is given to a server that has not begun it; not so where servers take their jobs.
SITUATIONS = frozenset({"handover"})
# Why a rig may not be able to, where that needs more than a word.
WHY = {
    "clock": "its nodes have no clocks of their own",
    "netstore": "the primaries share a file; with --store-url they share a server on the network",
    "many": "hundreds of real processes are more than the smallest machine for it can bear",
}
