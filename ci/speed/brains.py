"""What costs no process: the catch-up of a schedule, a state machine's step, a commit."""

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path

from figures import Rows, compare, each
from runall_reference.brain.jumps import due_slots
from runall_reference.brain.machines import JOB, Token
from runall_reference.brain.record_set import Put
from runall_reference.brain.records import Counter
from runall_reference.brain.timing import Timing, local_minute
from runall_reference.store import Store, open_store

ZONE = "America/New_York"
YEAR = 525_600
FROM = 28_401_120  # 2024-01-01, in minutes since 1970
STEPS, COMMITS = 100_000, 300


def catch_up(rounds: int) -> Rows:
    """One hourly event over one year: by leaps, against the definition, minute by minute."""
    hourly = Timing(minutes=(0,))

    def stepped() -> list[int]:
        minutes = range(FROM + 1, FROM + YEAR + 1)
        return [slot for slot in minutes if local_minute(slot, ZONE).minute == 0]

    def leapt() -> list[int]:
        return list(due_slots(hourly, ZONE, FROM, FROM + YEAR))

    if stepped() != leapt():
        raise RuntimeError("the leaps serve other minutes than the definition does")
    yield compare(
        "catch-up of a year",
        ("minute by minute", each(stepped)),
        each(leapt),
        rounds=rounds,
        aim="about a millisecond",
    )


def machines(rounds: int) -> Rows:
    """One step in a job's life."""
    row = ("starting", "begin")
    table = {row: "running"}
    fire, begin = JOB.fire, JOB.machine.events["begin"]
    looked_up = each(lambda: table[row], STEPS)
    fired = each(lambda: fire("starting", "begin"), STEPS)
    moved = each(lambda: begin.trigger(Token("starting", frozenset())), STEPS // 100)
    yield compare("a step, memoised", ("a dictionary", looked_up), fired, rounds=rounds)
    yield compare("a step, memoised", ("the machine itself", moved), fired, rounds=rounds)


def commits(rounds: int) -> Rows:
    """One commit of one record, on the disk when it returns."""
    with tempfile.TemporaryDirectory(prefix="runall-bench-") as folder:
        store = open_store(f"sqlite:///{folder}/store.db", (Counter,))
        with closing(store), closing(raw_database(Path(folder, "raw.db"))) as raw:
            floor = "sqlite3, WAL, FULL", each(raw_commit(raw), COMMITS)
            ours = each(store_commit(store), COMMITS)
            yield compare("a commit", floor, ours, rounds=rounds)


def raw_database(path: Path) -> sqlite3.Connection:
    """A file with one table, as safe as the store's."""
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute("PRAGMA synchronous = FULL")
    raw.execute("CREATE TABLE counters (key TEXT PRIMARY KEY, body BLOB NOT NULL)")
    return raw


def raw_commit(raw: sqlite3.Connection) -> Callable[[], object]:
    """One row, in a transaction of its own."""
    numbers = count()
    upsert = "INSERT INTO counters VALUES ('bench', ?) ON CONFLICT (key) DO UPDATE SET body = ?1"
    return lambda: raw.execute(upsert, (b'{"name":"bench","next":%d}' % next(numbers),))


def store_commit(store: Store) -> Callable[[], object]:
    """One record, as one change."""
    numbers = count()
    return lambda: store.commit((Put(Counter(name="bench", next=next(numbers))),), None)
