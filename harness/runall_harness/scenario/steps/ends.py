"""Steps about ends at one time: a request to stop a job, its own end, the end of its server."""

from pytest_bdd import parsers, then, when

from runall_harness.contract.verdicts import Violation
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.views import Rejected

from ..deadlines import Wait
from ..expectations import BESIDE, Scenario, listed, require
from ..nodes import PRIMARY
from .recovery_crash import ACCEPTED, accept_run, expect_after_crash, last_end
from .when import kill_server_and_bring_it_back

ENDS = {"was aborted": ("aborted", "RA-3.3"), "has failed": ("failed", "RA-2.7")}


@when("a run of it is accepted, and a user aborts it at once")
def abort_accepted_run(scenario: Scenario) -> None:
    scenario.calls.call("abort", job=accept_run(scenario))


@when("the worker is killed and comes back at once")
def kill_worker_and_bring_it_back(scenario: Scenario) -> None:
    (worker,) = scenario.workers
    expect_after_crash(scenario, scenario.kill(worker))
    scenario.restart(worker)


@when("a run of it that is going to fail is accepted, and the primary is killed at once")
def kill_primary_after_failing_run(scenario: Scenario) -> None:
    accept_run(scenario, ends="7")
    expect_after_crash(scenario, scenario.kill(PRIMARY))
    scenario.site.release(ACCEPTED)
    # If the order to start was sent already, the run fails now; else after the return.
    scenario.site.wait(
        lambda: any(run.how == "failed" for run in scenario.cluster.tagged(ACCEPTED)),
        scenario.timings.prompt,
    )


@when("its server is cut off and stopped cleanly")
def cut_and_stop_server(scenario: Scenario) -> None:
    # The report of the stopping server reaches no primary.
    scenario.expect_within(scenario.loss_timeout, scenario.cut(scenario.victim))
    scenario.stop(scenario.victim)


@when("its server is back in reach")
def start_server_before_mending_cut(scenario: Scenario) -> None:
    # The delayed messages arrive first.
    scenario.nodes.restart(scenario.victim)
    scenario.join(scenario.victim, scenario.clause("RA-2.8", "RA-2.1"))


@when("its server is cut off and stopped cleanly, and is back in reach once it is missed")
def cut_and_stop_server_until_missed(scenario: Scenario) -> None:
    cut_and_stop_server(scenario)
    scenario.cluster.await_missed(scenario.victim)
    start_server_before_mending_cut(scenario)


@when("the cut is mended")
def mend_cut(scenario: Scenario) -> None:
    scenario.expect_within(scenario.return_timeout)
    scenario.join(scenario.victim, "RA-3.6")


@when("a user asks for the end of the rerun")
def abort_rerun(scenario: Scenario) -> None:
    scenario.calls.call("abort", job=scenario.runs()[-1].job)


@when("the primary and its server are killed at once, and come back")
def kill_primary_and_server(scenario: Scenario) -> None:
    scenario.kill(PRIMARY)
    scenario.kill(scenario.victim)
    scenario.nodes.restart(scenario.victim)
    scenario.bring_back_primary("RA-3.8")


@when("its server is killed at once, and comes back")
def kill_server_of_aborted_job(scenario: Scenario) -> None:
    kill_server_and_bring_it_back(scenario)


@when(parsers.re("a user asks for the end of its (?P<number>first|second) attempt"))
def abort_earlier_attempt(scenario: Scenario, number: str) -> None:
    attempt = scenario.runs()[("first", "second").index(number)].job
    try:
        scenario.calls.call("abort", job=attempt)
    except Rejected as refusal:
        expected = f"{attempt} ends, in the attempt that runs now"
        raise Violation("RA-3.9", expected, f"refused: {refusal}") from None


@then("the second attempt ends as interrupted, too")
def require_second_interruption(scenario: Scenario) -> None:
    second, state = scenario.runs()[1].job, scenario.calls.state
    expected = f"{second} ends as interrupted"
    scenario.require_in_time("RA-2.1", expected, lambda: state(second) == "interrupted")


