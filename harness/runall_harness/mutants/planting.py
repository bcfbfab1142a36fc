"""Replaces a part of the reference by a bug, and restores it.

The brains are classes, and a rule is one small method of theirs. So a bug is planted by setting an
attribute, and for as long as it is planted, every brain in this process has it. Everything that was
replaced is put back afterwards, in the opposite order: the unchanged reference and any number of
mutants can run in one process, one after the other.
"""

from collections.abc import Callable, MutableMapping
from contextlib import ExitStack
from typing import Any, TypeVar
from unittest.mock import patch

K = TypeVar("K")
V = TypeVar("V")
B = TypeVar("B", bound=Callable[..., object])


class Plant(ExitStack):
    """Puts bugs into the reference; a context manager that puts everything back at its end.

    A call, `plant(Policy, "recover_manual", nothing)`, replaces an attribute of a class, a module
    or an object. What other modules have imported by name has to be replaced in each of them.
    """

    def __call__(self, where: Any, name: str, bug: Any) -> None:
        """Replace an attribute. Raises `AttributeError` if there is no such attribute."""
        self.enter_context(patch.object(where, name, bug))

    def method(self, where: type) -> Callable[[B], B]:
        """Replace the method of a class that is called like the decorated function."""

        def replace(bug: B) -> B:
            self(where, bug.__name__, bug)
            return bug

        return replace

    def entry(self, table: MutableMapping[K, V], key: K, bug: V) -> None:
        """Replace an entry of a table. Raises `KeyError` if there is none."""
        self.callback(table.__setitem__, key, table[key])
        table[key] = bug


def nothing(*_: Any, **__: Any) -> None:
    """Do nothing, whatever the arguments are."""


def never(*_: Any) -> bool:
    """Return False, whatever the arguments are."""
    return False


def always(*_: Any) -> bool:
    """Return True, whatever the arguments are."""
    return True


def for_ever(*_: Any) -> float:
    """A time that never comes."""
    return float("inf")


Bug = Callable[[Plant], None]
