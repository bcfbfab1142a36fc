"""Steps about servers of two releases in one cluster."""

from pytest_bdd import given, parsers, then, when

from ..expectations import Scenario
from ..nodes import PRIMARY
from .retries import Retries

# What servers of one release have done before, and those of two then do not, breaks this clause.
MIXED = "RA-13.1"

NEWCOMER = "newcomer"
RELEASES = r"(?P<release>last|next)"


@given(parsers.re(f"a primary and one worker of the {RELEASES} release"))
def start_worker_of_release(scenario: Scenario, release: str) -> None:
    scenario.nodes.releases["worker-1"] = release
    scenario.workers = ("worker-1",)
    scenario.cluster.up(*scenario.workers)


@when(parsers.re(f"its server is killed and comes back in the {RELEASES} release"))
def change_release_of_server(scenario: Scenario, release: str) -> None:
    """Start the server again in that release. It has to take work."""
    scenario.kill(scenario.victim)
    take_release(scenario, scenario.victim, release)
    scenario.expect_within(scenario.return_timeout)
    scenario.nodes.restart(scenario.victim)
    scenario.await_return(scenario.victim, clause=MIXED)
    scenario.away = scenario.site.now() - scenario.since


@when(parsers.re(f"the primary is stopped cleanly and comes back in the {RELEASES} release"))
def change_release_of_primary(scenario: Scenario, release: str) -> None:
    scenario.stop(PRIMARY)
    take_release(scenario, PRIMARY, release)
    scenario.bring_back_primary(MIXED)


def take_release(scenario: Scenario, node: str, release: str) -> None:
    """Let every later start of a node be of that release."""
    scenario.nodes.releases[node] = release
    scenario.nodes.specs[node] = scenario.nodes.described(node)


@when("a worker joins that has no format of the wire in common with them")
def start_distant_worker(scenario: Scenario) -> None:
    scenario.nodes.releases[NEWCOMER] = "distant"
    scenario.nodes.launch(scenario.nodes.described(NEWCOMER))


@then("the newcomer is refused, and both say why")
def require_reason(scenario: Scenario) -> None:
    reason, site = scenario.nodes.reason, scenario.site
    for node in (NEWCOMER, PRIMARY):
        scenario.require_in_time(
            MIXED,
            f"{node} prints {reason!r}",
            lambda node=node: reason in site.logs(node),
            scenario.timings.prompt,
        )


@then("the job starts again, as it did in one release")
def require_rerun_by_two_releases(scenario: Scenario, retries: Retries) -> None:
    retries.await_next(MIXED, "it starts again", scenario.deadline)
