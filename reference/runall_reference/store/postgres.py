"""Records in a PostgreSQL database, for a primary and its backups on several machines.

A table for each kind, as in the SQLite store, and one more table of one row. Each commit takes
that row first, so that commits of several primaries come one after another, and only then reads
the lease: under READ COMMITTED that read sees all that was committed before. (A lock on the lease
itself would not hold the very first lease, whose row is not there yet.)

psycopg is used as it is. SQLAlchemy Core was weighed: it would take 150 ms more at the start, and
serve this store alone, since SQLite must start fast; the statements are four, which psycopg
composes and quotes; and what decides here (which wait ends when, one message for many rows, whether
a connection is still good) is the driver's in either case. The module is loaded only for a
PostgreSQL URL.

The daemon waits for the store in its event loop, so a server that says nothing is given up after
`ANSWER_SECONDS`. Whether the last commit was written is then unknown, until the change number is
read, which every commit raises: see `tables`.
"""

import contextlib
from collections.abc import Generator, Iterable, Sequence
from hashlib import sha256
from time import monotonic
from typing import Any, LiteralString, TypeVar, cast

import psycopg
from psycopg import errors, sql
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow

from runall_reference.brain.records import Record

from .base import StoreError
from .tables import LEASE_KEY, SCHEMA, TableStore

# A silence this long, in seconds, ends a connection; the server gives its own waits up earlier.
ANSWER_SECONDS = 3.0
# The limits of a session: how long it waits for a lock; how long a primary that is frozen or cut
# off may hold one, which is shorter; and how long statements may run, whose client may be gone.
LIMITS = {
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "1s",
    "statement_timeout": "3s",
}
# The lock for two first starts at once: one makes the tables, the other waits. Any number would do.
FIRST_START = 0x52554E41
STATE = "runall_store"
# In characters: a row of an index holds 2,704 bytes, and a character takes up to four.
KEY_LENGTH = 600

T = TypeVar("T")


def statement(text: LiteralString, table: str, *values: object) -> sql.Composed:
    """A statement on a table; both the table and the values fill its braces."""
    return sql.SQL(text).format(sql.Identifier(table), *map(sql.Literal, values))


ASK_LEASE = statement("SELECT body::text FROM {} WHERE key = {}", "lease", LEASE_KEY)


class Silence(psycopg.OperationalError):
    """The server has sent nothing for too long."""


def answered_within(seconds: float, exchange: PQGen[T]) -> PQGen[T]:
    """Run an exchange with the server. Raises `Silence` if it sends nothing for so many seconds."""
    heard = monotonic()
    try:
        wanted = next(exchange)
        while True:
            ready = yield wanted
            if ready:
                heard = monotonic()
            elif monotonic() - heard >= seconds:
                raise Silence(f"the server has said nothing for {seconds:g} s")
            wanted = exchange.send(ready)
    except StopIteration as end:
        return end.value


class TimedConnection(psycopg.Connection[TupleRow]):
    """A connection that gives up a silent server, even one that is frozen with all its timeouts.

    It is closed then, so that nothing waits for it again.
    """

    def wait(self, gen: PQGen[T], *args: Any, **kwargs: Any) -> T:
        try:
            return super().wait(answered_within(ANSWER_SECONDS, gen), *args, **kwargs)
        except Silence:
            self.close()
            raise


