"""Bugs in what surrounds the brains: the daemons, their processes and their store.

Virtual time has none of that. So each of these is planted into real daemons (`mutants serve`).
"""

import asyncio
import contextlib
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

from runall_reference.brain.record_set import Change
from runall_reference.brain.records import Job
from runall_reference.brain.worker import Worker
from runall_reference.daemon import (
    job_environment,
    job_processes,
    link_client,
    primary_daemon,
    primary_runner,
    worker_daemon,
)
from runall_reference.store.sqlite import SqliteStore

from .mutant import FROM_THE_RULE, mutant
from .planting import Plant


@mutant(
    source=FROM_THE_RULE,
    clause="RA-3.2",
    also=("RA-12.1", "RA-1.1", "RA-1.2"),
    cases="recovery_crash/*within-commit*",
)
def commits_row_by_row(plant: Plant) -> None:
    """A commit is no transaction: a crash within it leaves some of its rows and not the others."""

    def writing(store: SqliteStore) -> contextlib.AbstractContextManager[None]:
        del store
        return contextlib.nullcontext()

    plant(SqliteStore, "writing", writing)


@mutant(source=FROM_THE_RULE, clause="RA-12.2", cases="recovery_crash/a-run-that-was-accepted*")
def answers_before_it_has_written(plant: Plant) -> None:
    """Changes are written half a second later, in one go: what was accepted until then is lost."""
    original = SqliteStore.commit

    def commit(self: SqliteStore, change: Change, guard: int | None, *_: object) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0.5 if change else 0, original, self, change, guard)

    plant(SqliteStore, "commit", commit)


@mutant(source="a shell that signals a pid", clause="RA-7.9", cases="ends/who-aborts*")
def signals_the_main_process_only(plant: Plant) -> None:
    """Whoever ends a job ends its main process: what that had started lives on."""

    def signal_group(leader: int, which: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(leader, which)

    plant(job_processes, "signal_group", signal_group)


@mutant(
    source="the kernel's out-of-memory killer",
    clause="RA-7.3",
    also=("RA-7.1",),
    cases="scopes/a-job-that-has-lost-its-daemon*",
)
def nobody_guards_the_jobs(plant: Plant) -> None:
    """A daemon that is killed alone leaves its jobs, and nothing stops them before their rerun."""

    @contextlib.contextmanager
    def guarded(data: Path) -> Generator[None]:
        del data
        yield

    plant(worker_daemon, "guarded", guarded)
    plant(primary_daemon, "guarded", guarded)


@mutant(source=FROM_THE_RULE, clause="RA-4.5", cases="values/the-environment*/manual-any-worker")
def names_its_predecessor_as_root(plant: Plant) -> None:
    """The second rerun is told that the first one is its root."""
    original = job_environment.identity

    def identity(job: Job) -> dict[str, str]:
        return {**original(job), "JOB_ROOT": job.predecessor or job.id}

    plant(job_environment, "identity", identity)


@mutant(
    source="a default of a library for messages",
    clause="RA-5.1",
    cases="values/a-slot-of-an-event*",
)
def large_order_ends_link(plant: Plant) -> None:
    """A start order of more than 64 KiB is refused by the worker's link, which closes."""
    plant(link_client, "LARGEST_MESSAGE", 64 * 1024)


@mutant(
    source="this kit's reference, until two replicas were started",
    clause="RA-7.10",
    cases="identity/*not-all-the-time/manual",
)
def asks_all_the_time(plant: Plant) -> None:
    """A worker that was refused asks again at once."""
    original = Worker.leave

    @plant.method(Worker)
    def leave(self: Any, why: str, pause: float = 0.0) -> None:
        original(self, why, 0.0 * pause)


@mutant(
    source=FROM_THE_RULE,
    clause="RA-2.16",
    cases="store/a-primary-goes-down-while-the-store-is-away/manual-locked",
)
def waits_for_its_store(plant: Plant) -> None:
    """A primary that is asked to go down while its store is away waits until that is back."""

    async def never_within(event: asyncio.Event, seconds: float) -> bool:
        del event
        await asyncio.sleep(seconds)
        return False

    plant(primary_runner, "set_within", never_within)
