"""A store keeps what was committed, in its order, and says no in words that help.

All of it holds for both stores; what only one of them can do is in a file of its own.
"""

import random
import string
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runall_reference.brain.record_set import Change, Drop, Put, RecordSet
from runall_reference.brain.records import PRIMARY_RECORDS, Counter, Event, Job, Record
from runall_reference.store import CommitFailed, LeaseLost, Store, StoreError, open_store
from support.databases import Home, execute, keys, lease, loaded, opened, own_file, own_schema


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)]
)
def home(request: pytest.FixtureRequest) -> Home:
    """Makes places for stores of one kind."""
    if request.param == "sqlite":
        return own_file
    return partial(own_schema, request.getfixturevalue("postgres"))


@pytest.fixture
def url(home: Home) -> Iterator[str]:
    with home() as url:
        yield url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with closing(opened(url)) as store:
        yield store


# ------------------------------------------------------------------ it keeps what was committed
EVENTS = st.builds(
    Event,
    id=st.text(min_size=1, max_size=3),
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
    Job,
    id=st.sampled_from(["j1", "j2", "j3"]),
    event=st.just("e"),
    root=st.just("j1"),
    attempt=st.integers(1, 9),
    cause=st.just("manual"),
    now=st.floats(0, 2e9),
    state=st.sampled_from(["waiting", "starting", "running"]),
)
# A step of a brain: records to put, and whether each is dropped again later in the same step.
STEPS = st.lists(st.tuples(EVENTS | COUNTERS | JOBS, st.booleans()), max_size=4)


def written(records: RecordSet, step: list[tuple[Record, bool]]) -> Change:
    """Carry out one step on the records, and take its change."""
    for record, goes in step:
        records.put(record)
        if goes:
            records.drop(record)
    return records.take_change()


@pytest.fixture(scope="module")
def shared(home: Home) -> Iterator[str]:
    """One place for all examples of the law: making tables takes longer than an example."""
    with home() as url:
        yield url


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEPS, max_size=8), reopened=st.booleans())
def test_any_sequence_of_changes_loads_to_the_same_records(
    shared: str, steps: list[list[tuple[Record, bool]]], reopened: bool
):
    records = RecordSet()
    with ExitStack() as stack:  # a failing example leaves no connection open for the next
        store = stack.enter_context(closing(opened(shared)))
        store.commit(tuple(Drop(record.table, record.key) for record in store.load()), None)
        for step in steps:
            store.commit(written(records, step), None)
            if reopened:
                store.close()
                store = stack.enter_context(closing(opened(shared)))
    again = RecordSet(loaded(shared)).tables
    tables = {name: list(table.items()) for name, table in records.tables.items() if table}
    assert {name: list(table.items()) for name, table in again.items()} == tables


def test_an_update_keeps_a_records_place_and_a_new_one_comes_last(store: Store, url: str):
    store.commit((Put(Event(id="zebra")), Put(Event(id="ant"))), None)
    store.commit((Put(Event(id="zebra", title="edited")), Put(Event(id="bee"))), None)
    assert keys(url) == ["zebra", "ant", "bee"]


def test_a_record_that_was_dropped_and_came_back_comes_last(store: Store, url: str):
    store.commit((Put(Event(id="a")), Put(Event(id="b"))), None)
    store.commit((Drop("events", "a"), Put(Event(id="a"))), None)
    assert keys(url) == ["b", "a"]


def test_keys_that_differ_in_odd_letters_only_stay_apart(store: Store, url: str):
    odd = ["a\0b", "a\\0b", "a\\\\0b", "a\nb", "a b", "ab", "Ab", "äb", "a\u0308b", "%s", "{}", ";"]
    store.commit(tuple(Put(Event(id=key)) for key in odd), None)
    store.commit((Drop("events", "a\0b"), Drop("events", "{}")), None)
    assert keys(url) == [key for key in odd if key not in ("a\0b", "{}")]


def test_a_key_may_be_of_any_length(store: Store, url: str):
    """More than a page of an index holds, and nothing that could be compressed."""
    noise = "".join(random.Random(7).choices(string.printable, k=20_000))  # noqa: S311 - no secret
    long = [noise, noise + "1", noise + "2"]
    store.commit(tuple(Put(Event(id=key)) for key in long), None)
    store.commit((Put(Event(id=long[0], title="edited")), Drop("events", long[1])), None)
    assert loaded(url) == [Event(id=long[0], title="edited"), Event(id=long[2])]


def test_a_change_that_fails_midway_leaves_nothing_behind(store: Store, url: str):
    store.commit((Put(Event(id="a")),), None)
    with pytest.raises(CommitFailed):
        store.commit((Put(Event(id="b")), Drop("no_such_table", "x")), None)
    assert keys(url) == ["a"]


@pytest.mark.parametrize("rows", [1, 2])
def test_a_crash_between_two_rows_of_a_change_leaves_nothing_behind(
    store: Store, url: str, rows: int
):
    def crash(written: int) -> None:
        if written == rows:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.commit(tuple(Put(Event(id=key)) for key in "abc"), None, crash)
    assert keys(url) == []


def test_a_change_that_failed_does_not_stand_in_the_way_of_the_next(store: Store, url: str):
    store.commit((Put(lease(1)),), 0)
    store.load()
    with pytest.raises(CommitFailed):
        store.commit((Put(Event(id="b")), Drop("no_such_table", "x")), 1)
    with pytest.raises(LeaseLost):
        store.commit((Put(Event(id="c")),), 7)
    store.commit((Put(Event(id="d")),), 1)
    assert keys(url) == ["d", "primary"]


def test_a_store_can_be_closed_twice(url: str):
    store = opened(url)
    store.close()
    store.close()


