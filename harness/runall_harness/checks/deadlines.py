"""What is owed until when: the promise has a time, and whoever wrote the history says which.

A case that waits for a rerun writes down that it is owed; so may anybody who exports a log. What
a history ends too soon to show is left open.
"""

from collections.abc import Iterator

from .check import Breach, Finding, Kept
from .work import BEAT, UNDER_WAY, Attempt, Debt, Lineage, Run, Work, proof
from .world import World


def accepted_are_on_record(lineage: Lineage, world: World) -> Iterator[Finding]:
    """A manual run that was accepted is still shown, whatever became of it."""
    if not world.jobs_shown:
        return
    for job, accepted in lineage.accepted.items():
        if job in lineage.attempts:
            yield None
        else:
            yield Breach(f"the accepted run {job} is on record", "it is not", accepted.lines)


def deadlines_are_met(work: Work, world: World) -> Iterator[Finding]:
    """What was owed until a time had come by then."""
    for lineage in work:
        for debt in lineage.debts:
            for finding in judge_debt(debt, lineage, work, world):
                if debt.owed.until <= world.now or isinstance(finding, Kept):
                    yield finding
        for debt in world.debts:
            if debt.owed.until <= world.now and (unrest := restless(lineage, work, world)):
                yield told(unrest, debt)


def judge_debt(debt: Debt, lineage: Lineage, work: Work, world: World) -> Iterator[Finding]:
    """One thing that was owed, of one lineage."""
    match debt.owed.what:
        case "end":
            yield ended(debt, lineage.attempts.get(debt.owed.job), world)
        case "rerun":
            yield from started(debt, lineage, work, world)
        case "rest":
            if unrest := restless(lineage, work, world):
                yield told(unrest, debt)
            elif debt.owed.until <= world.now:
                yield Kept(debt.owed.clause or promise(lineage))


def ended(debt: Debt, attempt: Attempt | None, world: World) -> Finding:
    """Whether an attempt was shown to be over in time."""
    clause, until = debt.owed.clause or "RA-2.1", debt.owed.until
    over = world.finalized(attempt)
    if attempt and attempt.ends and min(attempt.ends[0].at - UNDER_WAY, over or until + 1) <= until:
        return Kept(clause)
    shown = f"{attempt.view.id} is {attempt.view.state}" if attempt else "it is not shown"
    return Breach(
        f"an end of {debt.owed.job} within {until - debt.since:g} s",
        shown,
        proof(debt, *([attempt] if attempt else ())),
        clause,
    )


def started(debt: Debt, lineage: Lineage, work: Work, world: World) -> Iterator[Finding]:
    """Whether a rerun began in time. Nothing is owed of what was aborted, refused, or has ended.

    A system that names no links has it under another id, and it is known by its tag.
    """
    clause, until = debt.owed.clause or promise(lineage), debt.owed.until
    runs = [run for one in work for run in one.runs.values()]
    runs += world.tagged.get(debt.owed.tag, ())
    late = [run for run in runs if run.told.started_at > debt.since]
    if any(run.told.started_at <= until + BEAT for run in late):
        yield Kept(clause)
    elif not excused(lineage):
        seen = f"{late[0]} came {late[0].told.started_at - until:.2f} s late" if late else "none"
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


def restless(lineage: Lineage, work: Work, world: World) -> Breach | None:
    """What is left to do for a lineage, by the clause that asks for it; None if nothing is.

    Nothing is while its event is deleted or disabled.
    """
    event = lineage.event()
    off = any(value is False for value, _ in world.possible(event, "enabled", world.now))
    return None if off or event in world.deleted else left_over(lineage, work, world)


def left_over(lineage: Lineage, work: Work, world: World) -> Breach | None:
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
        return unanswered(last, lineage, work, world)
    return unfinished(last, lineage, world)


def unanswered(last: Attempt, lineage: Lineage, work: Work, world: World) -> Breach | None:
    """An interruption on which nothing followed, or a rerun that nobody wanted to end.

    A refusal is an answer.
    """
    if last.view.state == "aborted" and last.view.cause == "interrupted":
        return dropped(last, lineage)
    if last.view.state != "interrupted" or lineage.refused(last.view.id):
        return None
    over = last.over
    flags = [value for value, _ in world.possible(lineage.event(), "catch_up", over)]
    again = any(one is not lineage and first_start(one) > first_start(lineage) for one in work)
    if False in flags or again:
        return None
    clause = "RA-4.6" if nowhere_to_run(lineage.event(), over, world) else promise(lineage)
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


def nowhere_to_run(event: str, at: float, world: World) -> bool:
    """Whether an event may run on one server only, which was surely down then."""
    targets = {value for value, _ in world.possible(event, "target", at)}
    return len(targets) == 1 and all(world.down(str(node), at) for node in targets)


def first_start(lineage: Lineage) -> float:
    """When anything of a lineage first ran; 0 if nothing has."""
    return min((run.told.started_at for run in lineage.runs.values()), default=0.0)


def unfinished(last: Attempt, lineage: Lineage, world: World) -> Breach | None:
    """An attempt that is neither over nor running."""
    runs = lineage.runs_of(last.view.id)
    if any(run.told.how == "running" for run in runs):
        return None
    state, first = last.view.state, last.view.attempt == 1
    clause = {"waiting": "RA-12.2" if first else "RA-4.6", "starting": "RA-2.13"}.get(
        state, unnoticed(runs[-1], world) if runs else "RA-2.1"
    )
    seen = f"it is {state}, and {runs[-1]}" if runs else f"it is {state}, and never ran"
    lines = proof(last, *runs[-1:])
    return Breach(f"{last.view.id} runs, or comes to an end", seen, lines, clause)


def unnoticed(run: Run, world: World) -> str:
    """The clause by which the loss of an execution had to be noticed: what became of its server."""
    node = run.told.node
    if node in world.primaries and len(world.primaries) > 1:
        return "RA-9.5"
    return "RA-2.3" if any(at > run.seen for at in world.starts.get(node, ())) else "RA-2.1"
