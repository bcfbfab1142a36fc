"""Steps about limbo: what is shown and owed while it is unknown whether a job still runs."""

from pytest_bdd import then, when

from runall_harness.contract.verdicts import Inconclusive
from runall_harness.evidence.views import JobView
from runall_harness.evidence.witness_job import LEAD_SLOTS, exactly

from ..deadlines import Wait
from ..due_slots import TAG, slot_of, slot_params, two_slots_served
from ..expectations import Scenario, listed, require


@when("its server is in reach again")
def mend_cut_in_limbo(scenario: Scenario) -> None:
    scenario.expect_within(scenario.return_timeout)
    scenario.join_in_time(scenario.victim, "RA-2.4")


@when("two slots of its event become due")
def pass_two_slots(scenario: Scenario) -> None:
    api = scenario.cluster.api
    first = api.present_slot() + LEAD_SLOTS
    first += first % 60 == 59  # both in one hour, so that one timing can name them
    timing = {**exactly(first), "minutes": [first % 60, first % 60 + 1]}
    scenario.calls.edit(scenario.work.event, timing=timing, params=slot_params())
    scenario.await_minutes(
        LEAD_SLOTS + 2, "both slots are due", lambda: api.present_slot() >= first + 2
    )


@when("its job is in limbo")
def await_limbo(scenario: Scenario) -> None:
    scenario.cluster.await_missed(scenario.victim)
    require_still_in_limbo(scenario)


@then("the job is shown in limbo")
def require_limbo(scenario: Scenario) -> None:
    root, seen = scenario.work.root, list[JobView | None]()

    def look() -> bool:
        seen[:] = [scenario.calls.job(root)]
        return seen[0] is not None and (seen[0].limbo or seen[0].final)

    wait = Wait(scenario.cluster, scenario.timings.notice + scenario.timings.slack)
    wait.until(look)
    view = seen[0]
    words = f"it is {view.state}, not in limbo" if view else "it is not shown"
    require(view and view.limbo, "RA-10.1", f"{root} is shown in limbo", words)
    wait.require_timely("limbo")


@then("the job is shown as running")
def require_running(scenario: Scenario) -> None:
    def running() -> bool:
        view = scenario.calls.job(scenario.work.root)
        return view is not None and view.state == "running" and not view.limbo

    scenario.require_in_time("RA-2.4", "it is shown as running, and not in limbo", running)


@then("its loss is noticed")
def require_notice(scenario: Scenario) -> None:
    scenario.require_missed()


def require_still_in_limbo(scenario: Scenario) -> None:
    """Raise `Inconclusive` if the job is not in limbo: the scenario would prove nothing."""
    view = scenario.calls.job(scenario.work.root)
    if view is None or view.final:
        raise Inconclusive("the job was given up before anything could be tried in its limbo")
    if "limbo" in scenario.cluster.system.capabilities and not view.limbo:
        raise Inconclusive(f"the job is {view.state}, and not in limbo")


@then("a manual run of its event is refused, for the limit is reached")
def require_refused_run(scenario: Scenario) -> None:
    require_still_in_limbo(scenario)
    refused = scenario.refuses_to_run("extra")
    require_still_in_limbo(scenario)
    expected = "a manual run is refused, for the limit is reached"
    require(refused, "RA-6.2", expected, "it was accepted")


@then("they wait, for the job in limbo takes up the only place")
def require_slots_to_wait(scenario: Scenario) -> None:
    runs = scenario.cluster.tagged(TAG)
    require_still_in_limbo(scenario)
    require(not runs, "RA-6.2", "no slot is served while the job is in limbo", listed(runs))


@then("the two slots are served after it, in their order, once each")
def require_two_slots_after_job(scenario: Scenario) -> None:
    promised, expected = scenario.promised + scenario.timings.minute, "two slots are served"
    scenario.require_in_time("RA-5.4", expected, lambda: two_slots_served(scenario), promised)
    scenario.run_canaries()
    runs = scenario.cluster.tagged(TAG)
    slots = [slot_of(run) for run in runs]
    once = len(slots) == len(set(slots)) == 2
    require(once, "RA-5.1", "each of two slots is served once", f"served: {slots}")
    in_order = slots == sorted(slots) and runs[0].started_at >= scenario.runs()[-1].started_at
    require(in_order, "RA-5.2", "the job, then the slots, oldest first", f"served: {slots}")


@then("the abort in limbo is final")
def require_final_abort(scenario: Scenario) -> None:
    scenario.await_state("its end by the user", "aborted", clause="RA-10.2")
    scenario.require_no_debt("RA-10.2", scenario.work.root)
    scenario.require_nothing_follows(scenario.work, 1, "RA-10.2")


@then("the execution is ended")
def require_end_of_execution(scenario: Scenario) -> None:
    scenario.require_stop("RA-10.2", "the job ends", scenario.timings.prompt)
