"""Bugs by which a rule reaches too far, or not far enough: other events, jobs, dates and bounds."""

from collections.abc import Callable
from math import inf
from typing import Any

from msgspec.structs import replace
from runall_reference.brain import jumps
from runall_reference.brain.primary.finalization import Finalization
from runall_reference.brain.primary.orders import Orders
from runall_reference.brain.primary.placement import Placement
from runall_reference.brain.primary.policy import Policy
from runall_reference.brain.primary.reachability import Reachability
from runall_reference.brain.primary.slots import Slots
from runall_reference.brain.primary.state import State
from runall_reference.brain.primary.waiting import Waiting
from runall_reference.brain.records import Abort, Event, Finished, Server
from runall_reference.brain.worker import Worker

from .mutant import FROM_THE_RULE, mutant
from .planting import Plant


# ------------------------------------------------------------------ lists, bounds and other events
def ignores(plant: Plant, part: str) -> None:
    """Let one list of each timing allow every day."""

    def ignoring(original: Any) -> Any:
        def call(given: Any, day: Any) -> Any:
            return original(replace(given, **{part: ()}), day)

        return call

    for name in ("matches_day", "next_candidate"):
        plant(jumps, name, ignoring(getattr(jumps, name)))


@mutant(source="cron, which knows no years", clause="RA-5.12")
def years_are_ignored(plant: Plant) -> None:
    """An event that is due in another year is run this year."""
    ignores(plant, "years")


@mutant(source=FROM_THE_RULE, clause="RA-5.12")
def months_are_ignored(plant: Plant) -> None:
    """An event that is due in another month is run in this one."""
    ignores(plant, "months")


@mutant(source="ISO weekdays, of which Sunday is the seventh", clause="RA-5.12", also=("RA-5.9",))
def sundays_are_ignored(plant: Plant) -> None:
    """Sunday is 7 for the scheduler and 0 for its users, so nothing is due on Sundays."""
    original = jumps.matches_day

    def matches_day(given: Any, day: Any) -> bool:
        sunday = day.isoweekday() == 7 and given.weekdays
        return original(given, day) and not sunday

    plant(jumps, "matches_day", matches_day)


@mutant(source="offsets that are whole hours", clause="RA-5.9")
def zones_are_whole_hours(plant: Plant) -> None:
    """What a zone is beside a whole hour away from UTC is cut off."""
    original = jumps.shift_at

    def shift_at(slot: int, zone: str) -> int:
        return original(slot, zone) // 60 * 60

    plant(jumps, "shift_at", shift_at)


@mutant(source="0 that is taken for a bound", clause="RA-8.1", also=("RA-1.1", "RA-1.2", "RA-8.3"))
def no_bound_is_a_bound(plant: Plant) -> None:
    """An event whose jobs may be lost without end gets none of them run again."""
    original = Policy.refusal

    @plant.method(Policy)
    def refusal(self: Any, job: Any, event: Any) -> Any:
        refused = original(self, job, event)
        none = event.max_reruns == 0 and refused is None
        return ("RA-8.1", "servers took it down too often") if none else refused


@mutant(source="0 that is taken for a bound", clause="RA-8.2", also=("RA-1.1", "RA-1.2", "RA-8.3"))
def no_age_is_an_age(plant: Plant) -> None:
    """An event whose lost jobs are worth running for ever gets none of them run again."""

    @plant.method(Placement)
    def too_old_at(_: Any, event: Any, lost_at: float) -> float:
        return lost_at + event.rerun_age if event and lost_at else inf


def serves_until(plant: Plant, behind: Callable[[Any, Any], bool]) -> None:
    """Let the schedules of all events wait while one of those before them is behind."""
    original = Slots.serve_all

    @plant.method(Slots)
    def serve_all(self: Any) -> None:
        table = self.state.records.all(Event)
        events = dict(table)
        for name, event in events.items():
            table.clear()
            table[name] = event
            original(self)
            if event.enabled and behind(self, event):
                break
        table.clear()
        table.update(events)


@mutant(source="one line for all events", clause="RA-5.4")
def a_missed_minute_holds_up_all(plant: Plant) -> None:
    """While a minute of one event can't be served, no event after it is served."""
    serves_until(
        plant, lambda self, event: self.cursor(event) < self.state.clock.slot(self.state.now)
    )


@mutant(source="one line for all events", clause="RA-5.4")
def an_owed_minute_holds_up_all(plant: Plant) -> None:
    """While an interrupted minute of one event waits, no event after it is served."""
    serves_until(plant, lambda self, event: any(s.event == event.id for s in self.state.owed()))


