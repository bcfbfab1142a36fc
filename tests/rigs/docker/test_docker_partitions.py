"""A cut holds for as long as it was asked for, whatever the engine is doing meanwhile."""

import socket
import threading
import uuid
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress

import pytest
from runall_harness.rigs.docker import DockerRig
from runall_harness.rigs.docker.engine import Engine
from runall_harness.rigs.docker.firewall import enter_network, may_filter
from runall_harness.rigs.docker.networks import make_network
from runall_harness.rigs.docker.ownership import owner_labels
from runall_harness.rigs.docker.site import DockerSite
from support.docker_nodes import daemon, greeted, open_site

NETWORKS = 5


@pytest.fixture
def rig(image: str) -> Iterator[DockerRig]:
    made = DockerRig(f"test-{uuid.uuid4().hex[:8]}", image)
    yield made
    made.close()


@contextmanager
def knocking(site: DockerSite, node: str, other: str) -> Generator[list[bool]]:
    """Connect from one node to another, again and again; what became of each attempt."""
    pid, place = int(site._container(node).state()["Pid"]), site.place(other)
    stop, tried = threading.Event(), list[bool]()

    def knock() -> None:
        assert enter_network(pid)
        while not stop.is_set():
            tried.append(False)
            with suppress(OSError):
                socket.create_connection((place.host, place.port), timeout=0.005).close()
                tried[-1] = True

    thread = threading.Thread(target=knock)
    thread.start()
    try:
        yield tried
    finally:
        stop.set()
        thread.join()


@pytest.mark.skipif(not may_filter(), reason="only who may filter packets cuts by the firewall")
def test_a_cut_holds_while_the_engine_makes_networks(rig: DockerRig, engine: Engine) -> None:
    with closing(open_site(rig, cuttable=True)) as site:
        site.start(daemon(site, "primary"), daemon(site, "worker"))
        greeted(site, "primary")
        assert "no answer from" in site.cut("worker").evidence
        with knocking(site, "worker", "primary") as tried:
            for _ in range(NETWORKS):
                make_network(engine, rig.run, owner_labels(rig.run)).handle.remove()
        assert tried
        assert not any(tried)
