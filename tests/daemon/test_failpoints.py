"""A failpoint ends a real primary exactly where it says, once, and never outside of tests."""

import json
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest
from runall_reference.brain.inputs import Tick
from runall_reference.brain.record_set import Put, Step
from runall_reference.brain.records import Counter, Job
from runall_reference.daemon.failpoint import (
    ALLOWED,
    FIRED,
    ORDERED,
    Failpoint,
    FailpointFile,
    Trigger,
)
from runall_reference.daemon.turn import Where
from support.real_daemons import KEYS, QUICK, Api, Daemon, RealDaemons, options

COUNTED = Step((Put(Counter(name="c", next=2)),), ("act", "act"))
PLACED = Step((Put(Job(id="j", event="e", root="j", attempt=1, cause="manual", now=0.0)),))
IDLE = Step((), (Tick(),))


def order(folder: Path, **point: Any) -> None:
    """Ask the daemon of that folder to crash."""
    folder.mkdir(exist_ok=True)
    (folder / ORDERED).write_text(json.dumps(point), "utf-8")


def primary(daemons: RealDaemons, **more: str) -> Daemon:
    """A primary that may be asked to crash."""
    return daemons.start(
        "primary",
        "--name",
        "p",
        "--data",
        str(daemons.folder / "p"),
        "--listen",
        "127.0.0.1:0",
        "--no-worker",
        *options(QUICK),
        keys={**KEYS, ALLOWED: "1", **more},
    )


def api_of(daemon: Daemon) -> Api:
    """Its API, once it listens."""
    line = daemon.says("listening on http://127.0.0.1:")
    return Api(int(line.rpartition(":")[2]))


def fired(point: Failpoint, *steps: Step) -> list[tuple[int, str, int]]:
    """At which point of which step a trigger fires."""
    trigger = Trigger(point)
    where: list[tuple[int, str, int]] = []
    for number, step in enumerate(steps):
        rows: list[tuple[Where, int]] = [("within", row) for row in range(1, len(step.change))]
        points: list[tuple[Where, int]] = [("before", 0), *rows, ("after", 0)]
        for act in range(1, len(step.actions) + 1):
            points.append(("between", act))
        where += [(number, kind, act) for kind, act in points if trigger.fires(kind, step, act)]
    return where


def test_a_trigger_fires_once_at_the_point_that_was_named() -> None:
    three = (COUNTED, COUNTED, COUNTED)
    assert fired(Failpoint(where="before", count=2), *three) == [(1, "before", 0)]
    assert fired(Failpoint(where="within", act=1), *three) == []
    assert fired(Failpoint(where="after", count=3), *three) == [(2, "after", 0)]
    assert fired(Failpoint(where="between", act=2), *three) == [(0, "between", 2)]
    assert fired(Failpoint(where="between", act=3), *three) == []


def test_a_crash_within_a_commit_comes_after_so_many_of_its_rows() -> None:
    pair = Step(change=COUNTED.change * 2)
    assert fired(Failpoint(where="within"), COUNTED, pair, pair) == [(1, "within", 1)]
    assert fired(Failpoint(where="within", act=2), pair) == []


def test_a_step_that_commits_nothing_has_only_points_between_its_acts() -> None:
    assert fired(Failpoint(where="before"), IDLE, COUNTED) == [(1, "before", 0)]
    assert fired(Failpoint(where="between"), IDLE, COUNTED) == [(0, "between", 1)]


def test_the_counting_can_begin_with_the_first_write_to_a_table() -> None:
    point = Failpoint(where="before", count=2, first="live")
    assert fired(point, COUNTED, PLACED, COUNTED) == [(2, "before", 0)]
    assert fired(point, COUNTED, COUNTED, COUNTED) == []


def test_a_daemon_that_is_not_allowed_to_crash_refuses_to_start(daemons: RealDaemons) -> None:
    order(daemons.folder / "p", where="before")
    daemon = primary(daemons, **{ALLOWED: "0"})
    assert daemon.wait() == 3
    assert "which only a test may" in daemon.log()
    assert f"set {ALLOWED}=1" in daemon.log()


@pytest.mark.parametrize(("where", "known"), [("before", []), ("after", ["e"])])
def test_a_crash_before_the_commit_leaves_nothing_and_one_after_it_everything(
    where: str, known: list[str], daemons: RealDaemons
) -> None:
    first = primary(daemons)
    api = api_of(first)
    order(daemons.folder / "p", where=where)
    with pytest.raises(httpx.TransportError):
        api.event("e", "true")
    assert first.wait() == -signal.SIGKILL
    assert not (daemons.folder / "p" / ORDERED).exists()
    assert (daemons.folder / "p" / FIRED).exists()
    again = api_of(primary(daemons))
    assert [event["id"] for event in again.get("/v1/events")] == known


def test_an_order_that_is_taken_back_is_forgotten(daemons: RealDaemons) -> None:
    daemon = primary(daemons)
    api = api_of(daemon)
    order(daemons.folder / "p", where="before", count=3)
    api.event("one", "true")
    (daemons.folder / "p" / ORDERED).unlink()
    api.event("two", "true")
    api.event("three", "true")
    assert len(api.get("/v1/events")) == 3
    assert daemon.end() == 0


def test_an_order_that_is_taken_back_within_a_step_is_not_obeyed(tmp_path: Path) -> None:
    reached = FailpointFile(tmp_path)
    order(tmp_path, where="after")
    reached("before", COUNTED)
    (tmp_path / ORDERED).unlink()
    reached("after", COUNTED)
    assert not (tmp_path / FIRED).exists()


def test_what_was_done_before_a_crash_between_two_acts_reaches_the_others(
    daemons: RealDaemons,
) -> None:
    daemon = primary(daemons)
    api = api_of(daemon)
    worker, pipe = daemons.worker("w", api), daemons.pipe()
    api.server_in("online", "w")
    api.event("e", f"echo began > {pipe.path}", target="w")
    order(daemons.folder / "p", where="between", first="live")
    with pytest.raises(httpx.HTTPError):
        api.run("e")
    assert daemon.wait() == -signal.SIGKILL
    assert pipe.read_word() == "began"
    assert worker.end() == 0
