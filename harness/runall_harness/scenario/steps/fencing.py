"""Steps about late arrivals: jobs that wake, results and orders that were delayed.

For a moment the primary does not know that a server is frozen or cut off. In this moment it may
place a job there, and cannot know whether the job began.
"""

from pytest_bdd import parsers, then, when

from runall_harness.contract.verdicts import Inconclusive, Violation
from runall_harness.evidence.views import JobView, Rejected
from runall_harness.evidence.witness_job import LEAD_SLOTS

from ..deadlines import Wait
from ..expectations import Scenario, require
from ..setting import EVENT, Work, rerun_clause
from .when import FAULTS

TAG = "job"
FIRST, SECOND = "worker-1", "worker-2"


@when("its server wakes")
def wake_server(scenario: Scenario) -> None:
    scenario.wake(scenario.victim)


@when("its server is frozen until it is missed, and wakes")
def freeze_server_until_missed(scenario: Scenario) -> None:
    scenario.freeze(scenario.victim)
    scenario.expect_within(scenario.timings.notice)
    scenario.require_missed()
    scenario.wake(scenario.victim)
    scenario.await_return(scenario.victim, clause="RA-2.4")


@then(parsers.re("the first execution is (?P<how>stopped|killed) within the kill grace"))
def require_stop_after_waking(scenario: Scenario, how: str) -> None:
    # One that obeys SIGTERM and goes on was never asked; one that ignores it was never killed.
    clause = scenario.clause("RA-7.5", "RA-7.6") if how == "stopped" else "RA-7.6"
    scenario.require_stop(clause, "the first execution ends")


@when("its server can be reached again")
def reach_server_again(scenario: Scenario) -> None:
    scenario.join(scenario.victim, scenario.interruption_clause())


@then("its late result is recorded against the first attempt only")
def require_late_result(scenario: Scenario) -> None:
    root = scenario.work.root

    def recorded() -> bool:
        view = scenario.calls.job(root)
        return view is not None and view.late_code is not None

    expected = f"a late result of {root}"
    scenario.require_in_time("RA-3.5", expected, recorded, scenario.timings.prompt)
    for view in scenario.cluster.attempts(root)[1:]:
        undisturbed = not view.final and view.late_code is None
        seen = f"{view.state}, {view.late_code}"
        require(undisturbed, "RA-3.5", f"{view.id} goes on", seen)


@then("the result has been taken in", target_fixture="taken_in")
def require_result(scenario: Scenario) -> JobView:
    scenario.await_state("its own end", "succeeded", clause="RA-3.6")
    return scenario.await_end(scenario.work, "RA-3.6")


@then("the result was taken in once")
def require_result_once(scenario: Scenario, taken_in: JobView) -> None:
    scenario.require_nothing_follows(scenario.work, 1, "RA-3.1")
    view = scenario.calls.job(scenario.work.root)
    require(view == taken_in, "RA-3.1", f"{taken_in}", f"{view}")


@when("its server is cut off until its job has ended under the fence, and is in reach again")
def cut_server_off_until_fence(scenario: Scenario) -> None:
    cut, timings = scenario.cut(scenario.victim), scenario.timings
    within = timings.alone + timings.grace + timings.slack
    scenario.cluster.await_evidence(
        "the job ends under the fence", lambda: scenario.runs()[0].how == "completed", within
    )
    scenario.join(scenario.victim, "RA-3.6")
    view = scenario.over(scenario.work)
    late = scenario.site.now() - cut.at >= timings.dead_job_timeout
    if late and view and view.state == "interrupted":
        raise Inconclusive("its server was away for longer than the dead-job timeout")


@when("its server is cut off, the job ends, and its server is restarted and in reach again")
def restart_server_with_unreported_result(scenario: Scenario) -> None:
    node = scenario.victim
    cut = scenario.cut(node)
    scenario.end_job()
    # Stopped and not killed: a clean end is the proof that the result is on the worker's disk.
    scenario.stop(node)
    scenario.mend_cut(node)
    scenario.bring_back(node)
    late = scenario.site.now() - cut.at >= scenario.timings.dead_job_timeout
    view = scenario.over(scenario.work)
    if late and view and view.state == "interrupted":
        raise Inconclusive("its server was away for longer than the dead-job timeout")


@when(
    parsers.re(
        r"the first worker is (?P<how>frozen|cut off), and a (?P<trigger>\w+) job is handed to it"
    ),
    target_fixture="handed",
)
def hand_job_to_lost_worker(scenario: Scenario, how: str, trigger: str) -> JobView:
    scenario.create_planned(EVENT, trigger, {"tag": TAG})
    if trigger == "scheduled":
        await_last_moment(scenario)
    FAULTS[how](scenario, FIRST)
    try:
        if trigger == "manual":
            scenario.calls.run(EVENT, {"tag": TAG})
    except Rejected as refusal:
        raise Inconclusive(f"{FIRST} was missed too soon to be given a job: {refusal}") from None
    within = (LEAD_SLOTS + 1) * scenario.timings.minute + scenario.timings.notice
    handed = scenario.cluster.await_evidence(
        f"a job is handed to {FIRST}", lambda: given_to(scenario, FIRST), within
    )
    scenario.cluster.regard(handed.root, TAG)
    return handed


