"""The store of a reference that runs on real nodes, for a case in which it gets a certain fault."""

from pathlib import Path

from runall_harness.contract.verdicts import Unsupported
from runall_harness.rigs.base import STORE, NodeSpec
from runall_harness.rigs.real_site import RealSite

from .locked_file import LockedFile
from .postgres_node import postgres_node, programs

# The file of a primary's records, and the primary that keeps it where there is no other.
FILE, PRIMARY = "primary.db", "primary"
NO_SERVER = (
    "the primaries keep their records in a file; a server of a case's own, which can be killed, "
    "needs processes, and PostgreSQL's programs and psycopg on this machine"
)


def locked_file(site: RealSite) -> LockedFile:
    """The file of the records, wherever the primaries keep it."""
    folders = site.witness.folder, site.data_folder(PRIMARY)
    return LockedFile([folder / FILE for folder in folders], site.now)


def own_server(site: RealSite) -> NodeSpec:
    """A PostgreSQL server of this case alone. Raises `Unsupported` where there can be none."""
    found = programs()
    if site.apart or found is None:
        raise Unsupported(NO_SERVER)
    place = site.place(STORE)
    # The model is of all cases of the rig, in whose folder those of its sites are.
    model = site.witness.folder.parents[1] / "postgres"
    return postgres_node(Path(place.data), place.port, model, found)
