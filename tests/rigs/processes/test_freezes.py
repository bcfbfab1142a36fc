"""A freeze takes hold of a node at any moment, also while it is starting a process.

A process that starts another one by vfork sleeps in the kernel until the child has become its
own program. A child that is stopped before that holds its parent in a state in which no signal
reaches it: the node counts as moving, and what was done to it as not proven.
"""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from runall_harness.rigs.file_locks import freeze_between_writes, write_locks
from runall_harness.rigs.processes import process_tree

MARK = "RUNALL_TEST_FREEZE"

# The child opens the pipe before it becomes its own program, and that waits for a writer.
STARTS_A_PROCESS = """
import os, sys
print("starting", flush=True)
opened = (os.POSIX_SPAWN_OPEN, 0, sys.argv[1], os.O_RDONLY, 0)
os.posix_spawn("/bin/sleep", ["sleep", "1000"], os.environ, file_actions=[opened])
print("started", flush=True)
"""

# Four fifths of the time it is in the middle of a commit; another file it has locked all the time.
WRITES_ALMOST_ALWAYS = """
import fcntl, sqlite3, sys, time
in_use = open(sys.argv[1] + ".in-use", "w")
fcntl.lockf(in_use, fcntl.LOCK_EX)
db = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute("CREATE TABLE written (at REAL)")
print("writing", flush=True)
while True:
    db.execute("BEGIN IMMEDIATE")
    db.execute("INSERT INTO written VALUES (?)", (time.time(),))
    time.sleep(0.004)
    db.execute("COMMIT")
    time.sleep(0.001)
"""


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


@pytest.fixture
def node(pipe: Path) -> Iterator[process_tree.ProcessTree]:
    """A node whose only process is in the middle of starting another one."""
    with running(STARTS_A_PROCESS, pipe) as tree:
        await_count(tree, 2)
        yield tree


@contextmanager
def running(program: str, place: Path) -> Generator[process_tree.ProcessTree]:
    """A node whose process runs that program on a file, and has said its first line."""
    tree = process_tree.ProcessTree({MARK: str(place)})
    command = [sys.executable, "-c", program, str(place)]
    with subprocess.Popen(
        command, env={**os.environ, **tree.markers}, stdout=subprocess.PIPE
    ) as it:
        assert it.stdout is not None
        it.stdout.readline()
        try:
            yield tree
        finally:
            process_tree.kill(tree.members())


def await_count(tree: process_tree.ProcessTree, count: int) -> None:
    look_again = threading.Event()
    while len(tree.members()) < count:
        look_again.wait(0.001)


def is_ordered_to_stop(pid: int) -> bool:
    pending = [
        int(line.split()[1], 16)
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith(("SigPnd", "ShdPnd"))
    ]
    return any(mask >> (signal.SIGSTOP - 1) & 1 for mask in pending)


@pytest.mark.skipif(sys.platform != "linux", reason="it looks at /proc for the signal on its way")
def test_a_node_that_is_starting_a_process_is_frozen_whole(
    node: process_tree.ProcessTree, pipe: Path
) -> None:
    parent, _ = node.members()

    def let_the_child_go_on() -> None:
        look_again = threading.Event()
        while not is_ordered_to_stop(parent.pid):
            look_again.wait(0.001)
        writers.append(os.open(pipe, os.O_RDWR))

    writers: list[int] = []
    other = threading.Thread(target=let_the_child_go_on)
    other.start()
    frozen = node.freeze()
    other.join()
    os.close(writers[0])
    assert frozen.moving == []
    assert len(frozen.all) == 2
    assert all(process_tree.is_stopped(process) for process in frozen.all)


@pytest.mark.skipif(sys.platform != "linux", reason="no other system lists the locks of processes")
def test_a_node_that_is_frozen_holds_no_lock_of_a_store_in_a_file(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    with running(WRITES_ALMOST_ALWAYS, store) as tree:
        (pid,) = tree.pids()
        for _ in range(3):
            frozen = freeze_between_writes(tree.freeze, tree.thaw, tree.pids)
            assert [process.pid for process in frozen.all] == [pid]
            assert not frozen.moving
            assert len(write_locks({pid})) == 1  # the file that is in use
            with closing(sqlite3.connect(store, timeout=0)) as other, other:
                other.execute("INSERT INTO written VALUES (0)")
            tree.thaw()
