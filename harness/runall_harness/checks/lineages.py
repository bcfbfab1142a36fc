"""What must hold of every lineage, by the executions that the jobs themselves reported."""

from collections.abc import Iterator
from itertools import pairwise

from runall_harness.contract.verdicts import Violation
from runall_harness.evidence.facts import Execution

from .check import Finding, broken, finding, pieces
from .context import Context
from .records import BEAT, CLOCKS, Ending, Group, Lineage, RunRecord, minute_words


def one_live_attempt(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """No attempt of a lineage still lives when the next one has started.

    An attempt on a frozen node is the stated exception (RA-7.6).
    """
    for earlier, later in pairwise(lineage.runs.values()):
        alive = earlier.seen > later.started_at + BEAT
        kept = not alive or context.slept_into(earlier, later)
        expected, seen = f"one live attempt of {lineage.root}", f"{earlier} lived into {later}"
        yield finding(kept, expected, seen, earlier, later)


def final(lineage: Lineage, run: RunRecord, until: float, context: Context) -> bool:
    """Whether an execution completed, and its result had surely arrived by `until` (seconds).

    It had if the system showed it, or if nobody was out of reach since. A process that ended a
    moment before its server died may leave a result that nobody received: that attempt is
    interrupted, and delivery is at least once.
    """
    if run.execution.how != "completed":
        return False
    attempt = lineage.attempts.get(run.job)
    if attempt and any(ending.state == "succeeded" for ending in attempt.ends):
        return True
    return not context.unheard(run.node, run.seen, until)


def completed_is_final(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """Nothing of a lineage starts after one of its attempts has completed."""
    runs = list(lineage.runs.values())
    for run in runs:
        later = next((r for r in runs if run is not r and run.seen < r.started_at), None)
        if not final(lineage, run, later.started_at if later else run.seen, context):
            continue
        expected = f"{lineage.root} completed once and for all"
        proof = (run, *ending_of(lineage, run))
        yield later and broken(expected, f"{run}, then {later}", *proof, later.first)


def ending_of(lineage: Lineage, run: RunRecord) -> list[Ending]:
    """The end of an execution's attempt as the system showed it, if it did."""
    attempt = lineage.attempts.get(run.job)
    return attempt.ends[:1] if attempt else []


def aborted_stays_aborted(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """No attempt of a lineage is started after an abort was answered."""
    for abort in lineage.aborts:
        if (since := abort.answered_at) is None:
            continue
        begun = (
            run
            for run in lineage.runs.values()
            if run.started_at > since + BEAT and lineage.decided(run) > since + CLOCKS
        )
        later = next(begun, None)
        expected = f"nothing of {abort.job} starts any more"
        yield later and broken(expected, f"{later}", abort, later.first)


def difference(earlier: Execution, later: Execution) -> tuple[str, object, object]:
    """The first value in which two executions differ: its name and both; no name if none does."""
    for name, one, other in (
        ("parameters", earlier.params, later.params),
        ("logical time", earlier.now, later.now),
        ("source", earlier.claims.get("JOB_SOURCE"), later.claims.get("JOB_SOURCE")),
    ):
        if one != other:
            return name, one, other
    return "", None, None


def require_faithful(root: str, earlier: Execution, later: Execution) -> None:
    """Raise `Violation` if two executions of a lineage were given different values."""
    name, one, other = difference(earlier, later)
    if name:
        expected, seen = pieces(repr(one), repr(other))
        raise Violation("RA-4.3", f"{name} of {root}: {expected}", seen)


def reruns_are_faithful(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """Judge whether all executions of a lineage have the same parameters, source and time."""
    for earlier, later in pairwise(lineage.runs.values()):
        name, one, other = difference(earlier.execution, later.execution)
        owed, seen = pieces(repr(one), repr(other))
        expected, clause = f"{name} of {lineage.root}: {owed}", lineage.kept_by(later.job)
        yield finding(not name, expected, seen, earlier.first, later.first, clause=clause)


def ids_are_own(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """Each execution after the first has a job id of its own."""
    for earlier, later in pairwise(lineage.runs.values()):
        expected = f"an id of its own for the job that ran after {earlier}"
        clause = "" if earlier.job != later.job else started_twice(lineage, earlier, later, context)
        if clause:
            expected = f"one start of {earlier.job}, which was not interrupted"
        kept = earlier.job != later.job
        yield finding(kept, expected, f"{later}", earlier.first, later.first, clause=clause)


def started_twice(lineage: Lineage, earlier: RunRecord, later: RunRecord, context: Context) -> str:
    """The clause that forbids a second start of one attempt; empty if it may be a rerun of it.

    Nothing is run again without an interruption (RA-1.4), whenever a primary fails (RA-12.1).
    """
    attempt = lineage.attempts.get(earlier.job)
    if attempt is None or any(ending.state == "interrupted" for ending in attempt.ends):
        return ""
    since, until = earlier.started_at, later.started_at
    if context.store_failed(since, until):
        return "RA-13.2"
    return "RA-12.1" if context.lead_failed(since, until) else "RA-1.4"


def disabled_waits(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """No rerun starts while its event is surely disabled."""
    event = lineage.event()
    for _, attempt in lineage.reruns():
        for run in lineage.runs_of(attempt.view.id):
            at = lineage.decided(run)
            off = context.surely(event, "enabled", False, at)
            if off or context.possible(event, "enabled", at):
                expected = f"{attempt.view.id} waits until {event} is enabled"
                yield finding(not off, expected, f"{run} started", *off, run.first)


def slot_completed_once(group: Group, context: Context) -> Iterator[Finding]:
    """A slot that was served to its end is not started again by another job."""
    for lineage in group if group[0].slot else ():
        others = [run for other in group if other is not lineage for run in other.runs.values()]
        for run in lineage.runs.values():
            again = next((one for one in others if one.started_at > run.started_at), None)
            if not final(lineage, run, again.started_at if again else run.seen, context):
                continue
            expected, seen = f"the slot {slot_words(group)} is served once", f"{run}, then {again}"
            proof = (run, *ending_of(lineage, run))
            yield again and broken(expected, seen, *proof, again.first)


def slot_served_once(group: Group, _: Context) -> Iterator[Finding]:
    """A slot has one job and its reruns; the clock starts no second job for it."""
    if not group[0].slot:
        return
    first = min(group, key=Lineage.first_line)
    others = [lineage for lineage in group if lineage is not first]
    if not others:
        yield None
    for other in others:
        expected = f"one job for the slot {slot_words(group)}"
        seen = f"{first.root} and {other.root}"
        yield broken(expected, seen, first.first_line(), other.first_line())


def slot_words(group: Group) -> str:
    """The slot that some lineages serve: event and logical time."""
    event, _, now = group[0].slot.rpartition("@")
    return f"{minute_words(float(now)) if now.lstrip('-').isdigit() else now} of {event}"
