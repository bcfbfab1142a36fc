"""How lies are put in the place of honest methods. See `lies`."""

from collections.abc import Callable
from typing import Any


def plant(where: Any, name: str, lie: Callable[..., Any]) -> None:
    """Put a lie in the place of an honest method."""
    setattr(where, name, lie)


def nothing(*_: Any) -> None:
    """Do nothing."""


def never(*_: Any) -> bool:
    """Say no."""
    return False


def for_ever(*_: Any) -> float:
    """A time that never comes."""
    return float("inf")


def itself(what: Any) -> Any:
    """Return what it was called on, as it is."""
    return what
