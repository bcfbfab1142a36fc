"""What a rerun keeps, refreshes, drops and sets: a claim for every field of a job."""

from typing import Any

import pytest
from msgspec.structs import fields, replace
from runall_reference.brain.records import Event, Job
from runall_reference.brain.rerun import FIELDS, again, event_of

# The event as it is now: it has no field in common with the job but the id.
NOW = Event(
    id="report",
    title="now",
    target="now-*",
    catch_up=False,
    params={"a": "event, now"},
    max_children=3,
    retries=50,
    retry_delay=60.0,
    timeout=70.0,
)
# An interrupted attempt in which no field has its default.
DEAD = Job(
    id="j7.2",
    event="report",
    root="j7",
    attempt=2,
    cause="manual",
    now=1000.5,
    reruns=1,
    lost_at=900.0,
    state="interrupted",
    predecessor="j7",
    source="operator",
    slot=17,
    catch_up=True,
    params={"a": "of the run"},
    max_children=2,
    retries=4,
    retry_delay=6.0,
    timeout=7.0,
    target="then-*",
    stop_reason="abort",
    created_at=1000.0,
    not_before=999.0,
    node="worker-1",
    boot="b1",
    placed_at=1000.25,
    started_at=1001.0,
    finalized_at=1100.0,
    code=-9,
    description="Server 'worker-1' shut down unexpectedly",
    orphaned=True,
)
RERUN = again(DEAD, NOW, cause="interrupted", created_at=2000.0, lost_at=1090.0, not_before=2000.5)
SET: dict[str, Any] = {
    "id": "j7.3",
    "attempt": 3,
    "cause": "interrupted",
    "predecessor": "j7.2",
    "created_at": 2000.0,
    "lost_at": 1090.0,
    "not_before": 2000.5,
    "reruns": 2,
}
DEFAULTS = {f.name: f.default for f in fields(Job)}


def named(fate: str) -> list[str]:
    """The fields of that fate."""
    return [name for name, is_ in FIELDS.items() if is_ == fate]


def test_every_field_of_a_job_has_a_fate_and_nothing_else_has() -> None:
    assert set(FIELDS) == {f.name for f in fields(Job)}


def test_the_example_has_another_value_for_each_fate() -> None:
    assert all(getattr(DEAD, name) != DEFAULTS[name] for name in FIELDS)
    shared = set(FIELDS) & {f.name for f in fields(Event)} - {"id"}
    assert all(getattr(DEAD, name) != getattr(NOW, name) for name in shared)


@pytest.mark.parametrize("name", named("keep"))
def test_a_rerun_keeps(name: str) -> None:
    assert getattr(RERUN, name) == getattr(DEAD, name)


@pytest.mark.parametrize("name", named("refresh"))
def test_a_rerun_takes_from_the_event_as_it_is_now(name: str) -> None:
    assert getattr(RERUN, name) == getattr(NOW, name)


@pytest.mark.parametrize("name", named("drop"))
def test_a_rerun_drops(name: str) -> None:
    assert getattr(RERUN, name) == DEFAULTS[name]


@pytest.mark.parametrize("name", named("set"))
def test_a_rerun_sets_anew(name: str) -> None:
    assert getattr(RERUN, name) == SET[name]


def test_a_job_record_maps_back_to_the_event_that_would_have_given_it() -> None:
    event = event_of(DEAD, NOW)
    assert (event.id, event.title, event.target) == ("report", "now", "now-*")
    assert (event.params, event.retries) == (DEAD.params, DEAD.retries)


def test_a_rerun_leaves_both_records_that_it_is_made_from_as_they_were() -> None:
    dead, now = replace(DEAD), replace(NOW)
    again(dead, now, cause="interrupted", created_at=2000.0)
    assert (dead, now) == (DEAD, NOW)


def test_a_retry_is_no_interruption_and_keeps_their_count() -> None:
    retry = again(DEAD, NOW, cause="retry", created_at=2000.0)
    assert (retry.attempt, retry.reruns) == (3, DEAD.reruns)
