"""The archive of lineage groups that are over: they leave memory, and return if a line names them.

The checks must notice if a lineage that ended long ago starts once more. So the archive keeps it in
a temporary file, under every name by which a line may refer to it.
"""

import sqlite3
from collections.abc import Iterable

import msgspec

from .records import Group, Lineage

# The number of one-byte places that say whether a name may be in the archive at all, so that a new
# name costs no query. The size is fixed: a fuller archive only queries the file more often.
PLACES = 1 << 20


class Archive:
    """A temporary SQLite file, created when the first group is archived."""

    def __init__(self) -> None:
        self.held = self._next = 0
        self._maybe = bytearray()
        self._file: sqlite3.Connection | None = None
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(list[Lineage]).decode

    def put(self, groups: Iterable[tuple[set[str], Group]]) -> None:
        """Archive groups, each under its names."""
        if self._file is None:
            # An empty name is a private file of SQLite, which is removed when it is closed.
            self._file = sqlite3.connect("", isolation_level=None)
            self._file.executescript(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000;"
                "CREATE TABLE groups (id INTEGER PRIMARY KEY, body BLOB NOT NULL);"
                "CREATE TABLE names (name TEXT PRIMARY KEY, holder INTEGER NOT NULL) WITHOUT ROWID;"
            )
            self._maybe = bytearray(PLACES)
        bodies: list[tuple[int, bytes]] = []
        rows: list[tuple[str, int]] = []
        for names, group in groups:
            self._next += 1
            bodies.append((self._next, self._encode(group)))
            for name in names:
                rows.append((name, self._next))
                self._maybe[hash(name) % PLACES] = 1
        self.held += len(bodies)
        self._file.execute("BEGIN")
        self._file.executemany("INSERT INTO groups VALUES (?, ?)", bodies)
        self._file.executemany("INSERT OR REPLACE INTO names VALUES (?, ?)", rows)
        self._file.execute("COMMIT")

    def take(self, name: str) -> Group | None:
        """Take the group of that name out of the archive; None if it is not there."""
        if self._file is None or not self._maybe[hash(name) % PLACES]:
            return None
        query = "SELECT id, body FROM groups WHERE id = (SELECT holder FROM names WHERE name = ?)"
        if (row := self._file.execute(query, (name,)).fetchone()) is None:
            return None
        self._file.execute("DELETE FROM groups WHERE id = ?", (row[0],))
        self.held -= 1
        return self._decode(row[1])

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
