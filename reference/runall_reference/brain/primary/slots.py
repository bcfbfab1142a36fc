"""The schedule: cursors that advance minute by minute, and slots that are owed again.

Run All means that a due slot which could not be served is served later, oldest first. Without
it a due slot is served in its own minute or not at all.
"""

from collections import deque
from collections.abc import Iterable, Iterator

from ..jumps import due_slots
from ..records import Cursor, Event, Missed, PastTiming, Reopened
from ..rerun import again
from .placement import Placement
from .state import State


class Slots:
    """Serves the slots of all events up to the present minute."""

    def __init__(self, state: State, placement: Placement) -> None:
        self.state, self.placement = state, placement

    def serve_all(self) -> None:
        """Serve what is due, event by event. A pause of an event is an outage of it (RA-5.15)."""
        for event in list(self.state.records.all(Event).values()):
            if event.enabled and self.serve_reopened(event):
                self.serve_cursor(event)

    def serve_reopened(self, event: Event) -> bool:
        """Run interrupted slots again, oldest first. False: one could not start, so wait."""
        owed = (slot for slot in self.state.owed() if slot.event == event.id)
        return all(self.serve_again(event, slot) for slot in sorted(owed, key=lambda s: s.slot))

    def serve_again(self, event: Event, owed: Reopened) -> bool:
        now = self.state.now
        node = self.placement.free_node(event) if owed.not_before <= now else None
        if node is None:
            return False
        self.state.records.drop(owed)
        rerun = again(owed.job, event, cause="interrupted", created_at=now, lost_at=owed.lost_at)
        self.placement.place(rerun, node)
        return True

    def serve_cursor(self, event: Event) -> None:
        """Launch each due slot beyond the cursor in order (RA-5.2), and move the cursor (RA-5.1).

        One that can't start holds up the later ones, or is skipped if none is served later
        (RA-5.7).
        """
        present = self.state.clock.slot(self.state.now)
        for slot in self.owed_slots(event, present):
            if not self.launch(event, slot) and self.missed(event) != "none":
                return self.move_cursor(event, slot - 1)
        return self.move_cursor(event, present)

    def missed(self, event: Event) -> Missed:
        """What becomes of slots that were not served in their minute (RA-5.4)."""
        return event.missed or ("all" if event.catch_up else "none")

    def owed_slots(self, event: Event, present: int) -> Iterable[int]:
        """The due slots that the event still wants, oldest first, or only the last (RA-5.6)."""
        after = max(self.cursor(event), self.oldest_wanted(event, present) - 1)
        slots = self.due(event, after, present)
        return deque(slots, maxlen=1) if self.missed(event) == "last" else slots

    def due(self, event: Event, after: int, until: int) -> Iterator[int]:
        """The due slots of a window, each by the timing that was in force in its minute."""
        for past in self.past_timings(event):
            yield from due_slots(past.timing, past.timezone, after, min(past.until, until))
            after = max(after, past.until)
        yield from due_slots(event.timing, event.timezone, after, until)

    def past_timings(self, event: Event) -> list[PastTiming]:
        known = self.state.records.all(PastTiming).values()
        return sorted((p for p in known if p.event == event.id), key=lambda past: past.until)

    def edited(self, old: Event, new: Event) -> None:
        """Let a new timing count from the edit (RA-5.13), and keep the old one for what it owes.

        The minute of the edit has begun under the old timing, so it is of that one. A slot that
        was owed before the edit stays owed (RA-5.14).
        """
        if (old.timing, old.timezone) != (new.timing, new.timezone):
            until = self.state.clock.slot(self.state.now)
            past = PastTiming(event=old.id, until=until, timing=old.timing, timezone=old.timezone)
            if until > self.reached(old):
                self.state.records.put(past)

    def reached(self, event: Event) -> int:
        """Up to which slot it is settled what is due: served, or by an earlier timing."""
        return max(self.cursor(event), *(past.until for past in self.past_timings(event)), 0)

    def forget_timings(self, event: Event, until: int) -> None:
        for past in self.past_timings(event):
            if past.until <= until:
                self.state.records.drop(past)

    def oldest_wanted(self, event: Event, present: int) -> int:
        """The first slot that is not too old to be served (RA-5.5)."""
        if self.missed(event) == "none":
            return present
        return present - int(event.missed_age / 60) if event.missed_age else 0

    def launch(self, event: Event, slot: int) -> bool:
        node = self.placement.free_node(event)
        if node is None:
            return False
        job = self.placement.new_job(event, "schedule", "", slot * 60.0, slot)
        self.placement.place(job, node)
        return True

    def cursor(self, event: Event) -> int:
        """The last slot that has been served."""
        cursor = self.state.records.get(Cursor, event.id)
        return cursor.slot if cursor else self.state.clock.slot(self.state.now)

    def move_cursor(self, event: Event, slot: int) -> None:
        """Advance the cursor. A clock that is set back does not move it (RA-5.10)."""
        if slot > self.cursor(event) or self.state.records.get(Cursor, event.id) is None:
            self.state.records.put(Cursor(event=event.id, slot=slot))
            self.forget_timings(event, slot)

    def deleted(self, event: Event) -> None:
        """Forget a schedule with its event: one of the same name begins anew."""
        if cursor := self.state.records.get(Cursor, event.id):
            self.state.records.drop(cursor)
        for past in self.past_timings(event):
            self.state.records.drop(past)

    def wakes(self) -> Iterator[float]:
        events = self.state.records.all(Event).values()
        if any(event.enabled and event.timing for event in events):
            clock = self.state.clock
            yield clock.starts(clock.slot(self.state.now) + 1)
