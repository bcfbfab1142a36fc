"""A brain that is woken when it asked for it does what was due: it never asks for the past again.

Otherwise its shell would wake it again and again, and simulated time would stand still. Settings
and moments are any fractions of a second here, because sums of those are rounded.
"""

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from runall_reference.brain.clock import Clock
from runall_reference.brain.inputs import (
    Boot,
    Connected,
    Drain,
    MessageReceived,
    Tick,
    WorkerDisconnected,
)
from runall_reference.brain.messages import Ack, Start
from runall_reference.brain.records import Job
from runall_reference.brain.settings import Settings
from runall_reference.brain.timing import Timing
from runall_reference.brain.worker import Worker
from support.primary_driver import NOW, SLOT, PrimaryDriver, ended

WAKES = 60
MOMENTS = st.floats(0.001, 50.0, allow_nan=False)


def wakes_of(brain: Any, now: float) -> list[float]:
    """The moments at which a brain is woken, one after the other, as its shell would do it."""
    found: list[float] = []
    while (wake := brain.next_wake()) is not None and len(found) < WAKES:
        assert wake > now, f"it asks for {wake!r} at {now!r}, after {len(found)} wakes"
        now = wake
        brain.handle(Tick(), now)
        found.append(now)
    return found


@st.composite
def safe_settings(draw: st.DrawFn) -> dict[str, Any]:
    """Any settings that are safe."""
    silence, fence, grace = draw(MOMENTS), draw(MOMENTS), draw(MOMENTS)
    options = {
        "heartbeat": draw(MOMENTS),
        "silence": silence,
        "fence": fence,
        "kill_grace": grace,
        "lease": draw(MOMENTS),
        "spread": draw(MOMENTS),
    }
    outlives = Settings(fence=fence, kill_grace=grace).outlives()
    return {**options, "dead_job_timeout": outlives + draw(MOMENTS)}


@settings(deadline=None, max_examples=50)
@given(safe_settings(), MOMENTS, MOMENTS, MOMENTS)
@example({"silence": 0.1, "lease": 1000.0}, 0.1, 0.1, 0.1)
def test_a_primary_whose_worker_falls_silent_is_never_woken_in_vain(
    options: dict[str, Any], beat: float, limit: float, age: float
) -> None:
    driver = PrimaryDriver(**options)
    driver.beat(beat)
    driver.create(timeout=limit, rerun_age=age, timing=Timing(), max_children=0)
    driver.beat(2 * beat, driver.run().id)
    assert len(wakes_of(driver.brain, driver.now)) == WAKES


@settings(deadline=None, max_examples=50)
@given(safe_settings(), MOMENTS, MOMENTS)
def test_a_primary_that_holds_a_rerun_is_never_woken_in_vain(
    options: dict[str, Any], beat: float, age: float
) -> None:
    driver = PrimaryDriver(**options)
    driver.beat(beat)
    driver.create(rerun_age=age, retries=1, retry_delay=age)
    job = driver.run().id
    driver.beat(2 * beat, job)
    driver.handle(WorkerDisconnected("w", "w#1"), 2.5 * beat)
    assert len(wakes_of(driver.brain, driver.now)) == WAKES


@settings(deadline=None, max_examples=50)
@given(safe_settings(), MOMENTS)
def test_a_primary_that_tries_again_later_is_never_woken_in_vain(
    options: dict[str, Any], delay: float
) -> None:
    driver = PrimaryDriver(**options)
    driver.beat(0.1)
    driver.create(retries=1, retry_delay=delay)
    driver.beat(0.2, results=(ended(driver.run().id, 1),))
    assert len(wakes_of(driver.brain, driver.now)) == WAKES


@settings(deadline=None, max_examples=50)
@given(safe_settings(), MOMENTS, st.booleans())
def test_a_worker_that_hears_nothing_is_never_woken_in_vain(
    options: dict[str, Any], since: float, drains: bool
) -> None:
    worker = Worker("w", Settings(**options))
    worker.handle(Boot("w#1"), NOW)
    worker.handle(Connected(), NOW + since)
    job = Job(id="j1", event="e", root="j1", attempt=1, cause="manual", now=NOW)
    start = Start(epoch=1, boot="w#1", sent=NOW + since, job=job)
    worker.handle(MessageReceived(start), NOW + since)
    at = NOW + 1.5 * since
    worker.handle(MessageReceived(Ack(epoch=1, sent=NOW + since)), at)
    if drains:
        worker.handle(Drain(), at)
    assert wakes_of(worker, at)


@settings(deadline=None, max_examples=50)
@given(scale=st.floats(0.01, 5000.0), origin=MOMENTS, skew=MOMENTS, slot=st.integers(1, 10**6))
def test_a_minute_has_begun_when_it_is_said_to_begin(
    scale: float, origin: float, skew: float, slot: int
) -> None:
    clock = Clock(scale=scale, origin=NOW + origin, skew=skew)
    begins = clock.starts(SLOT + slot)
    assert clock.slot(begins) == SLOT + slot


def test_a_rerun_is_refused_at_the_moment_at_which_it_wakes_its_primary_for_that() -> None:
    driver = PrimaryDriver(lease=30_000.0)
    driver.beat(0)
    driver.create(rerun_age=1000.0)
    job = driver.run().id
    driver.beat(5, results=(ended(job, -15, "shutdown"),), draining=True)
    driver.tick(1000)
    assert [line[3] for line in driver.lines()] == ["RA-4.1", "RA-8.2"]
