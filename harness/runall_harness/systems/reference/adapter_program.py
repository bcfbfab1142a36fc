"""The reference scheduler behind the adapter protocol, by its HTTP API.

It shows that the protocol carries everything the kit's own client carries: the same cases get the
same verdicts through it. Run it as `python -m runall_harness.systems.reference.adapter_program`,
with

    RUNALL_URLS   the primaries' addresses, separated by spaces (http://127.0.0.1:7070)
    RUNALL_TOKEN  the token of their API
    RUNALL_CAPABILITIES   what to declare, separated by spaces; without it, all that it keeps
"""

import os
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from runall_harness.adapter import Adapter, EventView, JobView, LedgerView, Rejected

from .http_client import HttpClient
from .views import CAPABILITIES, job_of


class ReferenceAdapter(Adapter):
    """The kit's own client of the reference, answering questions."""

    name = "reference"

    def __init__(self, env: Mapping[str, str]) -> None:
        super().__init__()
        told = env.get("RUNALL_CAPABILITIES")
        self.capabilities = CAPABILITIES if told is None else frozenset(told.split())
        self.client = HttpClient(self.changed, env["RUNALL_URLS"].split(), env["RUNALL_TOKEN"])
        try:
            self.version = version("runall-kit")
        except PackageNotFoundError:
            self.version = "unknown"

    def ready(self) -> list[str]:
        """The servers that take work now."""
        return sorted(self.client.online())

    def create_event(self, event: dict[str, Any]) -> None:
        """Schedule something."""
        self.client.create_event(event)

    def update_event(self, event: str, fields: dict[str, Any]) -> None:
        """Edit an event."""
        self.client.update_event(event, fields)

    def delete_event(self, event: str) -> None:
        """Delete an event."""
        self.client.delete_event(event)

    def run(self, event: str, params: dict[str, Any], source: str) -> str:
        """Start an event by hand."""
        return self.client.run(event, params, source)

    def abort(self, job: str) -> None:
        """End a job for ever."""
        self.client.abort(job)

    def jobs(self) -> list[JobView]:
        """All jobs."""
        return self.client.jobs()

    def job(self, job: str) -> JobView | None:
        """One job."""
        try:
            return job_of(self.client.call("GET", f"/v1/jobs/{job}"))
        except Rejected as refusal:
            if refusal.code != "unknown-job":
                raise
            return None

    def present_slot(self) -> int:
        """The running minute of the schedule."""
        return self.client.present_slot()

    def event(self, event: str) -> EventView:
        """How far an event has been served."""
        return self.client.event(event)

    def leader(self) -> str:
        """Who leads."""
        return self.client.leader()

    def owes(self, root: str) -> bool:
        """Whether something is still to come for that lineage."""
        return self.client.owes(root)

    def ledger(self) -> list[LedgerView]:
        """The operator's ledger."""
        return self.client.ledger()

    def reasons(self, root: str) -> str:
        """What the ledger says."""
        return self.client.reasons(root)

    def close(self) -> None:
        """Let go of the connections."""
        self.client.close()


def main() -> None:
    """Answer questions about the reference that the environment names."""
    if missing := [name for name in ("RUNALL_URLS", "RUNALL_TOKEN") if not os.environ.get(name)]:
        sys.exit(f"set {' and '.join(missing)}: see {__spec__.name if __spec__ else __name__}")
    ReferenceAdapter(os.environ).serve()


if __name__ == "__main__":
    main()
