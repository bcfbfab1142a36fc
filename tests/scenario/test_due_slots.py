"""A slot is missed or served late only if nothing has served it before the outage."""

from collections.abc import Iterator
from contextlib import closing

import msgspec
import pytest
from runall_harness.contract.cases import feature_folder, load_cases
from runall_harness.contract.verdicts import Unsupported
from runall_harness.rigs.simulated.rig import SimulatedRig
from runall_harness.scenario.cluster import Cluster
from runall_harness.scenario.due_slots import TAG, DueSlots, slot_of, slot_params
from runall_harness.scenario.expectations import Scenario
from runall_harness.scenario.nodes import PRIMARY
from runall_harness.scenario.steps.slots import require_last_only
from runall_harness.systems.reference.system import Reference

CASE = "slots/an-event-that-wants-the-last-missed-minute-only/scheduled-killed"


@pytest.fixture
def scenario() -> Iterator[Scenario]:
    case = next(case for case in load_cases(feature_folder()) if case.id == CASE)
    with closing(Cluster(SimulatedRig(), case, Reference("reference", "simulated"))) as cluster:
        cluster.up("worker-1")
        yield Scenario(cluster)


def serve_first_then_lose_all(scenario: Scenario, due: DueSlots) -> None:
    """Kill both servers while the job of the first slot runs, until all slots have passed."""
    scenario.plan = {"target": "worker-*", "catch_up": True, "missed": "last"}
    scenario.workers = ("worker-1",)
    due.schedule_slots(6, params={**slot_params(), "hold": "1"})
    scenario.await_minutes(4, "the first slot has begun", due.runs)
    scenario.kill("worker-1")
    scenario.kill(PRIMARY)
    scenario.site.release(TAG)
    due.await_passed()
    scenario.nodes.restart("worker-1")
    due.note_return()
    scenario.bring_back_primary("RA-5.4")


def test_a_slot_whose_job_is_run_again_after_the_outage_counts_as_served_before_it(
    scenario: Scenario,
) -> None:
    due = DueSlots(scenario)
    serve_first_then_lose_all(scenario, due)
    require_last_only(scenario, due)
    first, last = due.slots[0], due.slots[-1]
    assert [run.how for run in due.runs()[first]] == ["killed", "completed"]
    assert due.served_late() == [last]


def test_a_job_that_is_not_given_its_slot_leaves_its_case_unsupported(scenario: Scenario) -> None:
    scenario.cluster.probe("worker-1", scenario.timings.start)
    (run,) = scenario.cluster.executions()
    with pytest.raises(Unsupported, match="got no JOB_NOW"):
        slot_of(msgspec.structs.replace(run, now=""))


def test_a_slot_is_not_served_before_its_job_has_come_to_its_end(scenario: Scenario) -> None:
    due = DueSlots(scenario)
    scenario.plan = {"target": "worker-*"}
    due.schedule_slots(1, params={**slot_params(), "hold": "1"})
    scenario.await_minutes(4, "the slot has begun", due.runs)
    assert due.served() == {}
    scenario.site.release(TAG)
    scenario.await_minutes(1, "the slot is served", due.served)
    assert due.served() == {due.slots[0]: 1}
