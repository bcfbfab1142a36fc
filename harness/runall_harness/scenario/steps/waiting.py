"""Steps about what waits to start, what happens to it meanwhile, and what must become of it."""

import pytest
from pytest_bdd import given, parsers, then, when

from runall_harness.contract.verdicts import Inconclusive
from runall_harness.evidence.witness_job import NOTE, SCRIPT, exactly

from ..expectations import Scenario, require
from ..nodes import PRIMARY
from ..setting import EVENT
from ..waits import BEHIND, DELAY, KINDS, NEXT, OTHER, SECOND, TOLERANCE, Waits
from .bounds import BEYOND
from .events import SOON
from .when import FAULTS

WHAT = rf"(?P<what>{'|'.join(KINDS)})"
# How much longer than the dead-job timeout something is worth running, and how long before it is
# worth nothing it may start at last; seconds.
LONG, SHORTLY = 12.0, 6.0
# For how long something is worth running that was lost, where nothing was; seconds.
SHORT = 2.0
DAY = 24 * 60  # minutes


@pytest.fixture
def waits(scenario: Scenario) -> Waits:
    return Waits(scenario)


@given(parsers.re(rf"{WHAT} of a (?P<trigger>manual|scheduled) job waits(?P<worth>|, .+)"))
def bring_to_wait(waits: Waits, what: str, trigger: str, worth: str) -> None:
    timeout = waits.scenario.timings.dead_job_timeout
    ages = {
        "": {},
        ", and is soon worth nothing": {"rerun_age": timeout + SOON},
        ", and is worth nothing later": {"rerun_age": timeout + LONG},
        ", and what is lost is soon worth nothing": {"rerun_age": SHORT},
    }
    waits.begin(KINDS[what], trigger, **ages[worth])


@given("a run of another event waits in its queue")
def queue_run_of_other_event(scenario: Scenario) -> None:
    scenario.calls.create(OTHER, SECOND, queue_max=1)
    scenario.calls.run(OTHER, {"tag": OTHER})
    scenario.queue(OTHER, tag=f"{OTHER}-queued")


# ------------------------------------------------------------------ what happens meanwhile
@when("a user aborts it")
def abort(waits: Waits) -> None:
    waits.calls.call("abort", job=waits.root)


@when(parsers.re("a user aborts it, and the primary is killed at once and comes back"))
def abort_and_crash(waits: Waits) -> None:
    abort(waits)
    waits.crashed = True
    restart_primary(waits, "killed")


@when(parsers.re(r"the primary is (?P<fault>killed|stopped cleanly), and is back before .+"))
def restart_primary(waits: Waits, fault: str) -> None:
    """Restart the primary, a third of a retry's delay after the failure."""
    scenario = waits.scenario
    if waits.due:
        waits.cluster.await_time("a third of the delay is over", waits.due - DELAY * 2 / 3)
    FAULTS[fault](scenario, PRIMARY)
    scenario.restart(PRIMARY)
    alive = [node for node in scenario.workers if scenario.site.alive(node)]
    scenario.await_return(*alive, clause=waits.owed)
    if waits.due and scenario.site.now() >= waits.due:
        raise Inconclusive("the delay was over before the primary was back")


@then("it is still shown as waiting")
def require_shown(waits: Waits) -> None:
    waits.kind.shown(waits)


@when("its event is edited")
def edit_fields(waits: Waits) -> None:
    params = {"script": SCRIPT, "tag": waits.tag, "note": "the edit's", "extra": "1"}
    waits.calls.edit(EVENT, title="edited", timeout=60.0, params=params)


@when("its event gets another timing")
def edit_timing(waits: Waits) -> None:
    tomorrow = waits.cluster.api.present_slot() + DAY
    waits.calls.edit(EVENT, timing=exactly(tomorrow))


@when("its event is moved to the second worker")
def move(waits: Waits) -> None:
    waits.scenario.expect_within(waits.prompt)
    waits.calls.edit(EVENT, target=SECOND)
    waits.free = True


@when("its event gets room for all")
def give_room(waits: Waits) -> None:
    waits.scenario.expect_within(waits.prompt)
    waits.calls.edit(EVENT, max_children=0)
    waits.free = True


@when("its event is disabled")
def disable(waits: Waits) -> None:
    waits.calls.edit(EVENT, enabled=False)


