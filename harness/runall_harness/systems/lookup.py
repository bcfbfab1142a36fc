"""Finds the system that a name stands for.

A name stands for the reference, a shipped system, a file that describes one, or a class.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from runall_harness.contract import places
from runall_harness.contract.errors import KitCannotRun

from .classes import WAYS, NoSystem, load_class

if TYPE_CHECKING:
    from .base import System

REFERENCE = "reference"
SUFFIX = ".toml"


def find(
    name: str,
    rig: str,
    *,
    policy: str = "",
    store: str | None = None,
    image: str = "",
    options: Mapping[str, str] | None = None,
) -> "System":
    """The system of that name, for one cluster on a rig of that name.

    `policy` is one of its recovery policies; empty for its default. `store` is the URL of a server
    on which primaries share their records, `image` the one in which the docker rig runs its nodes,
    `options` those of its file, by name. A class is called with `policy`, `rig` and `store`, and
    must keep the protocol `base.System`.

    Raises:
        NoSystem: the name stands for no system, or its class cannot be loaded.
        NoPolicy: the system has no such policy.
        KitCannotRun: its file is wrong, has no use for a store, or can't be run on that rig.
    """
    if (path := file_of(name)) is not None:
        from .described_system import DescribedSystem

        if store is not None:
            cause = f"the file of {name} defines where records are kept"
            raise KitCannotRun(cause, "leave --store-url away")
        return DescribedSystem(path, rig, policy, image, options)
    if options:
        raise KitCannotRun(f"{name} has no options", "leave --set away")
    if name == REFERENCE:
        from .reference.system import Reference

        return Reference(policy, rig, store, image)
    if ":" in name:
        return load_class(name)(policy=policy, rig=rig, store=store)
    raise NoSystem(f"there is no system {name!r}", WAYS)


def read_options(words: Iterable[str]) -> dict[str, str]:
    """Options of a system's file, from words like NAME=VALUE. Raises `KitCannotRun`."""
    options: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not name or not equals:
            raise KitCannotRun(f"{word!r} sets no option", "write --set NAME=VALUE")
        options[name] = value
    return options


def file_of(name: str) -> Path | None:
    """The file that describes the system of that name; None where no file does."""
    return Path(name) if name.endswith(SUFFIX) else shipped().get(name)


def shipped() -> dict[str, Path]:
    """The file of each system that comes with the kit beside the reference, by its name."""
    folder = places.shipped("shipped", "harness/schedulers")
    return {file.parent.name: file for file in sorted(folder.glob("*/system.toml"))}
