"""One whole cycle on real nodes: start a primary and a worker, start a job, SIGKILL the worker,
start it again, see the job run again and end. The same rig, faults and witness for both sides.
"""

import socket
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

import click
from figures import Figure, Rows, compare
from runall_harness.contract.cases import Case
from runall_harness.contract.errors import KitCannotRun
from runall_harness.rigs.base import NodeSpec, Rig, Site
from runall_harness.rigs.choose import choose
from runall_harness.rigs.run_names import new_run_id
from runall_harness.scenario.cluster import Cluster
from runall_harness.scenario.expectations import Scenario
from runall_harness.systems import find

STUB = Path(__file__).with_name("stub.py").read_text("utf-8")
REDIAL = 0.003
PRIMARY, WORKER, TAG = "primary", "worker-1", "job"
WITHIN = 60.0
AIM = "at most 1.5"
CASE = Case(id="bench/cycle", trigger="manual")


def cycles(rig: str, rounds: int) -> Rows:
    """The reference's cycle on that rig, against that of raw sockets."""
    tell = partial(click.echo, err=True)
    with closing(choose(rig, new_run_id(), say=tell)) as made:
        yield cycle_of(made, rounds)


def cycle_of(rig: Rig, rounds: int) -> Figure:
    """The comparison on a rig that is there; the first cycle of each side is for warming up."""
    floor, measured = timed(stub_cycle, rig), timed(reference_cycle, rig)
    for warm in (floor, measured):
        warm()
    return compare(f"cycle on {rig.name}", ("raw sockets", floor), measured, rounds=rounds, aim=AIM)


def timed(cycle: Callable[[Rig], float], rig: Rig) -> Callable[[], float]:
    """A cycle on that rig, as a callable that gives its seconds."""
    return lambda: cycle(rig)


def seen(site: Site, count: int) -> None:
    """Wait until the witness has so many executions. Raises `KitCannotRun`."""
    if not site.wait(lambda: len(site.executions()) >= count, WITHIN):
        raise KitCannotRun(f"{count} executions were not seen", "read the logs of the nodes")


# ---------------------------------------------------------------- the floor
def stub_cycle(rig: Rig) -> float:
    """The cycle with raw sockets, in seconds."""
    began = perf_counter()
    with closing(rig.site("bench/stub")) as site:
        specs = [stub_node(site, PRIMARY, rig.name), stub_node(site, WORKER, rig.name)]
        site.start(*specs)
        ask(site, b"run\n")
        seen(site, 1)
        site.kill(WORKER)
        site.start(specs[1])
        seen(site, 2)
        site.release(TAG)
        ask(site, b"wait\n")
        return perf_counter() - began


def stub_node(site: Site, name: str, rig: str) -> NodeSpec:
    """A node of the stub; its source travels on the command line, so any image will do."""
    python = "python3" if rig == "docker" else sys.executable
    role = PRIMARY if name == PRIMARY else "worker"
    everywhere = "0.0.0.0"  # noqa: S104 - a container is dialled by its own address
    own, dialled = (everywhere, site.place(name).port), site.dial(name, PRIMARY)
    host, port = own if role == PRIMARY else dialled
    return NodeSpec(
        name=name,
        role=role,
        command=(python, "-c", STUB, role, host, str(port)),
        env={"TAG": TAG},
        serves=role == PRIMARY,
    )


def ask(site: Site, what: bytes) -> None:
    """Ask the stub's primary for something, as soon as it is up, and wait for the answer."""
    address = urlsplit(site.url(PRIMARY))

    pause = threading.Event()

    def answer() -> bytes:
        try:
            with socket.create_connection((address.hostname, address.port), 5) as connection:
                connection.settimeout(WITHIN)
                connection.sendall(what)
                return connection.recv(64)
        except OSError:
            pause.wait(REDIAL)
            site.notify()
            return b""

    if not site.wait(answer, WITHIN):
        raise KitCannotRun(f"the stub did not answer {what!r}", "read its log")


# ---------------------------------------------------------------- the reference
def reference_cycle(rig: Rig) -> float:
    """The cycle with the reference, in seconds."""
    began = perf_counter()
    cluster = Cluster(rig, CASE, find("reference", rig=rig.name))
    with closing(cluster):
        cluster.up(WORKER)
        scenario = Scenario(cluster)
        scenario.plan = {"target": WORKER, "catch_up": True}
        work = scenario.launch("manual", TAG)
        scenario.kill(WORKER)
        cluster.nodes.restart(WORKER)
        seen(cluster.site, 2)
        cluster.site.release(TAG)
        cluster.await_evidence("it ends well", lambda: scenario.completed(work), WITHIN)
        return perf_counter() - began
