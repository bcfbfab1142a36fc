"""What must hold of every refusal: its reason is given, it is true, and nothing follows.

A refusal answers an interruption, so a false one is an interruption that nobody answers. The reason
is compared with what the history shows: the interruptions that were counted, the age that was
measured, the settings of the event, and what its users asked for.
"""

from collections.abc import Callable, Iterator
from math import inf
from typing import NamedTuple

from .check import Finding, broken, finding
from .context import Context
from .records import UNDER_WAY, Evidence, Lineage, Note, RunRecord


class Fact(NamedTuple):
    """What the history shows about a reason: whether it can be true, in words, with its lines."""

    possible: bool
    expected: str
    seen: str
    evidence: tuple[Evidence, ...]


def promise(lineage: Lineage) -> str:
    """The clause that promises the rerun: of a manual job, or of a scheduled one."""
    by_hand = lineage.accepted or any(a.view.source for a in lineage.attempts.values())
    return "RA-1.1" if by_hand or not lineage.slot else "RA-1.2"


def refusals_have_reasons(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """The ledger gives the reason for each refusal."""
    for note in lineage.refusals():
        entry = note.entry
        expected = f"the reason why {entry.job} is not run again"
        yield finding(entry.clause and entry.detail, expected, f"{entry}", note)


def refused_is_refused(lineage: Lineage, _: Context) -> Iterator[Finding]:
    """A job whose rerun is refused in the ledger is not run again."""
    for note in lineage.refusals():
        job = lineage.attempts.get(note.entry.job)
        rerun = lineage.follower(job) if job else None
        expected = f"nothing follows on {note.entry.job}: {note.entry.detail}"
        yield rerun and broken(expected, rerun.view.id, note, rerun.first)


def refusals_are_true(lineage: Lineage, context: Context) -> Iterator[Finding]:
    """The reason of each refusal is what happened."""
    for note in lineage.refusals():
        if (fact := fact_about(note, lineage, context)) is None:
            continue
        yield finding(fact.possible, fact.expected, fact.seen, note, *fact.evidence)


def false_refusal(note: Note, lineage: Lineage, context: Context) -> bool:
    """Whether the history shows that the reason of a refusal can't be true."""
    fact = fact_about(note, lineage, context)
    return fact is not None and not fact.possible


def fact_about(note: Note, lineage: Lineage, context: Context) -> Fact | None:
    """What the history shows about the reason of a refusal; None where it can't show anything."""
    find = REASONS.get(note.entry.clause)
    return None if find is None or note.entry.at > context.trusted else find(note, lineage, context)


def flag_is_off(note: Note, lineage: Lineage, context: Context) -> Fact | None:
    entry, on = note.entry, context.surely(lineage.event(), "catch_up", True, note.entry.at)
    known = context.possible(lineage.event(), "catch_up", entry.at)
    expected = f"{entry.job} is run again, for Run All is on"
    return Fact(not on, expected, f"refused: {entry.detail}", on) if known else None


def event_is_gone(note: Note, lineage: Lineage, context: Context) -> Fact:
    gone = context.deletion(lineage.event(), lineage.first_line())
    expected = f"{note.entry.job} is run again, for nobody deleted {lineage.event()}"
    return Fact(gone is not None, expected, f"refused: {note.entry.detail}", ())


def user_asked(note: Note, lineage: Lineage, context: Context) -> Fact:
    asked = bool(lineage.aborts) or not context.aborting.isdisjoint(lineage.names())
    expected = f"{note.entry.job} is run again, for nobody aborted {lineage.root}"
    return Fact(asked, expected, f"refused: {note.entry.detail}", ())


def lost_too_often(note: Note, lineage: Lineage, context: Context) -> Fact | None:
    """Compare the interruptions of a lineage so far with the least bound that may have held."""
    entry = note.entry
    attempts = list(lineage.attempts.values())
    names = [attempt.view.id for attempt in attempts]
    bounds, lines = context.values(lineage.event(), "max_reruns", entry.at)
    if entry.job not in names or not bounds or attempts[0].view.attempt != 1:
        return None
    so_far = attempts[: names.index(entry.job) + 1]
    if so_far[-1].view.attempt != len(so_far):
        return None
    lost = sum(bool(one.ends) and one.ends[0].state == "interrupted" for one in so_far)
    least = min((bound or inf for bound in bounds), default=inf)
    expected = f"{entry.job} is run again: {least:g} reruns are allowed, and servers took it down "
    seen = f"refused: {entry.detail}"
    return Fact(lost > least, f"{expected}{times(lost)}", seen, (*lines, *so_far))


def times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def lost_too_long_ago(note: Note, lineage: Lineage, context: Context) -> Fact | None:
    """Compare the age of a loss with the least limit that may have held.

    The system counts from the last sign of life that reached it: at most a heartbeat before the
    last that the job gave, or before whatever kept that from it.
    """
    entry, heartbeat = note.entry, context.timings.get("heartbeat")
    ages, lines = context.values(lineage.event(), "rerun_age", entry.at)
    run = lost_run(lineage, entry.job)
    if heartbeat is None or not ages or run is None:
        return None
    before = heartbeat + context.timings.get("slack", UNDER_WAY)
    again = before + context.timings.get("notice", UNDER_WAY)
    heard = context.last_heard(run.node, run.seen, again) - before
    if context.disturbed(run.node, heard, entry.at):
        return None
    oldest, limit = entry.at - heard, min(age or inf for age in ages)
    expected = f"{entry.job} is run again, for it was lost at most {oldest:.1f} s ago"
    seen = f"refused, with a limit of {limit:g} s: {entry.detail}"
    return Fact(oldest >= limit, expected, seen, (*lines, run))


def lost_run(lineage: Lineage, job: str) -> RunRecord | None:
    """The last execution of a job, or of the attempt that it replaces and that ran."""
    while job:
        if runs := lineage.runs_of(job):
            return runs[-1]
        attempt = lineage.attempts.get(job)
        job = attempt.view.predecessor if attempt else ""
    return None


REASONS: dict[str, Callable[[Note, Lineage, Context], Fact | None]] = {
    "RA-1.3": flag_is_off,
    "RA-3.3": user_asked,
    "RA-6.3": event_is_gone,
    "RA-8.1": lost_too_often,
    "RA-8.2": lost_too_long_ago,
}
