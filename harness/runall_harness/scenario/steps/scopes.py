"""Steps about faults of a part of a server: its daemon, its job, or all of it by a signal.

The same scheduler does well under one of them and badly under another, so each is injected under
its own name, whatever a system says of how it is stopped. All parts of a server are frozen before
one is killed: a daemon that is about to die must not see its job die first.
"""

from pytest_bdd import parsers, then, when

from runall_harness.checks.records import BEAT, last_sign
from runall_harness.rigs.base import StopTo

from ..deadlines import Wait
from ..expectations import Scenario, require
from ..nodes import PRIMARY

STOPS: dict[str, StopTo | None] = {
    "its server is stopped cleanly": None,
    "the daemon of its server gets SIGTERM": "daemon",
    "all processes of its server get SIGTERM at once": "group",
}


@when(
    parsers.re(
        r"the daemon of its server is killed, the job is not, and the daemon "
        r"(?P<then>stays away|comes back at once)"
    )
)
def kill_daemon(scenario: Scenario, then: str) -> None:
    proof = scenario.kill(scenario.victim, "daemon")
    if then == "stays away":
        scenario.expect_within(scenario.loss_timeout, proof)
    else:
        return_to_work(scenario, "RA-2.3")


@when("the process of the job alone is killed")
def kill_job_process(scenario: Scenario) -> None:
    scenario.expect_within(scenario.timings.prompt, scenario.kill(scenario.victim, "job"))


@when(parsers.re(rf"(?P<how>{'|'.join(STOPS)}),? and (?:it )?(?P<then>stays away|comes back)"))
def stop_server(scenario: Scenario, how: str, then: str) -> None:
    proof = scenario.stop(scenario.victim, STOPS[how])
    if then == "stays away":
        scenario.expect_within(scenario.timings.stop + scenario.return_timeout, proof)
    else:
        return_to_work(scenario, "RA-2.8")


def return_to_work(scenario: Scenario, clause: str) -> None:
    """Start the server of the job again, and wait until all take work."""
    if scenario.victim == PRIMARY:
        scenario.bring_back_primary(clause)
    else:
        scenario.bring_back(scenario.victim)


@then("the job is taken up again, or has ended and is run again, once")
def require_job_or_rerun(scenario: Scenario) -> None:
    cluster, work = scenario.cluster, scenario.work
    cluster.deadline_s = scenario.deadline
    wait = Wait(cluster, scenario.deadline)
    runs = wait.until(
        lambda: (found := scenario.runs())[1:] and found,
        hopeless=lambda: scenario.runs()[-1].how == "running",
    )
    if runs:
        cluster.recovery_s = runs[1].started_at - scenario.since
        wait.require_timely("the rerun")
        scenario.require_faithful_rerun(work)
        scenario.finish(work, 2, "RA-2.3")
        return
    cluster.waited = wait.most
    running = scenario.calls.state(work.root) == "running"
    require(running, work.rerun_clause, "the job is run again", scenario.shown)
    scenario.require_undisturbed(work, 1, "RA-2.3")


@then("no two executions of the job ran at the same time")
def require_one_at_a_time(scenario: Scenario) -> None:
    first, *others = scenario.runs()
    for other in others:
        beside = last_sign(first) - other.started_at
        seen = f"{first.job} lived {beside:.2f} s beside {other.job}"
        require(beside <= BEAT, "RA-2.4", "what still runs is not run again", seen)
