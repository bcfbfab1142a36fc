"""Steps about limits and queues: which runs wait, for what, and in which order they start."""

from pytest_bdd import given, parsers, then, when

from runall_harness.contract.verdicts import Inconclusive
from runall_harness.evidence.views import Rejected

from ..expectations import Scenario, require
from .events import COUNTS

SECOND = "second"
NUMBER = "(?P<count>one|three|twelve)"
QUEUE = parsers.re(f"{NUMBER} manual runs? of it waits? in the queue")


def queued(count: str) -> list[str]:
    return [f"queued-{number}" for number in range(1, COUNTS[count] + 1)]


@given("a second job of it runs on the other worker")
def start_second_job(scenario: Scenario) -> None:
    # Some schedulers choose a server at random, so for this run the event targets that one only.
    (other,) = set(scenario.workers) - {scenario.victim}
    scenario.calls.edit(scenario.work.event, target=other)
    second = scenario.launch("manual", tag=SECOND)
    scenario.calls.edit(scenario.work.event, target=scenario.plan["target"])
    if second.node != other:
        raise Inconclusive(f"the second job was to run on {other}, and runs on {second.node}")


@when("an operator runs the disabled event by hand")
def run_disabled_event(scenario: Scenario) -> None:
    try:
        scenario.launch("manual", tag=SECOND)
    except Rejected as refusal:
        raise Inconclusive(f"the run by hand was refused ({refusal})") from None


@when("the second job ends")
def end_second_job(scenario: Scenario) -> None:
    scenario.expect_within(scenario.timings.prompt)
    scenario.site.release(SECOND)


@then("the job is not run again while the second job runs")
def require_no_rerun_beside_second_job(scenario: Scenario) -> None:
    scenario.require_nothing_follows(scenario.work, 1, "RA-6.1")
    second = scenario.cluster.tagged(SECOND)[-1]
    if second.how != "running":
        raise Inconclusive(f"the second job was to run all the time, and is {second.how}")


@given(QUEUE)
@when(QUEUE)
def queue_manual_runs(scenario: Scenario, count: str) -> None:
    for tag in queued(count):
        scenario.queue(scenario.work.event, tag=tag)


@then("another manual run is refused, for the queue is full")
def require_full_queue(scenario: Scenario) -> None:
    refused, clause = scenario.refuses_to_run("extra"), scenario.clause("RA-9.9", "RA-6.7")
    require(refused, clause, "a refusal, for the queue is full", "it was accepted")


@then(parsers.re(f"the {NUMBER} runs? starts? in .+"))
def require_queue_order(scenario: Scenario, count: str) -> None:
    tags, clause = queued(count), scenario.clause("RA-9.9", "RA-6.6")
    scenario.site.release(scenario.work.tag)
    for number, tag in enumerate(tags):
        expected, left = f"{tag} starts next", tags[number:]
        first = scenario.require_in_time(
            clause, expected, lambda left=left: started(scenario, left)
        )
        require(first == tag, clause, expected, f"{first} did")
        scenario.site.release(tag)
        scenario.cluster.await_evidence(f"{tag} ends", lambda tag=tag: scenario.cluster.ended(tag))
    scenario.run_canaries()
    scenario.require_turns(*tags)
    runs = [run.tag for run in scenario.cluster.executions() if run.tag in tags]
    require(runs == tags, clause, f"{', '.join(tags)}, once each", ", ".join(runs))


def started(scenario: Scenario, tags: list[str]) -> str | None:
    """The first of these to run."""
    runs = [run for run in scenario.cluster.executions() if run.tag in tags]
    return min(runs, key=lambda run: run.started_at).tag if runs else None
