"""The store of a cluster can be hurt: a file by its lock, a server that a system's file declares.

Virtual time is a site like any other here: the nodes are described, and not started.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from runall_harness.contract.verdicts import Unsupported
from runall_harness.rigs.base import STORE
from runall_harness.rigs.simulated.rig import SimulatedSite
from runall_harness.systems.described_system import DescribedSystem
from runall_harness.systems.description_file import example
from runall_harness.systems.reference.locked_file import LockedFile

PRIMARY, WORKER = "primary", "worker-1"
SERVED = """
[roles.store]
command = ["server", "--port", "${port}", "--data", "${data}"]
serves = true
"""


def described(folder: Path, *, store: bool) -> DescribedSystem:
    """The shipped file of the reference; its nodes are told where the store is."""
    words = 'with_store = ["--apart"]\nper_primary' if store else "per_primary"
    text = example().replace("env = {", 'env = { STORE = "${store}",', 2)
    text = text.replace("per_primary", words, 1)
    path = folder / "s.toml"
    path.write_text(text + (SERVED if store else ""), "utf-8")
    return DescribedSystem(path, "processes")


def test_a_store_that_a_file_declares_is_a_node_in_the_cases_in_which_it_dies(tmp_path: Path):
    system, site = described(tmp_path, store=True), SimulatedSite()
    store = system.store(site, "kill")
    assert store.spec is not None
    assert (store.spec.name, store.spec.role, store.spec.command[0]) == (STORE, STORE, "server")
    node = system.node(site, PRIMARY, "primary", (PRIMARY,))
    assert node.env["STORE"] == f"{STORE}:1"
    assert node.command[-1] == "--apart" or "--apart" in node.command
    assert STORE not in system.nodes, "it is no server that takes work"


def test_in_all_other_cases_the_store_is_where_the_primary_is(tmp_path: Path):
    system, site = described(tmp_path, store=True), SimulatedSite()
    node = system.node(site, PRIMARY, "primary", (PRIMARY,))
    assert node.env["STORE"] == f"{PRIMARY}:1"
    assert "--apart" not in node.command


def test_a_file_without_that_table_says_so_and_nobody_locks_a_server(tmp_path: Path):
    assert "[roles.store]" in described(tmp_path, store=False).cannot["store"]
    system = described(tmp_path, store=True)
    assert "store" not in system.cannot
    with pytest.raises(Unsupported):
        system.store(SimulatedSite(), "lock")


def test_a_locked_file_takes_no_write_until_it_is_given_back(tmp_path: Path):
    path = tmp_path / "records.db"
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE kept (key TEXT)")
        store = LockedFile([tmp_path / "elsewhere.db", path], lambda: 7.0)
        proof = store.hurt("lock")
        assert (proof.kind, proof.node, proof.at, proof.proven) == ("lock", STORE, 7.0, True)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("INSERT INTO kept VALUES ('no')")
        proof = store.mend("lock")
        assert (proof.kind, proof.proven) == ("unlock", True), proof.evidence
        other.execute("INSERT INTO kept VALUES ('yes')")


def test_a_lock_that_did_not_come_to_be_proves_nothing(tmp_path: Path):
    store = LockedFile([tmp_path / "not-there.db"], lambda: 0.0)
    proof = store.hurt("lock")
    assert not proof.proven
    assert "can't be had" in proof.evidence
