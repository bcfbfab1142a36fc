"""A store of the last release is read, gets today's number once it is written, and no sooner.

formats/store-1.json is what the daemons of the last release had in their stores, in a cluster with
a retry, a rerun and a slot that wait, a finished abort and two jobs that run. records-2.json,
beside it, says of what the records with today's number consist.
"""

import contextlib
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.inspect import type_info
from msgspec.structs import fields
from runall_reference.brain.primary import Primary
from runall_reference.brain.record_set import Drop, Put
from runall_reference.brain.records import (
    PRIMARY_RECORDS,
    WORKER_RECORDS,
    Counter,
    Job,
    PastTiming,
    Record,
    Run,
)
from runall_reference.brain.settings import Settings
from runall_reference.brain.worker import Worker
from runall_reference.store import Store, StoreError, open_store
from runall_reference.store.tables import SCHEMA

FORMATS = Path(__file__).parent / "formats"
LAST: dict[str, Any] = json.loads((FORMATS / "store-1.json").read_text("utf-8"))
KINDS = {"primary": PRIMARY_RECORDS, "worker": WORKER_RECORDS}
ONE = (Put(Counter(name="a", next=1)),)


def file_of_last_release(folder: Path, role: str) -> str:
    """The URL of a file as the last release left it."""
    found = LAST[role]
    with contextlib.closing(sqlite3.connect(folder / "store.db", isolation_level=None)) as db:
        for name in ("user_version", "application_id"):
            db.execute(f"PRAGMA {name} = {found[name]}")
        for table, rows in found["tables"].items():
            db.execute(f"CREATE TABLE {table} (key TEXT PRIMARY KEY, body BLOB NOT NULL)")
            for key, body in rows:
                db.execute(
                    f"INSERT INTO {table} VALUES (?, ?)",  # noqa: S608 - names of the fixture
                    (key, json.dumps(body).encode()),
                )
    return f"sqlite:///{folder / 'store.db'}"


def opened(url: str, kinds: Sequence[type[Record]] = PRIMARY_RECORDS) -> Any:
    return contextlib.closing(open_store(url, kinds))


def number(url: str, set_to: int | None = None) -> int:
    """The number that the file has, behind the back of whoever has it open."""
    file = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    with contextlib.closing(file):
        if set_to is not None:
            file.execute(f"PRAGMA user_version = {set_to}")
        return file.execute("PRAGMA user_version").fetchone()[0]


# ------------------------------------------------------------------ an earlier number is read
@pytest.mark.parametrize("role", ["primary", "worker"])
def test_every_record_of_the_last_release_is_read_and_nothing_of_it_is_lost(
    tmp_path: Path, role: str
):
    with opened(file_of_last_release(tmp_path, role), KINDS[role]) as store:
        records = store.load()
    rows = [(t, k, body) for t, rows in LAST[role]["tables"].items() for k, body in rows]
    assert sorted((r.table, r.key) for r in records) == sorted((t, k) for t, k, _ in rows)
    read = {(r.table, r.key): json.loads(msgspec.json.encode(r)) for r in records}
    for table, key, body in rows:
        assert kept(read[table, key], body) == body


def kept(read: dict[str, Any], wrote: dict[str, Any]) -> dict[str, Any]:
    """What was read, without the fields that came later, in its job neither."""
    found = {name: read[name] for name in wrote}
    if isinstance(wrote.get("job"), dict):
        found["job"] = kept(read["job"], wrote["job"])
    return found


def test_the_brains_go_on_with_the_records_of_the_last_release(tmp_path: Path):
    with opened(file_of_last_release(tmp_path, "primary")) as store:
        brain = Primary("primary", Settings(), store.load())
    assert [job.id for job in brain.state.live()] == ["j3.2", "j1.2"]
    assert [slot.key for slot in brain.state.owed()] == ["minutely@29934407"]
    (tmp_path / "w").mkdir()
    with opened(file_of_last_release(tmp_path / "w", "worker"), WORKER_RECORDS) as store:
        assert [run.key for run in Worker("worker-1", Settings(), store.load()).runs()] == [
            "j1",
            "j5",
        ]


def test_a_store_of_the_last_release_keeps_its_number_until_the_first_commit(tmp_path: Path):
    url = file_of_last_release(tmp_path, "primary")
    with opened(url) as store:
        store.load()
        assert number(url) == 1, "a backup that only watches changes nothing"
        store.commit(ONE, 1)
        assert number(url) == SCHEMA
        store.commit((Drop("counters", "a"),), 1)
    with opened(url) as store:
        assert PastTiming.table not in {record.table for record in store.load()}


def test_a_commit_that_fails_leaves_the_number_as_it_was(tmp_path: Path):
    url = file_of_last_release(tmp_path, "primary")
    two = (*ONE, Put(Counter(name="b", next=1)))

    def crash(_: int) -> None:
        raise KeyboardInterrupt

    with opened(url) as store:
        store.load()
        with pytest.raises(KeyboardInterrupt):
            store.commit(two, 1, crash)
        assert number(url) == 1
        store.commit(two, 1)
        assert number(url) == SCHEMA


# ------------------------------------------------------------------ a later number is refused
def refused(store: Store) -> str:
    with pytest.raises(StoreError) as caught:
        store.load()
    return str(caught.value)


def test_a_number_that_was_raised_by_a_later_release_is_refused_when_records_are_read(
    tmp_path: Path,
):
    url = f"sqlite:///{tmp_path}/store.db"
    with opened(url) as store:
        store.load()
        number(url, set_to=SCHEMA + 1)
        why = refused(store)
    assert f"has schema version {SCHEMA + 1}; this program knows {SCHEMA}" in why
    assert "start the newer version that wrote it" in why


def test_a_new_store_has_todays_number(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/store.db"
    with opened(url):
        assert number(url) == SCHEMA


# ------------------------------------------------------------------ a changed record has a new one
def consists_of(kind: type[Record]) -> dict[str, str]:
    """The fields of a record with their kinds of types and their defaults, as text."""
    return {
        field.name: f"{type(type_info(field.type)).__name__} "
        f"= {'(required)' if field.required else repr(default(field))}"
        for field in fields(kind)
    }


def default(field: Any) -> Any:
    made = field.default_factory is not msgspec.NODEFAULT
    return field.default_factory() if made else field.default


def test_whoever_changes_a_record_raises_the_number_of_the_schema():
    now = {kind.table: consists_of(kind) for kind in (*PRIMARY_RECORDS, Run)}
    file = FORMATS / f"records-{SCHEMA}.json"
    written = json.loads(file.read_text("utf-8"))
    assert now == written, (
        f"the records are no longer those of {file.name}. If a release has had that number, raise "
        "SCHEMA and keep a store of that release here; then write the file anew: "
        f"{json.dumps(now, indent=1)}"
    )


def test_only_a_job_passes_over_what_it_does_not_know_because_links_carry_it():
    lenient = [k for k in (*PRIMARY_RECORDS, Run) if not k.__struct_config__.forbid_unknown_fields]
    assert lenient == [Job]
