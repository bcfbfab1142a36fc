"""Broken references: each has one rule taken out, so that tests can show the kit turning red.

The bugs that the field has had are the kit's own mutants. These are for the rules that no bug of
the field has broken yet: each changes one small method of the brains. `BROKEN` names the
clauses of which at least one must then be reported as broken.
"""

from inspect import cleandoc
from typing import Any

from runall_harness.mutants import Mutant
from runall_harness.mutants.planting import Bug, Plant, for_ever, never, nothing
from runall_harness.mutants.recovery import stopped_jobs_count_as_running
from runall_reference.brain.primary import Primary
from runall_reference.brain.primary.finalization import Finalization
from runall_reference.brain.primary.placement import Placement
from runall_reference.brain.primary.policy import Policy
from runall_reference.brain.records import Job
from runall_reference.brain.worker import Worker

from support.broken_limits import BROKEN_LIMITS
from support.broken_retries import BROKEN_RETRIES
from support.broken_schedules import BROKEN_SCHEDULES


def no_reason(*_: Any) -> str:
    """Know no reason against it."""
    return ""


def slot_not_reopened(plant: Plant) -> None:
    """An interrupted scheduled job is finalized, and its slot forgotten."""
    plant(Policy, "recover_scheduled", nothing)


def ignores_the_flag(plant: Plant) -> None:
    """Every interrupted job is run again, Run All or not."""
    plant(Policy, "refusal", no_reason)


def forgets_aborts(plant: Plant) -> None:
    """The durable wish of a user is not looked at when a job is finalized."""
    plant(Finalization, "aborted", never)
    stopped_jobs_count_as_running(plant, "abort")


def no_fence(plant: Plant) -> None:
    """A worker that reaches no primary goes on with its jobs for ever."""
    plant(Worker, "fence", for_ever)


def drains_are_deaths(plant: Plant) -> None:
    """A job that completed while it was asked to leave is taken for interrupted."""

    def changed(_: Any, result: Any) -> bool:
        return result.how == "exit"

    plant(Finalization, "reached", changed)


def aborts_undo_results(plant: Plant) -> None:
    """A result counts for nothing when a user asked for the end of the job after it was reached."""
    original = Finalization.reached

    def changed(self: Any, result: Any) -> bool:
        job = self.state.records.get(Job, result.job)
        return original(self, result) and job.stop_reason != "abort"

    plant(Finalization, "reached", changed)


def decides_later(plant: Plant) -> None:
    """An attempt is finalized in one change, and its rerun is decided in the next."""
    original, original_answer = Finalization.follow, Primary.answer

    def follow(self: Any, done: Any, cause: str) -> None:
        self.state.later = [*getattr(self.state, "later", ()), (done, cause)]

    def answer(self: Any, message: Any) -> Any:
        later: list[tuple[Any, str]] = getattr(self.state, "later", [])
        self.state.later = []
        for done, cause in later:
            original(self.finalization, done, cause)
        return original_answer(self, message)

    plant(Finalization, "follow", follow)
    plant(Primary, "answer", answer)


def answers_too_soon(plant: Plant) -> None:
    """A manual run is accepted first, and written down with the next step."""
    original, original_answer = Placement.place, Primary.answer

    def place(self: Any, job: Any, node: str) -> Any:
        if job.cause != "manual":
            return original(self, job, node)
        self.state.promised = [*getattr(self.state, "promised", ()), (job, node)]
        return job

    def answer(self: Any, message: Any) -> Any:
        promised: list[tuple[Any, str]] = getattr(self.state, "promised", [])
        self.state.promised = []
        for job, node in promised:
            original(self.placement, job, node)
        return original_answer(self, message)

    plant(Placement, "place", place)
    plant(Primary, "answer", answer)


# Each with the clauses of which at least one must be named, and no case may pass for it.
BROKEN: dict[Bug, frozenset[str]] = (
    {
        slot_not_reopened: frozenset({"RA-1.2"}),
        ignores_the_flag: frozenset({"RA-1.3"}),
        forgets_aborts: frozenset({"RA-3.3"}),
        no_fence: frozenset({"RA-7.1", "RA-7.3"}),
        drains_are_deaths: frozenset({"RA-2.9", "RA-3.4"}),
        aborts_undo_results: frozenset({"RA-3.4", "RA-2.7"}),
        decides_later: frozenset({"RA-12.1"}),
        answers_too_soon: frozenset({"RA-12.2"}),
    }
    | BROKEN_LIMITS
    | BROKEN_SCHEDULES
    | BROKEN_RETRIES
)


def as_mutant(broken: Bug) -> Mutant:
    """The same, as the kit tries its own mutants."""
    clause, *also = sorted(BROKEN[broken])
    return Mutant(
        name=broken.__name__,
        story=cleandoc(broken.__doc__ or ""),
        source="a rule taken out",
        clause=clause,
        also=tuple(also),
        bug=broken,
    )
