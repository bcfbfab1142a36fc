"""Steps about much of everything: long outages, and all the minutes that were missed in them."""

from pytest_bdd import given, parsers, then, when

from ..deadlines import Wait
from ..due_slots import DueSlots
from ..expectations import Scenario, require
from ..nodes import PRIMARY

INTERVALS = {"minute": 1, "ten minutes": 10}
DAYS = 2
DAY = 24 * 60


@given(parsers.re(f"it is due every (?P<interval>{'|'.join(INTERVALS)})"), target_fixture="apart")
def schedule_at_intervals(scenario: Scenario, due: DueSlots, interval: str) -> int:
    """Make the event due at an interval, see the first slot served, and return the minutes."""
    apart = INTERVALS[interval]
    due.schedule(timing={"minutes": list(range(0, 60, apart))})
    scenario.await_minutes(2 * apart + 2, "it is served", due.served)
    return apart


@when(parsers.parse("the primary is killed, and comes back after {minutes:d} minutes"))
def outlast_minutes(scenario: Scenario, minutes: int) -> None:
    killed = scenario.kill(PRIMARY)
    over = killed.at + minutes * scenario.timings.minute
    scenario.cluster.await_time(f"{minutes} minutes have passed", over)
    scenario.bring_back_primary("RA-5.4")


@when("the primary is killed, and comes back when two days have passed by its clock")
def outlast_days(scenario: Scenario) -> None:
    scenario.kill(PRIMARY)
    # To a daemon that was down, a clock that was set looks like time that has passed.
    scenario.cluster.set_clock(PRIMARY, DAYS * DAY * scenario.timings.minute)
    scenario.bring_back_primary("RA-5.4")
    scenario.cluster.prove_clock(PRIMARY)


@then("each of its minutes is served, once, oldest first")
def require_all_minutes(scenario: Scenario, due: DueSlots, apart: int) -> None:
    slots = range(min(due.runs()), scenario.cluster.api.present_slot() + 1, apart)
    within = scenario.deadline + len(slots) * scenario.timings.prompt

    def all_served() -> bool:  # quick, as it is called after each simulated act
        return len(scenario.site.executions()) >= len(slots) and len(due.served()) >= len(slots)

    wait = Wait(scenario.cluster, within)
    wait.until(all_served)
    missing = [slot for slot in slots if slot not in due.served()]
    expected = f"{len(slots)} minutes are served"
    require(not missing, "RA-5.4", expected, f"not within {wait.most:g} s: {missing}")
    wait.require_timely("the last of them")
    due.require_once("RA-5.1")
    due.require_order()
