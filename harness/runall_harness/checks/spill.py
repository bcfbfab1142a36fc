"""The shelf: what is over leaves memory, and comes back whole if anything of it stirs again.

A lineage that ended long ago may start once more, and that is what the checks are there to see.
So it is put on a temporary file, under every name that a line may call it by.
"""

import sqlite3
from collections.abc import Iterable

import msgspec

from .work import Lineage, Work

# One byte for each of these many places says whether a name may be on the shelf at all, so that
# a name that is new costs no query. A fixed size: a fuller shelf only asks the file more often.
PLACES = 1 << 20


class Shelf:
    """A temporary SQLite file, made when the first work is put on it."""

    def __init__(self) -> None:
        self.held = self._next = 0
        self._maybe = bytearray()
        self._file: sqlite3.Connection | None = None
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(list[Lineage]).decode

    def put(self, works: Iterable[tuple[set[str], Work]]) -> None:
        """Put works away, each under its names."""
        if self._file is None:
            # An empty name is a private file of SQLite's own, which is gone when it is closed.
            self._file = sqlite3.connect("", isolation_level=None)
            self._file.executescript(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000;"
                "CREATE TABLE works (id INTEGER PRIMARY KEY, body BLOB NOT NULL);"
                "CREATE TABLE names (name TEXT PRIMARY KEY, work INTEGER NOT NULL) WITHOUT ROWID;"
            )
            self._maybe = bytearray(PLACES)
        bodies: list[tuple[int, bytes]] = []
        rows: list[tuple[str, int]] = []
        for names, work in works:
            self._next += 1
            bodies.append((self._next, self._encode(work)))
            for name in names:
                rows.append((name, self._next))
                self._maybe[hash(name) % PLACES] = 1
        self.held += len(bodies)
        self._file.execute("BEGIN")
        self._file.executemany("INSERT INTO works VALUES (?, ?)", bodies)
        self._file.executemany("INSERT OR REPLACE INTO names VALUES (?, ?)", rows)
        self._file.execute("COMMIT")

    def take(self, name: str) -> Work | None:
        """Take the work of that name off the shelf, if it is there."""
        if self._file is None or not self._maybe[hash(name) % PLACES]:
            return None
        query = "SELECT id, body FROM works WHERE id = (SELECT work FROM names WHERE name = ?)"
        if (row := self._file.execute(query, (name,)).fetchone()) is None:
            return None
        self._file.execute("DELETE FROM works WHERE id = ?", (row[0],))
        self.held -= 1
        return self._decode(row[1])

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
