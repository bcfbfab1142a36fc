"""The store of a reference that runs on real nodes, for a case in which it gets a certain fault."""

import os

from runall_harness.contract.verdicts import Unsupported
from runall_harness.rigs.base import STORE, NodeSpec
from runall_harness.rigs.real_site import RealSite

from .locked_file import LockedFile
from .postgres_node import (
    DEFAULT_IMAGE,
    IMAGE_OPTION,
    postgres_container,
    postgres_process,
    programs,
)

# The file of a primary's records, and the primary that keeps it where there is no other.
FILE, PRIMARY = "primary.db", "primary"
NO_SERVER = (
    "the primaries keep their records in a file; a server of a case's own, which can be hurt,"
)
NO_PROGRAMS = f"{NO_SERVER} needs PostgreSQL's programs and psycopg on this machine"


def locked_file(site: RealSite) -> LockedFile:
    """The file of the records, wherever the primaries keep it."""
    folders = site.witness.folder, site.data_folder(PRIMARY)
    return LockedFile([folder / FILE for folder in folders], site.now)


def own_server(site: RealSite) -> NodeSpec:
    """A PostgreSQL server of this case alone. Raises `Unsupported` where there can be none."""
    place = site.place(STORE)
    if site.apart:
        return postgres_container(place, image_on(site))
    if (found := programs()) is None:
        raise Unsupported(NO_PROGRAMS)
    # The model is of all cases of the rig, in whose folder those of its sites are.
    return postgres_process(place, site.witness.folder.parents[1] / "postgres", found)


def image_on(site: RealSite) -> str:
    image = os.environ.get(IMAGE_OPTION) or DEFAULT_IMAGE
    if not site.has_image(image):
        why = f" needs an image, and the engine has no {image}; {IMAGE_OPTION} names another"
        raise Unsupported(f"{NO_SERVER}{why}")
    return image