class PostgresStore(TableStore):
    """A store in a schema of a database. Make one with `PostgresStore.open`."""

    failures = (psycopg.Error,)

    def __init__(self, url: str, kinds: Sequence[type[Record]]) -> None:
        super().__init__("postgresql", kinds)
        with self.failing(StoreError):
            self.db = connect(url)
        info = self.db.info
        self.place = f"postgresql://{info.user}@{info.host}:{info.port}/{info.dbname}"
        self.own = 0
        self.pending = list[sql.Composed]()

    def prepare(self) -> None:
        if self.db.info.parameter_status("server_encoding") != "UTF8":
            raise StoreError(
                f"{self.place} does not keep text as UTF-8",
                "make the database with: createdb --encoding UTF8 --template template0 NAME",
            )
        self.set_up_session()
        with self.db.transaction():
            self.db.execute("SELECT pg_advisory_xact_lock(%s)", (FIRST_START,))
            self.make_tables()

    def set_up_session(self) -> None:
        """Set the limits, and whatever the server's default: a returned commit survives a crash."""
        with self.db.pipeline():
            for name, limit in LIMITS.items():
                self.db.execute("SELECT set_config(%s, %s, false)", (name, limit))
            self.db.execute(
                "SELECT set_config('synchronous_commit', 'on', false) "
                "WHERE current_setting('synchronous_commit') = 'off'"
            )

    def make_tables(self) -> None:
        there, wanted = self.tables(), {kind.table for kind in self.kinds}
        if STATE in there:
            self.check_version()
        elif there & wanted:
            raise StoreError(
                f"{self.place} has tables of another program: {', '.join(sorted(there & wanted))}",
                "name a database of its own, or a schema: ?options=-csearch_path%3DNAME",
            )
        else:
            self.send(
                statement("CREATE TABLE {} (version int NOT NULL, changes bigint NOT NULL)", STATE),
                statement("INSERT INTO {} VALUES ({}, 0)", STATE, SCHEMA),
            )
        for table in sorted(wanted - there):
            # json, not jsonb: it keeps every text as it came, also one that holds a NUL.
            columns = (
                "CREATE TABLE {} (place bigint GENERATED ALWAYS AS IDENTITY UNIQUE, "
                "key text PRIMARY KEY, body json NOT NULL)"
            )
            self.send(statement(columns, table))

    def tables(self) -> set[str]:
        """The names of all relations in the schema of the search path."""
        schema = self.db.execute("SELECT current_schema()").fetchone()
        if schema is None or schema[0] is None:
            raise StoreError(
                f"{self.place} has no schema of the search path",
                "make it: CREATE SCHEMA NAME; the path is in the URL or is the user's",
            )
        rows = self.db.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace",
            (sql.Identifier(schema[0]).as_string(self.db),),
        )
        return {name for (name,) in rows}

    def version(self) -> int:
        row = self.send(statement("SELECT version FROM {}", STATE)).fetchone()
        assert row is not None, "the row was made with the table"
        return row[0]

    def set_version(self) -> None:
        self.pending.append(statement("UPDATE {} SET version = {}", STATE, SCHEMA))

    @contextlib.contextmanager
    def reading(self) -> Generator[None]:
        """A transaction that reads one snapshot of all tables; a large one may take long."""
        with self.db.transaction():
            self.db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            self.db.execute("SET LOCAL statement_timeout = 0")
            self.turn = self.send(
                statement("SELECT changes FROM {}", STATE), *([ASK_LEASE] if self.leased else [])
            )
            yield

    @contextlib.contextmanager
    def writing(self) -> Generator[None]:
        """A transaction that sends all rows in one message, and commits if all were accepted.

        What is sent in one message is read as a whole before it is carried out. Of a pipeline the
        server would carry out the first part and wait for the rest without any limit: a primary
        that froze or was cut off in between would keep the lock, and nobody else could write.
        """
        with self.db.transaction():
            self.turn = self.send(
                statement("UPDATE {} SET changes = changes + 1 RETURNING changes - 1", STATE),
                *([ASK_LEASE] if self.leased else []),
            )
            self.pending = list[sql.Composed]()
            yield
            if self.pending:
                self.send(*self.pending)
        self.own += 1

    def send(self, *statements: sql.Composed) -> psycopg.Cursor[TupleRow]:
        """Send statements as one message; the cursor is at the result of the first."""
        return self.db.execute(sql.SQL("; ").join(statements), prepare=False)

    def standing(self) -> tuple[int, str | None]:
        """How often others have committed, and the lease, which nobody else can change now."""
        row = self.turn.fetchone()
        assert row is not None, "the row was made with the table"
        lease = self.turn.fetchone() if self.turn.nextset() else None
        return row[0] - self.own, lease[0] if lease else None

    def lease_body(self) -> str | None:
        row = self.send(ASK_LEASE).fetchone() if self.leased else None
        return row[0] if row else None

    def rows(self, table: str) -> Iterable[tuple[str, str]]:
        rows = self.send(statement("SELECT key, body::text FROM {} ORDER BY place", table))
        return cast(Iterable[tuple[str, str]], rows)

    def put(self, table: str, key: str, body: bytes) -> None:
        self.pending.append(
            statement(
                "INSERT INTO {} (key, body) VALUES ({}, {}) "
                "ON CONFLICT (key) DO UPDATE SET body = excluded.body",
                table,
                index_key(key),
                body.decode(),
            )
        )

    def drop(self, table: str, key: str) -> None:
        self.pending.append(statement("DELETE FROM {} WHERE key = {}", table, index_key(key)))

    def hint(self, error: Exception) -> str:
        hints = (hint for kind, hint in HINTS if isinstance(error, kind))
        from_server = getattr(error, "sqlstate", None) is not None
        return next(hints, "read the server's log" if from_server else UNREACHED)

    def close(self) -> None:
        self.db.close()


def connect(url: str) -> TimedConnection:
    """A connection, made within `ANSWER_SECONDS` if the URL gives no other time."""
    options = {"connect_timeout": ANSWER_SECONDS, **conninfo_to_dict(url)}
    options |= {"client_encoding": "UTF8", "application_name": "runall"}
    db = TimedConnection.connect("", autocommit=True, **cast(dict[str, Any], options))
    db.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    return db


def index_key(key: str) -> str:
    """A key as an index can hold it: no NUL, not too long, and different for different keys."""
    key = key.replace("\\", "\\\\").replace("\0", "\\0")
    if len(key) <= KEY_LENGTH:
        return key
    return f"{key[:KEY_LENGTH]}... sha256 {sha256(key.encode()).hexdigest()}"


UNREACHED = (
    "see that the server runs, and that user, password (PGPASSWORD or ~/.pgpass) and database "
    "are right"
)
# The first kind that fits gives the hint.
HINTS: tuple[tuple[type[Exception], str], ...] = (
    (errors.InsufficientPrivilege, "let the user make tables: createdb --owner USER NAME"),
    (errors.ReadOnlySqlTransaction, "name the server that takes writes, not its standby"),
    (errors.LockNotAvailable, "look in pg_stat_activity who holds the lock for so long"),
    (errors.QueryCanceled, "look at the server's load and its log"),
    (errors.DiskFull, "free some space on the server's disk"),
    (errors.ProgrammingError, "correct the URL: postgresql://USER@HOST:PORT/DATABASE"),
    (Silence, "see whether the server and the network to it are well"),
)
