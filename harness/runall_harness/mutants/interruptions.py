"""Bugs in what counts as an interruption, and in how an attempt ends (chapters 1 to 3)."""

from typing import Any

from msgspec.structs import replace
from runall_reference.brain.primary import Primary
from runall_reference.brain.primary.finalization import STOPPED_BY_NODE, Finalization
from runall_reference.brain.primary.inventories import Inventories
from runall_reference.brain.primary.policy import Policy
from runall_reference.brain.primary.reachability import Reachability
from runall_reference.brain.record_set import Change, Put
from runall_reference.brain.records import Entry, Finished, Job, Record
from runall_reference.brain.worker import Worker

from .mutant import FROM_THE_RULE, mutant
from .planting import Plant, never, nothing
from .recovery import last_number, stopped_jobs_count_as_running


@mutant(source=FROM_THE_RULE, clause="RA-1.3")
def reruns_without_run_all(plant: Plant) -> None:
    """Nobody asks whether the event wants its lost jobs back."""
    original = Policy.refusal

    @plant.method(Policy)
    def refusal(self: Any, job: Any, event: Any) -> Any:
        return original(self, job, replace(event, catch_up=True))


@mutant(source=FROM_THE_RULE, clause="RA-1.4", also=("RA-7.1",))
def reruns_by_two_paths(plant: Plant) -> None:
    """A loss is found by the silence of a server and by its return, and each makes a rerun."""
    original = Policy.recover_manual

    @plant.method(Policy)
    def recover_manual(self: Any, job: Any, event: Any, cause: str) -> None:
        original(self, job, event, cause)
        again = replace(job, attempt=last_number(self.state, job.root))
        original(self, again, event, cause)


@mutant(source=FROM_THE_RULE, clause="RA-2.1")
def limbo_without_end(plant: Plant) -> None:
    """A dead server is waited for, however long it stays away."""
    plant(Reachability, "give_up_lost", nothing)


@mutant(source=FROM_THE_RULE, clause="RA-2.4", also=("RA-2.10",))
def back_means_restarted(plant: Plant) -> None:
    """A worker that is in reach again is taken for one that has restarted: its jobs are lost."""
    original = Inventories.meet

    @plant.method(Inventories)
    def meet(self: Any, beat: Any, link: Any) -> Any:
        if link is not None and link.state == "suspect" and link.sent and link.boot == beat.boot:
            for job in self.state.active_on(beat.node):
                self.finalization.lose(job, "restart")
        return original(self, beat, link)


@mutant(source=FROM_THE_RULE, clause="RA-2.5")
def own_jobs_stay_running(plant: Plant) -> None:
    """A primary that comes back after a crash shows its own old jobs as running, for ever."""
    original = Inventories.compare

    @plant.method(Inventories)
    def compare(self: Any, job: Any, beat: Any) -> None:
        if job.node != self.state.node or job.boot == beat.boot:
            original(self, job, beat)


@mutant(source=FROM_THE_RULE, clause="RA-2.7")
def failures_are_interruptions(plant: Plant) -> None:
    """A job that failed by itself is taken for one that its server took down."""

    def reached(_: Any, result: Any) -> bool:
        return result.code == 0

    plant(Finalization, "reached", reached)


@mutant(source=FROM_THE_RULE, clause="RA-2.9", also=("RA-3.4",))
def completions_of_a_stop_are_lost(plant: Plant) -> None:
    """A job that completes while its server goes down is run again."""

    def reached(_: Any, result: Any) -> bool:
        return result.how == "exit"

    plant(Finalization, "reached", reached)


@mutant(source=FROM_THE_RULE, clause="RA-2.12")
def silence_is_not_noticed(plant: Plant) -> None:
    """Only a link that closes shows a loss, and a cut network or a frozen machine closes none."""
    plant(Reachability, "suspect_silent", nothing)


@mutant(source=FROM_THE_RULE, clause="RA-2.13")
def handed_over_is_done(plant: Plant) -> None:
    """What was handed to a server before it died stays "starting", and nobody asks again."""
    original = Inventories.compare

    @plant.method(Inventories)
    def compare(self: Any, job: Any, beat: Any) -> None:
        if job.state != "starting" or job.boot == beat.boot:
            original(self, job, beat)


