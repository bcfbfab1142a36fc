"""The next attempt of a lineage is made anew from two records, and named by its number."""

from msgspec.structs import replace
from runall_reference.brain.records import Event, Job
from runall_reference.brain.rerun import COPIED, FIELDS, again, born, event_of

EVENT = Event(
    id="e",
    title="now",
    target="now",
    catch_up=True,
    params={"a": 1},
    retries=5,
    timeout=9.0,
    retry_delay=3.0,
    max_children=4,
)
JOB = Job(
    id="j7",
    event="e",
    root="j7",
    attempt=1,
    cause="manual",
    now=1000.0,
    source="me",
    params={"a": 2},
    retries=2,
    timeout=1.0,
    target="then",
    state="interrupted",
    reruns=3,
    node="w",
    boot="b",
    code=-9,
    description="gone",
    stop_reason="abort",
)


def test_the_first_attempt_of_a_lineage_has_all_that_both_records_know_from_its_event() -> None:
    job = born(EVENT, id="j1", root="j1", attempt=1, cause="manual", now=5.0)
    assert all(getattr(job, name) == getattr(EVENT, name) for name in COPIED)
    assert (job.event, job.id, job.now, job.state) == ("e", "j1", 5.0, "waiting")


def test_the_second_attempt_keeps_the_run_and_takes_the_rest_from_the_event() -> None:
    rerun = again(JOB, EVENT, cause="interrupted", created_at=2000.0)
    assert rerun == Job(
        id="j7.2",
        event="e",
        root="j7",
        attempt=2,
        cause="interrupted",
        predecessor="j7",
        now=1000.0,
        source="me",
        reruns=4,
        created_at=2000.0,
        params={"a": 2},
        retries=2,
        catch_up=True,
        target="now",
        timeout=9.0,
        retry_delay=3.0,
        max_children=4,
    )


def test_the_third_attempt_is_named_by_the_root_and_not_by_the_second() -> None:
    second = replace(JOB, id="j7.2", attempt=2)
    third = again(second, EVENT, cause="retry", created_at=3000.0, not_before=3005.0)
    assert (third.id, third.predecessor, third.attempt) == ("j7.3", "j7.2", 3)
    assert (third.reruns, third.not_before, third.lost_at) == (3, 3005.0, 0.0)


def test_an_interruption_says_when_the_attempt_before_was_last_alive() -> None:
    rerun = again(JOB, EVENT, cause="interrupted", created_at=1.0, lost_at=0.5, not_before=2.0)
    assert (rerun.lost_at, rerun.not_before) == (0.5, 2.0)


def test_only_what_is_kept_of_a_job_goes_back_into_its_event() -> None:
    kept = {name for name in COPIED if FIELDS[name] == "keep"}
    assert kept == {"params", "retries"}
    assert event_of(JOB, EVENT) == replace(EVENT, params={"a": 2}, retries=2)
