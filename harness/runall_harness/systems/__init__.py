"""What a scheduler is to the harness: its nodes, its timings, and a client for its API.

`find` is the one place that says which system a name stands for: one that the kit knows, a file
that describes one, or a Python class.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ..rigs.base import KitCannotRun

if TYPE_CHECKING:
    from .base import System

REFERENCE = "reference"
SUFFIX = ".toml"
WAYS = "name reference, the path of a TOML file (runall system new), or module:Class"


class NoSystem(KitCannotRun):
    """A name that stands for no system."""


def find(name: str, *, rig: str, policy: str = REFERENCE, store: str | None = None) -> "System":
    """The system of that name, for one cluster on a rig of that name.

    A class is called with `policy`, `rig` and `store`, and must keep the protocol `base.System`.

    Raises:
        NoSystem: the name stands for no system, or its class cannot be had.
        KitCannotRun: its file is wrong, or has no use for a policy or a store.
    """
    if name == REFERENCE:
        from .reference import Reference

        return Reference(policy, rig, store)
    if is_file(name):
        from .file import FileSystem

        if policy != REFERENCE:
            raise KitCannotRun(f"{name} has no policy {policy!r}", "leave --policy away")
        if store is not None:
            raise KitCannotRun(
                f"{name} says itself where records are kept", "leave --store-url away"
            )
        return FileSystem(Path(name), rig)
    if ":" in name:
        return load_class(name)(policy=policy, rig=rig, store=store)
    raise NoSystem(f"there is no system {name!r}", WAYS)


def is_file(name: str) -> bool:
    """Whether the name of a system is that of a file."""
    return name.endswith(SUFFIX)


def load_class(name: str) -> type:
    """The class that `module:Class` names; modules of the present folder are found too.

    Raises:
        NoSystem: there is no such module, it cannot be imported, or it has no such class.
    """
    module, _, attribute = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)  # at the end: no file of the user's may hide a module of Python
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise NoSystem(f"{name!r} cannot be had: {error}", WAYS) from error
    if not isinstance(found, type):
        raise NoSystem(f"{name!r} is no class", WAYS)
    return found
