"""Lies: the reference with one rule broken each, so that tests can show the kit turning red.

Imported before the kit runs, with the name of one lie in RUNALL_LIE (see `judged.conform`).
Each lie breaks one small method of the brains, and names the clauses of which one must say so.
"""

import os
from collections.abc import Callable
from typing import Any

from lies_about_late import LIES_ABOUT_LATE
from lies_about_limits import LIES_ABOUT_LIMITS
from lies_about_time import LIES_ABOUT_TIME
from planting import for_ever, never, nothing, plant
from runall_reference import rerun
from runall_reference.policies import base
from runall_reference.policies.base import Policy
from runall_reference.primary import Primary
from runall_reference.primary.finalization import Finalization
from runall_reference.primary.links import Links
from runall_reference.primary.placement import Placement
from runall_reference.records import Job
from runall_reference.worker import Worker

Lie = Callable[[], None]


def no_reason(*_: Any) -> str:
    """Know no reason against it."""
    return ""


def rerun_not_called() -> None:
    """The flag is looked at, and then nothing is done for a manual job."""
    plant(Policy, "recover_manual", nothing)


def slot_not_reopened() -> None:
    """An interrupted scheduled job is finalized, and its slot forgotten."""
    plant(Policy, "recover_scheduled", nothing)


def ignores_the_flag() -> None:
    """Every interrupted job is run again, Run All or not."""
    plant(Policy, "refusal", no_reason)


def drops_overrides() -> None:
    """The rerun takes the parameters of the event, not those of the run."""
    rerun.FIELDS["params"] = "refresh"


def drops_now() -> None:
    """The rerun stands for the minute in which it starts, not for that of the job."""
    honest = rerun.again

    def lying(job: Any, event: Any, **more: Any) -> Any:
        from msgspec.structs import replace

        return replace(honest(job, event, **more), now=more["created_at"])

    plant(base, "again", lying)


def forgets_stops(reason: str) -> None:
    """A job that was stopped for that reason is finalized as if nobody had asked for its end."""
    honest = Finalization.finalize

    def lying(self: Any, job: Any, words: str, *facts: str, cause: str) -> None:
        from msgspec.structs import replace

        if job.stop_reason == reason:
            job = replace(job, stop_reason="", state="running")
        honest(self, job, words, *facts, cause=cause)

    plant(Finalization, "finalize", lying)


def timeout_loops() -> None:
    """A job that was stopped for its time limit counts as interrupted."""
    forgets_stops("timeout")


def forgets_aborts() -> None:
    """The durable wish of a user is not looked at when a job is finalized."""
    plant(Placement, "aborted", never)
    forgets_stops("abort")


def same_name_same_worker() -> None:
    """A worker that started again is taken for the one that it was."""
    honest = Links.compare

    def lying(self: Any, job: Any, beat: Any) -> None:
        if job.id in beat.running or beat.draining:
            honest(self, job, beat)

    plant(Links, "compare", lying)


def reruns_the_living() -> None:
    """After its own restart the primary takes every job on a worker for lost."""
    honest = Links.meet

    def lying(self: Any, beat: Any, link: Any) -> Any:
        if link is not None and link.state == "suspect":
            for job in self.active_on(beat.node):
                self.lose(job, "restart")
        return honest(self, beat, link)

    plant(Links, "meet", lying)


def launches_in_the_drain() -> None:
    """A primary that is going down goes on launching."""

    def lying(self: Any) -> bool:
        return self.role in ("primary", "draining")

    plant(Placement, "open_for_work", lying)


def no_fence() -> None:
    """A worker that reaches no primary goes on with its jobs for ever."""
    plant(Worker, "fence", for_ever)


def drains_are_deaths() -> None:
    """A job that completed while it was told to leave is taken for interrupted."""

    def lying(_: Any, result: Any) -> bool:
        return result.how == "exit"

    plant(Finalization, "reached", lying)


def aborts_undo_results() -> None:
    """A result counts for nothing when a user asked for the end of the job after it was reached."""
    honest = Finalization.reached

    def lying(self: Any, result: Any) -> bool:
        job = self.books.get(Job, result.job)
        return honest(self, result) and job.stop_reason != "abort"

    plant(Finalization, "reached", lying)


def decides_later() -> None:
    """An attempt is finalized in one change, and its rerun is decided in the next."""
    honest, honest_answer = Finalization.follow, Primary.answer

    def follow(self: Any, done: Any, cause: str) -> None:
        self.later = [*getattr(self, "later", ()), (done, cause)]

    def answer(self: Any, told: Any) -> Any:
        later: list[tuple[Any, str]] = getattr(self, "later", [])
        self.later = []
        for done, cause in later:
            honest(self, done, cause)
        return honest_answer(self, told)

    plant(Finalization, "follow", follow)
    plant(Primary, "answer", answer)


def answers_too_soon() -> None:
    """A run by hand is accepted first, and written down with the next step."""
    honest, honest_answer = Placement.place, Primary.answer

    def place(self: Any, job: Any, node: str) -> Any:
        if job.cause != "manual":
            return honest(self, job, node)
        self.promised = [*getattr(self, "promised", ()), (job, node)]
        return job

    def answer(self: Any, told: Any) -> Any:
        promised: list[tuple[Any, str]] = getattr(self, "promised", [])
        self.promised = []
        for job, node in promised:
            honest(self, job, node)
        return honest_answer(self, told)

    plant(Placement, "place", place)
    plant(Primary, "answer", answer)


# Each lie with the clauses of which at least one must be named, and no case may pass for it.
LIES: dict[Lie, frozenset[str]] = (
    {
        rerun_not_called: frozenset({"RA-1.1"}),
        slot_not_reopened: frozenset({"RA-1.2"}),
        ignores_the_flag: frozenset({"RA-1.3"}),
        drops_overrides: frozenset({"RA-4.3"}),
        drops_now: frozenset({"RA-4.3"}),
        timeout_loops: frozenset({"RA-2.6"}),
        forgets_aborts: frozenset({"RA-3.3"}),
        same_name_same_worker: frozenset({"RA-2.3"}),
        reruns_the_living: frozenset({"RA-2.11", "RA-2.4"}),
        launches_in_the_drain: frozenset({"RA-4.4"}),
        no_fence: frozenset({"RA-7.1", "RA-7.3"}),
        drains_are_deaths: frozenset({"RA-2.9", "RA-3.4"}),
        aborts_undo_results: frozenset({"RA-3.4", "RA-2.7"}),
        decides_later: frozenset({"RA-12.1"}),
        answers_too_soon: frozenset({"RA-12.2"}),
    }
    | LIES_ABOUT_LIMITS
    | LIES_ABOUT_TIME
    | LIES_ABOUT_LATE
)
BY_NAME = {lie.__name__: lie for lie in LIES}

if name := os.environ.get("RUNALL_LIE"):
    BY_NAME[name]()
