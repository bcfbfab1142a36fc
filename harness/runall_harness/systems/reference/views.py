"""The reference's views in the harness's types, by HTTP or in virtual time."""

from abc import ABC, abstractmethod
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

import msgspec
from runall_reference.daemon.views import View

from runall_harness.evidence.views import EventView, JobView, LedgerView

CAPABILITIES = frozenset(
    {
        "prompt",
        "hold",
        "slots",
        "fencing",
        "failover",
        "once",
        "lineage",
        "bounds",
        "limbo",
        "releases",
    }
)
# What Cronicle's three releases never claimed; all else they share with the reference's brain.
NEVER_CLAIMED = frozenset({"hold", "slots", "lineage", "bounds"})


def reference_version() -> str:
    try:
        return version("runall-kit")
    except PackageNotFoundError:
        return "unknown"


def job_of(view: View) -> JobView:
    return msgspec.convert({k: view[k] for k in JobView.__struct_fields__}, JobView)


def event_of(view: View) -> EventView:
    owed = tuple(owed["slot"] for owed in view["owed"])
    return EventView(id=view["id"], cursor=view["cursor"], owed=owed)


class ReferenceViews(ABC):
    """The verbs of a client that only read. A subclass defines how the views are fetched.

    Raises `Unreachable` while no primary answers.
    """

    @abstractmethod
    def views(self, kind: Literal["jobs", "events", "servers", "ledger"]) -> list[View]:
        """All views of a kind, such as jobs or ledger."""

    @abstractmethod
    def status(self) -> View:
        """The view of the primary itself."""

    def ignores(self) -> frozenset[str]:
        return frozenset()

    def present_slot(self) -> int:
        return self.status()["slot"]

    def leader(self) -> str:
        return self.status()["node"]

    def jobs(self) -> list[JobView]:
        return [job_of(view) for view in self.views("jobs")]

    def online(self) -> set[str]:
        return {view["name"] for view in self.views("servers") if view["state"] == "online"}

    def owes(self, root: str) -> bool:
        """Whether something is still to run for a lineage.

        That is so if an attempt of it or a job for the same slot is live, or if its slot is open
        or not served yet.
        """
        jobs, events = self.views("jobs"), self.views("events")
        attempts = [view for view in jobs if view["root"] == root]
        slots = {(v["event"], v["slot"]) for v in attempts if v["slot"] is not None}
        same = [v for v in jobs if v["root"] == root or (v["event"], v["slot"]) in slots]
        cursors = {event["id"]: event["cursor"] for event in events}
        return (
            any(not job_of(view).final for view in same)
            or any(cursors.get(event, slot) < slot for event, slot in slots)
            or any(owed["root"] == root for event in events for owed in event["owed"])
        )

    def ledger(self) -> list[LedgerView]:
        return msgspec.convert(self.views("ledger"), list[LedgerView])

    def reasons(self, root: str) -> str:
        return "; ".join(
            f"{line.what}: {line.decision} ({line.clause}) {line.detail}"
            for line in self.ledger()
            if line.root == root
        )
