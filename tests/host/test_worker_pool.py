"""A worker costs its task at most, is heard before it has ended, and never outlives its parent."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from runall_harness.contract.errors import KitCannotRun
from runall_harness.host.worker_pool import (
    Interrupted,
    WorkerGone,
    WorkerPool,
    WorkerReport,
    interruptions_as_events,
)
from support.places import ROOT
from support.pool_workers import clear_away, do_tasks, say_where


def done(pool: WorkerPool, *tasks: object) -> tuple[set[object], list[WorkerGone]]:
    """The results of all tasks, and which workers died; each is replaced."""
    results: set[object] = set()
    died: list[WorkerGone] = []
    for events in pool.carry_out(tasks):
        for event in events:
            if isinstance(event, WorkerGone):
                died.append(event)
                pool.start()
            elif isinstance(event, WorkerReport):
                results.add(event.message)
    return results, died


def messages(pool: WorkerPool) -> Iterator[Any]:
    """All messages of one worker, until it has gone."""
    while pool.workers:
        for event in pool.events():
            yield event.message if isinstance(event, WorkerReport) else event


def test_the_workers_share_the_tasks_and_every_result_arrives() -> None:
    with WorkerPool(2, do_tasks, 10) as pool:
        assert done(pool, *range(20)) == ({n * 10 for n in range(20)}, [])


def test_a_worker_that_dies_costs_its_own_task_only() -> None:
    with WorkerPool(2, do_tasks, 1) as pool:
        results, died = done(pool, 1, "dies", 2, "exits", 3)
    assert results == {1, 2, 3}
    assert {(gone.worker.task, gone.why) for gone in died} == {
        ("dies", "SIGKILL"),
        ("exits", "exit status 9"),
    }


def test_a_worker_is_heard_while_it_works_and_can_be_ended_then() -> None:
    with WorkerPool(1, do_tasks, 1) as pool:
        for events in pool.carry_out(["waits"]):
            for event in events:
                if isinstance(event, WorkerReport):
                    assert event.message == "waiting"
                    event.worker.kill()
                else:
                    assert isinstance(event, WorkerGone)
                    assert event.worker.killed


def test_a_task_that_the_kit_cannot_do_is_reported_in_its_own_words() -> None:
    with (
        WorkerPool(1, do_tasks, 1) as pool,
        pytest.raises(KitCannotRun, match="no engine; next step: install one"),
    ):
        done(pool, "cannot")


def test_workers_without_tasks_end_when_they_are_dismissed() -> None:
    with WorkerPool(2, do_tasks, 1) as pool:
        statuses: list[int] = []
        while pool.workers:
            statuses += [event.status for event in pool.events() if isinstance(event, WorkerGone)]
            pool.dismiss()
        assert statuses == [0, 0]


def test_an_interrupted_worker_may_clear_away_first() -> None:
    with WorkerPool(1, clear_away) as pool:
        received = messages(pool)
        assert next(received) == "ready"
        next(iter(pool.workers)).process.terminate()
        assert next(received) == "cleared away"
        gone = next(received)
        assert isinstance(gone, WorkerGone)
        assert gone.status == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_of_the_parent_is_an_event_like_any_other(number: signal.Signals) -> None:
    with WorkerPool(1, do_tasks, 1) as pool, interruptions_as_events(pool):
        os.kill(os.getpid(), number)
        assert Interrupted(number) in pool.events()


def test_a_worker_has_a_session_of_its_own_and_not_the_output_of_its_parent(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with WorkerPool(1, say_where) as pool:
        pid, session = next(messages(pool))
    assert pid == session != os.getsid(0)
    output = capfd.readouterr()
    assert (output.out, "printed by a worker" in output.err) == ("", True)


MAKES_A_POOL = """
import signal
from runall_harness.host.worker_pool import WorkerPool
from support.pool_workers import say_where
if __name__ == "__main__":
    with WorkerPool(1, say_where) as pool:
        print(pool.events()[0].message[0], flush=True)
        signal.pause()
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="it waits for the end of a grandchild")
def test_a_process_of_a_pool_ends_when_its_maker_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "maker.py"
    script.write_text(MAKES_A_POOL)
    with subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT / "tests")},
    ) as maker:
        assert maker.stdout is not None
        handle = os.pidfd_open(int(maker.stdout.readline()))
        maker.send_signal(signal.SIGKILL)
    try:
        assert select.select([handle], [], [], 30)[0], "it lives on"
    finally:
        os.close(handle)
