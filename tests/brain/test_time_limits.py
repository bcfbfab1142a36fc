"""The primary's brain counts a time limit only for jobs that it knows to be running."""

from runall_reference.brain.inputs import (
    BeatReceived,
    Boot,
    CreateEvent,
    RunEvent,
    Send,
    Tick,
    WorkerDisconnected,
)
from runall_reference.brain.messages import Beat, Stop
from runall_reference.brain.primary import Primary
from runall_reference.brain.records import Event, Finished, Job
from runall_reference.brain.settings import Settings

LIMIT = 60.0
LOST = 10.0 + Settings().dead_job_timeout
EVENT = Event(id="e", target="w", catch_up=True, timeout=LIMIT)


def beat(at: float, *running: str) -> BeatReceived:
    """The inventory that the worker sends."""
    return BeatReceived(Beat(node="w", boot="b", sent=at, running=running))


def a_primary_that_lost_sight_of_a_job() -> Primary:
    """A job with a limit of 60 s began at 0, and its server is out of reach since 10."""
    primary = Primary("p", Settings())
    primary.handle(Boot("boot"), 0.0)
    primary.handle(beat(0.0), 0.0)
    primary.handle(CreateEvent(EVENT), 0.0)
    primary.handle(RunEvent("e", {}, "me"), 0.0)
    primary.handle(beat(0.1, "j1"), 0.1)
    primary.handle(WorkerDisconnected("w", "b"), 10.0)
    return primary


def tick_until(primary: Primary, end: float) -> None:
    """Wake the brain whenever it wants to be woken, and once at the end."""
    now = 10.0
    while (wake := primary.next_wake()) is not None and wake < end:
        assert wake > now, "it wants to be woken in the past, again and again"
        now = wake
        primary.handle(Tick(), now)
    primary.handle(Tick(), end)


def test_a_job_whose_server_dies_before_its_limit_is_interrupted_though_the_limit_passes():
    primary = a_primary_that_lost_sight_of_a_job()
    tick_until(primary, LOST)
    done = primary.records.get(Finished, "j1")
    assert done is not None
    assert done.job.state == "interrupted"
    assert primary.records.get(Job, "j1.2") is not None


def test_a_job_that_shows_up_beyond_its_limit_is_stopped_then():
    primary = a_primary_that_lost_sight_of_a_job()
    tick_until(primary, LIMIT + 5)
    step = primary.handle(beat(LIMIT + 5, "j1"), LIMIT + 5)
    orders = [act.message for act in step.actions if isinstance(act, Send)]
    assert Stop(epoch=1, job="j1", reason="timeout") in orders
