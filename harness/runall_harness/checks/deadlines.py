"""What the system owes, and until when: the writer of the history states the time.

A case that waits for a rerun writes that it is owed, and so may anybody who exports a log. If a
history ends too soon to show it, the question stays open.
"""

from collections.abc import Iterator

import msgspec

from runall_harness.contract.clauses import clause_text
from runall_harness.contract.verdicts import BrokenClause

from .check import Finding, Kept, broken, finding
from .context import Context
from .records import BEAT, UNDER_WAY, Attempt, Debt, Group, Lineage, RunRecord, proof
from .refusals import false_refusal, promise

# The ends of an execution by which nothing was interrupted.
OWN_ENDS = ("completed", "failed")


def ids_are_new(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """A manual run that was accepted got an id that nothing had by then."""
    for job, accepted in lineage.accepted.items():
        expected, known = f"an id of its own for a run, not {job}", accepted.known
        yield finding(not known, expected, "another job has it", accepted, *known)


def accepted_are_on_record(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """A manual run that was accepted is still shown, however it ended."""
    for job, accepted in lineage.accepted.items() if context.jobs_shown else ():
        shown = job in lineage.attempts
        yield finding(shown, f"the accepted run {job} is on record", "it is not", accepted)


def deadlines_are_met(group: Group, context: Context) -> Iterator[Finding]:
    """Everything that was owed came by its time."""
    for lineage in group:
        for debt in lineage.debts:
            for found in judge_debt(debt, lineage, group, context):
                if debt.owed.until <= context.now or isinstance(found, Kept):
                    yield found
        for debt in context.debts:
            if debt.owed.until <= context.now and (open_ := unsettled(lineage, group, context)):
                yield by_debt(open_, debt)


def open_questions(group: Group, context: Context) -> Iterator[BrokenClause[int]]:
    """What the history leaves undecided: it ends before what is still to do has come."""
    for lineage in group:
        if not interrupted(lineage) or answered(lineage, context):
            continue
        if open_ := unsettled(lineage, group, context) or unshown(lineage, group, context):
            yield msgspec.structs.replace(open_, text=clause_text(open_.clause))


def interrupted(lineage: Lineage) -> bool:
    """Whether a lineage was interrupted, and no execution of it has come to its own end since.

    The job's word counts before the system's: a result may still be under way at the end.
    """
    runs, attempts = list(lineage.runs.values()), list(lineage.attempts.values())
    if runs and runs[-1].execution.how in OWN_ENDS:
        return False
    killed = any(run.execution.how in ("killed", "terminated") for run in runs)
    return killed or any(one.view.cause == "interrupted" or one.ends for one in attempts)


def unshown(lineage: Lineage, group: Group, context: Context) -> BrokenClause[int] | None:
    """A killed job of which the system shows nothing, and which no other execution replaces."""
    last = list(lineage.runs.values())[-1] if lineage.runs else None
    if last is None or lineage.attempts or lineage.aborts or len(group) > 1:
        return None
    off = False in context.values(lineage.event(), "catch_up", last.seen)[0]
    if off or set_aside(lineage, context) or last.execution.how != "killed":
        return None
    expected = f"{last.job} is run again, or refused with a reason"
    return broken(expected, f"{last}, and nothing more is known", last, clause=promise(lineage))


def answered(lineage: Lineage, context: Context) -> bool:
    """Whether a later execution with the tag of the last one may be its rerun, without a link."""
    if "lineage" in context.capabilities or not lineage.runs:
        return False
    last = list(lineage.runs.values())[-1]
    tagged = context.tagged.get(last.execution.tag, ())
    return any(run.started_at > last.started_at for run in tagged)


def judge_debt(debt: Debt, lineage: Lineage, group: Group, context: Context) -> Iterator[Finding]:
    match debt.owed.what:
        case "end":
            yield from ended(debt, lineage.attempts.get(debt.owed.job), context)
        case "rerun":
            yield from rerun_started(debt, lineage, group, context)
        case "rest":
            if open_ := unsettled(lineage, group, context):
                yield by_debt(open_, debt)
            elif debt.owed.until <= context.now:
                yield Kept(debt.owed.clause or promise(lineage))
        case "slots":  # `schedule` judges these
            pass


def ended(debt: Debt, attempt: Attempt | None, context: Context) -> Iterator[Finding]:
    """Judge whether an end came in time; in the time that was added it decides nothing."""
    clause, until = debt.owed.clause or "RA-2.1", debt.owed.until
    over = context.finalized(attempt)
    if attempt and attempt.ends:
        came = min(attempt.ends[0].at - UNDER_WAY, over or until + 1)
        if came <= debt.due:
            yield Kept(clause, (debt, attempt))
        if came <= until:
            return
    expected = f"an end of {debt.owed.job} within {until - debt.since:g} s"
    seen = f"{attempt.view.id} is {attempt.view.state}" if attempt else "it is not shown"
    yield broken(expected, seen, debt, attempt, clause=clause)


def rerun_started(
    debt: Debt, lineage: Lineage, group: Group, context: Context
) -> Iterator[Finding]:
    """Judge whether a rerun started in time; nothing is owed once the lineage has ended for good.

    In a system that declares no links the rerun has another id, and is known by its tag.
    """
    clause, until = debt.owed.clause or promise(lineage), debt.owed.until
    runs = [run for one in group for run in one.runs.values()]
    runs += context.tagged.get(debt.owed.tag, ())
    late = [run for run in runs if run.started_at > debt.since]
    if in_time := next((run for run in late if run.started_at <= debt.due + BEAT), None):
        yield Kept(clause, (debt, in_time))
    elif any(run.started_at <= until + BEAT for run in late):
        return  # it came late, in the time that was added: that decides nothing
    elif not ended_for_good(lineage, until):
        expected = f"a rerun of {debt.owed.job} within {until - debt.since:g} s"
        seen = f"{late[0]} came {late[0].started_at - until:.2f} s late" if late else "none"
        shown = [attempt for attempt in lineage.attempts.values() if attempt.ends]
        first = [run.first for run in late[:1]]
        yield broken(expected, seen, debt, *first, *shown, clause=clause)


def ended_for_good(lineage: Lineage, until: float) -> bool:
    """Whether an abort, a refusal, or an end of its own by that time ended the lineage for good."""
    ends = [ending for attempt in lineage.attempts.values() for ending in attempt.ends]
    own = any(one.state != "interrupted" and one.at <= until for one in ends)
    return bool(own or lineage.aborts or lineage.refusals())


def by_debt(open_: BrokenClause[int], debt: Debt) -> BrokenClause[int]:
    """The unfinished work as a finding, proven also by the `owed` line that it breaks."""
    clause = debt.owed.clause or open_.clause
    return msgspec.structs.replace(open_, clause=clause, lines=proof(*open_.lines, debt))


def unsettled(lineage: Lineage, group: Group, context: Context) -> BrokenClause[int] | None:
    """What is still to do for a lineage, by the clause that asks for it; None if nothing is."""
    return None if set_aside(lineage, context) else left_over(lineage, group, context)


def set_aside(lineage: Lineage, context: Context) -> bool:
    """Whether its event may be deleted or disabled now, so that nothing is to do for it."""
    event = lineage.event()
    gone = context.deletion(event, lineage.first_line())
    return gone is not None or False in context.values(event, "enabled", context.now)[0]


def left_over(lineage: Lineage, group: Group, context: Context) -> BrokenClause[int] | None:
    """What is still to do for a lineage, without regard to the state of its event."""
    if lineage.aborts:
        return None
    if not lineage.attempts:
        if not lineage.accepted or lineage.runs:
            return None
        expected, asked = f"{lineage.root} runs", lineage.accepted.values()
        return broken(expected, "nothing was heard of it", *asked, clause="RA-12.2")
    last = list(lineage.attempts.values())[-1]
    if last.view.final:
        return unanswered(last, lineage, group, context)
    return unfinished(last, lineage, context)


def unanswered(
    last: Attempt, lineage: Lineage, group: Group, context: Context
) -> BrokenClause[int] | None:
    """An interruption that nothing followed, or a rerun that ended as aborted without a request.

    A refusal counts as an answer, unless the history shows that its reason can't be true.
    """
    refusals = [note for note in lineage.refusals() if note.entry.job == last.view.id]
    if any(not false_refusal(note, lineage, context) for note in refusals):
        return None
    if last.view.state == "aborted" and last.view.cause == "interrupted":
        # The rerun ended before it started: no user asked for that, and no refusal explains it.
        if lineage.runs_of(last.view.id):
            return None
        expected, seen = f"{last.view.id} waits until it can start", "it was aborted, by nobody"
        return broken(expected, seen, last, clause=promise(lineage))
    if last.view.state != "interrupted":
        return None
    over, event = last.over, lineage.event()
    again = any(one is not lineage and first_start(one) > first_start(lineage) for one in group)
    if again or False in context.values(event, "catch_up", over)[0]:
        return None
    clause = "RA-4.6" if nowhere_to_run(event, over, context) else promise(lineage)
    expected = f"{last.view.id} is run again, or refused with a reason"
    return broken(expected, "nothing followed on its interruption", last, clause=clause)


def nowhere_to_run(event: str, at: float, context: Context) -> bool:
    """Whether an event may run on one server only, which was surely down then."""
    targets = set(context.values(event, "target", at)[0])
    return len(targets) == 1 and all(context.down(str(node), at) for node in targets)


def first_start(lineage: Lineage) -> float:
    """The time (seconds) of a lineage's first execution; 0 if it has none."""
    return min((run.started_at for run in lineage.runs.values()), default=0.0)


def unfinished(last: Attempt, lineage: Lineage, context: Context) -> BrokenClause[int] | None:
    """An attempt that is neither over nor running."""
    runs = lineage.runs_of(last.view.id)
    if any(run.execution.how == "running" for run in runs):
        return None
    state, first = last.view.state, last.view.attempt == 1
    clause = {"waiting": "RA-12.2" if first else "RA-4.6", "starting": "RA-2.13"}.get(
        state, unnoticed(runs[-1], context) if runs else "RA-2.1"
    )
    seen = f"it is {state}, and {runs[-1]}" if runs else f"it is {state}, and never ran"
    expected = f"{last.view.id} runs, or comes to an end"
    return broken(expected, seen, last, *runs[-1:], clause=clause)


def unnoticed(run: RunRecord, context: Context) -> str:
    """The clause by which the loss of an execution had to be noticed; it depends on the fault."""
    if run.node in context.primaries and len(context.primaries) > 1:
        return "RA-9.5"
    restarted = any(at > run.seen for at in context.starts.get(run.node, ()))
    return "RA-2.3" if restarted else "RA-2.1"
