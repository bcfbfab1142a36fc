"""The worker's brain obeys each kind of order that a primary can give."""

from runall_reference.brain.inputs import Boot, Connected, MessageReceived, Signal, Spawn
from runall_reference.brain.messages import Ack, Start, Stop
from runall_reference.brain.records import Job, Run
from runall_reference.brain.settings import Settings
from runall_reference.brain.worker import Worker

JOB = Job(id="j1", event="e", root="j1", attempt=1, cause="manual", now=100.0)


def a_worker_that_runs_a_job() -> Worker:
    worker = Worker("w1", Settings())
    worker.handle(Boot("boot"), 100.0)
    worker.handle(Connected(), 100.0)
    start = Start(epoch=1, boot="boot", sent=100.0, job=JOB)
    assert Spawn(JOB) in worker.handle(MessageReceived(start), 100.0).actions
    return worker


def test_an_acknowledgement_moves_the_fence():
    worker = a_worker_that_runs_a_job()
    worker.handle(MessageReceived(Ack(epoch=1, sent=104.0)), 105.0)
    assert worker.acked == 104.0


def test_a_stop_signals_the_job_and_is_written_down():
    worker = a_worker_that_runs_a_job()
    step = worker.handle(MessageReceived(Stop(epoch=1, job="j1", reason="abort")), 101.0)
    assert Signal("j1", "TERM") in step.actions
    run = worker.records.get(Run, "j1")
    assert run is not None
    assert run.stop == "abort"
