"""Translates the kit's verbs into the API of a scheduler; docs/adapters.md explains each verb.

Fill in the four methods. Then take a verb out of `cannot` when you have written its method, and
leave those that your scheduler has nothing for, with the reason: their cases are unsupported.
Try it against a scheduler that runs: `runall adapter check python THIS_FILE`.
"""

import os
from typing import Any, ClassVar

from runall_harness.adapter import Adapter, JobView

URL = os.environ.get("SCHEDULER_URL", "http://127.0.0.1:8080")


class Scheduler(Adapter):
    """Raise `Rejected` for what did not happen, `Unreachable` for what may have happened."""

    name, version = "NAME", "1"
    cannot: ClassVar = {
        "update_event": "not written yet",
        "delete_event": "not written yet",
        "abort": "not written yet",
        "present_slot": "not written yet",
        "event": "not written yet",
        "event.timing": "not written yet: without it, only what people start is tested",
        "leader": "not written yet",
        "owes": "not written yet",
        "ledger": "not written yet",
        "reasons": "not written yet",
    }

    def ready(self) -> list[str]:
        """The names of the nodes that take work now, as the kit named them."""
        raise NotImplementedError("ready: ask the scheduler which nodes are online")

    def create_event(self, event: dict[str, Any]) -> None:
        """Create a job that people can start. `event` has id, target (a glob of nodes), params."""
        raise NotImplementedError("create_event: give the scheduler event['params']['script']")

    def run(self, event: str, params: dict[str, Any], source: str) -> str:
        """Start it by hand; `params` go over those of the event. The scheduler's id of the job."""
        raise NotImplementedError("run: start the event, and return the new job's id")

    def jobs(self) -> list[JobView]:
        """Every job that the scheduler shows, live or finished, read anew for each answer."""
        raise NotImplementedError("jobs: a JobView(id, event, root, attempt, state, ...) for each")


Scheduler().serve()
