"""What must hold of every attempt: how the system shows its end, and what follows on it."""

from collections.abc import Iterator
from itertools import pairwise

from .check import Breach, Finding, Kept
from .context import HIDDEN, SILENCES, Context
from .records import BEAT, UNDER_WAY, Attempt, Lineage, RunRecord, proof

BY_ITSELF = ("succeeded", "failed")
# The end of a process is told by itself: less than any order takes to get to it, in seconds.
EXACT = 0.001


# ------------------------------------------------------------------ the end
def finalized_once(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """What the system once showed as the end of an attempt never changes.

    Where a late result took the place of an interruption, the clause about those is named.
    """
    for name, attempt in lineage.attempts.items():
        if len(attempt.ends) == 1:
            yield None
        for earlier, later in pairwise(attempt.ends):
            late = earlier.state == "interrupted" and later.state in BY_ITSELF
            yield Breach(
                f"{name} ended as {earlier.state}",
                f"later shown as {later.state}",
                proof(earlier, later),
                "RA-3.5" if late else "",
            )


def late_results_stay_apart(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """A late result is recorded against an attempt that was given up, and against no other."""
    for attempt in lineage.attempts.values():
        if attempt.view.late_code is None:
            continue
        if attempt.view.state in BY_ITSELF:
            yield Breach(
                f"{attempt.view.id} was given up when its late result came",
                f"it is {attempt.view.state}",
                proof(attempt.last),
            )
        else:
            yield None


# ------------------------------------------------------------------ what follows
def one_rerun_each(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """No attempt is replaced twice."""
    successors: dict[str, Attempt] = {}
    for attempt in lineage.attempts.values():
        if not (name := attempt.view.predecessor):
            continue
        if other := successors.get(name):
            yield Breach(
                f"one rerun of {name}",
                f"{other.view.id} and {attempt.view.id}",
                proof(other.first, attempt.first),
            )
        else:
            successors[name] = attempt
            yield None


def reruns_are_shown_faithful(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """A rerun is shown with the parameters, the source and the logical time of what it replaces."""
    for before, attempt in lineage.reruns():
        if before is None:
            continue
        for name in ("params", "source", "now"):
            one, other = getattr(before.view, name), getattr(attempt.view, name)
            if one != other:
                yield Breach(
                    f"{name} of {before.view.id}: {one!r}",
                    f"{attempt.view.id}: {other!r}",
                    proof(before.last, attempt.first),
                )
                break
        else:
            yield None


def lineage_is_complete(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """A rerun names its root, its predecessor, which was interrupted, its number and its cause."""
    for attempt in lineage.attempts.values():
        view = attempt.view
        if view.attempt == 1 and not view.predecessor:
            continue
        before = lineage.attempts.get(view.predecessor)
        if trouble := incomplete(attempt, before, lineage.root):
            yield Breach(
                f"{view.id} names its root, predecessor, number and cause",
                trouble,
                proof(attempt.first, *([before.last] if before else ())),
            )
        else:
            yield None


def incomplete(attempt: Attempt, before: Attempt | None, root: str) -> str:
    """What an attempt does not tell rightly of those before it; empty if nothing."""
    view = attempt.view
    if before is None:
        return f"its predecessor is {view.predecessor or 'not named'}, which was never shown"
    if view.cause == "interrupted" and before.view.state != "interrupted":
        return f"it replaces {before.view.id} as interrupted, which is {before.view.state}"
    if not view.cause or view.root != root:
        return f"cause {view.cause!r}, root {view.root!r}"
    if view.attempt != before.view.attempt + 1:
        return f"it is number {view.attempt}, after {before.view.attempt}"
    return ""


def own_end_is_no_interruption(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """What ended by itself, or over its time, or by a user's wish, is not replaced as interrupted.

    Each of these ends has a clause of its own.
    """
    clauses = {
        "succeeded": "RA-3.4",
        "failed": "RA-2.7",
        "timed_out": "RA-2.6",
        "aborted": "RA-3.3",
    }
    replaced = {attempt.view.predecessor: attempt for _, attempt in lineage.reruns()}
    for name, attempt in lineage.attempts.items():
        if not attempt.ends or (clause := clauses.get(attempt.ends[0].state)) is None:
            continue
        ending = attempt.ends[0]
        if rerun := replaced.get(name):
            yield Breach(
                f"{name} {ending.state}, and is not run again as interrupted",
                f"{rerun.view.id} replaces it",
                proof(ending, rerun.first),
                clause,
            )
        else:
            yield Kept(clause)


def flag_is_heeded(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """Nothing is run again of an event whose Run All was surely off at the interruption."""
    event = lineage.event()
    for attempt in lineage.attempts.values():
        over = context.finalized(attempt)
        if over is None or attempt.ends[0].state != "interrupted":
            continue
        if not (off := context.surely(event, "catch_up", False, over)):
            continue
        if rerun := follower(lineage, attempt):
            yield Breach(
                f"{attempt.view.id} is not run again, for Run All is off",
                f"{rerun.view.id} replaces it",
                proof(*off, attempt.ends[0], rerun.first),
            )
        else:
            yield None


def follower(lineage: Lineage, attempt: Attempt) -> Attempt | None:
    """The attempt that replaces an interrupted one."""
    return next((a for _, a in lineage.reruns() if a.view.predecessor == attempt.view.id), None)


def deleted_is_over(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """Nothing starts as a rerun once its event was surely deleted."""
    if (gone := context.deleted.get(lineage.event())) is None:
        return
    for attempt in lineage.attempts.values():
        over = attempt.ends[0] if attempt.ends else None
        lost = over and over.state == "interrupted" and over.at > gone.called_at
        if lost and follower(lineage, attempt) is None:
            yield None
    for _, attempt in lineage.reruns():
        for run in lineage.runs_of(attempt.view.id):
            if lineage.decided(run) > gone.done_at:
                yield Breach(
                    f"nothing of {attempt.view.event}, which was deleted",
                    f"{run}",
                    proof(*gone.lines, run.first),
                )
            else:
                yield None


def refused_is_refused(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """What the ledger says is not run again is not."""
    for note in lineage.notes:
        if not note.entry.refused:
            continue
        job = lineage.attempts.get(note.entry.job)
        if rerun := follower(lineage, job) if job else None:
            yield Breach(
                f"nothing follows on {note.entry.job}: {note.entry.detail}",
                f"{rerun.view.id}",
                proof(note, rerun.first),
            )
        else:
            yield None


# ------------------------------------------------------------------ the living
def living_go_on(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """A job that lives on a server in reach is not finalized as interrupted.

    Where its own server had been out of reach, RA-2.4 says so; where the primary had failed,
    RA-2.11; else RA-2.10. An ended or restarted server loses its jobs, and says nothing here.
    """
    for run in lineage.runs.values():
        attempt = lineage.attempts.get(run.job)
        over = context.finalized(attempt)
        if over is None or attempt is None or attempt.ends[0].state != "interrupted":
            continue
        if context.faulty > over:
            continue
        if (clause := in_reach(run, over, context)) is None:
            continue
        if run.seen > over + (EXACT if run.execution.ended_at else BEAT):
            yield Breach(
                f"{run.job} goes on, for it lives on a server in reach",
                f"it was finalized as interrupted, and lived {run.seen - over:.2f} s more",
                proof(run, attempt.ends[0]),
                clause,
            )
        else:
            yield Kept(clause)


def in_reach(run: RunRecord, at: float, context: Context) -> str | None:
    """The clause by which a run must go on, given what its server went through; None if none."""
    own = [fault for fault, _ in context.faults(run.node, run.started_at, at)]
    kinds = [fault.kind for fault in own]
    if HIDDEN.intersection(kinds):
        return None
    for silence, mended in SILENCES.items():
        told = [kind for kind in kinds if kind in (silence, mended)]
        if told and told[-1] == silence:
            return None
    if own:
        return "RA-2.4" if own[-1].at < at - UNDER_WAY else None
    hurt = context.hurt_nodes(run.started_at, at) & context.leaders(at)
    return "RA-2.11" if hurt else "RA-2.10"


def time_limit_is_no_interruption(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """What was stopped for its time limit, on a server in reach, is not taken for interrupted."""
    for run in lineage.runs.values():
        attempt = lineage.attempts.get(run.job)
        over = context.finalized(attempt)
        if over is None or attempt is None:
            continue
        told = context.possible(lineage.event(), "timeout", over)
        limit = max((value for value, _ in told), default=0)
        if not all(value for value, _ in told) or not used_up(run, limit, context.grace):
            continue
        if in_reach(run, over, context) != "RA-2.10":
            continue
        if attempt.ends[0].state == "interrupted":
            yield Breach(
                f"{run.job} timed out, for its limit is {limit:g} s",
                "it was finalized as interrupted, and no server had failed",
                proof(
                    *(line for _, edit in told for line in edit.lines), run.last, attempt.ends[0]
                ),
            )
        else:
            yield None


def used_up(run: RunRecord, limit: float, grace: float) -> bool:
    """Whether an execution ended when its time was up, and not much later."""
    if not limit or run.execution.ended_at is None:
        return False
    lasted = run.execution.ended_at - run.started_at
    return limit - BEAT <= lasted <= limit + grace + UNDER_WAY


def drain_launches_nothing(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """Nothing is placed while the only primary is going down."""
    for attempt in lineage.attempts.values():
        at = attempt.view.placed_at
        if not at or at > context.trusted:
            continue
        for drain in context.drains:
            if at <= drain.since or context.leaders(at) != {drain.node}:
                continue
            if drain.since + context.lag < at < drain.until:
                yield Breach(
                    f"nothing is placed while {drain.node} goes down",
                    f"{attempt.view.id} was, after {at - drain.since:.2f} s",
                    (drain.line, attempt.last),
                )
            else:
                yield None


# ------------------------------------------------------------------ bounds and the ledger
def reruns_are_bounded(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """A lineage has no more reruns than its event ever allowed."""
    reruns = [attempt for _, attempt in lineage.reruns()]
    told = [
        edit
        for edit in context.edits.get(lineage.event(), ())
        if "max_reruns" in edit.fields and edit.called_at <= lineage.latest
    ]
    limits = [edit.fields["max_reruns"] for edit in told]
    if not reruns or not limits or 0 in limits:
        return
    if len(reruns) > max(limits):
        lines = [line for edit in told for line in edit.lines]
        yield Breach(
            f"at most {max(limits)} reruns of {lineage.root}",
            f"{len(reruns)}",
            proof(*lines, *(attempt.first for attempt in reruns)),
        )
    else:
        yield None


def old_is_let_go(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """What was lost longer ago than its event allows is not run again, then or later.

    How long ago is known where the rig saw the job die with its server. A system need not know it
    better than from the last sign of life that it could hear, and one that was frozen may date that
    by when it read it.
    """
    for before, attempt in lineage.reruns():
        over, runs = context.finalized(before), lineage.runs_of(attempt.view.predecessor)
        if over is None or not runs or runs[-1].execution.how != "killed":
            continue
        told = context.possible(attempt.view.event, "rerun_age", over)
        ages = [age for age, _ in told]
        if not before or not ages or 0 in ages:
            continue
        until = max([over, *map(lineage.decided, lineage.runs_of(attempt.view.id))])
        if context.deaf(runs[-1].seen):
            continue
        late = until - runs[-1].seen
        if late > max(ages) + UNDER_WAY:
            yield Breach(
                f"no rerun of what was lost more than {max(ages):g} s ago",
                f"{attempt.view.id}, {late:.1f} s after the loss",
                proof(
                    *(line for _, edit in told for line in edit.lines),
                    runs[-1].last,
                    before.ends[0],
                    attempt.first,
                ),
            )
        else:
            yield None


def interruptions_are_told(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """Every interrupted attempt is in the ledger: what was done about it, and by which clause."""
    if not context.ledger_shown:
        return
    for name, attempt in lineage.attempts.items():
        if attempt.view.state != "interrupted":
            continue
        notes = [note for note in lineage.notes if note.entry.job == name]
        if any(note.entry.decision and note.entry.clause for note in notes):
            yield None
        else:
            yield Breach(
                f"a line about {name}, with decision and clause",
                f"{notes[0].entry if notes else 'none'}",
                proof(attempt.ends[-1], *notes),
            )


def refusals_have_reasons(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """Whatever is refused, the ledger says why."""
    for note in lineage.notes:
        if not note.entry.refused:
            continue
        if note.entry.clause and note.entry.detail:
            yield None
        else:
            yield Breach(
                f"the reason why {note.entry.job} is not run again", f"{note.entry}", proof(note)
            )
