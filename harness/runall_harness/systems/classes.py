"""Loads Python classes by names like `module:Class`, as files and command lines give them."""

import sys
from importlib import import_module
from pathlib import Path

from runall_harness.contract.errors import KitCannotRun

WAYS = (
    "name reference, one that is shipped (runall system list), the path of a TOML file "
    "(runall system new), or module:Class"
)


class NoSystem(KitCannotRun):
    """The name stands for no system, or its class cannot be loaded."""


def load_class(name: str) -> type:
    """The class that `module:Class` names; modules of the present folder are found too.

    Raises:
        NoSystem: there is no such module, it cannot be imported, or it has no such class.
    """
    module, _, attribute = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)  # appended, so that no file of the user hides a module of Python
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise NoSystem(f"{name!r} cannot be loaded: {error}", WAYS) from error
    if not isinstance(found, type):
        raise NoSystem(f"{name!r} is not a class", WAYS)
    return found
