"""Steps about slots that are missed in an outage, and about which of them are served later."""

from functools import partial
from typing import Any

import pytest
from pytest_bdd import given, parsers, then, when

from runall_harness.contract.verdicts import Inconclusive
from runall_harness.evidence.facts import Execution

from ..due_slots import TAG, DueSlots, local, slot_of, slot_params, timing_of
from ..expectations import Scenario, require
from ..nodes import PRIMARY
from ..setting import EVENT
from .clocks import EVERY
from .events import AGE, COUNTS
from .when import FAULTS

QUEUED, TWIN, BESIDE = "queued", "twin", "beside"
# The lists of a timing that name more than minutes, each with its least value and its greatest.
PARTS = (("hours", 0, 23), ("days", 1, 28), ("months", 1, 12), ("years", 1970, 9999))
GONE = r"(?P<gone>killed|stopped cleanly)"


@pytest.fixture
def due(scenario: Scenario) -> DueSlots:
    """The slots of the running scenario."""
    return DueSlots(scenario)


# ------------------------------------------------------------------ slots to come
@given(parsers.re("it is due in (?P<count>six|seven) minutes to come(?P<apart>|, four apart)"))
def schedule_slots(due: DueSlots, count: str, apart: str) -> None:
    due.schedule_slots(COUNTS[count], apart=4 if apart else 1)


@given("it is due in six minutes to come, on this day of the month but on another weekday")
def schedule_on_wrong_weekday(due: DueSlots) -> None:
    due.choose(6)
    due.schedule(**on_weekday(due, later=1))


@given("an event with the right weekday is due in the same minutes")
def schedule_on_right_weekday(scenario: Scenario, due: DueSlots) -> None:
    fields = {"catch_up": True, "params": slot_params(TWIN), **on_weekday(due)}
    scenario.calls.create(TWIN, "worker-*", **fields)


@given("events of another hour, day, month and year are due in the same minutes")
def schedule_beside(scenario: Scenario, due: DueSlots) -> None:
    """Create an event for each list of a timing: only in that one it misses the slots."""
    fields = timing_of(due.slots)
    for part, least, most in PARTS:
        (own,) = fields["timing"][part]
        other = {**fields["timing"], part: [own + 1 if own < most else least]}
        body = {**fields, "timing": other, "catch_up": True, "params": slot_params()}
        scenario.calls.create(f"{BESIDE}-{part}", "worker-*", **body)


def on_weekday(due: DueSlots, later: int = 0) -> dict[str, Any]:
    """The fields of an event that is due at the slots on a weekday `later` days after theirs."""
    fields = timing_of(due.slots)
    weekday = (local(due.slots[0], fields["timezone"]).isoweekday() + later) % 7
    return {**fields, "timing": {**fields["timing"], "weekdays": [weekday]}}


@given("jobs of three minutes of it run")
def start_jobs_of_three_slots(scenario: Scenario, due: DueSlots) -> None:
    due.schedule_slots(3, params={**slot_params(), "hold": "1"})
    within = 6 * scenario.timings.minute + scenario.timings.prompt + scenario.timings.slack
    runs = scenario.cluster.await_evidence(
        "a job of each of three minutes runs", lambda: one_of_each(due), within
    )
    for run in runs:
        scenario.works[run.job] = scenario.adopt("scheduled", EVENT, run, within)


def one_of_each(due: DueSlots) -> list[Execution]:
    """The first execution of each slot, once there is one of each."""
    firsts = [runs[0] for runs in due.runs().values()]
    return firsts if len(firsts) == len(due.slots) else []


@given("the event is due in six minutes, which pass unserved")
@when("the event is due in six minutes, which pass unserved")
def pass_six_slots_unserved(scenario: Scenario, due: DueSlots) -> None:
    due.schedule_slots(6)
    due.await_passed()
    if served := sorted(due.runs()):
        raise Inconclusive(f"{served} were served meanwhile")
    due.cursor = scenario.cluster.api.event(event=EVENT).cursor


# ------------------------------------------------------------------ outages
@when(parsers.re(rf"the first is served, and the primary is {GONE} until all have passed"))
def outlast_slots_after_the_first(scenario: Scenario, due: DueSlots, gone: str) -> None:
    scenario.await_minutes(4, "the first minute is served", due.runs)
    outlast_slots(scenario, due, gone)


@when(parsers.re(rf"the primary is {GONE} until all have passed"))
def outlast_slots(scenario: Scenario, due: DueSlots, gone: str) -> None:
    FAULTS[gone](scenario, PRIMARY)
    due.await_passed()
    due.note_return()
    scenario.bring_back_primary("RA-5.4")


@when("all of its minutes have passed")
def pass_slots(due: DueSlots) -> None:
    due.await_passed()
    due.note_return()


@when("the first worker is killed and stays away")
def kill_first_worker(scenario: Scenario) -> None:
    scenario.kill("worker-1")
    scenario.cluster.await_missed("worker-1")


@when("the first worker comes back")
def bring_first_worker_back(scenario: Scenario) -> None:
    scenario.bring_back("worker-1")


