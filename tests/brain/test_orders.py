"""An order happens whole, or is refused with a code and a reason and changes nothing."""

from typing import Any

import pytest
from msgspec.structs import replace
from runall_reference.brain.inputs import (
    AbortJob,
    CreateEvent,
    DeleteEvent,
    Drain,
    Order,
    Refused,
    RunEvent,
    UpdateEvent,
)
from runall_reference.brain.messages import Stop
from runall_reference.brain.records import Abort, Cursor, Event, Reopened
from runall_reference.brain.timing import Timing
from support.primary_driver import NOW, SLOT, PrimaryDriver, ended

EVERY_MINUTE = Timing()
BOUNDS = (
    "max_children",
    "retries",
    "retry_delay",
    "timeout",
    "missed_age",
    "rerun_age",
    "max_reruns",
    "queue_max",
)


def with_worker(*events: str, **fields: Any) -> PrimaryDriver:
    """A worker is there, and these events are."""
    driver = PrimaryDriver()
    driver.beat()
    for event in events or ("e",):
        driver.create(event, **fields)
    return driver


def holding_a_rerun(**fields: Any) -> tuple[PrimaryDriver, str]:
    """The worker shut down while a job ran, and the rerun waits; the name of the job."""
    driver = with_worker(**fields)
    job = driver.run().id
    driver.beat(1, job)
    driver.beat(2, results=(ended(job, -15, "shutdown"),), draining=True)
    return driver, job


def owing_a_slot(slots: int = 1) -> tuple[PrimaryDriver, list[str]]:
    """The worker shut down under the jobs of some minutes; the names of the jobs."""
    driver = with_worker(timing=EVERY_MINUTE, max_children=0)
    for minute in range(1, slots + 1):
        driver.tick(60 * minute)
        driver.beat(60 * minute)
    jobs = [job.id for job in driver.state.live()]
    at = 60 * slots + 1
    driver.beat(at, *jobs)
    driver.beat(at, results=tuple(ended(job, -15, "shutdown") for job in jobs), draining=True)
    return driver, jobs


# ------------------------------------------------------------------ what is refused, and why
@pytest.mark.parametrize(
    "order", [UpdateEvent("x", {}), DeleteEvent("x"), RunEvent("x", {}, "me")], ids=type
)
def test_an_order_about_an_event_that_is_not_there_is_refused(order: Order):
    assert with_worker().refusal(order) == ("unknown-event", "there is no event 'x'")


def test_a_second_event_of_the_same_id_is_refused():
    reason = "there is an event 'e' already"
    assert with_worker().refusal(CreateEvent(Event(id="e", retries=7))) == ("exists", reason)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "Europe"])
def test_an_unknown_time_zone_is_refused(zone: str):
    reason = f"timezone: {zone!r} is not a known time zone"
    assert with_worker().refusal(CreateEvent(Event(id="n", timezone=zone))) == ("invalid", reason)


@pytest.mark.parametrize("name", ["", "a/b", "/"])
def test_an_id_that_no_address_can_name_is_refused(name: str):
    reason = "id: must not be empty nor contain a slash"
    assert with_worker().refusal(CreateEvent(Event(id=name))) == ("invalid", reason)


@pytest.mark.parametrize("field", BOUNDS)
def test_a_negative_bound_is_refused(field: str):
    refusal = with_worker().refusal(UpdateEvent("e", {field: -1}))
    assert refusal == ("invalid", f"{field}: must not be negative")


@pytest.mark.parametrize("field", BOUNDS)
def test_each_bound_may_be_zero(field: str):
    assert getattr(with_worker().order(UpdateEvent("e", {field: 0})), field) == 0


def test_an_event_cannot_be_given_another_id():
    refusal = with_worker().refusal(UpdateEvent("e", {"id": "f"}))
    assert refusal == ("invalid", "id: an event keeps its id")


