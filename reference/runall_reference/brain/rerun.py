"""The rerun: how a job record becomes an event record again, and from that a new job.

A rerun is neither "run the event" (that would lose the parameters of the run) nor "start the record
again" (that would keep what belongs to the dead attempt). `FIELDS` says for every field of a job
what becomes of it, and `again` follows it.
"""

from typing import Any, Literal

from msgspec.structs import fields, replace

from .records import Event, Job

Fate = Literal["keep", "refresh", "drop", "set"]

# keep: as it was in the interrupted job: what was asked for, by whom and for when (RA-4.3), and
# the tries that are left (RA-4.9, RA-11.3).
# refresh: as the event says now: its target (RA-6.5) and its full time limit (RA-4.10) too.
# set: new, for this attempt. drop: back to its default.
FATES: dict[Fate, str] = {
    "keep": "event root params source now slot retries",
    "refresh": "target timeout max_children retry_delay catch_up",
    "set": "id attempt cause predecessor reruns lost_at created_at not_before",
    "drop": "node boot placed_at started_at state stop_reason finalized_at code description "
    "orphaned",
}
FIELDS: dict[str, Fate] = {name: fate for fate, names in FATES.items() for name in names.split()}
COPIED = frozenset(f.name for f in fields(Event)) & frozenset(FIELDS) - {"id"}


def born(event: Event, **own: Any) -> Job:
    """A new job of an event: the fields that both records have are copied, the rest is `own`."""
    return Job(event=event.id, **{name: getattr(event, name) for name in COPIED}, **own)


def event_of(job: Job, event: Event) -> Event:
    """The event record to make the rerun from: the event as it is now, with the kept fields."""
    kept = {name: getattr(job, name) for name in COPIED if FIELDS[name] == "keep"}
    return replace(event, **kept)


def again(job: Job, event: Event, *, cause: str, **times: float) -> Job:
    """The next attempt of a job's lineage, made by the field table of SPEC.md.

    It names its root, predecessor, number and cause (RA-4.5); its id, server and start are new
    (RA-4.8). `times` are created_at, lost_at and not_before, in seconds.
    """
    attempt = job.attempt + 1
    kept = {
        name: getattr(job, name)
        for name, fate in FIELDS.items()
        if fate == "keep" and name not in COPIED and name != "event"
    }
    own = {"id": f"{job.root}.{attempt}", "attempt": attempt, "cause": cause, "predecessor": job.id}
    reruns = job.reruns + (cause == "interrupted")
    return born(event_of(job, event), **kept, **own, **times, reruns=reruns)
