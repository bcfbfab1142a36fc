"""A cluster that runs no scenario of the features, with a manual job on its only worker."""

from collections.abc import Generator
from contextlib import closing, contextmanager

from runall_harness.contract.cases import Case
from runall_harness.rigs.simulated.rig import SimulatedRig
from runall_harness.scenario.cluster import Cluster
from runall_harness.scenario.expectations import Scenario
from runall_harness.systems import find


@contextmanager
def running_job(name: str) -> Generator[Scenario]:
    """A scenario of that name, in virtual time, whose manual job runs on a worker."""
    case = Case(id=f"tests/{name}", trigger="manual")
    with closing(Cluster(SimulatedRig(), case, find("reference", rig="simulated"))) as cluster:
        scenario = Scenario(cluster)
        scenario.workers = ("worker-1",)
        cluster.up(*scenario.workers)
        scenario.plan = {"target": "worker-1", "catch_up": True}
        scenario.launch("manual")
        yield scenario
