"""Stores: where records outlive a process."""

from collections.abc import Sequence

from runall_reference.brain.records import Record

from .base import CommitFailed, LeaseLost, Store, StoreError
from .sqlite import SqliteStore

__all__ = ["CommitFailed", "LeaseLost", "SqliteStore", "Store", "StoreError", "open_store"]

SQLITE = "sqlite:///"
POSTGRES = ("postgresql://", "postgres://")


def open_store(url: str, kinds: Sequence[type[Record]]) -> Store:
    """Open the store that a URL names.

    `sqlite:///PATH` (four slashes for an absolute path) or `postgresql://USER@HOST:PORT/DATABASE`.
    Raises `StoreError` when it can't be used.
    """
    if url.startswith(SQLITE):
        return SqliteStore.open(url.removeprefix(SQLITE), kinds)
    if url.startswith(POSTGRES):
        return open_postgres(url, kinds)
    scheme = url.split(":", 1)[0]  # no more of it: there may be a password in the rest
    raise StoreError(
        f"a store of the kind {scheme!r} is not known",
        "use sqlite:///PATH or postgresql://USER@HOST:PORT/DATABASE",
    )


def open_postgres(url: str, kinds: Sequence[type[Record]]) -> Store:
    """Open a store on a PostgreSQL server. Its driver is an extra, and is loaded only here."""
    try:
        from .postgres import PostgresStore
    except ImportError as error:
        raise StoreError(
            f"a PostgreSQL store needs psycopg, which can't be loaded: {error}",
            "pip install 'runall-kit[postgres]'",
        ) from error
    return PostgresStore.open(url, kinds)
