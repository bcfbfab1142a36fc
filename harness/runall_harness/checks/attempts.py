"""What must hold of every attempt: how the system shows its end, and what follows it."""

from collections.abc import Iterator
from itertools import pairwise

from .check import Finding, Kept, broken, finding, pieces
from .context import ENDINGS, SILENCES, Context
from .records import BEAT, CLOCKS, UNDER_WAY, Attempt, Lineage, RunRecord

BY_ITSELF = ("succeeded", "failed")
# An end that the process itself reports is exact to this many seconds, less than any order takes.
EXACT = 0.001
# The fields in which a rerun must equal the attempt that it replaces.
FAITHFUL = ("params", "source", "now")
# Each final state that is not an interruption, with the clause that says so.
OWN_ENDS = {"succeeded": "RA-3.4", "failed": "RA-2.7", "timed_out": "RA-2.6", "aborted": "RA-3.3"}


def ends_have_a_time(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """An attempt that is over is shown with the time of its end, which is not to come."""
    for name, attempt in lineage.attempts.items():
        if over := attempt.ends[:1]:
            time, latest = over[0].finalized_at, over[0].at + CLOCKS
            kept = time > 0 and (time <= latest or over[0].at > context.trusted)
            yield finding(kept, f"the time at which {name} ended", f"{time:.2f} s", over[0])


def only_who_was_aborted(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """What ends as aborted was aborted by a user, or can't start any more.

    A rerun that never ran is judged by `deadlines`.
    """
    asked = bool(lineage.aborts) or not context.aborting.isdisjoint(lineage.names())
    if asked or context.deletion(lineage.event(), lineage.first_line()):
        return
    refused = {note.entry.job for note in lineage.refusals()}
    for name, attempt in lineage.attempts.items():
        if attempt.view.cause == "interrupted" and not lineage.runs_of(name):
            continue
        if attempt.ends and name not in refused:
            kept = attempt.ends[0].state != "aborted"
            yield finding(kept, f"{name} goes on, for nobody aborted it", "aborted", attempt)


def finalized_once(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """The end of an attempt, once shown, never changes (RA-3.1).

    Where a late result replaced an interruption, RA-3.5 is named.
    """
    for name, attempt in lineage.attempts.items():
        if len(attempt.ends) == 1:
            yield None
        for earlier, later in pairwise(attempt.ends):
            late = earlier.state == "interrupted" and later.state in BY_ITSELF
            expected, seen = f"{name} ended as {earlier.state}", f"later shown as {later.state}"
            yield broken(expected, seen, earlier, later, clause="RA-3.5" if late else "")


def late_results_stay_apart(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """A late result is recorded against an attempt that was given up, and against no other."""
    for attempt in lineage.attempts.values():
        view = attempt.view
        if view.late_code is not None:
            expected = f"{view.id} was given up when its late result came"
            kept = view.state not in BY_ITSELF
            yield finding(kept, expected, f"it is {view.state}", attempt.last)


def one_rerun_each(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """No attempt is replaced twice."""
    successors: dict[str, Attempt] = {}
    for attempt in lineage.attempts.values():
        if name := attempt.view.predecessor:
            first = successors.setdefault(name, attempt)
            seen = f"{first.view.id} and {attempt.view.id}"
            kept = first is attempt
            yield finding(kept, f"one rerun of {name}", seen, first.first, attempt.first)


def shown_faithful(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """A rerun, or a retry, is shown with what the attempt was asked for that it replaces."""
    for before, attempt in (*lineage.reruns(), *lineage.retries()):
        if before is None:
            continue
        pairs = ((n, getattr(before.view, n), getattr(attempt.view, n)) for n in FAITHFUL)
        name, one, other = next((p for p in pairs if p[1] != p[2]), ("", None, None))
        owed, seen = pieces(repr(one), repr(other))
        expected, seen = f"{name} of {before.view.id}: {owed}", f"{attempt.view.id}: {seen}"
        clause = lineage.kept_by(attempt.view.id)
        yield finding(not name, expected, seen, before.last, attempt.first, clause=clause)


def lineage_is_complete(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """A rerun names its root, its interrupted predecessor, its number and its cause."""
    for attempt in lineage.attempts.values():
        view = attempt.view
        if view.attempt != 1 or view.predecessor:
            before = lineage.attempts.get(view.predecessor)
            gap = incomplete(attempt, before, lineage.root)
            expected = f"{view.id} names its root, predecessor, number and cause"
            yield finding(not gap, expected, gap, attempt.first, before and before.last)


def incomplete(attempt: Attempt, before: Attempt | None, root: str) -> str:
    """What is wrong with the links of an attempt to those before it; empty if nothing is."""
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


def own_end_is_final(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """A job that ended by itself, by its time limit or by an abort is not rerun as interrupted."""
    replaced = {attempt.view.predecessor: attempt for _, attempt in lineage.reruns()}
    for name, attempt in lineage.attempts.items():
        if not attempt.ends or (clause := OWN_ENDS.get(attempt.ends[0].state)) is None:
            continue
        if rerun := replaced.get(name):
            expected = f"{name} {attempt.ends[0].state}, and is not run again as interrupted"
            seen = f"{rerun.view.id} replaces it"
            yield broken(expected, seen, attempt.ends[0], rerun.first, clause=clause)
        else:
            yield Kept(clause)


def flag_is_heeded(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """A job is not run again if Run All of its event was surely off at the interruption."""
    event = lineage.event()
    for attempt in lineage.attempts.values():
        over = context.finalized(attempt)
        if over is None or attempt.ends[0].state != "interrupted":
            continue
        if off := context.surely(event, "catch_up", False, over):
            rerun = lineage.follower(attempt)
            expected = f"{attempt.view.id} is not run again, for Run All is off"
            yield rerun and broken(
                expected, f"{rerun.view.id} replaces it", *off, attempt.ends[0], rerun.first
            )


def deleted_is_over(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """No rerun starts once its event was surely deleted, also if that was made again since."""
    if (gone := context.deletion(lineage.event(), lineage.first_line())) is None:
        return
    for attempt in lineage.attempts.values():
        over = attempt.ends[0] if attempt.ends else None
        lost = over and over.state == "interrupted" and over.at > gone.called_at
        if lost and lineage.follower(attempt) is None:
            yield None
    for _, attempt in lineage.reruns():
        for run in lineage.runs_of(attempt.view.id):
            kept = lineage.decided(run) <= gone.done_at
            expected = f"nothing of {attempt.view.event}, which was deleted"
            yield finding(kept, expected, f"{run}", *gone.lines, run.first)


def living_go_on(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """A job that lives on a server in reach is not finalized as interrupted.

    RA-2.4 applies if its server had been out of reach, RA-13.2 if the store had failed, RA-2.11 if
    the primary had, else RA-2.10. A server that ended or restarted loses its jobs, so nothing is
    judged there.
    """
    for run, attempt, over in finalized_runs(lineage, context):
        if attempt.ends[0].state != "interrupted" or context.faulty > over:
            continue
        if (clause := in_reach(run, over, context)) is None:
            continue
        kept = run.seen <= over + (EXACT if run.execution.ended_at else BEAT)
        expected = f"{run.job} goes on, for it lives on a server in reach"
        seen = f"it was finalized as interrupted, and lived {run.seen - over:.2f} s more"
        yield finding(kept, expected, seen, run, attempt.ends[0], clause=clause)


def finalized_runs(
    lineage: Lineage, context: Context
) -> Iterator[tuple[RunRecord, Attempt, float]]:
    """Each execution with its attempt, and the time (seconds) at which that was finalized."""
    for run in lineage.runs.values():
        attempt = lineage.attempts.get(run.job)
        if attempt and (over := context.finalized(attempt)) is not None:
            yield run, attempt, over


def in_reach(run: RunRecord, at: float, context: Context) -> str | None:
    """The clause by which a run must go on, given what its server went through; None if none."""
    own = context.faults(run.node, run.started_at, at)
    kinds = [fault.kind for fault in own]
    if ENDINGS.intersection(kinds):
        return None
    for silence, mended in SILENCES.items():
        changes = [kind for kind in kinds if kind in (silence, mended)]
        if changes and changes[-1] == silence:
            return None
    if own:
        return "RA-2.4" if own[-1].at < at - UNDER_WAY else None
    if context.store_failed(run.started_at, at):
        return "RA-13.2"
    hurt = any(context.faults(node, run.started_at, at) for node in context.leaders(at))
    return "RA-2.11" if hurt else "RA-2.10"


def limit_is_no_interruption(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """A job that was stopped for its time limit, on a server in reach, is not interrupted."""
    for run, attempt, over in finalized_runs(lineage, context):
        limits, lines = context.values(lineage.event(), "timeout", over)
        limit = max(limits, default=0)
        if not all(limits) or not used_up(run, limit, context.grace):
            continue
        if in_reach(run, over, context) == "RA-2.10":
            kept = attempt.ends[0].state != "interrupted"
            expected = f"{run.job} timed out, for its limit is {limit:g} s"
            seen = "it was finalized as interrupted, and no server had failed"
            yield finding(kept, expected, seen, *lines, run.last, attempt.ends[0])


def used_up(run: RunRecord, limit: float, grace: float) -> bool:
    """Whether an execution ended when its time limit was reached, and not much later; seconds."""
    if not limit or run.execution.ended_at is None:
        return False
    lasted = run.execution.ended_at - run.started_at
    return limit - BEAT <= lasted <= limit + grace + UNDER_WAY


def drain_launches_nothing(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """Nothing is placed while the only primary is being stopped."""
    for attempt in lineage.attempts.values():
        at = attempt.view.placed_at
        if not at or at > context.trusted:
            continue
        for stop in context.stops:
            if at <= stop.since or context.leaders(at) != {stop.node}:
                continue
            kept = not stop.since + context.lag < at < stop.until
            expected = f"nothing is placed while {stop.node} goes down"
            seen = f"{attempt.view.id} was, after {at - stop.since:.2f} s"
            yield finding(kept, expected, seen, stop.line, attempt.last)


def reruns_are_bounded(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """A lineage has no more reruns than its event ever allowed."""
    reruns = [attempt for _, attempt in lineage.reruns()]
    edits = [
        edit
        for edit in context.edits.get(lineage.event(), ())
        if "max_reruns" in edit.fields and edit.called_at <= lineage.latest
    ]
    limits = [edit.fields["max_reruns"] for edit in edits]
    if reruns and limits and 0 not in limits:
        expected = f"at most {max(limits)} reruns of {lineage.root}"
        lines = [line for edit in edits for line in edit.lines]
        kept = len(reruns) <= max(limits)
        yield finding(kept, expected, f"{len(reruns)}", *lines, *(one.first for one in reruns))


def old_is_let_go(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """A job that was lost longer ago than its event allows is not run again, then or later.

    The time of the loss is known where the rig saw the job die with its server. Otherwise the
    system knows only the last sign of life that reached it; a system that was frozen may date that
    sign by when it was read.
    """
    for before, attempt in lineage.reruns():
        over, runs = context.finalized(before), lineage.runs_of(attempt.view.predecessor)
        if before is None or over is None or not runs or runs[-1].execution.how != "killed":
            continue
        ages, lines = context.values(attempt.view.event, "rerun_age", over)
        if not ages or 0 in ages or context.deaf(runs[-1].seen):
            continue
        until = max([over, *map(lineage.decided, lineage.runs_of(attempt.view.id))])
        late = until - runs[-1].seen
        expected = f"no rerun of what was lost more than {max(ages):g} s ago"
        seen = f"{attempt.view.id}, {late:.1f} s after the loss"
        evidence = (*lines, runs[-1].last, before.ends[0], attempt.first)
        yield finding(late <= max(ages) + UNDER_WAY, expected, seen, *evidence)


def lost_are_on_record(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """Every interrupted attempt is in the ledger, with the decision and its clause."""
    for name, attempt in lineage.attempts.items():
        if context.ledger_shown and attempt.view.state == "interrupted":
            notes = [note for note in lineage.notes if note.entry.job == name]
            own = (attempt.view.event, "")
            good = (one.entry for one in notes if one.entry.event in own)
            kept = any(entry.decision and entry.clause for entry in good)
            expected = f"a line about {name} and its event, with decision and clause"
            seen = f"{notes[0].entry if notes else 'none'}"
            yield finding(kept, expected, seen, attempt.ends[-1], *notes)


def retries_wait(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """A retry is placed when its delay has passed since the failure, and no sooner."""
    for attempt in lineage.attempts.values():
        before, at = lineage.attempts.get(attempt.view.predecessor), attempt.view.placed_at
        over = context.finalized(before)
        if attempt.view.cause != "retry" or over is None or not 0 < at <= context.trusted:
            continue
        if delays := context.values(lineage.event(), "retry_delay", over)[0]:
            expected = f"{attempt.view.id} starts {min(delays):g} s after the failure"
            seen = f"it was placed {at - over:.2f} s after it"
            # A system may write its two times in two parts of it, each a moment after the fact.
            kept = at - over >= min(delays) - CLOCKS
            yield finding(kept, expected, seen, *(before.ends[:1] if before else ()), attempt)
