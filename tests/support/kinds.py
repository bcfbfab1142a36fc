"""Which tests are real, long or foreign, which must not run side by side, and which begin first.

Every test is quick unless it is named here, so that a new one is never left out in silence. The
names are folders and modules below tests/.
"""

from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from support.places import ROOT

TESTS = ROOT / "tests"
# They start daemons, containers, servers or whole runs. The order is that in which they begin: the
# longest first, so that none is left over for the end.
REAL = (
    "reports/test_browser.py",
    "reports/test_chinese_browser.py",
    "conformance/test_rigs_agree.py",
    "rigs",
    "schedulers",
    "scenario/test_failover_postgres.py",
    "conformance",
    "systems/test_from_image.py",
    "scenario/test_recovery_crashes.py",
    "adapter",
    "daemon/test_api_errors.py",
    "daemon/test_brain_runner.py",
    "daemon/test_commands.py",
    "daemon/test_daemons.py",
    "daemon/test_failpoints.py",
    "daemon/test_job_processes.py",
    "daemon/test_leases_and_keys.py",
    "daemon/test_links.py",
    "daemon/test_status_page.py",
    "scoring/test_daemon_mutants.py",
    "scoring/test_mutants_cli.py",
    "scoring/test_mutants_suite.py",
    "explorer/test_campaign_cli.py",
    "explorer/test_explore_cli.py",
    "explorer/test_replay.py",
    "project/test_bench.py",
    "project/test_guide.py",
    "project/test_pictures.py",
    "project/test_readme.py",
    "store/test_store_outages.py",
    "store/test_store_postgres.py",
    "systems/test_reference_http.py",
    "systems/test_system_files.py",
    "systems/test_system_keys.py",
    "systems/test_systems.py",
    "cli/test_ledger_cli.py",
    "cli/test_order_commands.py",
    "cli/test_up_cli.py",
    "cli/test_demo_cli.py",
    "cli/test_check_cli.py",
    "host/test_worker_pool.py",
    "evidence/test_witness.py",
)
# They search or run everything in virtual time: they keep a core busy, and no clock matters.
LONG = (
    "site",
    "checks/test_saved_cases.py",
    "conformance/test_broken_references.py",
    "conformance/test_conform_traps.py",
    "scoring/test_mutants.py",
    "explorer/test_campaign.py",
    "explorer/test_explore.py",
    "explorer/test_explorer_search.py",
    "explorer/test_plays.py",
    "scenario/test_absences.py",
    "scenario/test_arranged.py",
    "scenario/test_late_returns.py",
    "scenario/test_retries.py",
    "scenario/test_transitions.py",
    "checks/test_history_laws.py",
    "brain/timing/test_timing_laws.py",
    "reports/test_compare.py",
    "evidence/test_history.py",
    "project/test_pipelines.py",
)
# They wait for the timers of other schedulers, and leave the cores to others meanwhile.
FOREIGN = ("schedulers",)
# A test that uses one of these is real wherever it stands.
REAL_FIXTURES = frozenset({"browser", "daemons", "engine", "image", "postgres", "server"})
# A test that uses one of these is long wherever it stands.
LONG_FIXTURES = frozenset({"releases"})
# Each of these chains runs in one process of pytest, one test after the other: they count the
# containers of this machine, fill its cores with a run of their own, or share what took long to
# make. A test that has one of the
# rigs as a parameter belongs to the chain of that name, and one of a foreign scheduler that ends
# `in_containers` to that of docker.
CHAINS = {
    "rigs/docker": "docker",
    "rigs/test_killed_runs.py": "docker",
    "systems/test_from_image.py": "docker",
    "rigs/processes": "processes",
    "site": "pages of the site",
    "scenario/test_failover_postgres.py": "processes",
}
# Their tests share nothing and use a core: any process takes any of them.
SPREAD = (
    "conformance/test_broken_references.py",
    "conformance/test_conform_traps.py",
    "scoring/test_mutants.py",
    "brain/timing",
    "checks/test_history_laws.py",
)


def place_in(path: Path, names: tuple[str, ...]) -> int | None:
    """The position of the first of these names that is the file or a folder above it."""
    above = {str(p.relative_to(TESTS)) for p in (path, *path.parents) if TESTS in p.parents}
    return next((number for number, name in enumerate(names) if name in above), None)


def is_real(item: pytest.Item) -> bool:
    """Whether this test starts something real, by its place or by what it uses."""
    return place_in(item.path, REAL) is not None or bool(used_by(item) & REAL_FIXTURES)


def used_by(item: pytest.Item) -> set[str]:
    return set(getattr(item, "fixturenames", ()))


def in_containers(name: str) -> bool:
    """Whether the test of that name shares the containers of this machine with others."""
    return name.partition("[")[0].endswith("in_containers")


def group_of(nodeid: str) -> str:
    """What runs in one process with this test: its chain, its module, or nothing but itself."""
    file, _, name = nodeid.partition("::")
    path, parameters = ROOT / file, name.partition("[")[2]
    if in_containers(name):
        return "docker"
    if named := [chain for chain in set(CHAINS.values()) if chain in parameters]:
        return named[0]
    chain = place_in(path, tuple(CHAINS))
    if chain is not None:
        return list(CHAINS.values())[chain]
    alone = TESTS not in path.parents or place_in(path, SPREAD) is not None
    return nodeid if alone else file


class GroupScheduling(LoadScopeScheduling):
    """Deals the tests to pytest-xdist's processes, a group at a time.

    Its own `loadgroup` writes the group into a field of a test that pytest 9.2 no longer has, and
    so groups nothing.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> GroupScheduling:
    """Have the groups kept, whatever `--dist` says."""
    return GroupScheduling(config, log)


def marks_of(item: pytest.Item) -> list[str]:
    """The kinds of a test: real or long, and foreign; none for a quick one."""
    if is_real(item):
        waits = place_in(item.path, FOREIGN) is not None and not in_containers(item.name)
        return ["real", "foreign"] if waits else ["real"]
    long = place_in(item.path, LONG) is not None or used_by(item) & LONG_FIXTURES
    return ["long"] if long else []


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is real, long or foreign, and let the longest begin first."""
    for item in items:
        for mark in marks_of(item):
            item.add_marker(mark)
    items.sort(key=begins)


def begins(item: pytest.Item) -> int:
    """When a test begins: as its name in REAL and LONG says, the quick ones last."""
    order = (*REAL, *LONG)
    found = place_in(item.path, order)
    return len(order) if found is None else found
