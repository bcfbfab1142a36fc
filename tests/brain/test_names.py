"""A name has one owner: who comes second is refused, unless the first is proven gone (RA-7.8)."""

from runall_reference.brain.inputs import BeatReceived, WorkerDisconnected
from runall_reference.brain.messages import Ack, Beat, Message, Refuse
from runall_reference.brain.settings import Settings
from support.primary_driver import NOW, PrimaryDriver

DEAD = Settings().dead_job_timeout


def answer(driver: PrimaryDriver, at: float, boot: str, home: str, *running: str) -> list[Message]:
    """What a start of the worker `w` is told for its report."""
    report = Beat(node="w", boot=boot, home=home, sent=NOW + at, running=running)
    step = driver.handle(BeatReceived(report), at)
    return [act.message for act in step.actions if getattr(act, "boot", "") == boot]


def with_job() -> tuple[PrimaryDriver, str]:
    """A worker `w#1` with the data folder `one` that runs a job."""
    driver = PrimaryDriver()
    answer(driver, 0, "w#1", "one")
    driver.create()
    job = driver.run().id
    answer(driver, 1, "w#1", "one", job)
    return driver, job


def refused(messages: list[Message]) -> bool:
    return [type(message) for message in messages] == [Refuse]


def test_a_second_worker_is_refused_while_the_first_reports():
    driver, job = with_job()
    for home in ("two", "one", ""):
        messages = answer(driver, 2, "w#2", home)
        assert refused(messages)
        assert "'w' may be alive, as boot w#1" in str(messages)
    assert driver.job(job).state == "running"
    assert driver.state.links["w"].boot == "w#1"


def test_the_end_of_the_link_of_a_refused_worker_is_no_news():
    driver, _ = with_job()
    answer(driver, 2, "w#2", "two")
    driver.handle(WorkerDisconnected("w", "w#2"), 3)
    assert driver.state.links["w"].state == "online"


def test_a_stranger_is_refused_while_the_first_may_run_its_jobs_out_of_reach():
    driver, job = with_job()
    driver.handle(WorkerDisconnected("w", "w#1"), 2)
    assert refused(answer(driver, 3, "w#2", "two"))
    assert driver.job(job).state == "running"
    answer(driver, 4, "w#1", "one", job)
    assert driver.state.links["w"].state == "online"


def test_a_stranger_has_the_name_once_the_first_is_given_up():
    driver, _ = with_job()
    driver.handle(WorkerDisconnected("w", "w#1"), 2)
    driver.tick(2 + DEAD)
    assert Ack(epoch=1, sent=NOW + 3 + DEAD) in answer(driver, 3 + DEAD, "w#2", "two")
    assert refused(answer(driver, 4 + DEAD, "w#1", "one"))


def test_a_stranger_has_the_name_of_one_that_left_without_jobs():
    driver = PrimaryDriver()
    answer(driver, 0, "w#1", "one")
    driver.handle(WorkerDisconnected("w", "w#1"), 2)
    assert answer(driver, 3, "w#2", "two") == [Ack(epoch=1, sent=NOW + 3)]


def test_whoever_has_the_data_folder_of_one_out_of_reach_is_a_restart_of_it():
    for home in ("one", ""):
        driver, job = with_job()
        driver.handle(WorkerDisconnected("w", "w#1"), 2)
        answer(driver, 3, "w#2", home)
        assert driver.done(job).job.state == "interrupted"


def test_the_next_primary_knows_whose_name_it_is():
    driver, job = with_job()
    records = [record for table in driver.records.tables.values() for record in table.values()]
    later = PrimaryDriver(records, began=NOW + 2)
    assert refused(answer(later, 3, "w#2", "two"))
    answer(later, 4, "w#1", "one", job)
    assert later.job(job).state == "running"
