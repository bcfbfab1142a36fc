"""What a primary shows to people and programs: plain JSON-able views of its records.

Pure functions, so that the HTTP API and the simulator show the same thing.
"""

from typing import Any

from msgspec import to_builtins

from runall_reference.brain.primary import Primary
from runall_reference.brain.records import Entry, Event, Finished, Job

View = dict[str, Any]


def job_view(brain: Primary, job: Job, late_code: int | None = None) -> View:
    """One attempt: its record, and whether it is in limbo. `late_code`: a result came too late."""
    view = to_builtins(job)
    view["limbo"] = brain.state.in_limbo(job)
    view["late_code"] = late_code
    return view


def jobs(brain: Primary) -> list[View]:
    finished = [job_view(brain, f.job, f.late_code) for f in brain.records.all(Finished).values()]
    live = [job_view(brain, job) for job in brain.state.live()]
    return sorted(finished + live, key=lambda view: (view["created_at"], view["attempt"]))


def job(brain: Primary, name: str) -> View | None:
    if found := brain.records.get(Job, name):
        return job_view(brain, found)
    done = brain.records.get(Finished, name)
    return job_view(brain, done.job, done.late_code) if done else None


def events(brain: Primary) -> list[View]:
    """All events, each with its cursor (a slot, in minutes) and the slots that are owed again."""
    return [event_view(brain, event) for event in brain.records.all(Event).values()]


def event_view(brain: Primary, event: Event) -> View:
    owed = [
        {"slot": slot.slot, "root": slot.job.root}
        for slot in brain.state.owed()
        if slot.event == event.id
    ]
    return {**to_builtins(event), "cursor": brain.slots.cursor(event), "owed": owed}


def servers(brain: Primary) -> list[View]:
    """All nodes that the primary knows: the state of the link, since when, and their boot id.

    `refused` says why a node that is online is given no work; empty if it is given work.
    """
    return [
        {
            "name": name,
            "state": link.state,
            "since": link.since,
            "boot": link.boot,
            "refused": brain.placement.unsafe(link),
        }
        for name, link in sorted(brain.state.links.items())
    ]


def ledger(brain: Primary) -> list[View]:
    return [to_builtins(entry) for entry in brain.records.all(Entry).values()]


def status(brain: Primary, now: float) -> View:
    """Who this is, whether it is primary, and the schedule minute that runs at `now` seconds."""
    return {
        "node": brain.state.node,
        "role": brain.state.role,
        "epoch": brain.state.epoch,
        "boot": brain.state.boot,
        "policy": brain.policy.name,
        "slot": brain.state.clock.slot(now),
    }