# ------------------------------------------------------------------ what users do meanwhile
@when("a user runs the event once more, and the run waits in the queue")
def queue_run(scenario: Scenario) -> None:
    scenario.queue(EVENT, **slot_params(QUEUED))


@when(parsers.re("a user runs the event (?P<when>before the first|after the first|once each) .+"))
def run_beside_schedule(scenario: Scenario, due: DueSlots, when: str) -> None:
    if when == "after the first":
        scenario.await_minutes(4, "the first minute is served", due.runs)
    for _ in due.slots if when == "once each" else due.slots[:1]:
        scenario.calls.run(EVENT, slot_params(BESIDE))
        if when == "once each":
            slot = due.least_slot()
            scenario.await_minutes(2, "the next minute", lambda n=slot: due.least_slot() > n)


# ------------------------------------------------------------------ what must follow
@then("each of the six is served, on time or later")
def require_no_slot_skipped(due: DueSlots) -> None:
    due.await_passed()
    due.require_served("RA-5.8", due.slots)
    due.require_once("RA-5.1")


@then(parsers.re("each of the six is served(?P<how>|, once, oldest first)"))
def require_six_served(scenario: Scenario, due: DueSlots, how: str) -> None:
    due.missed()
    due.require_served(scenario.clause("RA-13.2", "RA-5.14", "RA-5.15", "RA-5.4"), due.slots)
    if how:
        due.require_once("RA-5.1")
        due.require_order()


@then("each of the six is served, on the right weekday only")
def require_right_weekday(scenario: Scenario, due: DueSlots) -> None:
    due.require_served("RA-5.4", due.slots, TWIN)
    scenario.run_canaries()
    wrong = sorted(due.runs())
    expected = "nothing on another weekday, and nothing in another hour, day, month or year"
    require(not wrong, "RA-5.12", expected, f"{wrong} were served")


@then("the other event was served in all of them")
def require_other_event_served(due: DueSlots) -> None:
    due.require_served("RA-5.4", due.slots, EVERY)


@then("of those that were missed the last is served, and no other")
def require_last_only(scenario: Scenario, due: DueSlots) -> None:
    last = due.missed()[-1]
    clause = scenario.clause("RA-5.15", "RA-5.6")
    due.require_served(clause, [last])
    scenario.run_canaries()
    late = due.served_late()
    require(late == [last], clause, f"{last} is served", f"{late} were")


@then("none of those that were missed is served")
def require_none_served(scenario: Scenario, due: DueSlots) -> None:
    missed = due.missed()
    scenario.run_canaries()
    late = due.served_late()
    clause = scenario.clause("RA-5.15", "RA-5.7")
    require(not late, clause, f"none of {missed} is served", f"{late} were")


@then("those that are not too old are served, and no other")
def require_young_only(scenario: Scenario, due: DueSlots) -> None:
    # All servers have been back for a moment, so nothing is served after this slot.
    latest = scenario.cluster.api.present_slot()
    young = [slot for slot in due.missed() if slot >= latest - AGE]
    old = [slot for slot in due.missed() if slot < due.returned - AGE]
    if not young or not old:
        raise Inconclusive(f"of {due.missed()} none is old, or none is young, at {latest}")
    due.require_served("RA-5.4", young)
    scenario.run_canaries()
    late = [slot for slot in due.served_late() if slot in old]
    require(not late, "RA-5.5", f"{old} are too old to be served", f"{late} were served")


@then("its own slot is owed again, and the cursor has stayed")
def require_reopened_slot(scenario: Scenario, due: DueSlots) -> None:
    event, latest = scenario.cluster.api.event(event=EVENT), max(due.runs())
    own, cursor = slot_of(scenario.work.first), event.cursor
    kept = event.owed == (own,) and cursor is not None and cursor >= latest
    expected = f"owed [{own}], cursor {latest} or later"
    require(kept, "RA-4.2", expected, f"owed {list(event.owed)}, cursor {cursor}")


@then("no slot has been served twice")
def require_slots_once(scenario: Scenario, due: DueSlots) -> None:
    due.require_once(scenario.clause("RA-5.10", "RA-5.1"))


@then("the three are run again, once each, oldest first")
def require_three_slots_again(scenario: Scenario, due: DueSlots) -> None:
    scenario.site.release(TAG)
    due.require_served("RA-5.1", due.slots)
    due.require_once("RA-5.1")
    due.require_order()
    counts = {slot: len(runs) for slot, runs in due.runs().items()}
    twice = set(counts.values()) == {2}
    require(twice, "RA-5.1", "each is run again once", f"executions: {counts}")


@then("the cursor has not moved")
def require_cursor_to_stay(scenario: Scenario, due: DueSlots) -> None:
    cursor, clause = (
        scenario.cluster.api.event(event=EVENT).cursor,
        scenario.clause("RA-5.3", "RA-5.8"),
    )
    require(cursor == due.cursor, clause, f"the cursor is at {due.cursor}", f"it is at {cursor}")


@then("the run that waited has ended well")
def require_queued_run(scenario: Scenario) -> None:
    ended = partial(scenario.cluster.ended, QUEUED)
    expected, promised = "the run that was accepted runs", scenario.timings.prompt
    scenario.require_in_time("RA-12.2", expected, ended, promised)
