"""Steps about edits of an event's timing, and about pauses of an event."""

from typing import NamedTuple

from pytest_bdd import then, when

from runall_harness.contract.verdicts import Inconclusive
from runall_harness.evidence.witness_job import LEAD_SLOTS

from ..due_slots import ZONES, DueSlots, timing_of
from ..expectations import Scenario, require
from ..setting import EVENT


class NewTiming(NamedTuple):
    """The slots of a new timing: those that had begun when it was given, and those after it."""

    begun: list[int]
    to_come: list[int]


@when("all six have been served")
def await_six(scenario: Scenario, due: DueSlots) -> None:
    scenario.await_minutes(9, "all six are served", lambda: len(due.served()) == len(due.slots))


@when(
    "the event gets another timing, of minutes just past and of minutes to come",
    target_fixture="new_timing",
)
def give_new_timing(scenario: Scenario, due: DueSlots) -> NewTiming:
    new = choose_new_timing(scenario, due)
    scenario.calls.edit(EVENT, **timing_of([*new.begun, *new.to_come]))
    require_in_time(scenario, new)
    return new


@when("the event gets another time zone")
def give_new_zone(scenario: Scenario, due: DueSlots) -> None:
    zone = timing_of(due.slots)["timezone"]
    scenario.calls.edit(EVENT, timezone=next(other for other in ZONES if other != zone))


@when(
    "the event is deleted, and made anew with minutes just past and minutes to come",
    target_fixture="new_timing",
)
def make_anew_with_timing(scenario: Scenario, due: DueSlots) -> NewTiming:
    new = choose_new_timing(scenario, due)
    scenario.calls.call("delete_event", event=EVENT)
    due.schedule_anew(timing_of([*due.slots, *new.begun, *new.to_come]))
    require_in_time(scenario, new)
    return new


def choose_new_timing(scenario: Scenario, due: DueSlots) -> NewTiming:
    """Choose slots that have begun, and a few to come; none of them is one of the old timing."""
    least = due.slots[-1] + 3
    scenario.await_minutes(
        5, "minutes of no timing pass", lambda: scenario.cluster.api.present_slot() >= least
    )
    present = scenario.cluster.api.present_slot()
    first = present + LEAD_SLOTS
    return NewTiming([present - 2, present - 1, present], [first, first + 1])


def require_in_time(scenario: Scenario, new: NewTiming) -> None:
    """Raise `Inconclusive` for a timing that was given too late for what was to come."""
    if scenario.cluster.api.present_slot() >= new.to_come[0]:
        raise Inconclusive("the new timing was given when all of its minutes had begun")
    scenario.expect_within((LEAD_SLOTS + 2) * scenario.timings.minute + scenario.timings.prompt)


@then("of the new timing those to come are served, and none that had begun")
def require_new_timing(scenario: Scenario, due: DueSlots, new_timing: NewTiming) -> None:
    due.require_served("RA-5.13", new_timing.to_come)
    require_none_begun(scenario, due, new_timing)


@then("of the new timing none that had begun is served")
def require_none_begun(scenario: Scenario, due: DueSlots, new_timing: NewTiming) -> None:
    scenario.run_canaries()
    early = sorted(due.runs().keys() & new_timing.begun)
    require(not early, "RA-5.13", f"none of {new_timing.begun} is served", f"{early} were")


@then("none of the six is served")
def require_none_of_six(due: DueSlots) -> None:
    served = sorted(due.runs().keys() & due.slots)
    expected = "an event that is made anew owes nothing"
    require(not served, "RA-5.13", expected, f"{served} were served")


@when("the event is disabled until all have passed, and is enabled")
def pause_event(scenario: Scenario, due: DueSlots) -> None:
    scenario.calls.edit(EVENT, enabled=False)
    due.await_passed()
    due.note_return()
    scenario.expect_within(scenario.timings.prompt)
    scenario.calls.edit(EVENT, enabled=True)