@mutant(source=FROM_THE_RULE, clause="RA-3.4", also=("RA-3.6",))
def success_under_the_fence_is_lost(plant: Plant) -> None:
    """A job that finishes its work when its worker reaches nobody is run again all the same."""

    @plant.method(Finalization)
    def reached(_: Any, result: Any) -> bool:
        return result.how == "exit" or (result.how == "shutdown" and result.code == 0)


# ------------------------------------------------------------------ several jobs of one server
@mutant(source="a loop that returns too early", clause="RA-7.3", also=("RA-7.1",))
def the_fence_stops_one_job(plant: Plant) -> None:
    """A worker that reaches no primary stops the first of its jobs, and the others go on."""
    original = Worker.stop_fenced

    @plant.method(Worker)
    def stop_fenced(self: Any) -> None:
        if not any(run.stop == "fence" for run in self.runs()):
            with Plant() as first:
                first(self, "running", lambda: Worker.running(self)[:1])
                original(self)


@mutant(source="a loop that returns too early", clause="RA-7.6", also=("RA-7.5", "RA-7.1"))
def one_stray_is_killed(plant: Plant) -> None:
    """Of several jobs that ignore SIGTERM a worker kills one."""
    original = Worker.kill_stubborn

    @plant.method(Worker)
    def kill_stubborn(self: Any) -> None:
        if not self.killed:
            original(self)
            self.killed = {*list(self.killed)[:1], *(run.key for run in self.running() if run.stop)}


@mutant(source="an order that goes by the event", clause="RA-3.8")
def an_abort_ends_the_event_s_jobs(plant: Plant) -> None:
    """Who aborts a job of an event ends all jobs of that event that run."""
    original = Orders.abort_job

    @plant.method(Orders)
    def abort_job(self: Any, order: Any) -> Any:
        root = original(self, order)
        jobs = [*self.state.live(), *(one.job for one in self.records.all(Finished).values())]
        event = next(job.event for job in jobs if job.root == root)
        for job in self.state.live():
            if job.event == event and job.state == "running":
                self.records.put(Abort(root=job.root, at=self.state.now, by=order.by))
                self.stopping.request(job, "abort")
        return root


@mutant(source=FROM_THE_RULE, clause="RA-3.1")
def cancelled_without_a_time(plant: Plant) -> None:
    """What is aborted while it waits has no time of its end."""
    original = Waiting.cancel

    @plant.method(Waiting)
    def cancel(self: Any, job: Any) -> None:
        original(self, job)
        done = self.state.records.get(Finished, job.id)
        self.state.records.put(replace(done, job=replace(done.job, finalized_at=0.0)))


@mutant(source=FROM_THE_RULE, clause="RA-5.14")
def zones_have_no_past(plant: Plant) -> None:
    """What is owed is worked out by the time zone of today, whatever it was at the time."""
    original = Slots.edited

    @plant.method(Slots)
    def edited(self: Any, old: Any, new: Any) -> None:
        if old.timing != new.timing:
            original(self, old, new)


@mutant(source=FROM_THE_RULE, clause="RA-11.1", also=("RA-11.5",))
def late_failures_are_final(plant: Plant) -> None:
    """A failure that a worker tells when it is back in reach is not tried again."""
    original = Finalization.conclude

    @plant.method(Finalization)
    def conclude(self: Any, job: Any, result: Any) -> None:
        link = self.state.links.get(job.node)
        back = link is not None and link.since == self.state.now
        original(self, replace(job, retries=0) if back else job, result)


@mutant(source="a line that is copied", clause="RA-8.4")
def ledger_names_no_event(plant: Plant) -> None:
    """The ledger's lines name the server in the place of the event."""
    original = State.note

    @plant.method(State)
    def note(self: Any, job: Any, *what: str) -> None:
        original(self, replace(job, event=job.node or "none"), *what)


@mutant(source=FROM_THE_RULE, clause="RA-6.7")
def limits_are_shared(plant: Plant) -> None:
    """The jobs of all events count against the limit of each."""

    @plant.method(Placement)
    def below_limit(self: Any, event: Any) -> bool:
        running = sum(self.counts(job) for job in self.state.live())
        return not event.max_children or running < event.max_children


@mutant(source="the second time of everything", clause="RA-2.12", also=("RA-2.1",))
def a_second_silence_is_not_noticed(plant: Plant) -> None:
    """A worker that was out of reach once is not watched any more."""
    original = Reachability.silent_at

    @plant.method(Reachability)
    def silent_at(self: Any, link: Any) -> float:
        known = self.state.records.all(Server).values()
        joined = next((one.joined_at for one in known if one.boot == link.boot), link.since)
        return inf if link.since > joined else original(self, link)
