"""Steps about faults that fall into the time of an earlier one, and about second times."""

from pytest_bdd import parsers, then, when

from runall_harness.checks.lineages import require_faithful
from runall_harness.contract.verdicts import Inconclusive
from runall_harness.evidence.facts import Proof
from runall_harness.evidence.views import JobView, Rejected
from runall_harness.rigs.base import CrashPoint

from ..expectations import Scenario, require
from ..nodes import PRIMARY
from .mass_loss import reruns
from .recovery_crash import KINDS, POINT
from .scopes import return_to_work
from .takeover import LeadPassing

FIRST_RERUNS = 3
# How long before its server is lost; seconds, and fewer than a job of these cases is worth.
SHORTLY = 0.8


def kill_in_clean_stop(scenario: Scenario, node: str) -> Proof:
    """Kill a node that goes down, and is not down yet for its job ignores SIGTERM."""
    scenario.cluster.hurt(lambda: scenario.site.begin_stop(node))
    # Most of the time that the job is left is needed for the kill, on a busy machine.
    known, within = scenario.calls.online, scenario.timings.grace / 4
    scenario.site.wait(lambda: node not in known(), within)
    return scenario.kill(node)


@when(
    parsers.re(
        "its server is killed in the middle of its clean stop, and (?P<then>stays away|comes back)"
    )
)
def kill_server_in_clean_stop(scenario: Scenario, then: str) -> None:
    proof = kill_in_clean_stop(scenario, scenario.victim)
    if then == "stays away":
        scenario.expect_within(scenario.loss_timeout, proof)
    else:
        return_to_work(scenario, "RA-2.5")


@when("the primary is killed in the middle of its clean stop, and another server leads")
def kill_primary_in_clean_stop(scenario: Scenario, takeover: LeadPassing) -> None:
    proof = kill_in_clean_stop(scenario, PRIMARY)
    scenario.expect_within(takeover.within(), proof)
    takeover.await_leader(PRIMARY)


# ------------------------------------------------------------------ a primary that sleeps
@when("the primary is frozen for a while, is killed in its sleep and comes back")
def kill_frozen_primary(scenario: Scenario) -> None:
    frozen, lasting = scenario.freeze(PRIMARY), scenario.timings.notice / 2
    scenario.cluster.await_time("it was frozen for a while", frozen.at + lasting)
    scenario.kill(PRIMARY)
    scenario.cut_off.discard(PRIMARY)
    scenario.gone_at = frozen.at
    scenario.bring_back_primary("RA-2.5" if scenario.victim == PRIMARY else "RA-2.11")


# ------------------------------------------------------------------ several deaths
@when(
    parsers.re(
        "its server and the primary are killed at once, "
        "and (?P<then>the primary comes back|another server leads)"
    )
)
def kill_server_and_primary(scenario: Scenario, takeover: LeadPassing, then: str) -> None:
    scenario.kill(scenario.victim)
    proof = scenario.kill(PRIMARY)
    if then == "the primary comes back":
        return_of_primary(scenario)
    else:
        takeover.await_leader(PRIMARY)
    scenario.expect_within(takeover.within(), proof)


def return_of_primary(scenario: Scenario) -> None:
    """Start the primary again, and wait until the workers that live are with it."""
    scenario.restart(PRIMARY)
    alive = [node for node in scenario.workers if scenario.site.alive(node)]
    scenario.await_return(*alive, clause="RA-12.1")


@when("the primary is killed and comes back, shortly before the job is given up")
def kill_primary_late(scenario: Scenario) -> None:
    until = scenario.since + scenario.timings.dead_job_timeout - SHORTLY
    scenario.cluster.await_time("the job is nearly given up", until)
    proof = scenario.kill(PRIMARY)
    return_of_primary(scenario)
    scenario.expect_within(scenario.loss_timeout, proof)


@when("the lead passes twice, the second time at once")
def pass_lead_twice_at_once(scenario: Scenario, takeover: LeadPassing) -> None:
    leader = scenario.calls.leader
    scenario.kill(PRIMARY)
    second = scenario.require_in_time(
        "RA-9.2", "another server leads", leader, scenario.timings.takeover
    )
    proof = scenario.kill(second)
    takeover.await_leader(second)
    scenario.expect_within(takeover.within(), proof)


@when(
    parsers.re(f"the primary is killed, and the first to take over crashes {POINT} of its takeover")
)
def crash_backup_in_takeover(
    scenario: Scenario, takeover: LeadPassing, kind: str, count: str
) -> None:
    """The other backup is frozen meanwhile, so that it is certain which one is the first."""
    _, first, second = scenario.nodes.primaries
    scenario.site.arm(first, CrashPoint(where=KINDS[kind], count=int(count)))
    scenario.freeze(second)
    proof = scenario.kill(PRIMARY)
    within = takeover.within()
    scenario.cluster.hurt(lambda: scenario.site.crashed(first, within))
    scenario.wake(second)
    scenario.expect_within(2 * within, proof)


@when(
    parsers.re(
        "the primary dies after the first three reruns, "
        "and (?P<then>comes back|another server leads)"
    )
)
def kill_primary_while_reruns_are_spread(
    scenario: Scenario, takeover: LeadPassing, then: str
) -> None:
    expected = "the first reruns start"
    scenario.require_in_time("RA-1.1", expected, lambda: len(reruns(scenario)) >= FIRST_RERUNS)
    if len(reruns(scenario)) == len(scenario.works):
        raise Inconclusive("all reruns had begun before the primary was killed")
    proof = scenario.kill(PRIMARY)
    if then == "comes back":
        return_of_primary(scenario)
    else:
        takeover.await_leader(PRIMARY)
    scenario.expect_within(takeover.within(), proof)


# ------------------------------------------------------------------ second times
@when("a user asks for the end of the job, and asks once more")
def abort_job_twice(scenario: Scenario) -> None:
    scenario.calls.call("abort", job=scenario.work.root)
    try:
        scenario.calls.call("abort", job=scenario.work.root)
    except Rejected:
        return  # that nothing is left to abort is as good an answer


@then("the rerun was aborted, and nothing follows")
def require_aborted_rerun(scenario: Scenario) -> None:
    executions = len(scenario.runs())

    def last_end() -> JobView | None:
        views = scenario.cluster.attempts(scenario.work.root, scenario.work.tag)
        return views[-1] if views and views[-1].final else None

    view = scenario.require_in_time("RA-3.3", "the rerun ends", last_end)
    require(view.state == "aborted", "RA-3.3", "the rerun ends by the user", scenario.shown)
    scenario.run_canaries()
    again = len(scenario.runs()) - executions
    require(not again, "RA-3.3", "nothing follows on the abort", scenario.shown)


@then("each rerun is faithful to the job")
def require_faithful_reruns(scenario: Scenario) -> None:
    first, *others = scenario.runs()
    for other in others:
        require_faithful(scenario.work.root, first, other)


@then("the ledger tells of each interruption once")
def require_each_interruption_told(takeover: LeadPassing) -> None:
    takeover.require_told("RA-8.4")
