"""What a PostgreSQL server's freezes, deaths and late answers do to commits: nothing by halves.

A server of its own, which these tests freeze and kill for real.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest
from runall_reference.brain.record_set import Put
from runall_reference.brain.records import PRIMARY_RECORDS, Counter, Event
from runall_reference.store import CommitFailed, StoreError
from runall_reference.store import postgres as module
from runall_reference.store.postgres import PostgresStore
from support.databases import Server, execute, keys, lease, loaded, opened, own_schema

BOUND = 20.0


@pytest.fixture
def url(server: Server) -> Iterator[str]:
    """A schema of the test's own on the server that may be hurt."""
    with own_schema(server.url) as url:
        yield url


def led(url: str) -> PostgresStore:
    """The store of a primary that has loaded its records and holds the lease."""
    store = PostgresStore.open(url, PRIMARY_RECORDS)
    found = store.load()
    epoch = max((record.epoch for record in found if isinstance(record, type(lease(1)))), default=0)
    store.commit((Put(lease(epoch + 1)),), epoch)
    return store


class Writer:
    """A primary that commits pairs, one record into each of two tables, until a commit fails."""

    def __init__(self, store: PostgresStore, first: int = 0) -> None:
        self.store, self.tried, self.acknowledged = store, first, first
        self.enough = threading.Event()

    def write(self) -> tuple[CommitFailed, float]:
        """The failure that ended it, and how long that commit took, in seconds."""
        epoch = 0 if (found := self.store.lease()) is None else found.epoch
        while True:
            self.tried += 1
            since = time.monotonic()
            pair = Event(id=str(self.tried)), Counter(name=str(self.tried), next=1)
            try:
                self.store.commit(tuple(map(Put, pair)), epoch)
            except CommitFailed as failure:
                return failure, time.monotonic() - since
            self.acknowledged = self.tried
            if self.acknowledged % 30 == 0:
                self.enough.set()


def pairs(url: str) -> int:
    """How many pairs were committed; each must be whole, and none may be missing between them."""
    found = loaded(url)
    events = [record.id for record in found if isinstance(record, Event)]
    counters = [record.name for record in found if isinstance(record, Counter)]
    assert events == counters == [str(n + 1) for n in range(len(events))]
    return len(events)


def started(writer: Writer, pool: ThreadPoolExecutor) -> Future[tuple[CommitFailed, float]]:
    """Let it write, and return when it is in the middle of that."""
    writing = pool.submit(writer.write)
    assert writer.enough.wait(BOUND)
    return writing


def test_what_was_acknowledged_survives_a_kill_of_the_whole_server_and_no_pair_is_halved(
    server: Server, url: str
):
    written = 0
    for _ in range(3):
        with closing(led(url)) as store, ThreadPoolExecutor() as pool:
            writer = Writer(store, written)
            writing = started(writer, pool)
            server.kill()
            failure, _ = writing.result(BOUND)
            assert "the store postgresql://runall@127.0.0.1" in failure.cause
            with pytest.raises(StoreError):
                store.lease()
        server.start()
        written = pairs(url)
        assert writer.acknowledged <= written <= writer.tried


def test_a_server_process_that_freezes_in_a_commit_is_given_up_and_the_commit_is_unknown(url: str):
    written = 0
    for _ in range(2):
        with closing(led(url)) as store, ThreadPoolExecutor() as pool:
            backend = store.db.info.backend_pid
            writer = Writer(store, written)
            writing = started(writer, pool)
            os.kill(backend, signal.SIGSTOP)
            try:
                failure, took = writing.result(BOUND)
            finally:
                os.kill(backend, signal.SIGCONT)
            assert "said nothing for 3 s" in failure.cause
            assert took < module.ANSWER_SECONDS + 2
            assert store.db.closed
        written = pairs(url)
        assert writer.acknowledged <= written <= writer.tried


def test_a_server_that_freezes_as_a_whole_lets_nobody_wait_for_ever(server: Server, url: str):
    with closing(led(url)) as store:
        with server.frozen():
            since = time.monotonic()
            with pytest.raises(CommitFailed, match="said nothing"):
                store.commit((Put(Event(id="e")),), 1)
            with pytest.raises(StoreError):
                opened(url)
            assert time.monotonic() - since < 2 * (module.ANSWER_SECONDS + 2)
        with closing(led(url)) as again:
            again.commit((Put(Event(id="after")),), 2)
    assert "after" in keys(url)


def test_a_backend_that_is_ended_between_two_commits_fails_the_next_and_no_later_store(url: str):
    with closing(led(url)) as store:
        with psycopg.connect(url) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (store.db.info.backend_pid,))
        with pytest.raises(CommitFailed):
            store.commit((Put(Event(id="e")),), 1)
        with pytest.raises(StoreError):
            store.load()
    assert keys(url) == ["primary"]


# ------------------------------------------------------------------ a commit that arrives late
# A lock on which COMMIT itself waits: what a slow disk or a standby does, but at a test's word.
LATE = """
CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.key = 'late') EXECUTE FUNCTION wait_at_commit();
"""


def test_a_commit_that_was_given_up_and_arrives_later_is_never_overlooked(
    url: str, monkeypatch: pytest.MonkeyPatch
):
    """The next brain has loaded without it: nothing it writes goes through until it has it."""
    for limit in ("lock_timeout", "statement_timeout"):
        monkeypatch.setitem(module.LIMITS, limit, "0")
    with closing(led(url)) as store, psycopg.connect(url) as holder:
        execute(url, LATE)
        holder.execute("SELECT pg_advisory_lock(4711)")
        with pytest.raises(CommitFailed, match="said nothing"):
            store.commit((Put(Event(id="late")),), 1)
        with closing(opened(url)) as successor, ThreadPoolExecutor() as pool:
            assert [record.key for record in successor.load()] == ["primary"]
            taking = pool.submit(successor.commit, (Put(lease(2)),), 1)
            holder.execute("SELECT pg_advisory_unlock(4711)")
            with pytest.raises(CommitFailed, match="another primary has written"):
                taking.result(BOUND)
            assert [record.key for record in successor.load()] == ["late", "primary"]
            successor.commit((Put(lease(2)),), 1)
