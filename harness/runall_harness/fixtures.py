"""What the steps of the features are given: the rig, the case, and its cluster.

A conftest beside other feature files may put its own `rig`, `system` or `cluster_class` in the
place of these, as any fixture can be.
"""

from collections.abc import Iterator

import pytest

from .cases import Case
from .cluster import Cluster
from .outcome import Ended
from .rigs.base import KitCannotRun, Rig
from .rigs.choose import choose
from .session import SESSION, CaseSession, option
from .systems.base import System
from .systems.reference import Reference


@pytest.fixture(scope="session")
def rig(pytestconfig: pytest.Config) -> Iterator[Rig]:
    """The rig of this run; everything that it made is removed at the end."""
    session = pytestconfig.stash[SESSION]
    name: str = option(pytestconfig, "rig")
    base: str | None = option(pytestconfig, "base-image")
    image: str | None = option(pytestconfig, "image")
    rig = choose(name, session.share, image=image, base=base, say=session.say)
    yield rig
    rig.close()


@pytest.fixture(scope="session")
def system(pytestconfig: pytest.Config, rig: Rig) -> System:
    """The scheduler under test, as it describes itself."""
    name: str = option(pytestconfig, "system")
    if name != "reference":
        raise KitCannotRun(f"there is no system {name!r}", "take --runall-system reference")
    return Reference(pytestconfig.stash[SESSION].policy, rig.name)


@pytest.fixture(scope="session")
def cluster_class() -> type[Cluster]:
    """What makes a cluster of a rig, a case and a policy."""
    return Cluster


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    """The case that is running."""
    return running(request)[1].case


@pytest.fixture
def cluster(
    request: pytest.FixtureRequest,
    rig: Rig,
    system: System,
    case: Case,
    cluster_class: type[Cluster],
) -> Iterator[Cluster]:
    """The cluster of this case. Its traces are saved where they are of use, then it is closed."""
    session, ended = running(request)
    session.meet(rig, system)
    session.check_support(case, rig, system.capabilities)
    cluster = cluster_class(rig, case, session.policy)
    try:
        yield cluster
        ended.observe(cluster)
    finally:
        try:
            if session.keeps(ended):
                ended.save(cluster)
        finally:
            cluster.close()


def running(request: pytest.FixtureRequest) -> tuple[CaseSession, Ended]:
    """The session of the cases, and what is known of the one that is running."""
    session = request.config.stash[SESSION]
    return session, session.running[request.node.nodeid]
