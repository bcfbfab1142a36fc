"""The explorer: it tries what nobody thought of, in virtual time, and tells it as a story.

A *play* is one bounded world on its way: nodes, jobs, a base fault, and the history so far. A
*move* is one thing that the nemesis or a user does to it. `search` carries out every move at every
point of every play, and every two of them; `signature` says when two plays have become the same,
so that only one of them is played to its end.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .hunting import Hunted, hunt

__all__ = ["Hunted", "hunt"]


def __getattr__(name: str) -> Any:
    """The hunt, loaded when it is asked for: worlds and plays are heavy."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.hunting"), name)