def test_an_edit_of_the_wrong_type_says_which_field_and_why():
    refusal = with_worker().refusal(UpdateEvent("e", {"retries": "many"}))
    assert refusal == ("invalid", "Expected `int`, got `str` - at `$.retries`")


def test_a_run_is_refused_while_the_primary_is_going_down():
    driver = with_worker()
    driver.beat(node="p", boot="p#1")
    driver.create("local", target="p")
    driver.beat(0, driver.run("local").id, node="p", boot="p#1")
    driver.handle(Drain())
    reason = "this primary is going down"
    assert driver.refusal(RunEvent("e", {}, "me")) == ("no-server", reason)


def test_a_run_is_refused_where_no_server_of_the_event_takes_work():
    reason = "no server that 'else-*' names takes work now"
    driver = with_worker(target="else-*")
    assert driver.refusal(RunEvent("e", {}, "me")) == ("no-server", reason)


def test_a_run_beyond_the_limit_and_the_queue_is_refused():
    driver = with_worker(max_children=1, queue_max=1)
    driver.run()
    assert driver.run().state == "waiting"
    reason = "'e' runs 1 jobs, its limit, and its queue of 1 is full"
    assert driver.refusal(RunEvent("e", {}, "me")) == ("limit", reason)


def test_an_abort_of_a_job_that_never_was_is_refused():
    assert with_worker().refusal(AbortJob("j9", "me")) == ("unknown-job", "there is no job 'j9'")


def test_an_abort_of_a_lineage_that_is_over_is_refused():
    driver = with_worker()
    job = driver.run().id
    driver.beat(1, results=(ended(job),))
    reason = f"job {job!r} has ended, and nothing follows it"
    assert driver.refusal(AbortJob(job, "me")) == ("ended", reason)


def test_a_refusal_that_nobody_catches_still_says_why():
    refusal = Refused("limit", "the queue is full")
    assert (str(refusal), refusal.code, refusal.message) == (
        "the queue is full",
        "limit",
        "the queue is full",
    )


# ------------------------------------------------------------------ what is carried out
def test_a_new_event_is_scheduled_from_the_present_minute_on():
    driver = with_worker(timing=EVERY_MINUTE)
    assert driver.records.get(Cursor, "e") == Cursor(event="e", slot=SLOT)
    assert not driver.state.live()


def test_an_edit_changes_what_it_names_and_nothing_else():
    driver = with_worker(retries=3, timing=EVERY_MINUTE)
    before, cursor = driver.state.event("e"), driver.records.get(Cursor, "e")
    assert before is not None
    after = driver.order(UpdateEvent("e", {"title": "new", "enabled": False}))
    assert after == driver.state.event("e") == replace(before, title="new", enabled=False)
    assert driver.records.get(Cursor, "e") == cursor


def test_the_parameters_of_a_run_go_before_those_of_its_event():
    driver = with_worker(params={"a": 1, "b": 2})
    job = driver.run(source="alice", b=3, c=4)
    assert job.params == {"a": 1, "b": 3, "c": 4}
    assert (job.cause, job.source, job.slot, job.now) == ("manual", "alice", None, NOW)
    assert driver.brain.orders.known("e").params == {"a": 1, "b": 2}


def test_a_queued_run_keeps_who_asked_and_with_what():
    driver = with_worker(queue_max=1)
    driver.run()
    job = driver.run(source="alice", a=1)
    assert job == driver.job(job.id)
    assert (job.state, job.cause, job.source) == ("waiting", "manual", "alice")
    assert (job.params, job.now, job.slot) == ({"a": 1}, NOW, None)


def test_the_queue_of_one_event_is_not_filled_by_another():
    driver = with_worker("e", "f", queue_max=1)
    for event in ("e", "e", "f"):
        driver.run(event)
    assert driver.run("f").state == "waiting"