def await_last_moment(scenario: Scenario) -> None:
    """Wait until the slot is so near that the loss of a server is not noticed before it."""
    minute, notice = scenario.timings.minute, scenario.timings.notice
    if LEAD_SLOTS * minute <= notice:
        return
    # A ping that is due soon may show a loss long before the notice time has passed.
    cluster, within = scenario.cluster, LEAD_SLOTS * minute + scenario.timings.slack
    cluster.await_evidence(
        "the minute before the slot begins",
        lambda: cluster.api.present_slot() >= scenario.due - 1,
        within,
    )
    cluster.await_time("the slot is near", cluster.site.now() + minute - notice / 4)


def given_to(scenario: Scenario, node: str) -> JobView | None:
    """The job that was placed on a node, and has not begun there."""
    jobs = [job for job in scenario.calls.jobs() if (job.event, job.node) == (EVENT, node)]
    return next((job for job in jobs if job.state == "starting"), None)


@when("the first worker is killed and comes back at once")
def kill_first_worker_and_bring_it_back(scenario: Scenario) -> None:
    scenario.kill(FIRST)
    scenario.cut_off.discard(FIRST)
    scenario.bring_back(FIRST)


@when("the job is given up")
def await_giving_up(scenario: Scenario, handed: JobView) -> None:
    scenario.expect_within(scenario.loss_timeout)
    expected = "it counts as interrupted"
    scenario.require_in_time("RA-2.13", expected, lambda: is_interrupted(scenario, handed))


def is_interrupted(scenario: Scenario, handed: JobView) -> bool:
    """Whether the attempt that was handed over in vain counts as interrupted."""
    return scenario.calls.state(handed.id) == "interrupted"


@then("the job runs on the second worker")
def require_run_on_second_worker(scenario: Scenario, handed: JobView) -> None:
    meet_rerun(scenario, handed, SECOND)


def meet_rerun(scenario: Scenario, handed: JobView, node: str) -> None:
    """Wait for the one execution of a job that was handed over in vain."""
    trigger = "manual" if handed.source else "scheduled"
    wait = Wait(scenario.cluster, scenario.deadline)
    if not (runs := wait.timely("the job", lambda: scenario.cluster.tagged(TAG))):
        scenario.cluster.waited = wait.most
        clause = rerun_clause(trigger) if is_interrupted(scenario, handed) else "RA-2.13"
        seen = f"nothing within {wait.most:g} s: {scenario.shown()}"
        raise Violation(clause, "the job runs", seen)
    first, root = runs[0], handed.root
    require(first.node == node, "RA-2.13", f"it runs on {node}", f"it ran on {first.node}")
    scenario.works[TAG] = Work(tag=TAG, trigger=trigger, event=EVENT, first=first, root=root)


@when("the first worker is in reach again")
def mend_cut_of_first_worker(scenario: Scenario) -> None:
    scenario.join(FIRST, "RA-2.13")


@then("the order that was held up starts nothing")
def require_void_order(scenario: Scenario) -> None:
    scenario.run_canaries()
    strays = [run.job for run in scenario.cluster.tagged(TAG) if run.node == FIRST]
    require(not strays, "RA-7.4", f"{FIRST} starts nothing", f"it started {strays}")


@then("the job that never began is run, once")
def require_one_run_of_handed_job(scenario: Scenario, handed: JobView) -> None:
    if TAG not in scenario.works:
        meet_rerun(scenario, handed, FIRST)
    interrupted = is_interrupted(scenario, handed)
    require(interrupted, "RA-2.13", "the first attempt was interrupted", scenario.shown)
    scenario.finish(scenario.work, 1, "RA-1.4")


@then("the abort has won, and the job is not run again")
def require_abort_to_win(scenario: Scenario) -> None:
    scenario.await_state("its end by the user", "aborted", clause="RA-3.7")
    scenario.require_nothing_follows(scenario.work, 1, "RA-3.7")


@when("its server is killed and is started again with unsafe settings", target_fixture="word")
def start_server_with_unsafe_settings(scenario: Scenario) -> str:
    scenario.kill(scenario.victim)
    unsafe, word = scenario.cluster.system.unsafe(scenario.nodes.specs[scenario.victim])
    scenario.nodes.restart(scenario.victim, unsafe)
    return word


@then("it does not start, and says why")
def require_refusal_to_start(scenario: Scenario, word: str) -> None:
    node, site = scenario.victim, scenario.site
    ended = scenario.site.wait(lambda: not site.alive(node), scenario.timings.start)
    require(ended, "RA-7.7", f"{node} does not start", "it runs")
    said = scenario.site.wait(lambda: word in site.logs(node), scenario.timings.slack)
    last = (site.logs(node).splitlines() or [""])[-1]
    require(said, "RA-7.7", f"{node} says {word!r}", f"it says {last!r}")
