"""The reference's own views, in the harness's words."""

import msgspec
from runall_reference.daemon.views import View

from runall_harness.evidence.views import EventView, JobView, LedgerView

CAPABILITIES = frozenset(
    {"prompt", "hold", "slots", "fencing", "failover", "once", "lineage", "bounds", "limbo"}
)


# What three releases never claimed; all else they share with the brain of the reference.
NEVER_CLAIMED = frozenset({"hold", "slots", "lineage", "bounds"})


def job_of(view: View) -> JobView:
    """The harness's view of a job, from the reference's."""
    return msgspec.convert({k: view[k] for k in JobView.__struct_fields__}, JobView)


def event_of(view: View) -> EventView:
    """The harness's view of an event, from the reference's."""
    owed = tuple(owed["slot"] for owed in view["owed"])
    return EventView(id=view["id"], cursor=view["cursor"], owed=owed)


def entry_of(view: View) -> LedgerView:
    """The harness's view of a line of the ledger, from the reference's."""
    return msgspec.convert(view, LedgerView)


def still_owed(root: str, all_jobs: list[View], all_events: list[View]) -> bool:
    """Whether something is still to come for a lineage.

    An attempt of it, or a job for the same slot, is live; or its slot is open, or not served yet.
    """
    attempts = [view for view in all_jobs if view["root"] == root]
    slots = {(v["event"], v["slot"]) for v in attempts if v["slot"] is not None}
    same = [v for v in all_jobs if v["root"] == root or (v["event"], v["slot"]) in slots]
    cursors = {event["id"]: event["cursor"] for event in all_events}
    return (
        any(not job_of(view).final for view in same)
        or any(cursors.get(event, slot) < slot for event, slot in slots)
        or any(owed["root"] == root for event in all_events for owed in event["owed"])
    )


def told_reasons(root: str, entries: list[View]) -> str:
    """The ledger's lines about a lineage."""
    lines = [e for e in entries if e["root"] == root]
    return "; ".join(f"{e['what']}: {e['decision']} ({e['clause']}) {e['detail']}" for e in lines)
