"""Steps about crashes of the primary in its own recovery, at a chosen point."""

from typing import Literal

from pytest_bdd import parsers, then, when

from runall_harness.contract.verdicts import Inconclusive, Violation
from runall_harness.evidence.facts import Proof
from runall_harness.evidence.views import JobView
from runall_harness.evidence.witness_job import NOTE
from runall_harness.rigs.base import CrashPoint

from ..expectations import Scenario
from ..nodes import PRIMARY
from ..setting import EVENT

KINDS: dict[str, Literal["before", "within", "after", "between"]] = {
    "before commit": "before",
    "within commit": "within",
    "after commit": "after",
    "amid step": "between",
}
POINT = rf"(?P<kind>{'|'.join(KINDS)}) (?P<count>\d+)"
FINALIZED = "finished"
ACCEPTED = "accepted"


@when(parsers.re(f"the primary is killed, comes back, and crashes {POINT} of its recovery"))
def crash_primary_in_recovery_of_its_own_job(scenario: Scenario, kind: str, count: str) -> None:
    expect_after_crash(scenario, scenario.kill(PRIMARY))
    scenario.site.arm(PRIMARY, CrashPoint(where=KINDS[kind], count=int(count)))
    scenario.nodes.restart(PRIMARY)
    await_crash(scenario)


@when(
    parsers.re(
        f"its server is killed and stays away, and the primary crashes {POINT} of the recovery"
    )
)
def crash_primary_in_recovery_of_lost_job(scenario: Scenario, kind: str, count: str) -> None:
    # Counted from the step that gives the job up: until then the primary only waits.
    point = CrashPoint(where=KINDS[kind], count=int(count), first=FINALIZED)
    scenario.site.arm(PRIMARY, point)
    expect_after_crash(scenario, scenario.kill(scenario.victim))
    await_crash(scenario)


@when("a run of it is accepted, and the primary is killed at once")
def kill_primary_after_accepted_run(scenario: Scenario) -> None:
    accept_run(scenario)
    expect_after_crash(scenario, scenario.kill(PRIMARY))


@when("the primary comes back")
def bring_crashed_primary_back(scenario: Scenario) -> None:
    scenario.restart(PRIMARY)
    alive = [node for node in scenario.workers if scenario.site.alive(node)]
    scenario.await_return(*alive, clause="RA-12.1")


@then("the job is run again until it has ended well, once for each interruption")
def require_rerun_for_each_interruption(scenario: Scenario) -> None:
    require_good_end(scenario, "RA-12.1", scenario.work.tag, scenario.work.root, least=2)


@then("the accepted run has ended well, once")
def require_good_end_of_accepted_run(scenario: Scenario) -> None:
    require_good_end(scenario, "RA-12.2", ACCEPTED, scenario.accepted, least=1)


def accept_run(scenario: Scenario, **params: str) -> str:
    """Create the planned event and run it by hand; return the id, before the run begins."""
    scenario.calls.create(EVENT, **scenario.plan)
    own = {"tag": ACCEPTED, "note": NOTE, **params}
    scenario.accepted = scenario.calls.run(EVENT, own)
    scenario.cluster.regard(scenario.accepted, ACCEPTED)
    return scenario.accepted


def expect_after_crash(scenario: Scenario, proof: Proof) -> None:
    """Count the recovery from that fault on: what a crash undid takes its whole time again."""
    scenario.expect_within(2 * scenario.loss_timeout, proof)


def await_crash(scenario: Scenario) -> None:
    """Wait for the ordered crash. Raises `Inconclusive` if it does not come."""
    within = scenario.loss_timeout + scenario.timings.slack
    scenario.cluster.hurt(lambda: scenario.site.crashed(PRIMARY, within))


def require_good_end(scenario: Scenario, clause: str, tag: str, root: str, least: int) -> None:
    """Require that the last attempt alone runs and ends well, and that nothing follows it."""
    cluster, expected = scenario.cluster, f"an attempt of {root} runs"
    scenario.await_run(clause, expected, lambda: last_runs(scenario, tag, root, least))
    scenario.site.release(tag)
    if not cluster.site.wait(lambda: last_end(scenario, root, tag), scenario.deadline):
        seen = scenario.shown(root, tag)
        raise Inconclusive(f"no evidence that {root} came to its end: {seen}")
    scenario.run_canaries()
    states = [view.state for view in cluster.attempts(root, tag)]
    completed = [run.job for run in cluster.tagged(tag) if run.how == "completed"]
    kept = len(completed) == 1 and states == ["interrupted"] * (len(states) - 1) + ["succeeded"]
    if not kept:
        seen = f"{scenario.shown(root, tag)}; completed: {', '.join(completed) or 'none'}"
        expected = "each interrupted attempt is replaced once, the last ends well"
        raise Violation(clause, expected, seen)


def last_runs(scenario: Scenario, tag: str, root: str, least: int) -> bool:
    """Whether the last of so many attempts runs, as the system and the job itself report."""
    runs, views = scenario.cluster.tagged(tag), scenario.cluster.attempts(root, tag)
    if not runs or not views or len(views) < least:
        return False
    run, view = runs[-1], views[-1]
    return run.job == view.id and run.how == view.state == "running"


def last_end(scenario: Scenario, root: str, tag: str = "") -> JobView | None:
    """The last attempt, if it is over."""
    views = scenario.cluster.attempts(root, tag)
    return views[-1] if views and views[-1].final else None
