"""Steps about minutes of the schedule that an outage swallows, and what is made up for."""

from typing import Any

from pytest_bdd import given, parsers, then, when

from runall_harness.contract.verdicts import Inconclusive, Violation
from runall_harness.evidence.facts import Execution

from ..cluster import PRIMARY
from .due_slots import EVENT, TAG, Row, local, slot_of, timing_of
from .given import TARGETS
from .patience import in_time
from .scene import Scene
from .stage import Work

AGE = 20
QUEUED, TWIN = "queued", "twin"
WISHES: dict[str, dict[str, Any]] = {
    " and the last missed minute wanted": {"missed": "last"},
    " and no missed minute wanted": {"missed": "none"},
    f" and missed minutes wanted for {AGE} minutes": {"missed_age": AGE * 60, "max_children": 0},
    " and a queue for one manual run": {"queue_max": 1},
}
GONE = r"(?P<gone>killed|stopped cleanly)"


@given(
    parsers.re(
        rf"an event for (?P<where>any worker|the primary), with Run All on"
        rf"(?P<wish>{'|'.join(WISHES)})"
    )
)
def _(scene: Scene, where: str, wish: str) -> None:
    scene.plan = {"target": TARGETS[where], "catch_up": True, **WISHES[wish]}


# ------------------------------------------------------------------ minutes to come
@given("it is due in six minutes to come")
def _(row: Row) -> None:
    row.lay(6)
    row.schedule(**timing_of(row.slots))


@given("it is due in seven minutes to come, four apart")
def _(row: Row) -> None:
    row.lay(7, apart=4)
    row.schedule(**timing_of(row.slots))


@given("it is due in six minutes to come, on this day of the month but on another weekday")
def _(row: Row) -> None:
    row.lay(6)
    due = timing_of(row.slots)
    other = (local(row.slots[0], due["timezone"]).isoweekday() + 1) % 7
    row.schedule(**{**due, "timing": {**due["timing"], "weekdays": [other]}})


@given("an event with the right weekday is due in the same minutes")
def _(scene: Scene, row: Row) -> None:
    due = timing_of(row.slots)
    right = local(row.slots[0], due["timezone"]).isoweekday() % 7
    fields = {**due, "timing": {**due["timing"], "weekdays": [right]}, "catch_up": True}
    scene.cluster.create(TWIN, "worker-*", params=row.params(TWIN), **fields)


@given("jobs of three minutes of it run")
def _(scene: Scene, row: Row) -> None:
    row.lay(3)
    row.schedule(**timing_of(row.slots), params={**row.params(), "hold": "1"})
    within = 6 * scene.timings.minute + scene.timings.prompt + scene.timings.slack
    runs = scene.cluster.await_evidence(
        "a job of each of three minutes runs", lambda: one_each(row), within
    )
    for run in runs:
        view = scene.cluster.await_evidence(
            f"{run.job} is shown as running", lambda run=run: scene.running(run.job), within
        )
        work = Work(tag=TAG, trigger="scheduled", event=EVENT, first=run, root=view.root)
        scene.works[run.job] = work


def one_each(row: Row) -> list[Execution]:
    """The first execution of each minute of the row, once there is one of each."""
    firsts = [runs[0] for runs in row.runs().values()]
    return firsts if len(firsts) == len(row.slots) else []


@given("from now on it runs one job at a time")
def _(scene: Scene) -> None:
    scene.cluster.edit(EVENT, max_children=1)


@given("the event is due in six minutes, which pass unserved")
@when("the event is due in six minutes, which pass unserved")
def _(scene: Scene, row: Row) -> None:
    row.lay(6)
    row.schedule(**timing_of(row.slots))
    row.await_passed()
    if row.runs():
        raise Inconclusive(f"{sorted(row.runs())} were served meanwhile")
    row.cursor = scene.cluster.api.event(event=EVENT).cursor


# ------------------------------------------------------------------ outages
@when(parsers.re(rf"the first is served, and the primary is {GONE} until all have passed"))
def _(scene: Scene, row: Row, gone: str) -> None:
    within = 4 * scene.timings.minute + scene.timings.slack
    scene.cluster.await_evidence("the first minute is served", lambda: row.served(), within)
    outlast(scene, row, gone)


@when(parsers.re(rf"the primary is {GONE} until all have passed"))
def _(scene: Scene, row: Row, gone: str) -> None:
    outlast(scene, row, gone)


def outlast(scene: Scene, row: Row, gone: str) -> None:
    """Take the primary away until the last of the minutes has passed."""
    scene.kill(PRIMARY) if gone == "killed" else scene.stop(PRIMARY)
    row.await_passed()
    row.note_return()
    scene.expect("RA-5.4", scene.promise_after_return())
    scene.come_back_with_all(PRIMARY)


