"""Steps about a primary that fails again and again, or is deaf for a while."""

from pytest_bdd import then, when

from runall_harness.contract.verdicts import Inconclusive

from ..expectations import Scenario, require
from ..nodes import PRIMARY
from .given import BACKUP

# How long each primary of a crash loop leads, as a part of the dead-job timeout.
TERM = 2 / 3
# How much of the dead-job timeout has passed when another primary takes over.
MOST = 0.8
# A silence that a worker bears, as a part of the time in which it goes on alone.
PAUSE = 1 / 2


@when("the primary is killed and comes back, again and again, for longer than the timeout")
def crash_again_and_again(scenario: Scenario) -> None:
    """Let no primary lead for the dead-job timeout, until all together have led for longer."""
    term, led = TERM * scenario.timings.dead_job_timeout, 0.0
    while led <= scenario.loss_timeout + scenario.timings.slack and not given_up(scenario):
        scenario.kill(PRIMARY)
        scenario.restart(PRIMARY)
        scenario.site.wait(lambda: given_up(scenario), term)
        led += term
    scenario.expect_within(scenario.timings.prompt)


def given_up(scenario: Scenario) -> bool:
    return scenario.over(scenario.work) is not None


@then("its loss was found, although no primary had led for that long")
def require_loss_in_crash_loop(scenario: Scenario) -> None:
    expected = f"{scenario.work.root} is over"
    if not (given_up(scenario) or scenario.cluster.says_what_it_owes):
        raise Inconclusive(f"{expected} by no word of it; its timings may be understated")
    require(given_up(scenario), "RA-2.14", expected, scenario.shown)


@when("the backup takes over after most of the dead-job timeout has passed")
def take_over_while_count_goes_on(scenario: Scenario) -> None:
    timings, calls = scenario.timings, scenario.calls
    passed = MOST * timings.dead_job_timeout
    scenario.cluster.await_time("most of the timeout has passed", scenario.since + passed)
    scenario.kill(PRIMARY)
    within = timings.takeover
    scenario.require_in_time("RA-9.2", "the backup leads", lambda: calls.leader() == BACKUP, within)
    scenario.expect_within(timings.dead_job_timeout - passed + timings.notice)


@when("the primary is killed and comes back three times in a row")
def crash_three_times(scenario: Scenario) -> None:
    scenario.kill(PRIMARY)
    first = scenario.gone_at
    for _ in range(2):
        scenario.restart(PRIMARY)
        scenario.kill(PRIMARY)
    scenario.gone_at = first
    scenario.bring_back_primary("RA-2.11")


@when("the primary is frozen for longer than a silence, and wakes")
def freeze_primary_for_a_moment(scenario: Scenario) -> None:
    timings = scenario.timings
    frozen = scenario.freeze(PRIMARY)
    least = min(timings.alone, timings.dead_job_timeout)
    lasting = max(timings.notice, PAUSE * least)
    scenario.cluster.await_time("it was frozen for long enough", frozen.at + lasting)
    wake_primary(scenario, frozen.at)
    if scenario.runs()[0].how == "terminated" and scenario.site.now() - frozen.at > timings.alone:
        raise Inconclusive("the primary was frozen for longer than its workers go on alone")


@when("the primary is frozen, the job ends, and the primary wakes after the dead-job timeout")
def freeze_primary_while_job_ends(scenario: Scenario) -> None:
    frozen = scenario.freeze(PRIMARY)
    scenario.end_job()
    outlast_timeout(scenario, frozen.at)


@when("a cut has its server missed, and it is back while the primary is frozen")
def come_back_to_deaf_primary(scenario: Scenario) -> None:
    scenario.cut(scenario.victim)
    scenario.cluster.await_missed(scenario.victim)
    frozen = scenario.freeze(PRIMARY)
    scenario.end_job()
    scenario.mend_cut(scenario.victim)
    outlast_timeout(scenario, frozen.at)


@when("a cut has both servers missed, and they are back while the primary is frozen")
def come_back_together(scenario: Scenario) -> None:
    for node in scenario.workers:
        scenario.cut(node)
    for node in scenario.workers:
        scenario.cluster.await_missed(node)
    frozen = scenario.freeze(PRIMARY)
    for work in scenario.works.values():
        scenario.end_job(work)
    for node in scenario.workers:
        scenario.mend_cut(node)
    outlast_timeout(scenario, frozen.at)


@when("a cut has its server out of reach as the primary is frozen, and not when it wakes")
def come_back_unheard(scenario: Scenario) -> None:
    cut = scenario.cut(scenario.victim)
    frozen = scenario.freeze(PRIMARY)
    scenario.end_job()
    # By then the server has given up its link, so nothing of before waits for the primary.
    unheard = cut.at + scenario.timings.notice
    scenario.cluster.await_time("its server has given up its link", unheard)
    scenario.mend_cut(scenario.victim)
    outlast_timeout(scenario, frozen.at)


def outlast_timeout(scenario: Scenario, frozen_at: float) -> None:
    """Wake the primary when every timeout of a worker has passed that it could count."""
    passed = frozen_at + scenario.loss_timeout
    scenario.cluster.await_time("the dead-job timeout has passed", passed)
    wake_primary(scenario, frozen_at)


def wake_primary(scenario: Scenario, frozen_at: float) -> None:
    scenario.wake(PRIMARY)
    scenario.gone_at = frozen_at
    scenario.await_return(*scenario.workers, clause="RA-2.11")
    scenario.expect_within(scenario.return_timeout)


@then("the result counts, for the primary was deaf and its server was not lost")
@then("both results count, for the primary was deaf and no server was lost")
def require_results_of_deaf_time(scenario: Scenario) -> None:
    clause = "RA-2.11"
    for work in scenario.works.values():
        state = scenario.await_end(work, clause).state
        require(state == "succeeded", clause, f"{work.tag} ended well", f"it ends as {state}")
        scenario.require_nothing_follows(work, 1, clause)
