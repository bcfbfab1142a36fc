"""The fixtures of the steps: the rig, the case, and its cluster.

A suite may put its own `rig`, `new_system` or `cluster_class` in the place of these;
`install_steps` says where.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial

import pytest

from runall_harness.contract.cases import Case
from runall_harness.rigs.base import Rig
from runall_harness.rigs.choose import choose, fit
from runall_harness.scenario.cluster import Cluster
from runall_harness.systems.base import System
from runall_harness.systems.postgres_schemas import check_server, read_server

from .pytest_session import SESSION, CaseSession
from .running_case import RunningCase


@pytest.fixture(scope="session")
def rig(pytestconfig: pytest.Config) -> Iterator[Rig]:
    """The rig of this run; everything that it made is removed at the end."""
    session = pytestconfig.stash[SESSION]
    options, say = session.options, session.say
    name = fit(options.rig, options.find, say)
    image = options.find("docker").image if name in ("auto", "docker") else None
    url = options.store_url if name != "simulated" else None
    server = read_server(url) if url else None
    store = (server.host, server.port) if server else None
    base = options.base_image
    with closing(choose(name, session.share, image=image, base=base, store=store, say=say)) as rig:
        if server:
            check_server(server, rig.name)
            say(f"primaries that share a store keep it in schemas of {server.shown}")
        yield rig


@pytest.fixture(scope="session")
def new_system(pytestconfig: pytest.Config, rig: Rig) -> Callable[[], System]:
    """What makes the scheduler under test anew: each cluster has one with secrets of its own."""
    return partial(pytestconfig.stash[SESSION].options.find, rig.name)


@pytest.fixture(scope="session")
def system(new_system: Callable[[], System]) -> System:
    return new_system()


@pytest.fixture(scope="session")
def cluster_class() -> type[Cluster]:
    return Cluster


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    return running(request)[1].case


@pytest.fixture
def cluster(
    request: pytest.FixtureRequest,
    rig: Rig,
    system: System,
    new_system: Callable[[], System],
    case: Case,
    cluster_class: type[Cluster],
) -> Iterator[Cluster]:
    """The cluster of this case. Its traces are saved where they are of use, then it is closed."""
    session, state = running(request)
    session.rig, session.system = rig, system
    session.check_support(case, rig, system)
    cluster = cluster_class(rig, case, new_system())
    session.config.hook.pytest_runall_history_began(history=cluster.history)
    try:
        yield cluster
        state.observe(cluster)
    finally:
        try:
            if session.keeps(state):
                state.save(cluster)
        finally:
            cluster.close()


def running(request: pytest.FixtureRequest) -> tuple[CaseSession, RunningCase]:
    session = request.config.stash[SESSION]
    return session, session.running[request.node.nodeid]
