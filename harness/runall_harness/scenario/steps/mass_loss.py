"""The loss of one server with many jobs, all of which have to be run again."""

from itertools import pairwise

from pytest_bdd import given, parsers, then, when

from runall_harness.contract.verdicts import Inconclusive
from runall_harness.evidence.facts import Execution

from ..deadlines import Wait
from ..expectations import Scenario, listed, require, require_ended_before
from ..nodes import PRIMARY
from ..setting import EVENT, Work

# What two servers of a busy machine may take longer or shorter to start a process, of the slack.
JITTER = 1 / 20
# More jobs than this beat slowly: each beat starts a process, and a small machine has two cores.
MANY, SLOWLY = 50, {"beat": "2"}


@given(parsers.parse("{count:d} manual jobs of it run on the first worker, and ignore SIGTERM"))
def start_stubborn_jobs(scenario: Scenario, count: int) -> None:
    start_many_jobs(scenario, count, on_term="ignore")


@given(parsers.parse("{count:d} manual jobs of it run on the first worker"))
def start_many_jobs(scenario: Scenario, count: int, **params: str) -> None:
    cluster, calls, within = scenario.cluster, scenario.calls, scenario.deadline
    target, scenario.plan["target"] = scenario.plan["target"], "worker-1"
    scenario.create_planned(EVENT, "manual", {})
    roots: dict[str, str] = {}
    for number in range(count):
        # Each is seen to run before the next starts, so that the load comes only after the loss.
        tag = f"job-{number:03}"
        roots[tag] = calls.run(EVENT, {"tag": tag, **params, **(SLOWLY if count > MANY else {})})
        cluster.await_evidence(
            f"{tag} runs", lambda n=number: len(cluster.site.executions()) > n, within
        )
    firsts = {run.tag: run for run in cluster.executions()}

    def all_shown() -> bool:
        return {*roots.values()} <= {job.id for job in calls.jobs() if job.state == "running"}

    cluster.await_evidence("the system shows all of them as running", all_shown, within)
    for tag, root in roots.items():
        first = firsts[tag]
        scenario.works[tag] = Work(tag=tag, trigger="manual", event=EVENT, first=first, root=root)
        cluster.regard(root, tag)
    calls.edit(EVENT, target=target)


def by_tag(scenario: Scenario) -> dict[str, list[Execution]]:
    """The executions of each of the jobs, oldest first."""
    runs: dict[str, list[Execution]] = {tag: [] for tag in scenario.works}
    for run in scenario.cluster.executions():
        if run.tag in runs:
            runs[run.tag].append(run)
    return runs


def reruns(scenario: Scenario) -> list[Execution]:
    """The reruns that have come, in the order of the jobs that they replace."""
    return [runs[1] for runs in by_tag(scenario).values() if len(runs) > 1]


@when("the primary dies too, and comes back")
def restart_primary_beside_lost_server(scenario: Scenario) -> None:
    scenario.kill(PRIMARY)
    scenario.restart(PRIMARY)
    alive = [node for node in scenario.workers if scenario.site.alive(node)]
    scenario.await_return(*alive, clause="RA-2.11")
    # By then none of the reruns waits for its own time any more, but all for their server.
    spread = scenario.site.now() + len(scenario.works) * scenario.timings.spread
    scenario.cluster.await_time("the reruns are all due", spread)


@then("each of them starts again")
def require_all_to_start_again(scenario: Scenario) -> None:
    count = len(scenario.works)
    expected = f"all {count} are run again"
    scenario.require_in_time("RA-1.1", expected, lambda: len(reruns(scenario)) == count)


@then("all of the first executions had ended before")
def require_first_ends_before(scenario: Scenario) -> None:
    for first, second in by_tag(scenario).values():
        expected = f"the first execution of {first.tag} had ended when the second began"
        require_ended_before(first, second, "RA-7.3", expected)


@then("all of the first executions are killed within the kill grace")
def require_first_ends_after_waking(scenario: Scenario) -> None:
    def living() -> list[Execution]:
        return [runs[0] for runs in by_tag(scenario).values() if runs[0].how == "running"]

    expected, within = "all of the first executions end", scenario.timings.grace
    scenario.require_in_time("RA-7.6", expected, lambda: not living(), within)


@then("the first three of them run again, and the others wait")
def require_three_of_many_reruns(scenario: Scenario) -> None:
    expected = "the first three are run again"
    scenario.require_in_time("RA-1.1", expected, lambda: len(reruns(scenario)) >= 3)
    scenario.run_canaries()
    require_calm(scenario)
    tags = [run.tag for run in reruns(scenario)]
    expected = "the first three, and no other, run again"
    require(tags == list(scenario.works)[:3], "RA-8.5", expected, ", ".join(tags))


@then(parsers.re(r"each of them is run again, once, in their order(?P<spread>| and spread .+)"))
def require_all_reruns(scenario: Scenario, spread: str) -> None:
    if not spread:
        release_all(scenario)
    count = len(scenario.works)
    within = scenario.deadline + count * (scenario.timings.spread + scenario.timings.prompt)

    def all_rerun() -> bool:  # quick, as it is called after each simulated act
        return len(scenario.site.executions()) >= 2 * count and len(reruns(scenario)) == count

    complete = Wait(scenario.cluster, within).timely("the last rerun", all_rerun)
    require_calm(scenario)
    came = reruns(scenario)
    tags = [run.tag for run in came]
    clause = scenario.clause("RA-9.9", "RA-1.1")
    require(complete, clause, f"all {count} are run again", f"only {len(tags)}: {tags}")
    require_order(scenario, came)
    if spread:
        require_spread(scenario, came)
        release_all(scenario)
    require_each_once(scenario)


def release_all(scenario: Scenario) -> None:
    for tag in scenario.works:
        scenario.site.release(tag)


def require_calm(scenario: Scenario) -> None:
    """Raise `Inconclusive` if a rerun was cut short too: then more than one server was lost.

    On a machine that is too busy a healthy server is silent for longer than its fence.
    """
    if lost := [run for run in reruns(scenario) if run.how in ("terminated", "killed")]:
        raise Inconclusive(
            f"reruns were lost too, perhaps on a machine that is too busy: {listed(lost)}"
        )


def require_order(scenario: Scenario, came: list[Execution]) -> None:
    """Require that each begins after the one before it, as far as two servers can be compared."""
    most = scenario.timings.slack * JITTER
    for one, other in pairwise(came):
        early = one.started_at - other.started_at
        expected = f"{one.tag} starts before {other.tag}"
        require(early <= most, "RA-8.5", expected, f"{early:.2f} s after it")


def require_spread(scenario: Scenario, came: list[Execution]) -> None:
    """Require that they begin as far apart as the system declares."""
    took = came[-1].started_at - came[0].started_at
    least = (len(came) - 1) * scenario.timings.spread - scenario.timings.slack * JITTER
    expected = f"{len(came)} reruns over at least {least:.2f} s"
    require(took >= least and took > 0, "RA-8.5", expected, f"all within {took:.2f} s")


def require_each_once(scenario: Scenario) -> None:
    """Require that all of them end well, and that none runs a third time."""
    within = scenario.deadline + len(scenario.works)
    scenario.cluster.await_evidence(
        "all of them end", lambda: {run.how for run in reruns(scenario)} <= {"completed"}, within
    )
    scenario.run_canaries()
    require_calm(scenario)
    counts = {tag: len(runs) for tag, runs in by_tag(scenario).items()}
    wrong = {tag: count for tag, count in counts.items() if count != 2}
    require(not wrong, "RA-1.4", "two executions of each", f"{wrong}")
