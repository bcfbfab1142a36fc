"""Replaces a part of the reference by a bug, and restores it.

The brains are classes, and a rule is one small method of theirs. So a bug is planted by setting an
attribute, and for as long as it is planted, every brain in this process has it. Everything that was
replaced is put back afterwards, in the opposite order: the unchanged reference and any number of
mutants can run in one process, one after the other.
"""

from collections.abc import Callable, MutableMapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from runall_reference.brain.machines import JOB, LINK, ROLE

K = TypeVar("K")
V = TypeVar("V")
ABSENT: Any = object()


class Plant:
    """Puts bugs into the reference; a context manager that puts everything back at its end.

    A call, `plant(Policy, "recover_manual", nothing)`, replaces an attribute of a class, a module
    or an object. What other modules have imported by name has to be replaced in each of them.
    """

    def __init__(self) -> None:
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        forget_moves()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._undo.close()
        forget_moves()

    def __call__(self, where: Any, name: str, bug: Any) -> None:
        """Replace an attribute. Raises `AttributeError` if there is no such attribute."""
        getattr(where, name)
        own: Any = cast(dict[str, Any], vars(where)).get(name, ABSENT)
        setattr(where, name, bug)
        if own is ABSENT:  # it was inherited
            self._undo.callback(delattr, where, name)
        else:
            self._undo.callback(setattr, where, name, own)

    def entry(self, table: MutableMapping[K, V], key: K, bug: V) -> None:
        """Replace an entry of a table. Raises `KeyError` if there is none."""
        self._undo.callback(table.__setitem__, key, table[key])
        table[key] = bug


def forget_moves() -> None:
    """Clear the cache of the state machines, which may hold moves made under a bug."""
    for life in (JOB, ROLE, LINK):
        if clear := getattr(life.fire, "cache_clear", None):
            clear()


# ------------------------------------------------------------------ small bugs, used by many
def nothing(*_: Any, **__: Any) -> None:
    """Do nothing, whatever the arguments are."""


def never(*_: Any) -> bool:
    """Return False, whatever the arguments are."""
    return False


def for_ever(*_: Any) -> float:
    """A time that never comes."""
    return float("inf")


Bug = Callable[[Plant], None]
