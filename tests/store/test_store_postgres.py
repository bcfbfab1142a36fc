"""The PostgreSQL store where it differs: several primaries at once, and a server that hurts.

Threads and their connections race for real: each wait for the server lets the others run, and the
server runs a process for each connection.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import TypeVar
from urllib.parse import quote, urlencode

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from runall_reference.brain.record_set import Put
from runall_reference.brain.records import PRIMARY_RECORDS, Event
from runall_reference.store import LeaseLost, Store, StoreError
from runall_reference.store.postgres import PostgresStore
from support.databases import execute, keys, lease, loaded, opened, own_schema

T = TypeVar("T")
ROUNDS = 40


@pytest.fixture
def store(schema: str) -> Iterator[PostgresStore]:
    with closing(PostgresStore.open(schema, PRIMARY_RECORDS)) as store:
        yield store


@pytest.fixture
def rivals(schema: str) -> Iterator[list[Store]]:
    """Four primaries on one database."""
    with ExitStack() as stack:
        yield [stack.enter_context(closing(opened(schema))) for _ in range(4)]


def at_once(*acts: Callable[[], T]) -> list[T]:
    """Carry out all acts at one instant, each in a thread, and return what each returned."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T:
        start.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def takes(store: Store, name: str, epoch: int) -> Callable[[], str]:
    """An attempt to take the lease: the name when it succeeds, nothing when it is refused."""

    def take() -> str:
        try:
            store.commit((Put(lease(epoch, name)), Put(Event(id=f"{epoch} {name}"))), epoch - 1)
        except LeaseLost:
            return ""
        return name

    return take


# ------------------------------------------------------------------ several primaries at once
def test_exactly_one_of_the_primaries_that_take_a_lease_at_once_succeeds(
    rivals: list[Store], schema: str
):
    """The first round is the one without any lease: guard 0, and no row to lock."""
    winners: list[str] = []
    for epoch in range(1, ROUNDS + 1):
        outcomes = at_once(*(takes(store, str(n), epoch) for n, store in enumerate(rivals)))
        (winner,) = [name for name in outcomes if name]
        assert rivals[0].lease() == lease(epoch, winner)
        winners.append(f"{epoch} {winner}")
    assert keys(schema)[:-1] == winners


def test_the_first_lease_of_an_empty_database_goes_to_one_primary(postgres: str):
    for _ in range(8):
        with own_schema(postgres) as url, ExitStack() as stack:
            stores = [stack.enter_context(closing(opened(url))) for _ in range(4)]
            outcomes = at_once(*(takes(store, str(n), 1) for n, store in enumerate(stores)))
            (winner,) = [name for name in outcomes if name]
            assert loaded(url) == [Event(id=f"1 {winner}"), lease(1, winner)]


def test_primaries_that_start_for_the_first_time_at_once_make_one_set_of_tables(postgres: str):
    for _ in range(5):
        with own_schema(postgres) as url:
            for store in at_once(*([lambda: opened(url)] * 6)):
                store.commit((Put(Event(id="e")),), None)
                store.close()
            assert keys(url) == ["e"]


def test_a_deposed_primary_writes_nothing_after_the_commit_that_deposed_it(
    rivals: list[Store], schema: str
):
    old, new, *_ = rivals
    old.commit((Put(lease(1)),), 0)
    written: list[str] = []
    going = threading.Event()

    def go_on_writing() -> LeaseLost:
        while True:
            key = f"old {len(written)}"
            try:
                old.commit((Put(Event(id=key)),), 1)
            except LeaseLost as lost:
                return lost
            written.append(key)
            if len(written) == 20:
                going.set()

    with ThreadPoolExecutor() as pool:
        writer = pool.submit(go_on_writing)
        assert going.wait(20)
        new.commit((Put(lease(2)), Put(Event(id="takeover"))), 1)
        assert writer.result(20).epoch == 2
    assert keys(schema)[:-1] == [*written, "takeover"]


def test_a_primary_that_is_cut_off_in_mid_commit_does_not_hold_the_others_up(
    rivals: list[PostgresStore], schema: str
):
    """It holds the lock and says nothing: the server takes the lock away before others give up."""
    frozen, other, *_ = rivals
    frozen.db.execute("BEGIN")
    frozen.db.execute("UPDATE runall_store SET changes = changes + 1")
    other.commit((Put(lease(1)),), 0)
    with pytest.raises(StoreError):
        frozen.commit((Put(Event(id="late")),), 0)
    assert loaded(schema) == [lease(1)]


@pytest.mark.parametrize("rows", [0, 1])
def test_a_primary_that_freezes_with_rows_still_to_send_does_not_hold_the_others_up(
    rows: int, rivals: list[PostgresStore], schema: str, monkeypatch: pytest.MonkeyPatch
):
    """A server waits for ever for the rest of a pipeline: its limits begin with an answer."""
    frozen, other, *_ = rivals
    holds, wakes, put = threading.Event(), threading.Event(), frozen.put
    sent: list[str] = []

    def freeze(table: str, key: str, body: bytes) -> None:
        if len(sent) == rows:
            holds.set()
            assert wakes.wait(20)
        sent.append(key)
        put(table, key, body)

    monkeypatch.setattr(frozen, "put", freeze)
    with ThreadPoolExecutor() as pool:
        late = pool.submit(frozen.commit, tuple(Put(Event(id=name)) for name in "ab"), 0)
        try:
            assert holds.wait(20)
            other.commit((Put(lease(1)),), 0)
        finally:
            wakes.set()
        assert isinstance(late.exception(20), StoreError)
    assert loaded(schema) == [lease(1)]


