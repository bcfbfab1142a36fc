"""A primary follows each worker by what it says and by its silence, and remembers each start."""

import pytest
from msgspec.structs import replace
from runall_reference.brain.inputs import BeatReceived, WorkerDisconnected
from runall_reference.brain.messages import Ack, Beat
from runall_reference.brain.primary.state import Link
from runall_reference.brain.records import Server
from runall_reference.brain.settings import Settings
from support.primary_driver import NOW, PrimaryDriver

SILENCE, DEAD = Settings().silence, Settings().dead_job_timeout


def link(driver: PrimaryDriver) -> Link:
    """What the primary knows of the worker."""
    return driver.state.links["w"]


def server(driver: PrimaryDriver) -> Server | None:
    """What it remembers of it."""
    return driver.records.get(Server, "w")


def test_the_first_report_makes_a_worker_known():
    driver = PrimaryDriver()
    driver.beat(3)
    assert link(driver) == Link(
        state="online", boot="w#1", since=NOW + 3, heard=NOW + 3, alive=NOW + 3, sent=NOW + 3
    )
    assert server(driver) == Server(name="w", boot="w#1", joined_at=NOW + 3)
    assert driver.messages() == [Ack(epoch=1, sent=NOW + 3)]


def test_a_later_report_moves_what_is_known_and_writes_nothing():
    driver = PrimaryDriver()
    driver.beat(3)
    step = driver.beat(4)
    assert link(driver) == Link(
        state="online", boot="w#1", since=NOW + 3, heard=NOW + 4, alive=NOW + 4, sent=NOW + 4
    )
    assert step.change == ()


def test_another_start_of_the_worker_is_remembered():
    driver = PrimaryDriver()
    driver.beat(3)
    driver.beat(4, boot="w#2")
    assert (link(driver).boot, link(driver).state) == ("w#2", "online")
    assert server(driver) == Server(name="w", boot="w#2", joined_at=NOW + 4)


def test_the_next_primary_knows_the_latest_start():
    driver = PrimaryDriver()
    driver.beat(3)
    driver.beat(4, boot="w#2")
    records = [record for table in driver.records.tables.values() for record in table.values()]
    assert link(PrimaryDriver(records)).boot == "w#2"


# ------------------------------------------------------------------ overtaken reports
def overtaken(driver: PrimaryDriver, sent: float, boot: str = "w#1") -> None:
    """A report without any job that was sent at that time arrives at 6."""
    driver.handle(BeatReceived(Beat(node="w", boot=boot, sent=NOW + sent)), 6)


def test_a_report_that_was_overtaken_is_ignored():
    driver = PrimaryDriver()
    driver.create()
    driver.beat(3)
    job = driver.run().id
    driver.beat(5, job)
    before = replace(link(driver))
    overtaken(driver, sent=4)
    assert driver.messages() == []
    assert link(driver) == before
    assert driver.job(job).state == "running", "the report lacks the job, but it is old"


def test_a_report_that_is_received_twice_is_taken_twice():
    driver = PrimaryDriver()
    driver.beat(3)
    overtaken(driver, sent=3)
    assert driver.messages() == [Ack(epoch=1, sent=NOW + 3)]


def test_the_clock_of_another_start_is_another_clock():
    driver = PrimaryDriver()
    driver.beat(5)
    driver.handle(WorkerDisconnected("w", "w#1"), 5)
    overtaken(driver, sent=-1000, boot="w#2")
    assert (link(driver).boot, link(driver).sent) == ("w#2", NOW - 1000)


# ------------------------------------------------------------------ silence
def test_a_worker_that_says_nothing_is_suspect_then_lost():
    driver = PrimaryDriver()
    driver.beat(3)
    driver.tick(3 + SILENCE - 0.1)
    assert link(driver).state == "online"
    driver.tick(3 + SILENCE)
    assert (link(driver).state, link(driver).since) == ("suspect", NOW + 3 + SILENCE)
    driver.tick(3 + SILENCE + DEAD - 0.1)
    assert link(driver).state == "suspect"
    driver.tick(3 + SILENCE + DEAD)
    assert (link(driver).state, link(driver).since) == ("lost", NOW + 3 + SILENCE + DEAD)
    assert link(driver).alive == NOW + 3


def test_it_is_remembered_when_a_worker_was_last_alive_until_it_is_back():
    driver = PrimaryDriver()
    driver.beat(3)
    driver.tick(3 + SILENCE)
    assert server(driver) == Server(
        name="w", boot="w#1", joined_at=NOW + 3, alive_at=NOW + 3, missed_at=NOW + 3 + SILENCE
    )
    driver.beat(20)
    assert server(driver) == Server(name="w", boot="w#1", joined_at=NOW + 3)


