"""A worker whose jobs may outlive the primary's patience is given none (RA-7.7)."""

from msgspec.structs import replace
from runall_reference.brain.inputs import (
    BeatReceived,
    Boot,
    Connected,
    CreateEvent,
    Refused,
    RunEvent,
    Send,
)
from runall_reference.brain.messages import Beat
from runall_reference.brain.primary import Primary
from runall_reference.brain.records import Event
from runall_reference.brain.settings import Settings
from runall_reference.brain.worker import Worker
from runall_reference.daemon.views import servers

SAFE = Settings()
PATIENT = replace(SAFE, fence=900.0, dead_job_timeout=1200.0)


def beat_of(settings: Settings) -> Beat:
    """What a worker with these settings says first."""
    worker = Worker("w", settings)
    worker.handle(Boot("w#1"), 0.0)
    (said,) = worker.handle(Connected(), 1.0).actions
    assert isinstance(said, Send)
    assert isinstance(said.message, Beat)
    return said.message


def asked_to_run_on(worker: Settings) -> tuple[Primary, object]:
    """A primary with the default settings that is asked to run a job on such a worker."""
    brain = Primary("p", SAFE)
    brain.handle(Boot("p#1"), 0.0)
    brain.handle(CreateEvent(Event(id="e", target="w")), 0.0)
    brain.handle(BeatReceived(beat_of(worker)), 1.0)
    return brain, brain.handle(RunEvent("e", {}, "operator"), 2.0).reply


def test_a_worker_that_gives_up_in_time_is_given_work():
    _, reply = asked_to_run_on(SAFE)
    assert not isinstance(reply, Refused)


def test_a_worker_that_gives_up_later_than_the_primary_does_is_given_none():
    brain, reply = asked_to_run_on(PATIENT)
    assert isinstance(reply, Refused)
    assert reply.code == "no-server"
    assert not brain.state.live()


def test_the_list_of_servers_says_why_it_is_given_none():
    brain, _ = asked_to_run_on(PATIENT)
    (shown,) = servers(brain)
    assert "dead-job timeout" in shown["refused"]
