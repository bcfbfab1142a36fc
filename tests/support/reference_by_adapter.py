"""The reference as a stranger sees it: the same nodes, and only an adapter program to ask."""

import os
import shlex
import shutil
import sys
from pathlib import Path

from runall_harness.rigs.base import Site
from runall_harness.rigs.simulated.rig import SimulatedSite
from runall_harness.systems.adapter_client import AdapterClient
from runall_harness.systems.base import Client
from runall_harness.systems.reference.system import Reference

from support.places import ROOT, SUPPORT

PROGRAM = f"{sys.executable} -m runall_harness.systems.reference.adapter_program"
# Another adapter for the same, as a command line.
PROGRAM_OPTION = "ADAPTED_PROGRAM"
FIVE = ("1_*.feature", "2_*.feature", "3_*.feature", "4_*.feature", "5_*.feature")
CONFTEST = f"""
import sys
import pytest

sys.path.insert(0, {str(SUPPORT.parent)!r})
from support.reference_by_adapter import AdaptedReference


@pytest.fixture(scope="session")
def new_system(pytestconfig, rig):
    policy, store = map(pytestconfig.getoption, ("--runall-policy", "--runall-store-url"))
    return lambda: AdaptedReference(policy, rig.name, store)
"""


class AdaptedReference(Reference):
    """The reference, whose API is asked by its adapter program alone."""

    def client(self, site: Site, primaries: tuple[str, ...]) -> Client:
        """A client that knows nothing but a command; virtual time has no room for programs."""
        if isinstance(site, SimulatedSite):
            return super().client(site, primaries)
        urls = " ".join(site.url(primary) for primary in primaries)
        env = {"RUNALL_URLS": urls, "RUNALL_TOKEN": self.token}
        env["RUNALL_CAPABILITIES"] = " ".join(self.capabilities)
        program = shlex.split(os.environ.get(PROGRAM_OPTION, PROGRAM))
        return AdapterClient(program, env, notify=site.notify)


def features_through_an_adapter(folder: Path) -> Path:
    """The feature files of the five failures, in a folder whose clusters use the adapter."""
    folder.mkdir()
    for name in ("__init__.py", "test_features.py"):
        shutil.copy(ROOT / "features" / name, folder)
    for pattern in FIVE:
        (file,) = (ROOT / "features").glob(pattern)
        shutil.copy(file, folder)
    (folder / "conftest.py").write_text(CONFTEST, "utf-8")
    return folder
