"""Steps about clocks: set by hand, and changed by the law of a country twice a year."""

from datetime import timedelta

from pytest_bdd import given, parsers, then, when

from runall_harness.contract.verdicts import Inconclusive, Violation

from ..cluster import PRIMARY
from .due_slots import Row, local
from .scene import Scene

# How long before the change, in minutes: more than the half hour in which 02:30 may come.
BEFORE = 40
# A whole night with its change of the clock, in minutes.
NIGHT = 240
TEN = 10
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


def set_clock(scene: Scene, minutes: int) -> None:
    """Set the primary's wall clock ahead; the schedule must follow, or nothing can be said."""
    before = scene.cluster.api.present_slot()
    scene.cluster.set_clock(PRIMARY, minutes * 60)
    within = scene.timings.prompt + scene.timings.slack
    allowed = 2 + within / scene.timings.minute
    scene.cluster.await_evidence(
        "the schedule follows the clock",
        lambda: 0 <= scene.cluster.api.present_slot() - before - minutes <= allowed,
        within,
    )


@given(
    parsers.re(
        r"the clock is set to shortly before an hour is (?P<what>skipped|repeated) in (?P<zone>\S+)"
    ),
    target_fixture="zone",
)
def _(scene: Scene, what: str, zone: str) -> str:
    present = scene.cluster.api.present_slot()
    change = next_change(zone, present, repeated=what == "repeated")
    set_clock(scene, change - BEFORE - present)
    return zone


@given("it is due at 02:30 there each day")
def _(row: Row, zone: str) -> None:
    row.schedule(timezone=zone, timing={"hours": [2], "minutes": [30]})


@given("another event is due at 03:30 there")
def _(scene: Scene, row: Row, zone: str) -> None:
    timing = {"hours": [3], "minutes": [30]}
    params = row.params(OTHER)
    scene.cluster.create(
        OTHER, "worker-*", timezone=zone, timing=timing, params=params, catch_up=True
    )


@given("it is due every minute, and has been served three times")
def _(scene: Scene, row: Row) -> None:
    row.schedule(timing={}, max_children=0)
    within = 6 * scene.timings.minute + scene.timings.slack
    scene.cluster.await_evidence("it is served", lambda: len(row.served()) >= 3, within)


@given("another event is due every minute, with Run All on")
def _(scene: Scene, row: Row) -> None:
    params = row.params(EVERY)
    scene.cluster.create(EVERY, "worker-*", timing={}, params=params, catch_up=True, max_children=0)
    within = 4 * scene.timings.minute + scene.timings.slack
    scene.cluster.await_evidence("it is served", lambda: row.served(EVERY), within)


# ------------------------------------------------------------------ what happens
@when("the primary is killed, the clock is set over all that, and the primary comes back")
def _(scene: Scene) -> None:
    scene.kill(PRIMARY)
    scene.cluster.set_clock(PRIMARY, NIGHT * 60)
    scene.expect("RA-5.9", scene.promise_after_return())
    scene.come_back_with_all(PRIMARY)


@when("the other event has been served")
def _(scene: Scene) -> None:
    within = NIGHT * scene.timings.minute + scene.timings.slack
    scene.cluster.await_evidence(
        "03:30 has been served", lambda: scene.cluster.ended(OTHER), within
    )


@when("the clock is set back by ten minutes")
def _(scene: Scene, row: Row) -> None:
    row.clause, row.slots = "RA-5.10", sorted(row.runs())
    set_clock(scene, -TEN)


@when("the clock is past that time again")
def _(scene: Scene, row: Row) -> None:
    within = 2 * TEN * scene.timings.minute + scene.timings.slack
    scene.cluster.await_evidence(
        "a later minute is served", lambda: max(row.served()) > row.slots[-1] + 1, within
    )


@when("the clock is set forward by ten minutes")
def _(scene: Scene, row: Row) -> None:
    latest = max(row.runs(EVERY))
    row.slots = list(range(latest, latest + TEN + 1))
    set_clock(scene, TEN)
    scene.expect("RA-5.4", scene.timings.prompt)


# ------------------------------------------------------------------ what must follow
@then("the event has not been served")
def _(scene: Scene, row: Row) -> None:
    scene.canary()
    if runs := row.runs():
        raise Violation("RA-5.9", "nothing is due at a time that is skipped", f"{sorted(runs)}")


@then("the event has been served twice, an hour apart")
def _(scene: Scene, row: Row) -> None:
    scene.cluster.wait(lambda: len(row.served()) > 1, scene.timings.prompt + scene.timings.slack)
    row.clause = "RA-5.9"
    row.require_once()
    slots = sorted(row.served())
    if len(slots) != 2 or slots[1] - slots[0] != 60:
        raise Violation("RA-5.9", "two slots, 60 minutes apart", f"{slots}")


@then("the minutes that were leapt over are served, once each")
def _(scene: Scene, row: Row) -> None:
    row.require_served("RA-5.4", row.slots, EVERY)
    row.require_once(EVERY)
    scene.clause = "RA-5.11"
