"""A primary follows each worker by what it says and by its silence, and remembers each start."""

import pytest
from msgspec.structs import replace
from runall_reference.brain.inputs import BeatReceived, WorkerDisconnected
from runall_reference.brain.messages import Ack, Beat
from runall_reference.brain.primary.state import Link
from runall_reference.brain.records import Server
from runall_reference.brain.settings import Settings
from support.driven_primary import NOW, Stage

SILENCE, DEAD = Settings().silence, Settings().dead_job_timeout


def link(stage: Stage) -> Link:
    """What the primary knows of the worker."""
    return stage.brain.links["w"]


def server(stage: Stage) -> Server | None:
    """What it remembers of it."""
    return stage.records.get(Server, "w")


def test_the_first_report_makes_a_worker_known():
    stage = Stage()
    stage.beat(3)
    assert link(stage) == Link(
        state="online", boot="w#1", since=NOW + 3, heard=NOW + 3, alive=NOW + 3, sent=NOW + 3
    )
    assert server(stage) == Server(name="w", boot="w#1", joined_at=NOW + 3)
    assert stage.said() == [Ack(epoch=1, sent=NOW + 3)]


def test_a_later_report_moves_what_is_known_and_writes_nothing():
    stage = Stage()
    stage.beat(3)
    step = stage.beat(4)
    assert link(stage) == Link(
        state="online", boot="w#1", since=NOW + 3, heard=NOW + 4, alive=NOW + 4, sent=NOW + 4
    )
    assert step.change == ()


def test_another_start_of_the_worker_is_remembered():
    stage = Stage()
    stage.beat(3)
    stage.beat(4, boot="w#2")
    assert (link(stage).boot, link(stage).state) == ("w#2", "online")
    assert server(stage) == Server(name="w", boot="w#2", joined_at=NOW + 4)


def test_the_next_primary_knows_the_latest_start():
    stage = Stage()
    stage.beat(3)
    stage.beat(4, boot="w#2")
    records = [record for table in stage.records.tables.values() for record in table.values()]
    assert link(Stage(records)).boot == "w#2"


# ------------------------------------------------------------------ overtaken reports
def overtaken(stage: Stage, sent: float, boot: str = "w#1") -> None:
    """A report without any job that was sent at that time arrives at 6."""
    stage.tell(BeatReceived(Beat(node="w", boot=boot, sent=NOW + sent)), 6)


def test_a_report_that_was_overtaken_is_ignored():
    stage = Stage()
    stage.create()
    stage.beat(3)
    job = stage.run().id
    stage.beat(5, job)
    before = replace(link(stage))
    overtaken(stage, sent=4)
    assert stage.said() == []
    assert link(stage) == before
    assert stage.job(job).state == "running", "the report lacks the job, but it is old"


def test_a_report_that_is_told_twice_is_taken_twice():
    stage = Stage()
    stage.beat(3)
    overtaken(stage, sent=3)
    assert stage.said() == [Ack(epoch=1, sent=NOW + 3)]


def test_the_clock_of_another_start_is_another_clock():
    stage = Stage()
    stage.beat(5)
    overtaken(stage, sent=-1000, boot="w#2")
    assert (link(stage).boot, link(stage).sent) == ("w#2", NOW - 1000)


# ------------------------------------------------------------------ silence
def test_a_worker_that_says_nothing_is_suspect_then_lost():
    stage = Stage()
    stage.beat(3)
    stage.tick(3 + SILENCE - 0.1)
    assert link(stage).state == "online"
    stage.tick(3 + SILENCE)
    assert (link(stage).state, link(stage).since) == ("suspect", NOW + 3 + SILENCE)
    stage.tick(3 + SILENCE + DEAD - 0.1)
    assert link(stage).state == "suspect"
    stage.tick(3 + SILENCE + DEAD)
    assert (link(stage).state, link(stage).since) == ("lost", NOW + 3 + SILENCE + DEAD)
    assert link(stage).alive == NOW + 3


def test_it_is_remembered_when_a_worker_was_last_alive_until_it_is_back():
    stage = Stage()
    stage.beat(3)
    stage.tick(3 + SILENCE)
    assert server(stage) == Server(name="w", boot="w#1", joined_at=NOW + 3, alive_at=NOW + 3)
    stage.beat(20)
    assert server(stage) == Server(name="w", boot="w#1", joined_at=NOW + 3)


@pytest.mark.parametrize("draining", [False, True])
def test_a_link_that_closes_makes_its_worker_suspect_at_once(draining: bool):
    stage = Stage()
    stage.beat(3, draining=draining)
    stage.tell(WorkerDisconnected("w", "w#1"), 4)
    assert (link(stage).state, link(stage).since) == ("suspect", NOW + 4)
    stage.tell(WorkerDisconnected("w", "w#1"), 5)
    assert link(stage).since == NOW + 4, "a second end of the same link is no news"


def test_the_link_of_an_earlier_start_may_close_when_it_likes():
    stage = Stage()
    stage.beat(3)
    stage.beat(4, boot="w#2")
    stage.tell(WorkerDisconnected("w", "w#1"), 5)
    assert link(stage).state == "online"


def test_the_end_of_a_link_that_nobody_knows_is_no_news():
    assert Stage().tell(WorkerDisconnected("w", "w#1"), 1).actions == ()


def test_one_worker_s_silence_is_not_another_s():
    stage = Stage()
    stage.beat(3)
    stage.beat(10, node="x", boot="x#1")
    stage.tick(3 + SILENCE)
    assert {name: known.state for name, known in stage.brain.links.items()} == {
        "w": "suspect",
        "x": "online",
    }
    stage.tell(WorkerDisconnected("x", "x#1"), 20)
    stage.tick(3 + SILENCE + DEAD)
    assert stage.brain.links["x"].state == "suspect"


def test_a_worker_that_is_back_in_time_keeps_its_jobs():
    stage = Stage()
    stage.beat(3)
    stage.create()
    job = stage.run().id
    stage.beat(4, job)
    stage.tell(WorkerDisconnected("w", "w#1"), 5)
    assert stage.brain.in_limbo(stage.job(job))
    stage.beat(5 + DEAD - 1, job)
    assert link(stage).state == "online"
    assert stage.job(job).state == "running"
    assert stage.lines() == []


def test_a_worker_that_is_going_down_says_so():
    stage = Stage()
    stage.beat(3)
    stage.beat(4, draining=True)
    assert (link(stage).state, link(stage).since) == ("draining", NOW + 4)
    stage.beat(5, draining=True)
    assert link(stage).since == NOW + 4


def test_a_server_that_was_never_seen_lived_until_now():
    stage = Stage()
    stage.tick(9)
    assert stage.brain.alive_at("nobody") == NOW + 9
    stage.beat(10)
    stage.tick(12)
    assert stage.brain.alive_at("w") == NOW + 10


def test_a_beginning_is_dated_once():
    stage = Stage()
    stage.beat(3)
    stage.create()
    job = stage.run().id
    stage.beat(4, job)
    step = stage.beat(5, job)
    assert stage.job(job).started_at == NOW + 4
    assert step.change == ()
