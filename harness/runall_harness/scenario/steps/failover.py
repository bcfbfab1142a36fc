"""Steps about several primaries: which one leads, and who takes over."""

from pytest_bdd import parsers, then, when

from runall_harness.evidence.facts import Proof

from ..expectations import Scenario, require
from ..nodes import PRIMARY
from .given import BACKUP
from .when import FAULTS


@when(parsers.re("the primary is (?P<fault>killed|frozen|cut off), and the backup takes over"))
def lose_primary_until_takeover(scenario: Scenario, fault: str) -> None:
    await_takeover(scenario, FAULTS[fault](scenario, PRIMARY))


@when("the primary is stopped cleanly and stays away", target_fixture="led_at")
def stop_primary_until_takeover(scenario: Scenario) -> float:
    return await_takeover(scenario, scenario.stop(PRIMARY))


def await_takeover(scenario: Scenario, proof: Proof) -> float:
    """Wait until the backup leads; the time for its recovery counts from the fault."""
    calls, within = scenario.calls, scenario.timings.takeover
    scenario.expect_within(within + scenario.loss_timeout, proof)
    scenario.require_in_time("RA-9.2", "the backup leads", lambda: calls.leader() == BACKUP, within)
    led_at = scenario.site.now()
    scenario.nodes.await_online(BACKUP, *scenario.workers)
    return led_at


@when("the frozen primary wakes")
def wake_primary(scenario: Scenario) -> None:
    scenario.wake(PRIMARY)
    scenario.await_return(PRIMARY, clause="RA-9.6")


@when("the old primary comes back")
def bring_old_primary_back(scenario: Scenario) -> None:
    scenario.restart(PRIMARY)


@then("the backup leads before the lease would have ended")
def require_early_takeover(scenario: Scenario, led_at: float) -> None:
    took, lease = led_at - scenario.left_at, scenario.timings.takeover
    require(took < lease, "RA-9.7", f"less than {lease:g} s", f"{took:.2f} s")


@then("the backup still leads, with the old primary as a worker")
def require_backup_to_lead(scenario: Scenario) -> None:
    leader, online = scenario.calls.leader(), scenario.calls.online()
    kept, expected = leader == BACKUP and PRIMARY in online, f"{BACKUP} leads, {PRIMARY} serves"
    require(kept, "RA-9.6", expected, f"{leader} leads, {sorted(online)} serve")