@then("nothing of the job starts any more")
def require_no_third_attempt(scenario: Scenario) -> None:
    scenario.run_canaries()
    runs = scenario.runs()
    require(len(runs) == 2, "RA-3.9", "two executions", lambda: listed(runs))


@then("the latest attempt was aborted, and nothing follows it")
def require_aborted_attempt(scenario: Scenario) -> None:
    runs, state = scenario.runs(), scenario.calls.state
    latest, expected = runs[-1].job, f"{runs[-1].job} ends as aborted"
    scenario.require_in_time("RA-3.9", expected, lambda: state(latest) == "aborted")
    scenario.require_nothing_follows(scenario.work, len(runs), "RA-3.9")


# ------------------------------------------------------------------ clean stops
@when(parsers.re("(?P<who>its server|the primary) is asked to go down"), target_fixture="going")
def begin_clean_stop(scenario: Scenario, who: str) -> str:
    """Ask a server to go down; its name."""
    node = PRIMARY if who == "the primary" else scenario.victim
    scenario.expect_within(scenario.timings.stop)
    scenario.cluster.hurt(lambda: scenario.site.begin_stop(node))
    return node


@when("its server is cut off, and is asked to go down", target_fixture="going")
def begin_clean_stop_of_cut_server(scenario: Scenario) -> str:
    scenario.cut(scenario.victim)
    return begin_clean_stop(scenario, "its server")


@then("it has gone down in the time that a clean stop may take")
def require_end_of_clean_stop(scenario: Scenario, going: str) -> None:
    alive, expected = scenario.site.alive, f"{going} has ended"
    scenario.require_in_time("RA-2.16", expected, lambda: not alive(going), scenario.timings.stop)
    scenario.gone_at = scenario.site.now()


@when("the primary has come back")
def bring_stopped_primary_back(scenario: Scenario) -> None:
    scenario.bring_back_primary("RA-2.11")


@then("the rerun was aborted, and nothing follows it")
def require_aborted_rerun(scenario: Scenario) -> None:
    rerun, ends = scenario.runs()[1].job, ("aborted", "interrupted", "failed")
    expected = f"{rerun} ends as aborted, and is not run again"
    state = scenario.calls.state
    scenario.require_in_time("RA-3.8", expected, lambda: state(rerun) in ends)
    scenario.run_canaries()
    final = state(rerun) == "aborted" and len(scenario.runs()) == 2
    require(final, "RA-3.8", expected, f"{rerun} is {state(rerun)}: {listed(scenario.runs())}")


@then("nothing that the job had started lives on")
def require_end_of_family(scenario: Scenario) -> None:
    run = scenario.cluster.await_evidence("the job has ended", lambda: ended(scenario.runs()[0]))
    left_at = (run.ended_at or 0.0) + scenario.timings.grace + scenario.timings.lag
    what = f"{BESIDE:g} s have passed since nothing of {run.job} may be left"
    scenario.cluster.await_time(what, left_at + BESIDE)
    lived = scenario.runs()[0].beat_at - left_at
    expected, seen = "all processes of the job end with it", f"one lived for {lived:.1f} s longer"
    require(lived <= 0, "RA-7.9", expected, seen)


def ended(run: Execution) -> Execution | None:
    return None if run.how == "running" else run


@then(parsers.re(f"the accepted run (?P<end>{'|'.join(ENDS)}), and is not run again"))
def require_end_of_accepted_run(scenario: Scenario, end: str) -> None:
    (state, clause), job = ENDS[end], scenario.accepted
    wait = Wait(scenario.cluster, scenario.deadline)
    view = wait.until(lambda: last_end(scenario, job))
    ended = view is not None and view.state == state
    require(ended, clause, f"{job} ends as {state}", lambda: scenario.shown(job))
    wait.require_timely(f"the end of {job}")
    runs = len(scenario.cluster.tagged(ACCEPTED))
    scenario.run_canaries()
    again = len(scenario.cluster.tagged(ACCEPTED)) != runs
    require(not again, clause, "it is not run again", lambda: scenario.shown(job))
