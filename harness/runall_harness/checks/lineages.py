"""What must hold of every lineage: what its executions did, told by the jobs themselves."""

from collections.abc import Iterator

from runall_harness.contract.verdicts import Violation
from runall_harness.evidence.facts import Execution

from .check import Breach, Finding
from .context import Context
from .records import BEAT, Attempt, Group, Lineage, RunRecord, proof


def one_live_attempt(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """No attempt of a lineage still lives when the next one has started.

    A frozen node is the stated exception (RA-7.6).
    """
    for earlier, later in lineage.pairs():
        alive = earlier.seen > later.started_at + BEAT
        if alive and not context.slept_into(earlier, later):
            yield Breach(
                f"one live attempt of {lineage.root}",
                f"{earlier} lived into {later}",
                proof(earlier, later),
            )
        else:
            yield None


def reached(lineage: Lineage, run: RunRecord) -> Attempt | None:
    """The attempt of an execution that completed, if the system took that in.

    A process that ended a moment before its server died may leave a result that nobody ever had:
    that attempt is interrupted, and delivery is at least once.
    """
    attempt = lineage.attempts.get(run.job)
    if attempt is None or run.execution.how != "completed":
        return None
    return attempt if any(ending.state == "succeeded" for ending in attempt.ends) else None


def completed_is_final(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """Nothing of a lineage starts after one of its attempts has completed."""
    runs = list(lineage.runs.values())
    for run in runs:
        if (attempt := reached(lineage, run)) is None:
            continue
        later = next((r for r in runs if (run.execution.ended_at or 0) < r.started_at), None)
        if later:
            yield Breach(
                f"{lineage.root} completed once and for all",
                f"{run}, then {later}",
                proof(run, attempt.ends[0], later.first),
            )
        else:
            yield None


def aborted_stays_aborted(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """After the answer to an abort, no attempt of that lineage is started."""
    for abort in lineage.aborts:
        if abort.answered_at is None:
            continue
        since = abort.answered_at
        begun = (
            run
            for run in lineage.runs.values()
            if run.started_at > since + BEAT and lineage.decided(run) > since
        )
        if later := next(begun, None):
            yield Breach(
                f"nothing of {abort.job} starts any more", f"{later}", proof(abort, later.first)
            )
        else:
            yield None


def difference(earlier: Execution, later: Execution) -> tuple[str, object, object] | None:
    """What two executions of a lineage were not given alike, if anything."""
    for name, one, other in (
        ("parameters", earlier.params, later.params),
        ("logical time", earlier.now, later.now),
        ("source", earlier.claims.get("JOB_SOURCE"), later.claims.get("JOB_SOURCE")),
    ):
        if one != other:
            return name, one, other
    return None


def require_faithful(root: str, earlier: Execution, later: Execution) -> None:
    """Two executions of a lineage were given the same, to the letter. Raises `Violation`."""
    if differing := difference(earlier, later):
        name, one, other = differing
        raise Violation("RA-4.3", f"{name} of {root}: {one!r}", f"{other!r}")


def reruns_are_faithful(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """All executions of a lineage have the same parameters, source and logical time."""
    for earlier, later in lineage.pairs():
        if differing := difference(earlier.execution, later.execution):
            name, one, other = differing
            yield Breach(
                f"{name} of {lineage.root}: {one!r}",
                f"{other!r}",
                proof(earlier.first, later.first),
            )
        else:
            yield None


def ids_are_own(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """Each execution after the first has a job id of its own."""
    for earlier, later in lineage.pairs():
        if earlier.job == later.job:
            yield Breach(
                f"an id of its own for the job that ran after {earlier}",
                f"{later}",
                proof(earlier.first, later.first),
            )
        else:
            yield None


def disabled_waits(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """No rerun starts while its event is surely disabled."""
    event = lineage.event()
    for _, attempt in lineage.reruns():
        for run in lineage.runs_of(attempt.view.id):
            at = lineage.decided(run)
            if off := context.surely(event, "enabled", False, at):
                yield Breach(
                    f"{attempt.view.id} waits until {event} is enabled",
                    f"{run} started",
                    proof(*off, run.first),
                )
            elif context.possible(event, "enabled", at):
                yield None


# ------------------------------------------------------------------ slots
def slot_completed_once(group: Group, _: Context) -> Iterator[Finding]:
    """A slot of an event that was served to its end is not started again by another job."""
    if not group[0].slot:
        return
    for lineage in group:
        for run in lineage.runs.values():
            if (attempt := reached(lineage, run)) is None:
                continue
            again = next(
                (
                    one
                    for other in group
                    if other is not lineage
                    for one in other.runs.values()
                    if one.started_at > run.started_at
                ),
                None,
            )
            if again:
                yield Breach(
                    f"the slot {slot_words(group)} is served once",
                    f"{run}, then {again}",
                    proof(run, attempt.ends[0], again.first),
                )
            else:
                yield None


def slot_served_once(group: Group, _: Context) -> Iterator[Finding]:
    """One job stands for a slot, and its reruns; the clock starts no second one for it."""
    if not group[0].slot:
        return
    first = min(group, key=first_line)
    others = [lineage for lineage in group if lineage is not first]
    if not others:
        yield None
    for other in others:
        yield Breach(
            f"one job for the slot {slot_words(group)}",
            f"{first.root} and {other.root}",
            (first_line(first), first_line(other)),
        )


def first_line(lineage: Lineage) -> int:
    """The number of the first line that shows or tells of a job of it."""
    return min(one.first for one in (*lineage.runs.values(), *lineage.attempts.values()))


def slot_words(group: Group) -> str:
    """The slot that some lineages serve: event and logical time."""
    event, _, now = group[0].slot.partition("@")
    return f"at {now} of {event}"
