"""What only a file can do to its store: be something else, be out of reach, be full."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from runall_reference.brain.record_set import Put
from runall_reference.brain.records import PRIMARY_RECORDS, Event
from runall_reference.store import CommitFailed, SqliteStore, StoreError, open_store
from support.databases import keys


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore.open(str(path), PRIMARY_RECORDS)) as store:
        yield store


def test_a_file_that_is_no_database_is_refused(path: Path):
    path.write_text("dear diary, " * 100)
    with pytest.raises(StoreError, match=r"not a database[\s\S]*name another file"):
        SqliteStore.open(str(path), PRIMARY_RECORDS)
    assert path.read_text().startswith("dear diary")


def test_a_database_of_another_program_is_refused_and_left_alone(path: Path):
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE recipes (name)")
    other.close()
    with pytest.raises(StoreError, match="another program"):
        SqliteStore.open(str(path), PRIMARY_RECORDS)
    other = sqlite3.connect(path)
    assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]
    other.close()


def test_a_folder_that_can_not_be_made_is_refused_with_a_next_step(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="--data"):
        SqliteStore.open(str(tmp_path / "file" / "store.db"), PRIMARY_RECORDS)


def test_a_folder_that_takes_no_files_is_refused_with_a_next_step():
    with pytest.raises(StoreError, match="--data"):
        SqliteStore.open("/proc/store.db", PRIMARY_RECORDS)


def test_a_full_disk_is_named_and_writes_no_part_of_the_change(store: SqliteStore, path: Path):
    store.commit((Put(Event(id="small")),), None)
    (pages,) = store.db.execute("PRAGMA page_count").fetchone()
    store.db.execute(f"PRAGMA max_page_count = {pages}")
    large = Event(id="large", title="x" * 100_000)
    with pytest.raises(CommitFailed, match=r"full\n.*free some space"):
        store.commit((Put(Event(id="first")), Put(large)), None)
    assert keys(f"sqlite:///{path}") == ["small"]


def test_a_url_names_a_file(path: Path):
    open_store(f"sqlite:///{path}", PRIMARY_RECORDS).close()
    assert path.is_file()
