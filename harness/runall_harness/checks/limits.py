"""The limits of events, judged over a whole history: how many jobs at once, and when was that said.

A limit can be edited at any time, and an order to start a job is under way for a while. So an
execution counts as one too many only when no limit that may have been in force would allow it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import inf
from typing import Any, NamedTuple, cast

from ..rigs.base import Execution
from ..verdicts import Violation
from .story import BEAT, Asked, Story

# How long an order to start a job may be under way before the job itself says that it runs.
UNDER_WAY = 1.0


class Limit(NamedTuple):
    """A limit of an event that may have been in force from `since` to `until`, in seconds."""

    most: float
    since: float
    until: float


def event_of(story: Story, run: Execution) -> str:
    """The event of an execution, as the scheduler told the job, or shows it."""
    shown = story.shown.get(run.job)
    return run.claims.get("JOB_EVENT") or (shown[-1].event if shown else "")


def said(asked: Asked) -> tuple[str, float] | None:
    """The event and the limit that a call set, if it may have set one. 0 means no limit."""
    about = asked.args.get("event")
    fields: Mapping[str, Any] = {}
    if asked.verb == "create_event" and isinstance(about, Mapping):
        fields = {"max_children": 1, **cast(Mapping[str, Any], about)}
        about = fields["id"]
    elif asked.verb == "update_event":
        fields = cast(Mapping[str, Any], asked.args["fields"])
    if asked.outcome == "refused" or "max_children" not in fields:
        return None
    return str(about), float(fields["max_children"]) or inf


def limits_of(story: Story) -> dict[str, list[Limit]]:
    """Every limit that was ever set, by event; each holds until a later one was surely taken in."""
    found: dict[str, list[Limit]] = defaultdict(list)
    for asked in sorted(story.asked, key=lambda each: each.called_at):
        if told := said(asked):
            event, most = told
            if found[event] and asked.outcome == "done":
                ended = (asked.answered_at or inf) + UNDER_WAY
                found[event] = [one._replace(until=min(one.until, ended)) for one in found[event]]
            found[event].append(Limit(most, asked.called_at, inf))
    return found


def allowed(limits: Iterable[Limit], at: float) -> float:
    """How many jobs at once an event may have had at that time, at the most."""
    return max((one.most for one in limits if one.since <= at <= one.until), default=inf)


def live_beside(story: Story, run: Execution, runs: Iterable[Execution]) -> dict[str, Execution]:
    """The executions of the same event that lived when this one started, by job."""
    earlier = (one for one in runs if one is not run and one.started_at <= run.started_at)
    return {
        one.job: one
        for one in earlier
        if (one.ended_at or one.beat_at) > run.started_at + BEAT and not story.slept_into(one, run)
    }


def by_event(story: Story) -> dict[str, list[Execution]]:
    """All executions, by event."""
    found: dict[str, list[Execution]] = defaultdict(list)
    for run in story.executions.values():
        found[event_of(story, run)].append(run)
    return found


def limits_are_kept(story: Story) -> None:
    """No job of an event starts beside as many live ones as its limit allows."""
    limits = limits_of(story)
    for event, runs in by_event(story).items():
        for run in runs:
            most = allowed(limits.get(event, ()), run.started_at)
            beside = live_beside(story, run, runs) if most < inf else {}
            if len(beside) >= most:
                raise Violation("RA-6.1", f"at most {most:g} job(s) of {event} at once",
                                f"{run.job} started beside {', '.join(beside)}")  # fmt: skip


def limbo_counts(story: Story) -> None:
    """No job of an event starts while those that live and those in limbo fill its limit."""
    limits = limits_of(story)
    runs = by_event(story)
    for event in {each.event for each in story.limbo}:
        for run in runs.get(event, ()):
            most = allowed(limits.get(event, ()), run.started_at)
            lost = {
                each.job
                for each in story.limbo
                if each.event == event and each.job != run.job
                and each.since + UNDER_WAY <= run.started_at < each.until - BEAT
            }  # fmt: skip
            if lost and len(lost | live_beside(story, run, runs[event]).keys()) >= most:
                raise Violation("RA-6.2", f"{', '.join(lost)} counts while in limbo",
                                f"{run.job} started, and the limit is {most:g}")  # fmt: skip