@pytest.mark.parametrize("restarts", [1, 2, 9])
def test_the_count_of_a_silence_goes_on_over_restarts(restarts: int):
    driver = PrimaryDriver()
    driver.beat(0)
    driver.handle(WorkerDisconnected("w", "w#1"), 1)
    for number in range(restarts):
        driver.tick(11 + 10 * number)
        driver = next_primary(driver)
    assert driver.now - link(driver).since == 10 * restarts


def test_the_time_without_a_primary_does_not_count():
    driver = PrimaryDriver()
    driver.beat(0)
    driver.handle(WorkerDisconnected("w", "w#1"), 1)
    driver.tick(11)
    driver = next_primary(driver, after=1000)
    assert driver.now - link(driver).since == 10


def test_a_worker_that_was_in_reach_has_the_whole_timeout_to_report():
    driver = PrimaryDriver()
    driver.beat(0)
    driver.tick(10)
    driver = next_primary(driver)
    assert link(driver).since == driver.now


def next_primary(driver: PrimaryDriver, after: float = 0.0) -> PrimaryDriver:
    """The primary that leads over the same records, so many seconds later."""
    records = [record for table in driver.records.tables.values() for record in table.values()]
    later = PrimaryDriver(records, began=driver.now + after)
    assert later.state.epoch == driver.state.epoch + 1
    return later


def test_a_primary_that_was_stalled_does_not_count_its_own_deaf_time():
    driver = PrimaryDriver()
    driver.beat(0)
    driver.handle(WorkerDisconnected("w", "w#1"), 1)
    wake = driver.brain.next_wake()
    assert wake is not None
    driver.tick(wake - NOW + DEAD)
    assert (link(driver).state, link(driver).since) == ("suspect", NOW + 1 + DEAD)
    known = server(driver)
    assert known is not None
    assert known.missed_at == link(driver).since


def test_a_primary_that_is_a_moment_late_counts_on():
    driver = PrimaryDriver()
    driver.beat(0)
    driver.handle(WorkerDisconnected("w", "w#1"), 1)
    wake = driver.brain.next_wake()
    assert wake is not None
    driver.tick(wake - NOW + Settings().heartbeat - 0.001)
    assert link(driver).since == NOW + 1


@pytest.mark.parametrize("draining", [False, True])
def test_a_link_that_closes_makes_its_worker_suspect_at_once(draining: bool):
    driver = PrimaryDriver()
    driver.beat(3, draining=draining)
    driver.handle(WorkerDisconnected("w", "w#1"), 4)
    assert (link(driver).state, link(driver).since) == ("suspect", NOW + 4)
    driver.handle(WorkerDisconnected("w", "w#1"), 5)
    assert link(driver).since == NOW + 4, "a second end of the same link is no news"


def test_the_close_of_the_link_of_an_earlier_start_changes_nothing():
    driver = PrimaryDriver()
    driver.beat(3)
    driver.beat(4, boot="w#2")
    driver.handle(WorkerDisconnected("w", "w#1"), 5)
    assert link(driver).state == "online"


def test_the_close_of_an_unknown_link_changes_nothing():
    assert PrimaryDriver().handle(WorkerDisconnected("w", "w#1"), 1).actions == ()


def test_one_worker_s_silence_is_not_another_s():
    driver = PrimaryDriver()
    driver.beat(3)
    driver.beat(10, node="x", boot="x#1")
    driver.tick(3 + SILENCE)
    assert {name: known.state for name, known in driver.state.links.items()} == {
        "w": "suspect",
        "x": "online",
    }
    driver.handle(WorkerDisconnected("x", "x#1"), 20)
    driver.tick(3 + SILENCE + DEAD)
    assert driver.state.links["x"].state == "suspect"


def test_a_worker_that_is_back_in_time_keeps_its_jobs():
    driver = PrimaryDriver()
    driver.beat(3)
    driver.create()
    job = driver.run().id
    driver.beat(4, job)
    driver.handle(WorkerDisconnected("w", "w#1"), 5)
    assert driver.state.in_limbo(driver.job(job))
    driver.beat(5 + DEAD - 1, job)
    assert link(driver).state == "online"
    assert driver.job(job).state == "running"
    assert driver.lines() == []


def test_a_worker_that_is_going_down_says_so():
    driver = PrimaryDriver()
    driver.beat(3)
    driver.beat(4, draining=True)
    assert (link(driver).state, link(driver).since) == ("draining", NOW + 4)
    driver.beat(5, draining=True)
    assert link(driver).since == NOW + 4


def test_a_server_that_was_never_seen_lived_until_now():
    driver = PrimaryDriver()
    driver.tick(9)
    assert driver.state.alive_at("nobody") == NOW + 9
    driver.beat(10)
    driver.tick(12)
    assert driver.state.alive_at("w") == NOW + 10


def test_a_beginning_is_dated_once():
    driver = PrimaryDriver()
    driver.beat(3)
    driver.create()
    job = driver.run().id
    driver.beat(4, job)
    step = driver.beat(5, job)
    assert driver.job(job).started_at == NOW + 4
    assert step.change == ()
