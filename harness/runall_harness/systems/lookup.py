"""Finds the system that a name stands for.

A name stands for the reference, a shipped system, a file that describes one, or a class.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from runall_harness.contract.errors import KitCannotRun

from .classes import WAYS, NoSystem, load_class
from .shipped import shipped

if TYPE_CHECKING:
    from .base import System

REFERENCE = "reference"
SUFFIX = ".toml"


class SystemChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Which system a user chose, and how it is to run.

    policy: one of its recovery policies; empty for its default. store: the URL of a server on which
    primaries share their records. image: the one in which the docker rig runs its nodes. options:
    those of its file, by name.
    """

    name: str = REFERENCE
    policy: str = ""
    store: str | None = None
    image: str = ""
    options: Mapping[str, str] = {}

    def find(self, rig: str) -> "System":
        """That system, for one cluster on a rig of that name.

        A class is called with `policy`, `rig` and `store`, and must keep the protocol
        `base.System`.

        Raises:
            NoSystem: the name stands for no system, or its class cannot be loaded.
            NoPolicy: the system has no such policy.
            KitCannotRun: its file is wrong, has no use for a store, or can't be run on that rig.
        """
        if (path := file_of(self.name)) is not None:
            from .described_system import DescribedSystem

            if self.store is not None:
                cause = f"the file of {self.name} defines where records are kept"
                raise KitCannotRun(cause, "leave --store-url away")
            return DescribedSystem(path, rig, self.policy, self.image, self.options)
        if self.options:
            raise KitCannotRun(f"{self.name} has no options", "leave --set away")
        if self.name == REFERENCE:
            from .reference.system import Reference

            return Reference(self.policy, rig, self.store, self.image)
        if ":" in self.name:
            return load_class(self.name)(policy=self.policy, rig=rig, store=self.store)
        raise NoSystem(f"there is no system {self.name!r}", WAYS)


def find(name: str, *, rig: str, **choice: Any) -> "System":
    """The system of that name, for one cluster on a rig of that name; see `SystemChoice`."""
    return SystemChoice(name=name, **choice).find(rig)


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