@when("its event is disabled and enabled again")
def disable_and_enable(waits: Waits) -> None:
    disable(waits)
    waits.calls.edit(EVENT, enabled=True)


@when("its event is enabled")
def enable(waits: Waits) -> None:
    waits.scenario.expect_within(waits.prompt)
    waits.calls.edit(EVENT, enabled=True)


@when("its event is deleted")
def delete(waits: Waits) -> None:
    waits.calls.call("delete_event", event=EVENT)
    waits.deleted = True


@when("its event is deleted and made again")
def delete_and_make_again(waits: Waits) -> None:
    delete(waits)
    waits.scenario.create_planned(EVENT, "manual", {"tag": "anew"})


@when("it is worth nothing any more")
def pass_age(waits: Waits) -> None:
    age = waits.scenario.plan["rerun_age"]
    waits.cluster.await_time("its age is over", waits.lost_at + age + BEYOND)


@when("it is worth nothing soon")
def pass_most_of_age(waits: Waits) -> None:
    age = waits.scenario.plan["rerun_age"]
    waits.cluster.await_time("most of its age is over", waits.lost_at + age - SHORTLY)


@when("what is lost by now is worth nothing any more")
def pass_short_age(waits: Waits) -> None:
    now = waits.scenario.site.now()
    waits.cluster.await_time("so much time has passed", now + SHORT + BEYOND)


@when("manual runs of its event are asked for until its queue must be full")
def fill_queue(waits: Waits) -> None:
    waits.refusals = [waits.scenario.refuses_to_run(NEXT) for _ in range(waits.room + 1)]


@when("what it waits for comes")
def let_come(waits: Waits) -> None:
    waits.come()


# ------------------------------------------------------------------ what must become of it
@then("it does not start yet")
def require_hold(waits: Waits) -> None:
    waits.scenario.run_canaries()
    runs = waits.runs()
    held = len(runs) == waits.before
    require(held, waits.kind.held, "it waits for its event", f"{len(runs)} execution(s)")


@then(parsers.re(r"it starts(?P<where>|, on the second worker), once and as it was asked for"))
def require_start(waits: Waits, where: str) -> None:
    run = waits.await_start()
    if waits.due:
        require_due(waits, run.started_at)
    if where:
        moved = run.node == SECOND
        require(moved, waits.kind.moved, "it runs where its event may run now", run.node)
    require_kept(waits)
    waits.finish(run)


def require_due(waits: Waits, started_at: float) -> None:
    """Require that a retry starts when its delay, or what held it longer, is over."""
    waited = started_at - waits.due + DELAY
    expected = f"a delay of {DELAY:g} s"
    require(waited >= DELAY - TOLERANCE, "RA-11.5", expected, f"it took {waited:.2f} s")
    late = started_at - max(waits.due, waits.scenario.since)
    most = waits.prompt + waits.scenario.timings.slack
    require(late <= most, "RA-11.5", expected, f"it took {waited:.2f} s")


def require_kept(waits: Waits) -> None:
    """Require that it has its own parameters, and none of an edit."""
    params = waits.runs()[-1].params
    own = params.get("NOTE") == NOTE and "EXTRA" not in params
    require(own, waits.kind.kept, f"the note {NOTE!r} and nothing of an edit", f"{params}")


@then(parsers.re(r"it never starts(?P<why>|, for it is too old)"))
def require_none(waits: Waits, why: str) -> None:
    kind = waits.kind
    aborted = "RA-3.8" if waits.crashed else kind.aborted
    waits.require_none("RA-8.2" if why else kind.deleted if waits.deleted else aborted)


@then("neither does what waited behind it")
def require_nothing_behind(waits: Waits) -> None:
    waits.require_none("RA-6.9", BEHIND)


@then("all of them are accepted, and one more is refused")
def require_room(waits: Waits) -> None:
    answers = [refusal or "accepted" for refusal in waits.refusals]
    right = "accepted" not in answers[-1:] and {*answers[:-1]} <= {"accepted"}
    require(right, "RA-6.7", f"room for {waits.room}, and a refusal", ", ".join(answers))


@then("the place is free for what comes next")
def require_turn(waits: Waits) -> None:
    waits.require_turn()
