"""Where records outlive a process."""

from collections.abc import Sequence
from pathlib import Path

from ..records import Record
from .base import CommitFailed, LeaseLost, Store, StoreError
from .sqlite import SqliteStore

__all__ = ["CommitFailed", "LeaseLost", "SqliteStore", "Store", "StoreError", "open_store"]

SQLITE = "sqlite:///"


def open_store(url: str, kinds: Sequence[type[Record]]) -> Store:
    """Open the store that a URL names: `sqlite:///PATH` (four slashes for an absolute path).

    Raises `StoreError` when it can't be used.
    """
    if not url.startswith(SQLITE):
        raise StoreError(f"the store {url!r} is of no known kind", "use sqlite:///PATH")
    return SqliteStore.open(Path(url.removeprefix(SQLITE)), kinds)
