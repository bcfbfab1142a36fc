"""References broken in retries, time limits, and what comes late."""

from typing import Any

from msgspec.structs import replace
from runall_harness.mutants.planting import Bug, Plant, for_ever, nothing
from runall_harness.mutants.recovery import changes_reruns
from runall_reference.brain import rerun
from runall_reference.brain.inputs import WorkerDisconnected
from runall_reference.brain.primary import Primary
from runall_reference.brain.primary.finalization import Finalization
from runall_reference.brain.primary.inventories import Inventories
from runall_reference.brain.primary.stopping import Stopping
from runall_reference.brain.records import Abort, Finished
from runall_reference.brain.settings import Settings
from runall_reference.brain.worker import Worker


# ------------------------------------------------------------------ retries and time limits
def never_tries_again(plant: Plant) -> None:
    """A failure is the end."""
    plant(Finalization, "retry", nothing)


def tries_at_once(plant: Plant) -> None:
    """A retry waits for nothing."""
    original = Finalization.retry

    def changed(self: Any, done: Any) -> None:
        original(self, done)
        for job in [job for job in self.state.live() if job.predecessor == done.id]:
            self.state.records.put(replace(job, not_before=0.0))

    plant(Finalization, "retry", changed)


def retries_die_with_their_server(plant: Plant) -> None:
    """What waits for a retry is kept by the server on which it failed."""
    original = Primary.answer

    def changed(self: Any, message: Any) -> Any:
        reply = original(self, message)
        if isinstance(message, WorkerDisconnected):
            for job in [job for job in self.waiting.jobs() if job.cause == "retry"]:
                done = self.records.get(Finished, job.predecessor)
                if done and done.job.node == message.node:
                    self.waiting.cancel(job)
        return reply

    plant(Primary, "answer", changed)


def tries_for_ever(plant: Plant) -> None:
    """An interrupted retry has all of its event's tries again."""
    plant.entry(rerun.FIELDS, "retries", "refresh")


def interruptions_use_up_tries(plant: Plant) -> None:
    """The loss of a server counts as a failure of the job."""
    changes_reruns(plant, lambda _, again: replace(again, retries=max(again.retries - 1, 0)))


def reruns_inherit_their_age(plant: Plant) -> None:
    """A rerun has what its predecessor left of the time limit."""

    def change(job: Any, again: Any) -> Any:
        used = job.finalized_at - job.started_at
        return replace(again, timeout=max(again.timeout - used, 0.1)) if again.timeout else again

    changes_reruns(plant, change)


def the_dead_run_out_of_time(plant: Plant) -> None:
    """A time limit goes on for a job of which nobody knows whether it lives."""

    def is_timed(_: Any, job: Any) -> bool:
        return job.state == "running" and bool(job.timeout)

    plant(Stopping, "is_timed", is_timed)


def deaths_forgive_the_limit(plant: Plant) -> None:
    """Only a result can show that a job was over its time."""
    original = Finalization.lose

    def changed(self: Any, job: Any, cause: str) -> None:
        over = job.stop_reason == "timeout"
        original(self, replace(job, stop_reason="", state="running") if over else job, cause)

    plant(Finalization, "lose", changed)


# ------------------------------------------------------------------ what comes late
def the_stale_go_on(plant: Plant) -> None:
    """Nobody stops an execution that was given up, neither its worker nor its primary."""
    plant(Worker, "fence", for_ever)
    plant(Inventories, "stop_strays", nothing)


def late_results_are_lost(plant: Plant) -> None:
    """A result for an attempt that was given up is thrown away."""
    plant(Finalization, "late", nothing)


def late_results_count(plant: Plant) -> None:
    """A late result ends whatever attempt is running by then."""

    def changed(self: Any, done: Any, result: Any) -> None:
        for job in [job for job in self.state.live() if job.root == done.job.root]:
            if job.state == "running":
                self.conclude(job, result)

    plant(Finalization, "late", changed)


def workers_forget_results(plant: Plant) -> None:
    """A result that could not be delivered is gone with the next start."""
    original = Worker.wake_up

    def changed(self: Any, boot: str) -> None:
        for run in self.runs():
            self.records.drop(run)
        original(self, boot)

    plant(Worker, "wake_up", changed)


def results_count_twice(plant: Plant) -> None:
    """A result that is delivered again finalizes its job again."""
    original = Inventories.take_result

    def changed(self: Any, beat: Any, result: Any) -> bool:
        done = self.state.records.get(Finished, result.job)
        if done is not None:
            again = replace(done.job, finalized_at=self.state.now)
            self.state.records.put(Finished(job=again))
        return original(self, beat, result)

    plant(Inventories, "take_result", changed)


def old_orders_are_obeyed(plant: Plant) -> None:
    """A start order is obeyed, however long it was on its way."""

    def changed(self: Any, order: Any) -> bool:
        return self.draining or order.boot != self.boot

    plant(Worker, "void", changed)


def what_never_began_is_nothing(plant: Plant) -> None:
    """A job that no server reported is forgotten with the server that it was handed to."""
    original = Finalization.lose

    def changed(self: Any, job: Any, cause: str) -> None:
        if job.state != "starting":
            return original(self, job, cause)
        self.state.records.drop(job)
        done = replace(job, state="failed", finalized_at=self.state.now)
        return self.state.records.put(Finished(job=done))

    plant(Finalization, "lose", changed)


def drains_beat_aborts(plant: Plant) -> None:
    """What a server that goes down has ended was ended by that, whoever asked before."""
    original = Finalization.conclude

    def changed(self: Any, job: Any, result: Any) -> None:
        if self.state.links[job.node].state == "draining" and job.stop_reason == "abort":
            job = replace(job, stop_reason="", state="running")
            self.state.records.drop(self.state.records.get(Abort, job.root))
        original(self, job, result)

    plant(Finalization, "conclude", changed)


def any_settings_will_do(plant: Plant) -> None:
    """Nobody looks at whether the fence is short enough."""
    plant(Settings, "checked", itself)


def itself(what: Any) -> Any:
    """Return what it was called on, as it is."""
    return what


BROKEN_RETRIES: dict[Bug, frozenset[str]] = {
    never_tries_again: frozenset({"RA-11.1", "RA-11.2"}),
    tries_at_once: frozenset({"RA-11.5"}),
    retries_die_with_their_server: frozenset({"RA-11.2"}),
    tries_for_ever: frozenset({"RA-11.3"}),
    interruptions_use_up_tries: frozenset({"RA-4.9"}),
    reruns_inherit_their_age: frozenset({"RA-4.10"}),
    the_dead_run_out_of_time: frozenset({"RA-2.1"}),
    deaths_forgive_the_limit: frozenset({"RA-11.4"}),
    the_stale_go_on: frozenset({"RA-7.6"}),
    late_results_are_lost: frozenset({"RA-3.5"}),
    late_results_count: frozenset({"RA-3.5"}),
    workers_forget_results: frozenset({"RA-3.6"}),
    results_count_twice: frozenset({"RA-3.1"}),
    old_orders_are_obeyed: frozenset({"RA-7.4"}),
    what_never_began_is_nothing: frozenset({"RA-2.13"}),
    drains_beat_aborts: frozenset({"RA-3.7"}),
    any_settings_will_do: frozenset({"RA-7.7"}),
}
