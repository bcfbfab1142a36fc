"""A database of one case, on a server that others use too.

Its connections can be cut, and its tables locked, and nobody else notices.
"""

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

from runall_harness.evidence.facts import Proof
from runall_harness.rigs.base import NodeSpec

from .postgres_schemas import Route, Schema
from .stores import MENDED_BY, UNLOCK_SECONDS, proven

if TYPE_CHECKING:
    from psycopg import Connection

# How long a proof that nobody gets through waits, in seconds.
SOON = 0.2


class CaseDatabase(Schema):
    """The database of one case. `now` is the clock of the site; seconds."""

    make = "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'"
    remove = "DROP DATABASE IF EXISTS {} WITH (FORCE)"
    left = "SELECT datname FROM pg_database WHERE starts_with(datname::text, %s)"
    spec: NodeSpec | None = None

    def __init__(self, url: str, now: Callable[[], float]) -> None:
        super().__init__(url)
        self.now = now
        self.holder: Connection[tuple[Any, ...]] | None = None

    def store(self, route: Route) -> str:
        host, port = route(self.server.host, self.server.port)
        return self.server.at(host, port, database=self.name)

    def hurt(self, fault: str) -> Proof:
        words = self.cut() if fault == "cut" else self.take_locks()
        at = self.now()
        usable, seen = self.try_to_read(SOON)
        return proven(fault, at, not usable, f"{words}; for others: {seen}")

    def mend(self, fault: str) -> Proof:
        at = self.now()
        if fault == "cut":
            self.execute("ALTER DATABASE {} ALLOW_CONNECTIONS true", self.name)
        elif self.holder is not None:
            self.holder.close()
        usable, seen = self.try_to_read(UNLOCK_SECONDS)
        return proven(MENDED_BY[fault], at, usable, f"for others: {seen}")

    def cut(self) -> str:
        """End all connections to it, and let nobody make a new one."""
        self.execute("ALTER DATABASE {} ALLOW_CONNECTIONS false", self.name)
        asked = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"
        ended = self.db.execute(asked, (self.name,)).fetchall()
        return f"{sum(each for (each,) in ended)} of {len(ended)} connections were ended"

    def take_locks(self) -> str:
        """Hold all of its tables, as a long migration does."""
        from psycopg import sql

        self.holder = holder = self.connection()
        holder.autocommit = False
        rows = holder.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' "
            "AND relnamespace = current_schema()::regnamespace"
        ).fetchall()
        tables = sql.SQL(", ").join(sql.Identifier(name) for (name,) in rows)
        holder.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(tables))
        return f"this process holds {len(rows)} tables"

    def try_to_read(self, within: float) -> tuple[bool, str]:
        """Whether somebody else can read its records, and what the server says."""
        from psycopg import Error

        try:
            with closing(self.connection()) as other:
                limit = f"{within * 1000:.0f}ms"
                other.execute("SELECT set_config('lock_timeout', %s, false)", (limit,))
                other.execute("SELECT count(*) FROM lease")
        except Error as error:
            return False, str(error).strip().splitlines()[0]
        return True, "it answers"

    def connection(self) -> "Connection[tuple[Any, ...]]":
        from psycopg import connect

        url = self.server.at(self.server.host, self.server.port, database=self.name)
        return connect(url, password=self.server.password or None, autocommit=True)
