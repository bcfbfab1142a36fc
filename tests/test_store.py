"""A store keeps what was committed, in its order, and says no in words that help."""

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runall_reference.books import Books, Change, Drop, Put
from runall_reference.records import PRIMARY_RECORDS, Counter, Event, Job, Lease, Record
from runall_reference.store import CommitFailed, LeaseLost, SqliteStore, StoreError, open_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore.open(path, PRIMARY_RECORDS)
    yield store
    store.close()


def loaded(path: Path) -> list[Record]:
    """What a later start finds there."""
    store = SqliteStore.open(path, PRIMARY_RECORDS)
    try:
        return store.load()
    finally:
        store.close()


def lease(epoch: int) -> Lease:
    return Lease(holder="p", epoch=epoch, since=0.0)


# ------------------------------------------------------------------ it keeps what was committed
EVENTS = st.builds(
    Event,
    id=st.text(min_size=1, max_size=3).filter(lambda text: text.isprintable()),
    title=st.text(max_size=20),
    params=st.dictionaries(
        st.text(max_size=5),
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.lists(st.text()),
        max_size=3,
    ),
    retry_delay=st.floats(min_value=0, max_value=1e9),
)
COUNTERS = st.builds(Counter, name=st.sampled_from("abc"), next=st.integers(1, 99))
JOBS = st.builds(
    Job, id=st.sampled_from(["j1", "j2", "j3"]), event=st.just("e"), root=st.just("j1"),
    attempt=st.integers(1, 9), cause=st.just("manual"), now=st.floats(0, 2e9),
    state=st.sampled_from(["waiting", "starting", "running"]),
)  # fmt: skip
# A step of a brain: records to put, and whether each is dropped again later in the same step.
STEPS = st.lists(st.tuples(EVENTS | COUNTERS | JOBS, st.booleans()), max_size=4)


def written(books: Books, step: list[tuple[Record, bool]]) -> Change:
    """Carry out one step on the books, and take its change."""
    for record, goes in step:
        books.put(record)
        if goes:
            books.drop(record)
    return books.take_change()


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEPS, max_size=8), reopened=st.booleans())
def test_any_sequence_of_changes_loads_to_the_same_books(
    steps: list[list[tuple[Record, bool]]], reopened: bool
):
    with tempfile.TemporaryDirectory() as folder:
        path, books = Path(folder) / "store.db", Books()
        store = SqliteStore.open(path, PRIMARY_RECORDS)
        for step in steps:
            store.commit(written(books, step), None)
            if reopened:
                store.close()
                store = SqliteStore.open(path, PRIMARY_RECORDS)
        store.close()
        again = Books(loaded(path)).tables
    for name, table in books.tables.items():
        assert list(again.get(name, {}).items()) == list(table.items())


def test_an_update_keeps_a_records_place_and_a_new_one_comes_last(store: SqliteStore, path: Path):
    first, second = Event(id="zebra"), Event(id="ant")
    store.commit((Put(first), Put(second)), None)
    store.commit((Put(Event(id="zebra", title="edited")), Put(Event(id="bee"))), None)
    assert [record.key for record in loaded(path)] == ["zebra", "ant", "bee"]


def test_a_record_that_was_dropped_and_came_back_comes_last(store: SqliteStore, path: Path):
    store.commit((Put(Event(id="a")), Put(Event(id="b"))), None)
    store.commit((Drop("events", "a"), Put(Event(id="a"))), None)
    assert [record.key for record in loaded(path)] == ["b", "a"]


def test_a_change_that_fails_midway_leaves_nothing_behind(store: SqliteStore, path: Path):
    store.commit((Put(Event(id="a")),), None)
    with pytest.raises(CommitFailed):
        store.commit((Put(Event(id="b")), Drop("no_such_table", "x")), None)
    assert [record.key for record in loaded(path)] == ["a"]


# ------------------------------------------------------------------ the lease guards it
def test_the_first_lease_is_taken_under_guard_zero(store: SqliteStore, path: Path):
    store.commit((Put(lease(1)),), 0)
    assert loaded(path) == [lease(1)]


def test_a_primary_that_lost_its_lease_can_write_nothing(store: SqliteStore, path: Path):
    store.commit((Put(lease(1)),), 0)
    newer = SqliteStore.open(path, PRIMARY_RECORDS)
    newer.commit((Put(lease(2)),), 1)
    with pytest.raises(LeaseLost, match="epoch 2"):
        store.commit((Put(Event(id="late")),), 1)
    newer.commit((Put(Event(id="timely")),), 2)
    newer.close()
    assert [record.key for record in loaded(path)] == ["timely", "primary"]


def test_a_primary_that_lost_its_lease_learns_so_without_writing(store: SqliteStore, path: Path):
    store.commit((Put(lease(1)),), 0)
    newer = SqliteStore.open(path, PRIMARY_RECORDS)
    newer.commit((Put(lease(2)),), 1)
    newer.close()
    with pytest.raises(LeaseLost):
        store.commit((), 1)


# ------------------------------------------------------------------ it says no in clear words
def test_a_file_of_a_newer_schema_is_refused(store: SqliteStore, path: Path):
    store.db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match=r"schema version 99.*\n.*newer version"):
        SqliteStore.open(path, PRIMARY_RECORDS)


def test_a_file_that_is_no_database_is_refused(path: Path):
    path.write_text("dear diary, " * 100)
    with pytest.raises(StoreError, match=r"not a database[\s\S]*name another file"):
        SqliteStore.open(path, PRIMARY_RECORDS)
    assert path.read_text().startswith("dear diary")


def test_a_database_of_another_program_is_refused_and_left_alone(path: Path):
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE recipes (name)")
    other.close()
    with pytest.raises(StoreError, match="another program"):
        SqliteStore.open(path, PRIMARY_RECORDS)
    other = sqlite3.connect(path)
    assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]
    other.close()


def test_a_folder_that_can_not_be_made_is_refused_with_a_next_step(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="--data"):
        SqliteStore.open(tmp_path / "file" / "store.db", PRIMARY_RECORDS)


def test_a_folder_that_takes_no_files_is_refused_with_a_next_step():
    with pytest.raises(StoreError, match="--data"):
        SqliteStore.open(Path("/proc/store.db"), PRIMARY_RECORDS)


def test_a_full_disk_is_named_and_writes_no_part_of_the_change(store: SqliteStore, path: Path):
    store.commit((Put(Event(id="small")),), None)
    (pages,) = store.db.execute("PRAGMA page_count").fetchone()
    store.db.execute(f"PRAGMA max_page_count = {pages}")
    large = Event(id="large", title="x" * 100_000)
    with pytest.raises(CommitFailed, match=r"full\n.*free some space"):
        store.commit((Put(Event(id="first")), Put(large)), None)
    assert [record.key for record in loaded(path)] == ["small"]


def test_a_record_that_can_not_be_read_is_named(store: SqliteStore, path: Path):
    store.db.execute("INSERT INTO events VALUES ('broken', '{\"id\": 3}')")
    with pytest.raises(StoreError, match=r"record 'broken' of events"):
        loaded(path)


def test_a_url_names_a_file(path: Path):
    open_store(f"sqlite:///{path}", PRIMARY_RECORDS).close()
    assert path.is_file()


def test_a_store_of_an_unknown_kind_is_refused():
    with pytest.raises(StoreError, match="sqlite:///PATH"):
        open_store("carrier-pigeon://loft", PRIMARY_RECORDS)
