"""What must hold of every history, guarantee by guarantee, in the clauses' own words."""

from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from ..rigs.base import Execution
from ..verdicts import Violation
from .limits import limbo_counts, limits_are_kept
from .story import BEAT, Story


class Guarantee(NamedTuple):
    """A clause, the capabilities under which it is owed, and the function that judges it."""

    clause: str
    needs: frozenset[str]
    check: Callable[[Story], None]


def told(execution: Execution) -> str:
    """An execution in a few words."""
    return f"{execution.job} on {execution.node} ({execution.how})"


def one_live_attempt(story: Story) -> None:
    """No attempt of a lineage still lives when the next one has started.

    A frozen node is the stated exception (RA-7.6).
    """
    for root, runs in story.lineages().items():
        for earlier, later in pairwise(runs):
            last_seen = earlier.ended_at or earlier.beat_at
            alive = last_seen > later.started_at + BEAT
            if alive and not story.slept_into(earlier, later):
                raise Violation(
                    "RA-7.1", f"one live attempt of {root}",
                    f"{told(earlier)} lived into {told(later)}",
                )  # fmt: skip


def reached(story: Story, run: Execution) -> bool:
    """Whether an execution completed and the system took that in.

    A process that ended a moment before its server died may leave a result that nobody ever had:
    that attempt is interrupted, and delivery is at least once.
    """
    states = story.shown.get(run.job, [])
    return run.how == "completed" and any(view.state == "succeeded" for view in states)


def completed_is_final(story: Story) -> None:
    """Nothing of a lineage starts after one of its attempts has completed."""
    for root, runs in story.lineages().items():
        for earlier, later in pairwise(runs):
            if reached(story, earlier) and (earlier.ended_at or 0) < later.started_at:
                raise Violation("RA-3.4", f"{root} completed once and for all",
                                f"{told(earlier)}, then {told(later)}")  # fmt: skip


def slot_completed_once(story: Story) -> None:
    """A slot of an event that was served to its end is not started again."""
    slots: dict[tuple[str, str], list[Execution]] = defaultdict(list)
    for execution in sorted(story.executions.values(), key=lambda e: e.started_at):
        event, source = execution.claims.get("JOB_EVENT"), execution.claims.get("JOB_SOURCE")
        if event and not source:
            slots[event, execution.now].append(execution)
    for (event, now), runs in slots.items():
        done = next((run for run in runs if reached(story, run)), None)
        if done and runs[-1] is not done:
            raise Violation("RA-4.7", f"the slot at {now} of {event} is served once",
                            f"{told(done)}, then {told(runs[-1])}")  # fmt: skip


def aborted_stays_aborted(story: Story) -> None:
    """After the answer to an abort, no attempt of that lineage starts."""
    lineages = story.lineages()
    roots = {job.id: job.root for job in story.jobs()}
    for asked in story.asked:
        if asked.verb == "abort" and asked.outcome == "done" and asked.answered_at:
            job = str(asked.args["job"])
            for run in lineages.get(roots.get(job, job), []):
                if run.started_at > asked.answered_at + BEAT:
                    raise Violation("RA-3.3", f"nothing of {job} starts any more", told(run))


def require_faithful(root: str, earlier: Execution, later: Execution) -> None:
    """Two executions of a lineage were given the same, to the letter."""
    for name, one, other in (
        ("parameters", earlier.params, later.params),
        ("logical time", earlier.now, later.now),
        ("source", earlier.claims.get("JOB_SOURCE"), later.claims.get("JOB_SOURCE")),
    ):
        if one != other:
            raise Violation("RA-4.3", f"{name} of {root}: {one!r}", f"{other!r}")


def reruns_are_faithful(story: Story) -> None:
    """All attempts of a lineage have the same parameters, source and logical time."""
    for root, runs in story.lineages().items():
        for earlier, later in pairwise(runs):
            require_faithful(root, earlier, later)


def reruns_follow_interruptions(story: Story) -> None:
    """An attempt that stands for an interrupted one names it, and that one was interrupted."""
    latest = {job.id: job for job in story.jobs()}
    for job in latest.values():
        if job.cause == "interrupted":
            replaced = latest.get(job.predecessor)
            if replaced is None or replaced.state != "interrupted":
                seen = f"its predecessor is {replaced.state if replaced else 'unknown'}"
                raise Violation("RA-4.5", f"{job.id} replaces an interrupted attempt", seen)


def finalized_once(story: Story) -> None:
    """What the system once showed as the end of an attempt never changes."""
    for name, states in story.shown.items():
        for earlier, later in pairwise(states):
            if earlier.final and (earlier.state, earlier.finalized_at) != (
                later.state,
                later.finalized_at,
            ):
                raise Violation("RA-3.1", f"{name} ended as {earlier.state}",
                                f"later shown as {later.state}")  # fmt: skip


def one_rerun_each(story: Story) -> None:
    """No attempt is replaced twice."""
    successors: dict[str, str] = {}
    for job in story.jobs():
        if job.predecessor and job.predecessor in successors:
            raise Violation("RA-1.4", f"one rerun of {job.predecessor}",
                            f"{successors[job.predecessor]} and {job.id}")  # fmt: skip
        successors[job.predecessor] = job.id


def nobody_is_forgotten(story: Story) -> None:
    """A manual run that was accepted is still shown, whatever became of it."""
    shown = set(story.shown)
    for asked in story.asked:
        if asked.verb == "run" and asked.outcome == "done" and asked.value not in shown:
            raise Violation("RA-1.1", f"the accepted run {asked.value} is on record", "it is not")


def interruptions_are_told(story: Story) -> None:
    """Every interrupted attempt is in the ledger: what was done about it, and by which clause."""
    if story.ledger is None:
        return
    lines = {entry.job: entry for entry in story.ledger}
    for job in story.jobs():
        if job.state == "interrupted":
            entry = lines.get(job.id)
            if entry is None or not entry.decision or not entry.clause:
                raise Violation("RA-8.4", f"a line about {job.id}, with decision and clause",
                                f"{entry or 'none'}")  # fmt: skip


def refusals_have_reasons(story: Story) -> None:
    """Whatever is refused, the ledger says why."""
    for entry in story.ledger or ():
        if entry.refused and not (entry.clause and entry.detail):
            raise Violation("RA-8.3", f"the reason why {entry.job} is not run again", f"{entry}")


GUARANTEES = (
    Guarantee("RA-3.4", frozenset(), completed_is_final),
    Guarantee("RA-4.7", frozenset(), slot_completed_once),
    Guarantee("RA-3.3", frozenset(), aborted_stays_aborted),
    Guarantee("RA-4.3", frozenset(), reruns_are_faithful),
    Guarantee("RA-1.4", frozenset(), one_rerun_each),
    Guarantee("RA-1.1", frozenset(), nobody_is_forgotten),
    Guarantee("RA-7.1", frozenset({"fencing"}), one_live_attempt),
    Guarantee("RA-6.1", frozenset(), limits_are_kept),
    Guarantee("RA-6.2", frozenset({"limbo"}), limbo_counts),
    Guarantee("RA-8.3", frozenset({"bounds"}), refusals_have_reasons),
    Guarantee("RA-8.4", frozenset({"bounds"}), interruptions_are_told),
    Guarantee("RA-3.1", frozenset({"once"}), finalized_once),
    Guarantee("RA-4.5", frozenset({"lineage"}), reruns_follow_interruptions),
)
