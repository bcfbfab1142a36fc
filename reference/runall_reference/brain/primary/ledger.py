"""The operator's ledger: what was interrupted, what was done about it, and by which clause."""

from ..records import Entry, Job
from .state import State


class Ledger:
    """Writes the operator's ledger, in the same change as what a line is about."""

    def __init__(self, state: State) -> None:
        self.state = state

    def note(self, job: Job, what: str, decision: str, clause: str, detail: str) -> None:
        """Write one line. Whoever decides about an interruption or refuses a rerun calls this.

        RA-8.3 and RA-8.4 hold because no decision is made without it.
        """
        self.state.records.put(
            Entry(
                number=self.state.count("ledger"),
                at=self.state.now,
                event=job.event,
                job=job.id,
                root=job.root,
                what=what,
                decision=decision,
                clause=clause,
                detail=detail,
            )
        )