@mutant(source=FROM_THE_RULE, clause="RA-12.1", also=("RA-3.2",))
def decides_after_the_commit(plant: Plant) -> None:
    """The rerun is decided in the step after the one that ended the job: a crash forgets it."""
    follow, handle, next_wake = Finalization.follow, Primary.handle, Primary.next_wake

    def undecided(primary: Any) -> list[Any]:
        lease = primary.leadership.lease()
        told = {entry.job for entry in primary.records.all(Entry).values()}
        ended = (done.job for done in primary.records.all(Finished).values())
        return [
            job
            for job in ended
            if job.state == "interrupted" and job.id not in told and job.finalized_at > lease.since
        ]

    def follow_later(self: Any, done: Any, cause: str) -> None:
        if done.state != "interrupted":
            follow(self, done, cause)

    def handle_and_decide(self: Any, given: Any, now: float) -> Any:
        if self.leads():
            self.state.now, self.state.losses = now, 0
            for job in undecided(self):
                follow(self.finalization, job, "the step before")
        return handle(self, given, now)

    def wake_at_once(self: Any) -> Any:
        return self.state.now if self.leads() and undecided(self) else next_wake(self)

    plant(Finalization, "follow", follow_later)
    plant(Primary, "handle", handle_and_decide)
    plant(Primary, "next_wake", wake_at_once)


@mutant(source=FROM_THE_RULE, clause="RA-3.2", also=("RA-12.1",))
def commits_in_two_parts(plant: Plant) -> None:
    """The end of a job is one change and its rerun the next one: a crash between loses it."""
    original, next_wake = Primary.handle, Primary.next_wake

    @plant.method(Primary)
    def handle(self: Any, given: Any, now: float) -> Any:
        step = original(self, given, now)
        ended = any(put.record.table == "finished" for put in puts(step.change))
        later = [put for put in puts(step.change) if ended and is_rerun(put.record)]
        for put in later:
            self.records.put(put.record)
        return step._replace(change=tuple(each for each in step.change if each not in later))

    def wake_at_once(self: Any) -> Any:
        return self.state.now if self.leads() and self.waiting.jobs() else next_wake(self)

    plant(Primary, "next_wake", wake_at_once)


def puts(change: Change) -> list[Put]:
    return [each for each in change if isinstance(each, Put)]


def is_rerun(record: Record) -> bool:
    return isinstance(record, Job) and record.cause == "interrupted"


@mutant(source=FROM_THE_RULE, clause="RA-3.3")
def a_failure_beats_an_abort(plant: Plant) -> None:
    """An abort ends a process and no more: if the server fails first, the job comes back."""
    plant(Finalization, "aborted", never)
    stopped_jobs_count_as_running(plant, "abort")


@mutant(source=FROM_THE_RULE, clause="RA-3.4", also=("RA-3.6",))
def late_success_is_a_loss(plant: Plant) -> None:
    """A success that is told more than a heartbeat after it was reached does not count."""
    original = Finalization.conclude

    @plant.method(Finalization)
    def conclude(self: Any, job: Any, result: Any) -> None:
        if result.code == 0 and self.state.now > result.ended_at + self.state.settings.heartbeat:
            self.lose(job, "absent")
        else:
            original(self, job, result)


@mutant(source=FROM_THE_RULE, clause="RA-3.6", also=("RA-3.4", "RA-2.7"))
def results_need_a_link(plant: Plant) -> None:
    """A worker that reaches no primary when its job ends keeps no result of it."""
    original = Worker.exited

    @plant.method(Worker)
    def exited(self: Any, name: str, code: int) -> None:
        original(self, name, code)
        run = {run.key: run for run in self.runs()}.get(name)
        if run is not None and not self.linked:
            self.records.drop(run)


@mutant(source=FROM_THE_RULE, clause="RA-3.7", also=("RA-3.3",))
def a_clean_stop_beats_an_abort(plant: Plant) -> None:
    """A job that was aborted, and whose server then ends it in its clean stop, is run again."""
    original = Finalization.finalize

    @plant.method(Finalization)
    def finalize(self: Any, job: Any, description: str, *facts: str, cause: str) -> None:
        if job.stop_reason == "abort" and cause in STOPPED_BY_NODE:
            job = replace(job, stop_reason="", state="running")
        original(self, job, description, *facts, cause=cause)
