"""Steps about clocks: set by hand, or changed by daylight saving time."""

from datetime import timedelta

from pytest_bdd import given, parsers, then, when

from runall_harness.contract.verdicts import Inconclusive

from ..due_slots import DueSlots, local, slot_params
from ..expectations import Scenario, require
from ..nodes import PRIMARY
from .given import BACKUP

# How long before the change, in minutes: more than the half hour in which 02:30 may come.
BEFORE = 40
# A whole night with its change of the clock, in minutes.
NIGHT = 240
TEN = 10
APART = {"an hour": 60, "half an hour": 30}
HOUR = 3600.0
OTHER, EVERY = "other", "every"


def next_change(zone: str, after: int, *, repeated: bool) -> int:
    """The first slot after `after` at which that zone skips an hour, or repeats one."""

    def offset(slot: int) -> timedelta:
        return local(slot, zone).utcoffset() or timedelta()

    first = after // 60 * 60 + 60
    for slot in range(first, first + 366 * 24 * 60, 60):
        before, then = offset(slot - 1), offset(slot)
        if before != then and (then < before) == repeated:
            return slot
    raise Inconclusive(f"{zone} changes no clocks within a year of slot {after}")


def set_primary_clock(scenario: Scenario, minutes: int) -> None:
    """Set the primary's wall clock ahead. Raises `Inconclusive` if the schedule does not follow."""
    before = scenario.cluster.api.present_slot()
    scenario.cluster.set_clock(PRIMARY, minutes * 60)
    within = scenario.timings.prompt + scenario.timings.slack
    allowed = 2 + within / scenario.timings.minute
    scenario.cluster.await_evidence(
        "the schedule follows the clock",
        lambda: 0 <= scenario.cluster.api.present_slot() - before - minutes <= allowed,
        within,
    )


@given(
    parsers.re(
        r"the clock is set to shortly before an hour is (?P<what>skipped|repeated) in (?P<zone>\S+)"
    ),
    target_fixture="zone",
)
def set_clock_before_change(scenario: Scenario, what: str, zone: str) -> str:
    present = scenario.cluster.api.present_slot()
    change = next_change(zone, present, repeated=what == "repeated")
    set_primary_clock(scenario, change - BEFORE - present)
    return zone


@given(
    parsers.re(r"the primary's clock starts shortly before an hour is repeated in (?P<zone>\S+)"),
    target_fixture="zone",
)
def start_clock_before_change(scenario: Scenario, zone: str) -> str:
    now = scenario.site.now()
    change = next_change(zone, int(now // 60), repeated=True)
    scenario.cluster.set_clock(PRIMARY, (change - BEFORE) * 60 - now)
    return zone


@given(
    parsers.re(
        r"the (?P<who>first worker|backup)'s clock is an hour (?P<way>ahead|behind) .+ start"
    )
)
def start_with_clock_off(scenario: Scenario, who: str, way: str) -> None:
    node = BACKUP if who == BACKUP else "worker-1"
    scenario.cluster.set_clock(node, HOUR if way == "ahead" else -HOUR)


@given(parsers.parse("it is due at {hour:d}:{minute:d} there on Sundays"))
def schedule_on_sundays(due: DueSlots, zone: str, hour: int, minute: int) -> None:
    due.schedule(timezone=zone, timing={"hours": [hour], "minutes": [minute], "weekdays": [0]})


@given(parsers.parse("another event is due at {hour:d}:{minute:d} there"))
def schedule_other_later(scenario: Scenario, zone: str, hour: int, minute: int) -> None:
    timing, params = {"hours": [hour], "minutes": [minute]}, slot_params(OTHER)
    scenario.calls.create(
        OTHER, "worker-*", timezone=zone, timing=timing, params=params, catch_up=True
    )


@given("it is due every minute, and has been served three times")
def serve_event_three_times(scenario: Scenario, due: DueSlots) -> None:
    due.schedule(timing={}, max_children=0)
    scenario.await_minutes(6, "it is served", lambda: len(due.runs()) >= 3)


@given("another event is due every minute, with Run All on")
def serve_other_event_with_run_all(scenario: Scenario, due: DueSlots) -> None:
    fields = {"timing": {}, "params": slot_params(EVERY), "catch_up": True, "max_children": 0}
    scenario.calls.create(EVERY, "worker-*", **fields)
    scenario.await_minutes(4, "it is served", lambda: due.runs(EVERY))


@when("the primary is killed, the clock is set over all that, and the primary comes back")
def pass_change_while_primary_is_down(scenario: Scenario) -> None:
    scenario.kill(PRIMARY)
    # To a daemon that was down, a clock that was set looks like time that has passed.
    scenario.cluster.set_clock(PRIMARY, NIGHT * scenario.timings.minute)
    scenario.bring_back_primary("RA-5.9")
    scenario.cluster.prove_clock(PRIMARY)


@when("as much time passes as a lost server is given")
def pass_loss_timeout(scenario: Scenario) -> None:
    scenario.expect_within(scenario.loss_timeout)
    until = scenario.since + scenario.loss_timeout
    scenario.cluster.await_time("a lost server would have been given up", until)


@when("the other event has been served")
def await_other_event(scenario: Scenario) -> None:
    scenario.await_minutes(NIGHT, "it has been served", lambda: scenario.cluster.ended(OTHER))


@when("the clock is set back by ten minutes")
def set_clock_back(scenario: Scenario, due: DueSlots) -> None:
    due.slots = sorted(due.runs())
    set_primary_clock(scenario, -TEN)


@when("the clock is past that time again")
def await_later_slot(scenario: Scenario, due: DueSlots) -> None:
    scenario.await_minutes(
        2 * TEN, "a later minute is served", lambda: max(due.runs()) > due.slots[-1] + 1
    )


@when("the clock is set forward by ten minutes")
def set_clock_forward(scenario: Scenario, due: DueSlots) -> None:
    latest = max(due.runs(EVERY))
    due.slots = list(range(latest, latest + TEN + 1))
    set_primary_clock(scenario, TEN)
    scenario.expect_within(scenario.timings.prompt)


@when("the clock of the primary is set forward by an hour")
def set_clock_an_hour_ahead(scenario: Scenario) -> None:
    scenario.cluster.set_clock(PRIMARY, HOUR)


@then("the event has not been served")
def require_skipped_time_unserved(scenario: Scenario, due: DueSlots) -> None:
    scenario.run_canaries()
    served = sorted(due.runs())
    require(not served, "RA-5.9", "nothing is due at a time that is skipped", f"{served}")


@then(parsers.re(f"the event has been served twice, (?P<how>{'|'.join(APART)}) apart"))
def require_repeated_time_served_twice(scenario: Scenario, due: DueSlots, how: str) -> None:
    within = scenario.timings.prompt + scenario.timings.slack
    scenario.site.wait(lambda: len(due.served()) > 1, within)
    due.require_once("RA-5.9")
    slots = sorted(due.served())
    apart = len(slots) == 2 and slots[1] - slots[0] == APART[how]
    require(apart, "RA-5.9", f"two slots, {APART[how]} minutes apart", f"{slots}")


@then("the minutes that were leapt over are served, once each")
def require_leapt_slots_once(due: DueSlots) -> None:
    due.require_served("RA-5.4", due.slots, EVERY)
    due.require_once("RA-5.1", EVERY)
