"""What is owed until when: the promise has a time, and whoever wrote the history says which.

A case that waits for a rerun writes down that it is owed; so may anybody who exports a log. What
a history ends too soon to show is left open.
"""

from collections.abc import Iterator

from .check import Breach, Finding, Kept
from .context import Context
from .records import BEAT, UNDER_WAY, Attempt, Debt, Group, Lineage, RunRecord, proof


def accepted_are_on_record(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """A manual run that was accepted is still shown, whatever became of it."""
    if not context.jobs_shown:
        return
    for job, accepted in lineage.accepted.items():
        if job in lineage.attempts:
            yield None
        else:
            yield Breach(f"the accepted run {job} is on record", "it is not", accepted.lines)


def deadlines_are_met(group: Group, context: Context) -> Iterator[Finding]:
    """What was owed until a time had come by then."""
    for lineage in group:
        for debt in lineage.debts:
            for finding in judge_debt(debt, lineage, group, context):
                if debt.owed.until <= context.now or isinstance(finding, Kept):
                    yield finding
        for debt in context.debts:
            if debt.owed.until <= context.now and (unrest := restless(lineage, group, context)):
                yield told(unrest, debt)


def judge_debt(debt: Debt, lineage: Lineage, group: Group, context: Context) -> Iterator[Finding]:
    """One thing that was owed, of one lineage."""
    match debt.owed.what:
        case "end":
            yield ended(debt, lineage.attempts.get(debt.owed.job), context)
        case "rerun":
            yield from started(debt, lineage, group, context)
        case "rest":
            if unrest := restless(lineage, group, context):
                yield told(unrest, debt)
            elif debt.owed.until <= context.now:
                yield Kept(debt.owed.clause or promise(lineage))


def ended(debt: Debt, attempt: Attempt | None, context: Context) -> Finding:
    """Whether an attempt was shown to be over in time."""
    clause, until = debt.owed.clause or "RA-2.1", debt.owed.until
    over = context.finalized(attempt)
    if attempt and attempt.ends and min(attempt.ends[0].at - UNDER_WAY, over or until + 1) <= until:
        return Kept(clause)
    shown = f"{attempt.view.id} is {attempt.view.state}" if attempt else "it is not shown"
    return Breach(
        f"an end of {debt.owed.job} within {until - debt.since:g} s",
        shown,
        proof(debt, *([attempt] if attempt else ())),
        clause,
    )


def started(debt: Debt, lineage: Lineage, group: Group, context: Context) -> Iterator[Finding]:
    """Whether a rerun began in time. Nothing is owed of what was aborted, refused, or has ended.

    A system that names no links has it under another id, and it is known by its tag.
    """
    clause, until = debt.owed.clause or promise(lineage), debt.owed.until
    runs = [run for one in group for run in one.runs.values()]
    runs += context.tagged.get(debt.owed.tag, ())
    late = [run for run in runs if run.started_at > debt.since]
    if any(run.started_at <= until + BEAT for run in late):
        yield Kept(clause)
    elif not excused(lineage):
        seen = f"{late[0]} came {late[0].started_at - until:.2f} s late" if late else "none"
        shown = [attempt for attempt in lineage.attempts.values() if attempt.ends]
        yield Breach(
            f"a rerun of {debt.owed.job} within {until - debt.since:g} s",
            seen,
            proof(debt, *(run.first for run in late[:1]), *shown),
            clause,
        )


def excused(lineage: Lineage) -> bool:
    """Whether somebody, or the job itself, has ended the lineage for good."""
    states = {ending.state for attempt in lineage.attempts.values() for ending in attempt.ends}
    refused = any(note.entry.refused for note in lineage.notes)
    return bool(lineage.aborts or refused or states - {"interrupted"})


def promise(lineage: Lineage) -> str:
    """The clause that promises the rerun: by hand, or by the clock."""
    by_hand = lineage.accepted or any(a.view.source for a in lineage.attempts.values())
    return "RA-1.1" if by_hand or not lineage.slot else "RA-1.2"


def told(unrest: Breach, debt: Debt) -> Breach:
    """A breach of the debt that said that nothing would be left to do."""
    return unrest._replace(
        clause=debt.owed.clause or unrest.clause, lines=(*unrest.lines, debt.line)
    )


def restless(lineage: Lineage, group: Group, context: Context) -> Breach | None:
    """What is left to do for a lineage, by the clause that asks for it; None if nothing is.

    Nothing is while its event is deleted or disabled.
    """
    event = lineage.event()
    off = any(value is False for value, _ in context.possible(event, "enabled", context.now))
    return None if off or event in context.deleted else left_over(lineage, group, context)


def left_over(lineage: Lineage, group: Group, context: Context) -> Breach | None:
    """The same, whatever has become of its event."""
    if lineage.aborts:
        return None
    if not lineage.attempts:
        lines = tuple(line for one in lineage.accepted.values() for line in one.lines)
        left = bool(lineage.accepted) and not lineage.runs
        return (
            Breach(f"{lineage.root} runs", "nothing was heard of it", lines, "RA-12.2")
            if left
            else None
        )
    last = list(lineage.attempts.values())[-1]
    if last.view.final:
        return unanswered(last, lineage, group, context)
    return unfinished(last, lineage, context)


def unanswered(last: Attempt, lineage: Lineage, group: Group, context: Context) -> Breach | None:
    """An interruption on which nothing followed, or a rerun that nobody wanted to end.

    A refusal is an answer.
    """
    if last.view.state == "aborted" and last.view.cause == "interrupted":
        return dropped(last, lineage)
    if last.view.state != "interrupted" or lineage.refused(last.view.id):
        return None
    over = last.over
    flags = [value for value, _ in context.possible(lineage.event(), "catch_up", over)]
    again = any(one is not lineage and first_start(one) > first_start(lineage) for one in group)
    if False in flags or again:
        return None
    clause = "RA-4.6" if nowhere_to_run(lineage.event(), over, context) else promise(lineage)
    return Breach(
        f"{last.view.id} is run again, or refused with a reason",
        "nothing followed on its interruption",
        proof(last),
        clause,
    )


def dropped(last: Attempt, lineage: Lineage) -> Breach | None:
    """A rerun that was ended before it started: no user asked for it, no refusal tells why."""
    if lineage.runs_of(last.view.id) or lineage.refused(last.view.id):
        return None
    return Breach(
        f"{last.view.id} waits until it can start",
        "it was aborted, by nobody",
        proof(last),
        promise(lineage),
    )


def nowhere_to_run(event: str, at: float, context: Context) -> bool:
    """Whether an event may run on one server only, which was surely down then."""
    targets = {value for value, _ in context.possible(event, "target", at)}
    return len(targets) == 1 and all(context.down(str(node), at) for node in targets)


def first_start(lineage: Lineage) -> float:
    """When anything of a lineage first ran; 0 if nothing has."""
    return min((run.started_at for run in lineage.runs.values()), default=0.0)


def unfinished(last: Attempt, lineage: Lineage, context: Context) -> Breach | None:
    """An attempt that is neither over nor running."""
    runs = lineage.runs_of(last.view.id)
    if any(run.execution.how == "running" for run in runs):
        return None
    state, first = last.view.state, last.view.attempt == 1
    clause = {"waiting": "RA-12.2" if first else "RA-4.6", "starting": "RA-2.13"}.get(
        state, unnoticed(runs[-1], context) if runs else "RA-2.1"
    )
    seen = f"it is {state}, and {runs[-1]}" if runs else f"it is {state}, and never ran"
    lines = proof(last, *runs[-1:])
    return Breach(f"{last.view.id} runs, or comes to an end", seen, lines, clause)


def unnoticed(run: RunRecord, context: Context) -> str:
    """The clause by which the loss of an execution had to be noticed: what became of its server."""
    node = run.node
    if node in context.primaries and len(context.primaries) > 1:
        return "RA-9.5"
    return "RA-2.3" if any(at > run.seen for at in context.starts.get(node, ())) else "RA-2.1"
