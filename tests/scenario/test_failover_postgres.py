"""A backup takes over, with the records on a PostgreSQL server that both reach over the network.

The harness says that it put them there; the server is asked whether that is so, from beside.
"""

import fcntl
import os
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import errors, sql
from runall_harness.contract.errors import KitCannotRun
from runall_harness.systems.postgres_schemas import PREFIX, Schema, check_server, read_server
from runall_harness.systems.reference.postgres_node import IMAGE_OPTION
from runall_reference.store.postgres import PostgresStore
from support.conform_runs import conform
from support.databases import opened

# A primary goes in each of its ways; the other trigger would only be more of the same. Cases that
# end as soon as the backup leads are left out: an onlooker may come too late for them.
NAMES = ("failover/the-*", "failover/a-clean-stop-*", "failover/a-primary-*")
CASES = (*(word for name in NAMES for word in ("--scenario", name)), "--trigger", "manual")
CUT_OFF = (
    "failover/a-primary-that-is-cut-off-stops-its-local-job-before-the-backup-runs-it-again/manual"
)
NOBODY = "postgresql://runall:hush@127.0.0.1:1/runall"
LOOK = 0.1
Leases = dict[str, set[tuple[str, int]]]


@contextmanager
def leases_seen(url: str) -> Generator[Leases]:
    """Who held the lease of each case's schema, with which epoch, as an onlooker finds it."""
    seen, over = Leases(), threading.Event()
    looking = threading.Thread(target=look, args=(url, seen, over))
    looking.start()
    try:
        yield seen
    finally:
        over.set()
        looking.join()


def look(url: str, seen: Leases, over: threading.Event) -> None:
    """Look until it is over."""
    with psycopg.connect(url, autocommit=True) as db:
        while not over.wait(LOOK):
            for schema in schemas(db):
                query = sql.SQL("SELECT body->>'holder', body->>'epoch' FROM {}.lease")
                try:
                    rows = db.execute(query.format(sql.Identifier(schema))).fetchall()
                except (errors.UndefinedTable, errors.InvalidSchemaName):
                    continue  # not yet, or no more
                seen.setdefault(schema, set()).update((who, int(epoch)) for who, epoch in rows)


def schemas(db: "psycopg.Connection[tuple[str, ...]]") -> list[str]:
    """The schemas of cases."""
    rows = db.execute(
        "SELECT nspname FROM pg_namespace WHERE starts_with(nspname::text, %s)", (PREFIX,)
    )
    return [name for (name,) in rows]


def left(url: str) -> list[str]:
    """The schemas of cases that are there now."""
    with psycopg.connect(url) as db:
        return schemas(db)


@pytest.fixture
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One rig at a time: the schemas that a run has left would be taken for those of the other."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # that of the whole run, above those of pytest's own processes
    with (base / "schemas.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# ------------------------------------------------------------------ the cases
@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("rig", ["processes", "docker"])
def test_a_backup_takes_over_from_records_on_a_server(
    postgres: str, rig: str, request: pytest.FixtureRequest, tmp_path: Path
):
    more: tuple[str, ...] = ()
    if rig == "docker":
        request.getfixturevalue("postgres_for_containers")
        request.getfixturevalue("image")
        more = ("--base-image", request.getfixturevalue("base"))
    with leases_seen(postgres) as seen:
        asked = ("--rig", rig, *CASES, "--jobs", "2", *more, "--store-url", postgres)
        run = conform(*asked, out=tmp_path)
    assert (run.code, run.report["verdict"]) == (0, "conformant"), run.words
    assert set(run.verdicts().values()) == {"pass"}
    assert CUT_OFF in run.verdicts()
    handed_over = [leases for leases in seen.values() if {"primary", "backup"} <= names(leases)]
    # The case in which a primary is cut off from its store has a database of its own there.
    assert len(handed_over) >= len(run.verdicts()) - 1, seen
    assert not set(seen) & set(left(postgres))


def names(leases: set[tuple[str, int]]) -> set[str]:
    """Who held a lease."""
    return {holder for holder, _ in leases}


def test_without_a_server_nobody_claims_to_cut_a_primary_off_from_its_store(
    base: str, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    del image  # made once, and in use
    monkeypatch.setenv(IMAGE_OPTION, "no-such-image:1")
    asked = ("--rig", "docker", "--base-image", base, "--scenario", CUT_OFF, "--store-url", "")
    run = conform(*asked, out=tmp_path)
    (case,) = run.report["cases"]
    assert case["verdict"] == "unsupported"
    assert f"the engine has no no-such-image:1; {IMAGE_OPTION} names another" in case["message"]


# ------------------------------------------------------------------ a server that can't be used
def test_a_server_that_does_not_answer_is_reported_before_any_case_is_run(tmp_path: Path):
    run = conform("--rig", "processes", *CASES, "--store-url", NOBODY, out=tmp_path)
    assert run.code == 3
    assert all(not case["executions"] for case in run.report["cases"])
    assert "ci/postgres" in run.words
    assert "hush" not in run.words


def test_containers_are_given_no_address_that_means_themselves():
    with pytest.raises(KitCannotRun, match=r"127\.0\.0\.1 is each container itself") as refused:
        check_server(read_server(NOBODY), "docker")
    assert "ci/postgres --listen" in refused.value.hint


def test_a_kit_without_the_driver_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(KitCannotRun, match="needs psycopg") as refused:
        check_server(read_server(NOBODY), "processes")
    assert "runall-kit[postgres]" in refused.value.hint


@pytest.mark.parametrize(
    "url", ["sqlite:////tmp/x.db", "postgresql:///runall", "nonsense", "postgresql://h:x/"]
)
def test_what_names_no_server_is_refused(url: str):
    with pytest.raises(KitCannotRun, match="names no PostgreSQL server"):
        read_server(url)


# ------------------------------------------------------------------ a schema for each case
def test_nodes_get_the_password_in_their_environment_and_their_own_way_to_the_server(postgres: str):
    def relayed(host: str, port: int) -> tuple[str, int]:
        del host, port
        return "10.0.0.1", 77

    with closing(Schema(postgres)) as schema:
        url = schema.store(relayed)
        assert url.startswith("postgresql://runall@10.0.0.1:77/")
        assert url.endswith(f"?options=-csearch_path%3D{schema.name}")
        assert schema.env == {"PGPASSWORD": read_server(postgres).password}


def test_options_that_the_url_had_are_kept():
    server = read_server("postgresql://u:p%40ss@h/d?options=-cjit%3Doff&password=x")
    assert server.password == "p@ss"
    assert (
        server.at("h", 1, "-csearch_path=s")
        == "postgresql://u@h:1/d?options=-cjit%3Doff%20-csearch_path%3Ds"
    )


def test_the_schema_of_a_harness_that_was_killed_is_dropped_by_the_next_and_a_living_one_stays(
    postgres: str,
):
    killed = Schema(postgres)
    killed.db.close()
    assert killed.name in left(postgres)
    with closing(Schema(postgres)) as living, closing(Schema(postgres)):
        assert killed.name not in left(postgres)
        assert living.name in left(postgres)
    assert living.name not in left(postgres)


def test_a_schema_is_dropped_although_a_primary_is_in_the_middle_of_a_commit(postgres: str):
    schema = Schema(postgres)
    with closing(opened(f"{postgres}?options=-csearch_path%3D{schema.name}")) as store:
        assert isinstance(store, PostgresStore)
        store.db.execute("BEGIN")
        store.db.execute("UPDATE runall_store SET changes = changes + 1")
        schema.close()
    assert schema.name not in left(postgres)
