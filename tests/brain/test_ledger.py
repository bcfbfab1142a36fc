"""The primary's brain puts on its ledger what became of every rerun, started or not."""

import pytest
from runall_reference.brain.inputs import AbortJob, BeatReceived, Boot, CreateEvent, RunEvent, Tick
from runall_reference.brain.messages import Beat
from runall_reference.brain.primary import Primary
from runall_reference.brain.records import Entry, Event, Job, Reopened
from runall_reference.brain.settings import Settings
from runall_reference.brain.timing import Timing

NOW = 1_740_000_000.0
LATER = NOW + 200.0


def beat(sent: float, boot: str = "w#1", running: tuple[str, ...] = ()) -> BeatReceived:
    return BeatReceived(Beat(node="w", boot=boot, sent=sent, running=running))


def a_primary_that_holds_a_rerun(timing: Timing | None) -> tuple[Primary, str]:
    """A job ran on a worker that is now lost, and may run nowhere else; the brain and the job."""
    brain = Primary("p", Settings())
    brain.handle(Boot("p#1"), NOW)
    brain.handle(CreateEvent(Event(id="e", target="w", catch_up=True, timing=timing)), NOW)
    brain.handle(beat(NOW), NOW)
    brain.handle(beat(NOW + 61), NOW + 61)
    if timing is None:
        brain.handle(RunEvent("e", {}, "operator"), NOW + 61)
    (job,) = brain.state.live()
    brain.handle(beat(NOW + 61, running=(job.id,)), NOW + 61)
    for seconds in (80.0, 199.0, 201.0):
        brain.handle(Tick(), NOW + seconds)
    return brain, job.id


@pytest.mark.parametrize(
    "timing", [None, Timing(hours=(21,), minutes=(21,))], ids=["manual", "slot"]
)
def test_an_abort_of_a_rerun_that_waits_is_in_the_ledger(timing: Timing | None):
    brain, job = a_primary_that_holds_a_rerun(timing)
    assert brain.records.all(Job) or brain.records.all(Reopened)
    brain.handle(AbortJob(job, "operator"), LATER + 10)
    assert not brain.records.all(Job)
    assert not brain.records.all(Reopened)
    last = list(brain.records.all(Entry).values())[-1]
    assert (last.root, last.decision, last.clause) == (job, "refused", "RA-3.3")
    assert "operator" in last.detail