# ------------------------------------------------------------------ durability and time limits
def test_a_commit_waits_for_the_disk_even_where_the_server_s_default_does_not(schema: str):
    url = f"{schema}%20-csynchronous_commit%3Doff"
    with closing(PostgresStore.open(url, PRIMARY_RECORDS)) as store:
        assert store.db.execute("SHOW synchronous_commit").fetchone() == ("on",)


def test_a_stronger_guarantee_of_the_server_is_left_as_it_is(schema: str):
    url = f"{schema}%20-csynchronous_commit%3Dremote_apply"
    with closing(PostgresStore.open(url, PRIMARY_RECORDS)) as store:
        assert store.db.execute("SHOW synchronous_commit").fetchone() == ("remote_apply",)


def test_a_lock_that_stays_taken_is_given_up_with_a_next_step(store: PostgresStore, schema: str):
    with psycopg.connect(schema) as other:
        other.execute("LOCK TABLE runall_store")
        with pytest.raises(StoreError, match=r"lock timeout[\s\S]*pg_stat_activity"):
            store.commit((Put(Event(id="e")),), None)
    store.commit((Put(Event(id="later")),), None)
    assert keys(schema) == ["later"]


def test_a_load_may_take_longer_than_a_commit(store: PostgresStore):
    """A year of finished jobs is large; no limit on a statement may make it unreadable."""
    assert store.db.execute("SHOW statement_timeout").fetchone() == ("3s",)
    with store.reading():
        assert store.db.execute("SHOW statement_timeout").fetchone() == ("0",)
    assert store.db.execute("SHOW statement_timeout").fetchone() == ("3s",)


# ------------------------------------------------------------------ it says no in clear words
def changed(url: str, **parts: str | int) -> str:
    """Where that URL leads, with other parts."""
    return "postgresql://?" + urlencode(conninfo_to_dict(url) | parts, quote_via=quote)


def refusal(url: str) -> StoreError:
    """The error of an attempt to open a store."""
    with pytest.raises(StoreError) as error:
        opened(url).close()
    return error.value


def test_a_wrong_password_is_refused_and_never_repeated(schema: str):
    error = refusal(changed(schema, password="geheim"))
    assert "password authentication failed" in error.cause
    assert "PGPASSWORD" in error.hint
    assert "geheim" not in str(error)


def test_a_server_that_is_not_there_is_named(schema: str):
    error = refusal(changed(schema, port=1))
    assert "port 1 failed" in error.cause
    assert "see that the server runs" in error.hint


def test_a_database_that_is_not_there_is_named(schema: str):
    assert 'database "nowhere" does not exist' in refusal(changed(schema, dbname="nowhere")).cause


def test_a_url_with_nonsense_is_refused():
    assert "correct the URL" in refusal("postgresql://127.0.0.1/x?colour=blue").hint


def test_a_schema_that_is_not_there_is_named(postgres: str):
    error = refusal(f"{postgres}?options=-csearch_path%3Dnowhere")
    assert "CREATE SCHEMA" in error.hint


@pytest.fixture
def clerk(schema: str) -> Iterator[str]:
    """The URL of the schema for a user who may look into it and make nothing."""
    name = schema.rsplit("%3D", 1)[1]
    execute(schema, f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
    execute(schema, f"GRANT USAGE ON SCHEMA {name} TO {name}")
    yield changed(schema, user=name, password="x")
    execute(schema, f"DROP OWNED BY {name}")
    execute(schema, f"DROP ROLE {name}")


def test_a_user_who_may_make_no_tables_learns_what_to_do(clerk: str):
    error = refusal(clerk)
    assert "permission denied" in error.cause
    assert "createdb --owner" in error.hint


def test_a_store_with_all_its_tables_needs_no_right_to_make_any(clerk: str, schema: str):
    """The tables may be made once by an administrator."""
    opened(schema).close()
    name = conninfo_to_dict(clerk)["user"]
    execute(schema, f"GRANT ALL ON ALL TABLES IN SCHEMA {name} TO {name}")
    with closing(opened(clerk)) as store:
        store.commit((Put(Event(id="e")),), None)
    assert keys(schema) == ["e"]


def test_a_database_that_is_not_in_utf_8_is_refused(postgres: str):
    name = "runall_test_latin"
    execute(postgres, f"DROP DATABASE IF EXISTS {name}")
    execute(postgres, f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        assert "--encoding UTF8" in refusal(changed(postgres, dbname=name)).hint
    finally:
        execute(postgres, f"DROP DATABASE {name}")
