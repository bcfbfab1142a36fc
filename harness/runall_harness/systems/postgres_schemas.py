"""A schema of its own for each case, on a PostgreSQL server that all nodes reach.

Primaries that share a file share a disk; real servers do not. With a database server a case is like
a real cluster: the leader is chosen over the network, and a primary that is cut off reaches neither
its records nor the other nodes.

A schema is dropped when its case is over. The next harness drops a schema that a killed one left:
each harness holds a lock for its schema as long as it lives, so a free lock means that it is dead.
"""

import uuid
from collections.abc import Callable
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, ClassVar, LiteralString, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from runall_harness.contract.errors import KitCannotRun

if TYPE_CHECKING:
    from psycopg import Connection

SCHEMES = ("postgresql", "postgres")
PREFIX = "runall_case_"
DEFAULT_PORT = 5432
# How often a drop is tried against nodes that still write, and its wait for a lock each time.
TRIES, LOCK_TIMEOUT = 5, "5s"
REACH_HINT = "start one with ci/postgres, and name it: RUNALL_STORE_URL=$(ci/postgres)"
LISTEN_HINT = "RUNALL_STORE_URL=$(ci/postgres --listen 172.17.0.1), the address of docker0"
Route = Callable[[str, int], tuple[str, int]]


class PostgresServer(NamedTuple):
    """The parts of a server's URL. `password` is empty where the URL has none."""

    url: str
    host: str
    port: int
    password: str

    @property
    def shown(self) -> str:
        """The URL for messages, without the password."""
        return self.at(self.host, self.port)

    def at(self, host: str, port: int, options: str = "", database: str = "") -> str:
        """The URL without its password, at another address, with more of libpq's `options`.

        `database` is that of the URL unless it is given.
        """
        parts = urlsplit(self.url)
        user = parts.netloc.rpartition("@")[0].partition(":")[0]
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        query = {name: value for name, value in parse_qsl(parts.query) if name != "password"}
        options = f"{query.pop('options', '')} {options}".strip()
        query |= {"options": options} if options else {}
        netloc = f"{user}@{place}" if user else place
        path = f"/{database}" if database else parts.path
        parts = parts._replace(netloc=netloc, path=path, query=urlencode(query, quote_via=quote))
        return urlunsplit(parts)


def read_server(url: str) -> PostgresServer:
    """Parse the URL of one server. Raises `KitCannotRun` if it names no server, or several."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or DEFAULT_PORT
    except ValueError:
        host, port, parts = None, 0, urlsplit("")
    if parts.scheme not in SCHEMES or not host:
        raise KitCannotRun(
            "the store's URL names no PostgreSQL server with one host and port",
            "give --store-url postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
        )
    asked = dict(parse_qsl(parts.query)).get("password", "")
    return PostgresServer(url, host, port, unquote(parts.password or "") or asked)


def check_server(server: PostgresServer, rig: str) -> None:
    """See that a server answers, and that the nodes of that rig can reach it.

    Raises:
        KitCannotRun: psycopg is missing, the server does not answer, makes no schemas, or has an
            address that means something else to a container.
    """
    if rig == "docker" and is_loopback(server.host):
        raise KitCannotRun(
            f"{server.host} is each container itself, not {server.shown}",
            f"name an address that containers reach: {LISTEN_HINT}",
        )
    with connect(server) as db:
        asked = db.execute("SELECT has_database_privilege(current_database(), 'CREATE')").fetchone()
    if not asked or not asked[0]:
        raise KitCannotRun(
            f"{server.shown} lets this user make no schema",
            "GRANT CREATE ON DATABASE, or name the database's owner",
        )


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def connect(server: PostgresServer) -> "Connection[tuple[Any, ...]]":
    """A session with that server. Raises `KitCannotRun`."""
    try:
        import psycopg
    except ImportError as error:
        raise KitCannotRun(
            f"a store on PostgreSQL needs psycopg: {error}", "pip install 'runall-kit[postgres]'"
        ) from error
    try:
        db = psycopg.connect(server.url, autocommit=True, connect_timeout=10)
        db.execute("SELECT set_config('lock_timeout', %s, false)", (LOCK_TIMEOUT,))
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise KitCannotRun(f"{server.shown} does not answer: {reason}", REACH_HINT) from error
    return db


class Schema:
    """An empty schema of one case. Raises `KitCannotRun` when it can't be made."""

    make: ClassVar[LiteralString] = "CREATE SCHEMA {}"
    remove: ClassVar[LiteralString] = "DROP SCHEMA IF EXISTS {} CASCADE"
    left: ClassVar[LiteralString] = (
        "SELECT nspname FROM pg_namespace WHERE starts_with(nspname::text, %s)"
    )

    def __init__(self, url: str) -> None:
        self.server = read_server(url)
        self.name = f"{PREFIX}{uuid.uuid4().hex[:12]}"
        self.db = connect(self.server)
        self.lock(self.name)
        self.drop_stale()
        self.execute(self.make, self.name)

    def store(self, route: Route) -> str:
        host, port = route(self.server.host, self.server.port)
        return self.server.at(host, port, f"-csearch_path={self.name}")

    @property
    def env(self) -> dict[str, str]:
        """The environment for libpq, with the password: every user can read a command line."""
        return {"PGPASSWORD": self.server.password} if self.server.password else {}

    def close(self) -> None:
        """Drop the schema. Safe to call twice. Raises `KitCannotRun` if nodes keep using it."""
        if self.db.closed:
            return
        with self.db:
            self.drop(self.name)

    def lock(self, name: str) -> bool:
        """Take the lock of a schema, unless its harness lives."""
        asked = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
        row = self.db.execute(asked, (name,)).fetchone()
        return bool(row and row[0])

    def drop_stale(self) -> None:
        """Drop the schemas that killed harnesses have left."""
        rows = self.db.execute(self.left, (PREFIX,)).fetchall()
        for (name,) in rows:
            if name != self.name and self.lock(name):
                self.drop(name)
                self.db.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (name,))

    def drop(self, name: str) -> None:
        """Drop a schema, although a node may be writing to it now."""
        from psycopg import errors

        for _ in range(TRIES):
            try:
                return self.execute(self.remove, name)
            except (errors.DeadlockDetected, errors.LockNotAvailable):
                continue
        raise KitCannotRun(
            f"the schema {name} of {self.server.shown} can't be dropped",
            "see who uses it: SELECT * FROM pg_stat_activity",
        )

    def execute(self, statement: LiteralString, name: str) -> None:
        from psycopg import sql

        self.db.execute(sql.SQL(statement).format(sql.Identifier(name)))
