"""Steps about two servers under one name, and about two runs under one id."""

from collections import Counter
from math import isinf

import pytest
from pytest_bdd import given, then, when

from runall_harness.contract.verdicts import Inconclusive, Unsupported

from ..expectations import Scenario, require, require_ended_before
from ..setting import EVENT

TWIN = "twin"
# For so many reports of a server it is counted how often another one asks.
REPORTS = 10
# How many runs are started by hand at a time, one after the other.
RUNS = 2


@when("another server starts under the name of its server", target_fixture="refused")
def start_namesake(scenario: Scenario) -> str:
    """Start a second server under one name; return a word that must be in its refusal."""
    nodes = scenario.nodes
    system, site = nodes.system, scenario.site
    gone = [fault.at for fault in scenario.cluster.faults if fault.node == scenario.victim]
    if gone and site.now() - gone[0] >= scenario.timings.dead_job_timeout:
        raise Inconclusive("its server may have been given up by then, and another have its name")
    twin, word = system.namesake(site, scenario.victim, TWIN, nodes.primaries)
    nodes.launch(twin)
    return word


@when(
    "a cut has its server missed, and another server starts under its name",
    target_fixture="refused",
)
def start_namesake_of_missed_server(scenario: Scenario) -> str:
    scenario.cut(scenario.victim)
    scenario.cluster.await_missed(scenario.victim)
    return start_namesake(scenario)


@then("the other server is refused, and says why")
def require_refusal(scenario: Scenario, refused: str) -> None:
    expected = f"{TWIN} prints {refused!r}"
    scenario.require_in_time(
        "RA-7.8", expected, lambda: refused in scenario.site.logs(TWIN), scenario.timings.prompt
    )


@then("it asks no more often than servers report")
def require_pauses(scenario: Scenario, refused: str) -> None:
    """Require that it is refused in some time, and no more often than a server reports."""
    every = scenario.timings.heartbeat
    if isinf(every):
        raise Unsupported("the system does not state how often a server reports")
    before = times_refused(scenario, refused)
    what, until = "it could have asked often", scenario.site.now() + REPORTS * every
    scenario.cluster.await_time(what, until)
    asked = times_refused(scenario, refused) - before
    expected, seen = f"1 to {REPORTS + 1} refusals", f"{asked} in {REPORTS * every:g} s"
    require(0 < asked <= REPORTS + 1, "RA-7.10", expected, seen)


def times_refused(scenario: Scenario, refused: str) -> int:
    return scenario.site.logs(TWIN).count(refused)


@then("the first one's job had ended before the other got the name")
def require_name_to_be_kept(scenario: Scenario) -> None:
    """The lag is for a job that its worker kills: nobody sees its end before that server's."""
    first, second = scenario.runs()
    expected = "the name is given away when its owner and its jobs are gone"
    require_ended_before(first, second, "RA-7.8", expected, scenario.timings.lag)


# ------------------------------------------------------------------ ids
@pytest.fixture
def answered() -> list[str]:
    """The ids in the answers to the runs by hand, in their order."""
    return []


@given("two more runs of it have ended")
@when("two more runs of it have ended")
def run_twice_to_the_end(scenario: Scenario, answered: list[str]) -> None:
    cluster = scenario.cluster
    for _ in range(RUNS):
        tag = f"more-{len(answered) + 1}"
        answered.append(cluster.run_beside(EVENT, {"tag": tag, "hold": "0"}))
        ended = f"{tag}, accepted as {answered[-1]}, ends well"
        scenario.require_in_time(
            "RA-12.3", ended, lambda tag=tag: cluster.ended(tag), scenario.timings.prompt
        )


@then("no two of these runs had one id")
def require_own_ids(scenario: Scenario, answered: list[str]) -> None:
    ids = [scenario.work.root, *answered]
    twice = [name for name, count in Counter(ids).items() if count > 1]
    require(not twice, "RA-12.3", "each run has an id of its own", f"given twice: {twice}")
    tags = {run.job: run.tag for run in scenario.cluster.executions()}
    run = [tags.get(name) for name in answered]
    owed = [f"more-{number}" for number in range(1, len(answered) + 1)]
    require(run == owed, "RA-12.3", f"{owed} ran as {answered}", f"{run} did")
    scenario.finish(scenario.work, 1, "RA-12.3")
