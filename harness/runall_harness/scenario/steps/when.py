"""When steps: the faults, each proven, and what a user does meanwhile."""

from collections.abc import Callable

from pytest_bdd import parsers, when

from runall_harness.contract.verdicts import Unsupported, Violation
from runall_harness.evidence.facts import Proof
from runall_harness.evidence.views import Rejected

from ..expectations import Scenario
from ..nodes import PRIMARY

# What can be done to a server, by the words of the steps.
FAULTS: dict[str, Callable[[Scenario, str], Proof]] = {
    "killed": Scenario.kill,
    "stopped cleanly": Scenario.stop,
    "cut off": Scenario.cut,
    "frozen": Scenario.freeze,
}


@when(parsers.re("its server is (?P<fault>killed|cut off|frozen)(?: and stays away| in silence|)"))
def lose_server(scenario: Scenario, fault: str) -> None:
    proof = FAULTS[fault](scenario, scenario.victim)
    scenario.expect_within(scenario.loss_timeout, proof)


@when("its server is killed and comes back at once")
def kill_server_and_bring_it_back(scenario: Scenario) -> None:
    scenario.kill(scenario.victim)
    scenario.bring_back(scenario.victim)
    scenario.away = scenario.site.now() - scenario.since


@when("its server comes back")
def bring_server_back(scenario: Scenario) -> None:
    scenario.bring_back(scenario.victim)


@when(parsers.re("its server is cut off until it is missed, (?P<then>.+)"))
def cut_server_off_until_missed(scenario: Scenario, then: str) -> None:
    scenario.cut(scenario.victim)
    scenario.cluster.await_missed(scenario.victim)
    if "the job ends" in then:
        scenario.end_job()
    if "in reach again" in then:
        scenario.join_in_time(scenario.victim, "RA-2.4")


@when(parsers.re("the primary is (?P<fault>killed|stopped cleanly) and comes back"))
def restart_primary(scenario: Scenario, fault: str) -> None:
    FAULTS[fault](scenario, PRIMARY)
    own = "RA-2.5" if fault == "killed" else "RA-2.8"
    scenario.bring_back_primary(own if scenario.victim == PRIMARY else "RA-2.11")


@when("the primary is killed, the job ends, and the primary comes back")
def kill_primary_while_job_ends(scenario: Scenario) -> None:
    scenario.kill(PRIMARY)
    scenario.end_job()
    scenario.bring_back_primary("RA-2.11")


@when("the job ends")
def end_job(scenario: Scenario) -> None:
    scenario.end_job()
    scenario.await_state("an end", "succeeded", "failed", clause="RA-2.7")


@when("the job is over its time limit")
def exceed_time_limit(scenario: Scenario) -> None:
    timings = scenario.timings
    scenario.expect_within(scenario.plan["timeout"] + timings.grace + timings.prompt)
    scenario.await_state("its end for being over its time", "timed_out", clause="RA-2.6")


@when("a user aborts the job")
def abort_job_and_see_it_end(scenario: Scenario) -> None:
    abort_job(scenario)
    scenario.await_state("its end by the user", "aborted", clause="RA-3.3")


@when("a user asks for the end of the job")
def abort_job(scenario: Scenario) -> None:
    # RA-10.2, by which a job in limbo can be aborted, is extended.
    unreachable = scenario.victim in scenario.cut_off
    try:
        scenario.calls.call("abort", job=scenario.work.root)
    except Rejected as refusal:
        if unreachable and "limbo" not in scenario.cluster.system.capabilities:
            raise Unsupported(f"no abort of a job whose server is away: {refusal}") from None
        # A system that shows the job as ended already has broken its promise earlier.
        clause = scenario.clause("RA-10.2", "RA-3.3")
        raise Violation(clause, "the abort is accepted", str(refusal)) from None


@when("the dead-job timeout has passed for every job that was there")
def pass_dead_job_timeout(scenario: Scenario) -> None:
    # From now on: a system may count from the return of a server, and not from its loss.
    until = scenario.site.now() + scenario.loss_timeout
    scenario.cluster.await_time("the dead-job timeout has passed", until)