def test_a_rerun_that_waits_takes_no_place_in_the_queue():
    driver, job = holding_a_rerun(queue_max=1)
    assert [rerun.predecessor for rerun in driver.state.live()] == [job]
    driver.create("other", target="else")
    driver.beat(node="else", boot="else#1")
    driver.order(UpdateEvent("e", {"enabled": False, "target": "else"}))
    driver.run()
    assert driver.run().state == "waiting"


def test_deleting_an_event_ends_what_waits_with_its_reason():
    driver, job = holding_a_rerun()
    driver.create("other")
    driver.order(DeleteEvent("e"))
    assert driver.lines()[-1] == (
        f"{job}.2",
        "waiting",
        "refused",
        "RA-6.3",
        "the event was deleted",
    )
    done = driver.done(f"{job}.2").job
    assert (done.state, done.finalized_at, done.code) == ("aborted", NOW + 2, None)
    assert driver.records.get(Cursor, "e") is None
    assert list(driver.records.all(Event)) == list(driver.records.all(Cursor)) == ["other"]


def test_deleting_an_event_ends_what_it_owes_with_its_reason():
    driver, jobs = owing_a_slot(2)
    driver.order(DeleteEvent("e"))
    assert not driver.records.all(Reopened)
    assert driver.lines()[-2:] == [
        (job, "owed slot", "refused", "RA-6.3", "the event was deleted") for job in jobs
    ]


def test_deleting_an_event_leaves_the_work_of_others_alone():
    driver, _ = holding_a_rerun()
    owing = [*driver.state.live()]
    driver.create("other")
    driver.order(DeleteEvent("other"))
    assert driver.state.live() == owing
    driver, _ = owing_a_slot()
    driver.create("other")
    driver.order(DeleteEvent("other"))
    assert [owed.event for owed in driver.records.all(Reopened).values()] == ["e"]


def test_deleting_an_event_lets_its_running_jobs_go_on():
    driver = with_worker()
    job = driver.run().id
    driver.beat(1, job)
    driver.order(DeleteEvent("e"))
    assert driver.job(job).state == "running"
    assert driver.lines() == []


# ------------------------------------------------------------------ aborts
def test_an_abort_is_written_down_with_its_time_and_its_author():
    driver = with_worker()
    job = driver.run().id
    driver.beat(1, job)
    assert driver.order(AbortJob(job, "alice")) == job
    assert driver.records.get(Abort, job) == Abort(root=job, at=NOW + 1, by="alice")
    assert driver.messages() == [Stop(epoch=1, job=job, reason="abort")]
    assert (driver.job(job).state, driver.job(job).stop_reason) == ("stopping", "abort")


def test_an_abort_of_any_attempt_ends_the_rerun_that_waits():
    driver, job = holding_a_rerun()
    driver.order(AbortJob(job, "alice"))
    assert driver.lines()[-1] == (f"{job}.2", "waiting", "refused", "RA-3.3", "aborted by alice")
    assert driver.done(f"{job}.2").job.state == "aborted"


def test_an_abort_ends_the_slot_that_is_owed_and_no_other():
    driver, (first, second) = owing_a_slot(2)
    driver.order(AbortJob(first, "alice"))
    assert driver.lines()[-1] == (first, "owed slot", "refused", "RA-3.3", "aborted by alice")
    assert [owed.job.id for owed in driver.records.all(Reopened).values()] == [second]


def test_an_abort_of_a_queued_run_is_no_line_of_the_ledger():
    driver = with_worker(queue_max=1)
    driver.run()
    queued = driver.run().id
    driver.order(AbortJob(queued, "alice"))
    assert driver.done(queued).job.state == "aborted"
    assert driver.lines() == []


def test_an_abort_leaves_other_lineages_of_the_event_alone():
    driver = with_worker(max_children=2)
    mine, other = driver.run().id, driver.run().id
    driver.beat(1, mine, other)
    driver.order(AbortJob(mine, "alice"))
    states = {job.id: job.state for job in driver.state.live()}
    assert states == {mine: "stopping", other: "running"}
