"""What several test files need: an engine, the image of the reference, a database, histories."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
from runall_harness.contract.errors import KitCannotRun
from runall_harness.evidence.history import AnyLine, load
from runall_harness.rigs.docker import DockerRig, connect
from runall_harness.rigs.docker.engine import Engine
from runall_harness.rigs.docker.image.base import BASE_OPTION, DEFAULT_BASE
from runall_harness.rigs.docker.image.build import build_image
from runall_harness.systems.postgres_schemas import is_loopback, read_server
from support.browser import browser, visits
from support.conform_runs import ConformRun, conform_once
from support.databases import Server, can_make_servers, own_schema, own_server
from support.engine_relay import ENGINE_SOCKET, Relay
from support.kinds import pytest_collection_modifyitems, pytest_xdist_make_scheduler
from support.machine import give_up
from support.real_daemons import RealDaemons
from support.time_report import pytest_terminal_summary

LOCAL_BASE = "runall-base:bookworm"
# Fixtures that stand elsewhere; hooks of pytest and of pytest-xdist.
__all__ = [
    "browser",
    "pytest_collection_modifyitems",
    "pytest_terminal_summary",
    "pytest_xdist_make_scheduler",
    "visits",
]


def pytest_configure() -> None:
    """Let Ctrl-C reach the programs under test, also where a shell runs this in the background.

    Such a shell has SIGINT ignored, and every child inherits that.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def daemons(tmp_path: Path) -> Iterator[RealDaemons]:
    """Primaries and workers as real processes, which end with the test."""
    daemons = RealDaemons(tmp_path)
    yield daemons
    daemons.close()


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The engine of this machine. Where CI is true, a missing one fails the test."""
    try:
        found = connect()
    except KitCannotRun as error:
        give_up(str(error))
    yield found
    found.client.close()


@pytest.fixture(scope="session")
def image(engine: Engine, base: str) -> Iterator[str]:
    """The reference's image on that base; in use, so that no other run takes it for an old one."""
    run = f"test-{uuid.uuid4().hex[:8]}"
    try:
        tag = build_image(engine, run, base)
    except KitCannotRun as error:
        give_up(f"{error.cause}; {error.hint}")
    with closing(DockerRig(run, tag)):
        yield tag


@pytest.fixture
def relay(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    """A door in front of the engine, through which everything goes that is started from now on."""
    if not ENGINE_SOCKET.is_socket():
        pytest.skip(f"the engine is not at {ENGINE_SOCKET}, so nothing can stand in front of it")
    assert engine.client.ping()
    made = Relay(tmp_path / "engine.sock")
    monkeypatch.setenv("DOCKER_HOST", made.address)
    yield made
    made.close()


@pytest.fixture(scope="session")
def base(engine: Engine) -> str:
    """The base that was asked for, or the one that ci/base-image makes, or the official one."""
    names = {tag for image in cast(Any, engine.client).images.list() for tag in image.tags}
    default = LOCAL_BASE if LOCAL_BASE in names else DEFAULT_BASE
    return os.environ.get(BASE_OPTION, default)


@pytest.fixture(scope="session")
def postgres() -> str:
    """The URL of a PostgreSQL server. Where CI is true, a missing one fails the test."""
    url = os.environ.get("RUNALL_POSTGRES_URL")
    if not url:
        give_up("no PostgreSQL server is named: export RUNALL_POSTGRES_URL=$(ci/postgres)")
    return url


@pytest.fixture(scope="session")
def postgres_for_containers(postgres: str) -> str:
    """The same, at an address that containers reach."""
    if is_loopback(read_server(postgres).host):
        give_up(
            "containers do not reach the PostgreSQL server: "
            "export RUNALL_POSTGRES_URL=$(ci/postgres --listen 172.17.0.1)"
        )
    return postgres


@pytest.fixture
def schema(postgres: str) -> Iterator[str]:
    """The URL of an empty schema of the test's own; dropped at the end."""
    with own_schema(postgres) as url:
        yield url


@pytest.fixture(scope="module")
def server(postgres: str) -> Iterator[Server]:
    """A PostgreSQL server of the module's own, to be frozen, killed and started again."""
    assert postgres, "a machine that skips the tests of PostgreSQL skips these too"
    if not can_make_servers():
        give_up("no PostgreSQL server can be made here: ci/postgres installs the packages")
    with own_server() as server:
        yield server


@pytest.fixture(scope="session")
def histories(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The history of every case, as the simulated rig writes it."""
    run, folder = conform_once(tmp_path_factory, "--rig", "simulated")
    assert run.code == 0
    return sorted(folder.rglob("*.jsonl"))


@pytest.fixture(scope="session")
def releases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ConformRun]:
    """All cases in simulated time under the policies of Cronicle's three releases."""
    return {
        release: conform_once(
            tmp_path_factory, "--rig", "simulated", "--policy", f"cronicle-{release}"
        )[0]
        for release in ("0.9.49", "0.9.50", "0.9.52")
    }


@pytest.fixture(scope="session")
def simulated(histories: list[Path]) -> list[list[AnyLine]]:
    """The histories of all cases, line by line."""
    return [load(path) for path in histories]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, as `runall docs` makes it, moved to another place than where it was made."""
    made = tmp_path_factory.mktemp("made") / "site"
    command = [sys.executable, "-m", "runall_harness.cli", "docs", str(made)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return made.rename(tmp_path_factory.mktemp("moved") / "pages")