@when("the first worker is killed and stays away")
def _(scene: Scene) -> None:
    scene.kill("worker-1")
    within = scene.timings.notice + scene.timings.slack
    scene.cluster.await_evidence(
        "worker-1 is missed", lambda: "worker-1" not in scene.cluster.online(), within
    )


@when("the first worker comes back")
def _(scene: Scene) -> None:
    scene.expect("RA-5.4", scene.promise_after_return())
    scene.come_back("worker-1")


# ------------------------------------------------------------------ what users do meanwhile
@when("a user edits the event")
def _(scene: Scene, row: Row) -> None:
    row.clause = "RA-5.3"
    fields = {"title": "edited", "timeout": 60.0}
    scene.cluster.edit(EVENT, **fields)


@when("a user runs the event once more, and the run waits in the queue")
def _(scene: Scene, row: Row) -> None:
    row.clause = "RA-5.8"
    job = scene.cluster.call("run", event=EVENT, params=row.params(QUEUED), source="operator")
    view = scene.cluster.job(job)
    if view is None or view.state != "waiting":
        raise Inconclusive(f"{job} does not wait: it is {view.state if view else 'unknown'}")


# ------------------------------------------------------------------ what must follow
@then("each of the six is served")
def _(row: Row) -> None:
    row.missed()
    row.require_served("RA-5.4", row.slots)


@then("each of the six is served, once, oldest first")
def _(row: Row) -> None:
    row.missed()
    row.require_served("RA-5.4", row.slots)
    row.clause = "RA-5.1"
    row.require_once()
    row.require_order()


@then("of those that were missed the last is served, and no other")
def _(row: Row) -> None:
    last = row.missed()[-1]
    row.require_served("RA-5.6", [last])
    row.scene.canary()
    if row.served_late() != [last]:
        raise Violation("RA-5.6", f"{last} is served", f"{row.served_late()} were")


@then("none of those that were missed is served")
def _(row: Row) -> None:
    missed = row.missed()
    row.scene.canary()
    if late := row.served_late():
        raise Violation("RA-5.7", f"none of {missed} is served", f"{late} were")


@then("those that are not too old are served, and no other")
def _(scene: Scene, row: Row) -> None:
    # All have been back for a moment: nothing is served later than at this slot.
    latest = scene.cluster.api.present_slot()
    young = [slot for slot in row.missed() if slot >= latest - AGE]
    old = [slot for slot in row.missed() if slot < row.returned - AGE]
    if not young or not old:
        raise Inconclusive(f"of {row.missed()} none is old, or none is young, at {latest}")
    row.require_served("RA-5.4", young)
    scene.canary()
    if late := [slot for slot in row.served_late() if slot in old]:
        raise Violation("RA-5.5", f"{old} are too old to be served", f"{late} were served")


@then("its own slot is owed again, and the cursor has stayed")
def _(scene: Scene, row: Row) -> None:
    event, latest = scene.cluster.api.event(event=EVENT), max(row.runs())
    own = slot_of(scene.work.first)
    if event.owed != (own,) or event.cursor is None or event.cursor < latest:
        seen = f"owed {list(event.owed)}, cursor {event.cursor}"
        raise Violation("RA-4.2", f"owed [{own}], cursor {latest} or later", seen)


@then("no slot has been served twice")
def _(row: Row) -> None:
    row.require_once()


@then("the three are run again, once each, oldest first")
def _(scene: Scene, row: Row) -> None:
    scene.cluster.site.release(TAG)
    row.require_served("RA-5.1", row.slots)
    row.require_once()
    row.require_order()
    counts = {slot: len(runs) for slot, runs in row.runs().items()}
    if set(counts.values()) != {2}:
        raise Violation("RA-5.1", "each is run again once", f"executions: {counts}")


@then("the cursor has not moved")
def _(scene: Scene, row: Row) -> None:
    cursor = scene.cluster.api.event(event=EVENT).cursor
    if cursor != row.cursor:
        raise Violation(row.clause, f"the cursor is at {row.cursor}", f"it is at {cursor}")


@then("the run that waited has ended well")
def _(scene: Scene) -> None:
    within = scene.timings.prompt + scene.timings.slack
    if not in_time(scene, "its end", lambda: scene.cluster.ended(QUEUED), within):
        raise Violation("RA-12.2", "the run that was accepted runs", "it did not")


@then("each of the six is served, on the right weekday only")
def _(row: Row) -> None:
    row.require_served("RA-5.4", row.slots, TWIN)
    row.scene.canary()
    if wrong := row.runs():
        raise Violation("RA-5.12", "nothing on another weekday", f"{sorted(wrong)} were served")
