"""Steps about two servers under one name."""

from pytest_bdd import then, when

from runall_harness.contract.verdicts import Inconclusive

from ..expectations import Scenario

TWIN = "twin"


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
