"""The clock's side: cursors that advance minute by minute, and slots that are owed again.

Run All means that a due slot which could not be served is served later, oldest first. Without
it a due slot is served in its own minute or not at all.
"""

from collections import deque
from collections.abc import Iterable

from ..jumps import due_slots
from ..records import Cursor, Event, Missed, Reopened
from ..rerun import again
from .placement import Placement


class Schedule(Placement):
    """Serves the slots of all events up to the present minute."""

    def serve_schedule(self) -> None:
        """Serve what is due, event by event; a disabled event's slots accumulate."""
        for event in list(self.records.all(Event).values()):
            if event.enabled and self.serve_reopened(event):
                self.serve_cursor(event)

    def serve_reopened(self, event: Event) -> bool:
        """Run interrupted slots again, oldest first. False: one could not start, so wait."""
        owed = (slot for slot in self.records.all(Reopened).values() if slot.event == event.id)
        return all(self.serve_again(event, slot) for slot in sorted(owed, key=lambda s: s.slot))

    def serve_again(self, event: Event, owed: Reopened) -> bool:
        """Start the next attempt of one interrupted slot, if it can start."""
        free = owed.not_before <= self.now and self.room(event)
        node = self.choose(event.target) if free else None
        if node is None:
            return False
        self.records.drop(owed)
        rerun = again(
            owed.job, event, cause="interrupted", created_at=self.now, lost_at=owed.lost_at
        )
        self.place(rerun, node)
        return True

    def serve_cursor(self, event: Event) -> None:
        """Take the cursor as far as it gets: each due slot is launched, in its order."""
        present = self.clock.slot(self.now)
        for slot in self.owed_slots(event, present):
            if not self.launch_slot(event, slot) and self.missed(event) != "none":
                return self.move_cursor(event, slot - 1)
        return self.move_cursor(event, present)

    def missed(self, event: Event) -> Missed:
        """What becomes of slots that were not served in their minute (RA-5.4)."""
        return event.missed or ("all" if event.catch_up else "none")

    def owed_slots(self, event: Event, present: int) -> Iterable[int]:
        """The due slots up to the present that the event still wants, oldest first."""
        after = max(self.cursor(event), self.oldest_wanted(event, present) - 1)
        slots = due_slots(event.timing, event.timezone, after, present)
        return deque(slots, maxlen=1) if self.missed(event) == "last" else slots

    def oldest_wanted(self, event: Event, present: int) -> int:
        """The first slot that is not too old to be served (RA-5.5)."""
        if self.missed(event) == "none":
            return present
        return present - int(event.missed_age / 60) if event.missed_age else 0

    def launch_slot(self, event: Event, slot: int) -> bool:
        """Start the job of one slot, if it can start now."""
        node = self.choose(event.target) if self.room(event) else None
        if node is None:
            return False
        self.place(self.new_job(event, "schedule", "", slot * 60.0, slot), node)
        return True

    def cursor(self, event: Event) -> int:
        """The last slot that has been served."""
        cursor = self.records.get(Cursor, event.id)
        return cursor.slot if cursor else self.clock.slot(self.now)

    def move_cursor(self, event: Event, slot: int) -> None:
        """Advance the cursor. It never goes back here: only a policy can rewind it."""
        if slot > self.cursor(event) or self.records.get(Cursor, event.id) is None:
            self.records.put(Cursor(event=event.id, slot=slot))
