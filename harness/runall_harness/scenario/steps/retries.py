"""Steps about jobs that fail by themselves, are tried again, and run out of time.

A job fails by itself when its process alone is killed, as a system that is out of memory does:
its server lives and reports it. What counts is always the latest execution of the job.
"""

import pytest
from pytest_bdd import parsers, then, when

from runall_harness.checks.lineages import require_faithful
from runall_harness.contract.verdicts import Inconclusive, Violation
from runall_harness.evidence.facts import Execution
from runall_harness.evidence.views import JobView

from ..deadlines import Wait
from ..due_slots import slot_of
from ..expectations import Scenario, listed, require
from ..setting import EVENT
from .bounds import refusals
from .events import COUNTS, RETRY_DELAY

# The clocks of a witness and of a scheduler are read at different moments; seconds.
TOLERANCE = 0.05
# The part of a time limit after which a job that has all of it still runs.
NEARLY = 0.9
NEXT = {
    "the job starts again": "it starts again",
    "the try is run again": "the try that was interrupted is run again",
}


class Retries:
    """The executions of the scenario's job, in order; the first `seen` are judged already."""

    failed_at: float  # when the last attempt that failed did so; seconds

    def __init__(self, scenario: Scenario) -> None:
        self.scenario, self.cluster = scenario, scenario.cluster
        self.seen = 1

    def before(self) -> Execution:
        """The execution before the one that is looked for, which may have begun already."""
        return self.scenario.runs()[self.seen - 1]

    def clause(self) -> str:
        """The clause that is broken if no retry comes after what has happened so far."""
        if self.seen > 1:
            return self.scenario.clause("RA-11.3", "RA-4.9")
        attempts = len(self.cluster.attempts(self.scenario.work.root))
        return "RA-11.2" if attempts > self.seen else "RA-11.1"

    def await_next(self, clause: str, what: str, within: float) -> Execution:
        """The execution that follows those seen so far, once the system shows it as running."""
        scenario = self.scenario
        scenario.await_run(clause, what, lambda: scenario.runs()[self.seen :], within)
        run = scenario.runs()[self.seen]
        self.seen += 1
        self.cluster.await_evidence(f"{run.job} runs", lambda: scenario.running(run.job))
        return run


@pytest.fixture
def retries(scenario: Scenario) -> Retries:
    return Retries(scenario)


@when("the process of the job is killed, and the job has failed")
def fail_job(scenario: Scenario, retries: Retries) -> None:
    run, within = scenario.runs()[-1], scenario.timings.prompt
    scenario.cluster.hurt(lambda: scenario.site.kill(run.node, scope="job"))

    def failed() -> JobView | None:
        view = scenario.calls.job(run.job)
        return view if view and view.state == "failed" else None

    expected = f"{run.job} has failed"
    view = scenario.require_in_time("RA-2.7", expected, failed, within)
    retries.failed_at = scenario.ended_at(view, run.id)


@when("the job is being stopped for its time limit")
def await_stop_for_time_limit(scenario: Scenario) -> None:
    scenario.expect_within(scenario.plan["timeout"] + scenario.timings.prompt)
    # A system may show no more than that the stop is over; then the next step has come too late.
    states = ("stopping", "timed_out")
    scenario.await_state("its stop for being over its time", *states, clause="RA-2.6")


@when(parsers.re(r"its server is killed before that is done, and (?P<then>stays away|.*at once)"))
def kill_server_before_job_stops(scenario: Scenario, then: str) -> None:
    proof = scenario.kill(scenario.victim)
    if scenario.over(scenario.work):
        raise Inconclusive("the job had ended before its server was killed")
    if then == "stays away":
        scenario.expect_within(scenario.loss_timeout, proof)
    else:
        scenario.bring_back(scenario.victim)


@when("most of its time limit has passed")
def pass_most_of_time_limit(scenario: Scenario) -> None:
    await_age(scenario, scenario.runs()[-1], scenario.plan["timeout"] * 2 / 3)


def await_age(scenario: Scenario, run: Execution, age: float) -> None:
    scenario.cluster.await_time(f"{run.job} has lived for {age:g} s", run.started_at + age)


@then(parsers.re(r"the job is tried again after its delay, on (?P<where>another|the same) server"))
def require_retry(scenario: Scenario, retries: Retries, where: str) -> None:
    before, clause = retries.before(), retries.clause()
    run = retries.await_next(clause, "it is tried again", RETRY_DELAY + scenario.deadline)
    waited, same = run.started_at - retries.failed_at, run.node == before.node
    delayed = waited >= RETRY_DELAY - TOLERANCE
    require(delayed, "RA-11.5", f"a delay of {RETRY_DELAY:g} s", f"{waited:.2f} s")
    if where == "another" and same and run.started_at < scenario.since:
        raise Inconclusive(f"the try began on {run.node} before that was killed")
    right = same == (where == "the same")
    require(right, clause, f"it runs on {where} server", f"it ran on {run.node}")


@then(parsers.re(f"(?P<what>{'|'.join(NEXT)})"))
def require_next_start(scenario: Scenario, retries: Retries, what: str) -> None:
    retries.await_next(scenario.work.rerun_clause, NEXT[what], scenario.deadline)