# ------------------------------------------------------------------ the lease guards it
def test_the_first_lease_is_taken_under_guard_zero(store: Store, url: str):
    store.commit((Put(lease(1)),), 0)
    assert loaded(url) == [lease(1)]


def test_the_lease_alone_can_be_read_and_is_the_latest(store: Store, url: str):
    assert store.lease() is None
    with closing(opened(url)) as other:
        other.commit((Put(lease(1, "first")),), 0)
        assert store.lease() == lease(1, "first")
        other.commit((Put(lease(2, "second")),), 1)
        assert store.lease() == lease(2, "second")


def test_a_primary_that_lost_its_lease_can_write_nothing(store: Store, url: str):
    store.commit((Put(lease(1)),), 0)
    with closing(opened(url)) as newer:
        newer.commit((Put(lease(2)),), 1)
        with pytest.raises(LeaseLost, match="epoch 2"):
            store.commit((Put(Event(id="late")),), 1)
        newer.commit((Put(Event(id="timely")),), 2)
    assert keys(url) == ["timely", "primary"]


def test_a_primary_that_lost_its_lease_learns_so_without_writing(store: Store, url: str):
    store.commit((Put(lease(1)),), 0)
    with closing(opened(url)) as newer:
        newer.commit((Put(lease(2)),), 1)
    with pytest.raises(LeaseLost):
        store.commit((), 1)


def test_a_backup_that_read_before_another_wrote_takes_no_lease_until_it_has_read_again(
    store: Store, url: str
):
    store.commit((Put(lease(1)),), 0)
    with closing(opened(url)) as backup:
        backup.load()
        store.commit((Put(Event(id="at the last moment")),), 1)
        with pytest.raises(CommitFailed, match="another primary has written"):
            backup.commit((Put(lease(2)),), 1)
        backup.load()
        backup.commit((Put(lease(2)),), 1)
    assert loaded(url) == [Event(id="at the last moment"), lease(2)]


def test_a_primary_that_alone_writes_never_has_to_read_again(store: Store, url: str):
    store.load()
    store.commit((Put(lease(1)),), 0)
    with closing(opened(url)) as watcher:
        for number in range(1, 50):
            store.commit((Put(Counter(name="c", next=number)),), 1)
            assert watcher.lease() == lease(1)
    assert loaded(url) == [lease(1), Counter(name="c", next=49)]


def test_a_load_sees_one_instant_while_another_writes(store: Store, url: str):
    with ThreadPoolExecutor() as pool:
        writing = pool.submit(write_pairs, url, 150)
        shown_attempts = 0
        while not writing.done():
            seen = [type(record) for record in store.load()]
            assert seen.count(Event) == seen.count(Counter)
            shown_attempts += 0 < seen.count(Event) < 150
        writing.result()
    assert shown_attempts, "no load fell between two commits"


def write_pairs(url: str, count: int) -> None:
    """Commit so many pairs: one record into the first table and one into the last, at once."""
    with closing(opened(url)) as store:
        for number in range(count):
            pair = Put(Event(id=str(number))), Put(Counter(name=str(number), next=1))
            store.commit(pair, None)


# ------------------------------------------------------------------ it says no in clear words
NEWER = {"sqlite": "PRAGMA user_version = 99", "postgresql": "UPDATE runall_store SET version = 99"}


def test_records_of_a_newer_version_are_refused(store: Store, url: str):
    store.close()
    execute(url, NEWER[url.split(":", 1)[0]])
    with pytest.raises(StoreError, match=r"schema version 99.*\n.*newer version"):
        opened(url)


def test_a_record_that_can_not_be_read_is_named(store: Store, url: str):
    store.commit((Put(lease(1)),), None)
    execute(url, "INSERT INTO events (key, body) VALUES ('broken', '{\"id\": 3}')")
    with pytest.raises(StoreError, match=r"record 'broken' of events"):
        loaded(url)


def test_a_lease_that_can_not_be_read_is_named(store: Store, url: str):
    execute(url, "INSERT INTO lease (key, body) VALUES ('primary', '{\"epoch\": 3}')")
    with pytest.raises(StoreError, match=r"record 'primary' of lease"):
        store.lease()
    with pytest.raises(StoreError, match=r"record 'primary' of lease"):
        store.commit((Put(Event(id="e")),), 3)


def test_tables_of_another_program_are_refused_and_left_alone(url: str):
    execute(url, "CREATE TABLE events (name text)")
    with pytest.raises(StoreError, match="another program"):
        opened(url)
    execute(url, "INSERT INTO events (name) VALUES ('still theirs')")


def test_a_store_of_an_unknown_kind_is_refused_without_repeating_a_password():
    with pytest.raises(StoreError, match=r"sqlite:///PATH or postgresql://") as error:
        open_store("carrier-pigeon://me:geheim@loft", PRIMARY_RECORDS)
    assert "geheim" not in str(error.value)


def python(code: str, *arguments: str) -> str:
    """What a new Python prints."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


OPEN = """
import sys
from runall_reference.brain.records import PRIMARY_RECORDS
from runall_reference.store import StoreError, open_store
"""


def test_the_default_store_loads_nothing_of_the_other():
    code = OPEN + "open_store(sys.argv[1], PRIMARY_RECORDS)\nprint('psycopg' in sys.modules)"
    with own_file() as url:
        assert python(code, url) == "False\n"


def test_a_driver_that_is_not_installed_is_named_with_the_command_that_installs_it():
    code = OPEN + (
        "sys.modules['psycopg'] = None  # Python's own way to say that it is not there\n"
        "try:\n    open_store('postgresql://127.0.0.1:1/x', PRIMARY_RECORDS)\n"
        "except StoreError as error:\n    print(error.hint)\n"
    )
    assert python(code) == "pip install 'runall-kit[postgres]'\n"
