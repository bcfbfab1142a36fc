"""The rerun: how a job record becomes an event record again, and from that a new job.

A job record is not an event record: it has a pid, a start time, a result; an event has a title
and a schedule. So a rerun is neither "run the event" (that would lose the parameters of the
run) nor "start the record again" (that would drag along what belongs to the dead attempt).
FIELDS says for every field of a job what becomes of it. `again` obeys FIELDS and nothing else.
"""

from typing import Any, Literal

from msgspec.structs import fields, replace

from .records import Event, Job

Fate = Literal["keep", "refresh", "drop", "set"]

# keep: as it was in the interrupted job. refresh: as the event says now.
# drop: back to its default. set: new, for this attempt.
FIELDS: dict[str, Fate] = {
    "id": "set",
    "event": "keep",
    "root": "keep",
    "attempt": "set",
    "cause": "set",
    "now": "keep",
    "state": "drop",
    "predecessor": "set",
    "reruns": "set",
    "lost_at": "set",
    "source": "keep",
    "slot": "keep",
    "catch_up": "refresh",
    "params": "keep",
    "max_children": "refresh",
    "retries": "keep",
    "retry_delay": "refresh",
    "timeout": "refresh",
    "target": "refresh",
    "stop_reason": "drop",
    "created_at": "set",
    "not_before": "set",
    "node": "drop",
    "boot": "drop",
    "placed_at": "drop",
    "started_at": "drop",
    "finalized_at": "drop",
    "code": "drop",
    "description": "drop",
}

COPIED = frozenset(f.name for f in fields(Event)) & frozenset(FIELDS) - {"id"}


def born(event: Event, **own: Any) -> Job:
    """A new job of an event: what the two records share comes from the event, the rest is `own`."""
    return Job(event=event.id, **{name: getattr(event, name) for name in COPIED}, **own)


def event_of(job: Job, event: Event) -> Event:
    """The event record that would have given this job: the event as it is now, and what is kept."""
    kept = {name: getattr(job, name) for name in COPIED if FIELDS[name] == "keep"}
    return replace(event, **kept)


def again(
    job: Job,
    event: Event,
    *,
    cause: str,
    created_at: float,
    lost_at: float = 0.0,
    not_before: float = 0.0,
) -> Job:
    """The next attempt of a job's lineage. The field table of SPEC.md is its contract."""
    attempt = job.attempt + 1
    kept = {
        name: getattr(job, name)
        for name, fate in FIELDS.items()
        if fate == "keep" and name not in COPIED and name != "event"
    }
    own = {
        "id": f"{job.root}.{attempt}",
        "attempt": attempt,
        "cause": cause,
        "predecessor": job.id,
        "reruns": job.reruns + (cause == "interrupted"),
        "created_at": created_at,
        "lost_at": lost_at,
        "not_before": not_before,
    }
    return born(event_of(job, event), **kept, **own)