@when(parsers.re("a (?P<trigger>manual|scheduled) job of it fails each time that it runs"))
def start_failing_job(scenario: Scenario, trigger: str) -> None:
    scenario.launch(trigger, ends="7", hold="0")
    scenario.expect_within(scenario.timings.prompt)


@then("it has run once, and once more for each try")
def require_tries(scenario: Scenario) -> None:
    owed = 1 + scenario.plan["retries"]
    expected = f"{owed} execution(s)"

    def all_failed() -> bool:
        return sum(run.how == "failed" for run in scenario.runs()) >= owed

    scenario.require_in_time("RA-11.1", expected, all_failed)
    scenario.run_canaries()
    runs = scenario.runs()
    require(len(runs) == owed, "RA-11.1", expected, lambda: listed(runs))


@then("the job is given up after four executions, for servers took it down too often")
def require_giving_up(scenario: Scenario) -> None:
    wait = Wait(scenario.cluster, scenario.deadline)
    wait.timely("the refusal", lambda: refusals(scenario) or len(scenario.runs()) > COUNTS["four"])
    scenario.run_canaries()
    runs = scenario.runs()
    require(len(runs) == COUNTS["four"], "RA-8.1", "four executions", lambda: listed(runs))
    said = any(line.clause == "RA-8.1" for line in refusals(scenario))
    require(said, "RA-8.3", "RA-8.1 is in the ledger as the reason", scenario.shown)


@then("the rerun is stopped for its time limit, and nothing follows it")
def require_timeout_of_rerun(scenario: Scenario) -> None:
    timings, rerun = scenario.timings, scenario.runs()[1].job
    within = scenario.plan["timeout"] + timings.grace + timings.prompt
    expected, states = f"{rerun} has timed out, and nothing follows", ("timed_out", "interrupted")
    state = scenario.calls.state
    scenario.require_in_time("RA-2.6", expected, lambda: state(rerun) in states, within)
    scenario.run_canaries()
    runs = scenario.runs()
    right = state(rerun) == "timed_out" and len(runs) == 2
    require(right, "RA-2.6", expected, lambda: f"it is {state(rerun)}: {listed(runs)}")


@then("the job is stopped when its time is over, and no sooner")
def require_stop_in_time(scenario: Scenario) -> None:
    require_end_by_limit(scenario, scenario.runs()[0])


@then("the latest attempt is stopped for its time limit")
def require_stop_of_latest_attempt(scenario: Scenario) -> None:
    require_end_by_limit(scenario, scenario.runs()[-1])


def require_end_by_limit(scenario: Scenario, run: Execution) -> None:
    """Require that an execution is stopped for its time limit, and has had all of its time."""
    timings, limit, state = scenario.timings, scenario.plan["timeout"], scenario.calls.state
    left = max(run.started_at + limit - scenario.site.now(), 0.0)
    within, expected = left + timings.grace + timings.prompt, f"{run.job} has timed out"
    count = len(scenario.runs())
    scenario.require_in_time("RA-11.8", expected, lambda: state(run.job) == "timed_out", within)
    ended = scenario.runs()[count - 1].ended_at or run.started_at + limit
    early = run.started_at + limit - ended
    require(early <= TOLERANCE, "RA-11.8", f"it has its {limit:g} s", f"{early:.2f} s too few")
    scenario.require_nothing_follows(scenario.work, count, "RA-11.8")


@then("the retry is faithful to the run that failed")
def require_faithful_retry(scenario: Scenario) -> None:
    first, *others = scenario.runs()
    for other in others:
        try:
            require_faithful(scenario.work.root, first, other)
        except Violation as error:
            raise Violation("RA-11.7", error.broken.expected, error.broken.seen) from None


@then("its own minute is owed again")
def require_reopened_minute(scenario: Scenario) -> None:
    own, api = slot_of(scenario.work.first), scenario.cluster.api
    expected = f"minute {own} is owed, and no other"
    scenario.require_in_time("RA-11.7", expected, lambda: api.event(event=EVENT).owed == (own,))


@then("the rerun lives for longer than what was left of the limit")
def require_full_time_limit(scenario: Scenario) -> None:
    run, limit = scenario.runs()[-1], scenario.plan["timeout"]
    await_age(scenario, run, NEARLY * limit)
    state, expected = scenario.calls.state(run.job), f"the rerun may run for {limit:g} s"
    if scenario.site.now() >= run.started_at + limit:
        raise Inconclusive("it was looked at when its limit had passed")
    lives = state == "running" == scenario.runs()[-1].how
    require(lives, "RA-4.10", expected, f"it is {state} after {NEARLY * limit:g} s")


@then(parsers.re(r"the try ends well, after (?P<count>two|three|four) executions"))
def require_good_end_of_retry(scenario: Scenario, count: str) -> None:
    scenario.finish(scenario.work, COUNTS[count])


@then(parsers.re(r"the job has used up its tries, after (?P<count>four) executions"))
def require_no_more_retries(scenario: Scenario, retries: Retries, count: str) -> None:
    due = retries.failed_at + RETRY_DELAY
    scenario.cluster.await_time("the delay of a try has passed", due)
    scenario.run_canaries()
    runs = len(scenario.runs())
    require(runs == COUNTS[count], "RA-11.3", f"{count} executions", f"{runs}")
