"""Steps about jobs that are not run again because of a limit, and about the ledger's reasons."""

from pytest_bdd import parsers, then, when

from runall_harness.contract.clauses import clauses
from runall_harness.evidence.views import LedgerView

from ..deadlines import Wait
from ..expectations import Scenario, listed, require
from ..nodes import PRIMARY

REASONS = {
    "its event was deleted": "RA-6.3",
    "a user aborted it": "RA-3.3",
    "servers took it down too often": "RA-8.1",
    "it was lost too long ago": "RA-8.2",
    "Run All is off": "RA-1.3",
}
# Seconds beyond an age limit, so that the rounding of a clock cannot matter.
BEYOND = 0.5


@when("its server is killed and comes back, each time that the job starts")
def kill_server_at_each_start(scenario: Scenario) -> None:
    most: int = scenario.plan["max_reruns"]
    for executions in range(1, most + 3):
        scenario.kill(scenario.victim)
        scenario.bring_back(scenario.victim)
        scenario.site.wait(lambda known=executions: decided(scenario, known), scenario.deadline)
        if len(scenario.runs()) == executions:
            return


@when("its server comes back after the job has lost its worth")
def bring_server_back_too_late(scenario: Scenario) -> None:
    await_age_limit(scenario)
    scenario.bring_back(scenario.victim)


@when("all servers are killed, and come back after the job has lost its worth")
def kill_all_and_bring_them_back_too_late(scenario: Scenario) -> None:
    scenario.kill(scenario.victim)
    scenario.expect_within(scenario.return_timeout, scenario.kill(PRIMARY))
    await_age_limit(scenario)
    scenario.nodes.restart(scenario.victim)
    scenario.bring_back_primary("RA-8.2")


def await_age_limit(scenario: Scenario) -> None:
    """Wait until the job was lost longer ago than its event allows for a rerun."""
    until = scenario.since + scenario.plan["rerun_age"] + BEYOND
    scenario.cluster.await_time("the limit has passed", until)


def decided(scenario: Scenario, executions: int) -> bool:
    """Whether the job has started once more, or will not."""
    return len(scenario.runs()) > executions or bool(refusals(scenario))


def refusals(scenario: Scenario) -> list[LedgerView]:
    """The ledger's lines that say that nothing follows."""
    return [entry for entry in scenario.calls.ledger_of(scenario.work.root) if entry.refused]


@then(
    parsers.re(rf"the job is not run again, and the ledger says that (?P<why>{'|'.join(REASONS)})")
)
def require_recorded_refusal(scenario: Scenario, why: str) -> None:
    reason, allowed = REASONS[why], 1 + scenario.plan.get("max_reruns", 0)
    clause = scenario.clause("RA-9.10", reason)
    wait = Wait(scenario.cluster, scenario.deadline)
    refused = wait.timely("the refusal", lambda: decided(scenario, allowed))
    scenario.run_canaries()
    runs, work = scenario.runs(), scenario.work
    broken = clause if len(runs) > allowed else work.rerun_clause
    require(len(runs) == allowed, broken, f"{allowed} execution(s) of {work.tag}", listed(runs))
    lines = refusals(scenario)
    good = refused and any(line.clause == reason and line.detail for line in lines)
    expected = f"a line of the ledger that gives {reason} as the reason"
    # Of a deleted event the clause itself says that the ledger tells it.
    told = reason if reason == "RA-6.3" else "RA-8.3"
    require(good, told, expected, lambda: f"{lines or scenario.shown()}")
    scenario.require_no_debt(clause, scenario.work.root)


@then("the ledger tells of the interruption, what was done, and by which clause")
def require_recorded_interruption(scenario: Scenario) -> None:
    require_record(scenario, scenario.work.first.job)


@then("the ledger tells of both interruptions, what was done, and by which clause")
def require_two_recorded_interruptions(scenario: Scenario) -> None:
    for view in scenario.cluster.attempts(scenario.work.root)[:2]:
        require_record(scenario, view.id)


def require_record(scenario: Scenario, job: str) -> None:
    """Require one line of the ledger about the interruption of that attempt."""
    work = scenario.work
    lines = [e for e in scenario.calls.ledger_of(work.root) if e.job == job]
    good = [e for e in lines if e.clause in clauses() and e.decision and e.what and not e.refused]
    recorded = len(good) == 1 and good[0].event == work.event
    expected = f"one line about {job} with what was done and its clause"
    require(recorded, "RA-8.4", expected, f"{lines}")
