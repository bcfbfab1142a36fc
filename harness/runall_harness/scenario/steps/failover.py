"""Steps about several primaries: which one leads, and who takes over."""

from contextlib import closing

from pytest_bdd import parsers, then, when

from runall_harness.contract.verdicts import Unsupported
from runall_harness.evidence.views import JobView, Rejected, Unreachable

from ..expectations import Scenario, require
from ..nodes import PRIMARY
from .given import BACKUP
from .when import FAULTS

# So a death falls into several moments between two renewals of the lease.
PARTS = {"no part": 0.0, "a fifth": 0.2, "two fifths": 0.4, "three fifths": 0.6}
AWAY = "(?:, and the backup takes over| and stays away)"


@when(parsers.re(f"the primary is (?P<fault>{'|'.join(FAULTS)}){AWAY}"), target_fixture="led_at")
def lose_primary_until_takeover(scenario: Scenario, fault: str) -> float:
    # The time for the recovery counts from the fault.
    proof = FAULTS[fault](scenario, PRIMARY)
    calls, within = scenario.calls, scenario.timings.takeover
    scenario.expect_within(within + scenario.loss_timeout, proof)
    scenario.require_in_time("RA-9.2", "the backup leads", lambda: calls.leader() == BACKUP, within)
    led_at = scenario.site.now()
    scenario.nodes.await_online(BACKUP, *scenario.workers)
    return led_at


@when("the frozen primary wakes")
def wake_primary(scenario: Scenario) -> None:
    scenario.wake(PRIMARY)
    scenario.await_return(PRIMARY, clause=scenario.clause("RA-9.6", "RA-9.1"))


@when("the frozen primary wakes, and is asked at once", target_fixture="shown")
def wake_and_ask_primary(scenario: Scenario) -> list[JobView]:
    """The jobs that the primary shows in the moment of its waking, if it answers."""
    nodes = scenario.nodes
    with closing(nodes.system.client(nodes.site, (PRIMARY,))) as alone:
        scenario.wake(PRIMARY)
        try:
            return alone.jobs()
        except (Rejected, Unreachable):
            return []


@then("it has shown nothing that is over")
def require_nothing_old(scenario: Scenario, shown: list[JobView]) -> None:
    old = [f"{view.id} as {view.state}" for view in shown if not view.final]
    expected = f"no answer, or {scenario.work.root} as ended"
    require(not old, "RA-9.3", expected, f"it shows {', '.join(old)}")
    scenario.await_return(PRIMARY, clause="RA-9.3")


@when("the old primary comes back")
def bring_old_primary_back(scenario: Scenario) -> None:
    scenario.restart(PRIMARY)


@when("as much time passes as a backup waits")
def pass_takeover_time(scenario: Scenario) -> None:
    until = scenario.site.now() + 2 * scenario.timings.takeover
    scenario.cluster.await_time("a backup could have taken over", until)


@when(parsers.re(f"(?P<part>{'|'.join(PARTS)}) of the life of a lease passes"))
def pass_part_of_lease(scenario: Scenario, part: str) -> None:
    until = scenario.site.now() + PARTS[part] * scenario.timings.lease
    scenario.cluster.await_time(f"{part} of a lease has passed", until)


@then("the primary still leads")
def require_primary_to_lead(scenario: Scenario) -> None:
    leader = scenario.calls.leader()
    require(leader == PRIMARY, "RA-9.2", f"{PRIMARY} leads, for it lives", f"{leader} leads")


@then("the backup leads before the lease would have ended")
def require_early_takeover(scenario: Scenario, led_at: float) -> None:
    # Who waits for the end of the lease waits for all of it but the time since its last renewal.
    took, most = led_at - scenario.left_at, scenario.timings.takeover / 2
    require(took < most, "RA-9.7", f"less than {most:g} s", f"{took:.2f} s")


@then("the backup has not led before the lease could end")
def require_no_early_takeover(scenario: Scenario, led_at: float) -> None:
    timings = scenario.timings
    if not timings.lease:
        raise Unsupported("the system does not state how long the lease of a dead primary lives")
    took, least = led_at - scenario.since, timings.lease - timings.lag
    require(took >= least, "RA-9.2", f"{least:g} s at least", f"{took:.2f} s after the death")


@then("the backup still leads, with the old primary as a worker")
def require_backup_to_lead(scenario: Scenario) -> None:
    leader, online = scenario.calls.leader(), scenario.calls.online()
    kept, expected = leader == BACKUP and PRIMARY in online, f"{BACKUP} leads, {PRIMARY} serves"
    clause = scenario.clause("RA-9.6", "RA-9.1")
    require(kept, clause, expected, f"{leader} leads, {sorted(online)} serve")
