"""The bounded worlds: a primary, two workers, perhaps a backup, one job, and one of five failures.

Each is small enough to be searched to its end, and has what shows bugs: the job outlives the fence
and the dead-job timeout together, its event has a schedule and a limit of one job, and a later slot
falls into the outage.
"""

from collections.abc import Iterable
from fnmatch import fnmatch
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec.structs import replace
from runall_reference.brain.settings import Settings

# Timeouts of few beats, so that a story is short; a minute of the schedule is ten seconds.
SETTINGS = Settings(
    heartbeat=4.0,
    silence=5.0,
    dead_job_timeout=14.0,
    fence=10.0,
    kill_grace=1.0,
    lease=6.0,
    spread=0.5,
    time_scale=6.0,
)
# From the start of the job: when its server fails, when that one is back, when jobs may end.
FAILS, AT_ONCE, LATE, OUTAGE = 3.0, 1.0, 24.0, 600.0
RELEASED = 45.0
# For how long a message is held up, in seconds: longer than the fence.
HELD = 11.0
# Nodes come back at multiples of the heartbeat, in seconds of virtual time: so two plays in which a
# node died a moment apart are soon the same.
GRID = SETTINGS.heartbeat
# A freeze and a cut end at multiples of this, in seconds.
FINE = 1.0
# At that second a play ends, also where something is still to come.
HORIZON = 150.0
# No slot after that second is waited for.
LAST_SLOT = 65.0

PRIMARY, BACKUP, THIRD, WORKERS = "primary", "backup", "backup-2", ("worker-1", "worker-2")


class Failure(NamedTuple):
    """One thing done to a server, so many seconds after the beginning, by that method of a play.

    `server` is empty for the one that runs the job. `how` is after how many seconds it is back
    (None: never), or for how many it is frozen or cut off.
    """

    after: float
    verb: Literal["kill", "stop", "pause", "cut"]
    how: float | None
    server: str = ""


# The five failures of the promise.
FAULTS = ("lost", "back", "crash", "restart", "worker-restart")
FAILURES: dict[str, tuple[Failure, ...]] = {
    "lost": (Failure(FAILS, "kill", None),),
    "back": (Failure(FAILS, "kill", AT_ONCE),),
    "crash": (Failure(FAILS, "kill", AT_ONCE),),
    "restart": (Failure(FAILS, "stop", AT_ONCE),),
    "worker-restart": (Failure(FAILS, "stop", AT_ONCE),),
    # For events that may run on one server only: it is back after the dead-job timeout.
    "late": (Failure(FAILS, "kill", LATE),),
    # The primary can't go on, and does later; or the worker is out of reach.
    "stall": (Failure(FAILS, "pause", LATE, PRIMARY),),
    "cut": (Failure(FAILS, "cut", LATE),),
    # The primary dies while its workers live: a backup takes over, and perhaps dies as well.
    "takeover": (Failure(FAILS, "kill", None, PRIMARY),),
    "failback": (
        Failure(FAILS, "kill", LATE, PRIMARY),
        Failure(FAILS + 30.0, "kill", None, BACKUP),
    ),
    "takeovers": (Failure(FAILS, "kill", None, PRIMARY), Failure(22.0, "kill", None, BACKUP)),
    # The worker is lost with its job, and then the primary.
    "lost-takeover": (Failure(FAILS, "kill", None), Failure(8.0, "kill", None, PRIMARY)),
    "late-takeover": (Failure(FAILS, "kill", LATE), Failure(8.0, "kill", None, PRIMARY)),
    # Several failures within one dead-job timeout.
    "twice": (Failure(FAILS, "kill", AT_ONCE), Failure(11.0, "kill", AT_ONCE)),
    "loop": (
        Failure(FAILS, "kill", None),
        *(Failure(when, "kill", AT_ONCE, PRIMARY) for when in (6.0, 14.0, 22.0, 30.0)),
    ),
    "restarts": tuple(Failure(when, "stop", AT_ONCE, PRIMARY) for when in (FAILS, 10.0, 17.0)),
    # Nobody leads for many minutes of the schedule.
    "outage": (Failure(FAILS, "kill", OUTAGE, PRIMARY),),
}
# These take a backup; the last of them needs a second one.
TAKEOVERS = ("takeover", "failback", "lost-takeover", "late-takeover", "takeovers")
# In these the job runs on a primary.
OF_PRIMARY = ("crash", "restart")
TRIGGERS = ("manual", "scheduled")
BY_HAND, BY_CLOCK = TRIGGERS[:1], TRIGGERS[1:]
RETRY: dict[str, Any] = {"retries": 1, "retry_delay": 12.0, "params": {"ends": 3}}
# Each minute of the schedule has a slot, whose job ends at once.
EVERY_MINUTE: dict[str, Any] = {"max_children": 2, "timing": {}, "params": {"hold": 0}}
# Half an hour from UTC: the minutes of the hour differ.
ZONE: dict[str, Any] = {"timezone": "America/St_Johns"}
# The worlds in which the nemesis shows most for its time: it is slow, for it has many moves.
UNDER_NEMESIS = frozenset(
    {"quiet/manual", "stall/manual", "takeover/manual", "worker-restart/manual+params"}
)
# Settings of events that only some bugs need, with the failures and triggers that they go with.
VARIANTS: tuple[tuple[dict[str, Any], tuple[str, ...], tuple[str, ...]], ...] = (
    # A rerun has to wait for the one server on which it may run, perhaps until it is too old.
    ({"target": WORKERS[0]}, ("", "back", "late", "worker-restart"), TRIGGERS),
    ({"target": WORKERS[0], "rerun_age": 20.0}, ("", "late"), TRIGGERS),
    # Two jobs of that server are lost at once, and a slot is due before both are run again.
    ({"target": WORKERS[0], "max_children": 2}, ("late",), BY_HAND),
    # The job is over its time, or was taken down too often.
    ({"timeout": 20.0}, ("", "lost", "back"), TRIGGERS),
    ({"max_reruns": 1}, ("back", "crash", "twice"), TRIGGERS),
    # A job that is slow to end keeps its server waiting, and could be run again elsewhere: one of
    # the primary (of servers with equal loads it has the first name), and one of a worker.
    ({"target": "*", "params": {"on_term": "ignore"}}, ("restart", "crash"), TRIGGERS),
    ({"params": {"on_term": "ignore"}}, ("worker-restart",), TRIGGERS),
    # Slots that end at once are served beside a manual job that goes on.
    ({"max_children": 2, "params": {"hold": 0}}, ("", "lost", "crash"), BY_HAND),
    # A rerun of an event that is disabled waits, and others run meanwhile.
    ({"enabled": False}, ("lost", "crash"), BY_HAND),
    # Other jobs of the event wait too: a queue, and the retry of a job that failed.
    ({"queue_max": 1}, ("", "lost"), BY_HAND),
    (RETRY, ("", "back"), TRIGGERS),
)
# What waits and what binds, carried over a takeover.
CARRIED: tuple[tuple[dict[str, Any], tuple[str, ...], tuple[str, ...]], ...] = (
    ({}, ("takeover", "failback", "lost-takeover", "takeovers"), TRIGGERS),
    (EVERY_MINUTE, ("takeover", "failback"), BY_HAND),
    (ZONE, ("takeover",), BY_CLOCK),
    ({"queue_max": 2}, ("takeover", "takeovers"), BY_HAND),
    (RETRY, ("takeover",), TRIGGERS),
    ({"timeout": 20.0}, ("takeover",), BY_HAND),
    ({"target": WORKERS[0]}, ("late-takeover",), TRIGGERS),
)


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """One bounded world. `fault` is one of `FAILURES`, or empty: nothing fails.

    `trigger` says who starts the job; a person starts so many `runs` of it. With `second` there is
    another event, with a schedule of its own. `still` says that nothing more is done to this world
    than its own failure: it is too large to be searched.
    """

    fault: str = ""
    trigger: str = "manual"
    backup: bool = False
    policy: str = "reference"
    event: dict[str, Any] = {}
    runs: int = 1
    second: bool = False
    still: bool = False

    @property
    def name(self) -> str:
        """Its name on the command line: `back/manual+backup`, or `lost/scheduled+timeout`."""
        named = self.backup and self.fault not in TAKEOVERS
        many = "runs" if self.runs > 1 and not self.event.get("queue_max") else ""
        more = ("backup" * named, *self.event, many, "second" * self.second)
        return "+".join((f"{self.fault or 'quiet'}/{self.trigger}", *filter(None, more)))

    @property
    def primaries(self) -> tuple[str, ...]:
        eligible = (PRIMARY, BACKUP, THIRD)
        return eligible[: 1 + self.backup + (self.fault == "takeovers")]

    @property
    def horizon(self) -> float:
        """The second at which a play of this world ends, also where something is still to come."""
        return HORIZON + (OUTAGE if self.still else 0.0)

    @property
    def awaited(self) -> float:
        """Until which second the slots of the schedule are a part of the story."""
        return LAST_SLOT + (OUTAGE if self.fault == "outage" else 0.0)

    @property
    def target(self) -> str:
        """The servers on which the job may run: a backup takes a local job over."""
        if "target" in self.event:
            return str(self.event["target"])
        if self.fault not in OF_PRIMARY:
            return "worker-*"
        return "[pb]*" if self.backup else PRIMARY

    def runs_on(self, servers: Iterable[str]) -> bool:
        return any(fnmatch(server, self.target) for server in servers)

    @property
    def ages(self) -> bool:
        """Whether a rule of this world asks how old a job is: a time limit, or an age of reruns."""
        asked = (self.event.get(name, 0) for name in ("timeout", "rerun_age", "missed_age"))
        return any(0 < age < HORIZON for age in asked)

    @property
    def settings(self) -> Settings:
        return replace(SETTINGS, policy=self.policy)


def outlines(policy: str = "reference") -> list[Outline]:
    """The plain worlds: five failures and none, both triggers, without and with a backup."""
    return [
        Outline(fault=fault, trigger=trigger, backup=backup, policy=policy)
        for backup in (False, True)
        for fault in (*FAULTS, "")
        for trigger in TRIGGERS
    ]


def varied(policy: str = "reference") -> list[Outline]:
    """The worlds of special events, of further failures, and of takeovers; then the large ones."""
    worlds = [
        Outline(fault=fault, trigger=trigger, event=event, runs=1 + event.get("queue_max", 0))
        for event, faults, triggers in VARIANTS
        for fault in faults
        for trigger in triggers
    ]
    worlds += [
        Outline(fault=fault, trigger=trigger, backup=backup)
        for fault in ("stall", "cut", "twice", "loop", "restarts")
        for trigger in TRIGGERS
        for backup in (False, *((True,) if fault == "stall" else ()))
    ]
    worlds += [
        Outline(
            fault=fault,
            trigger=trigger,
            backup=True,
            event=event,
            runs=1 + event.get("queue_max", 0),
        )
        for event, faults, triggers in CARRIED
        for fault in faults
        for trigger in triggers
    ]
    worlds += [
        Outline(fault="lost", second=True),
        Outline(fault="takeover", backup=True, second=True),
        *large(),
    ]
    return [replace(each, policy=policy) for each in worlds]


def large() -> list[Outline]:
    """Worlds of size: an outage of many slots, and many reruns that wait for one server."""
    many = {"target": WORKERS[0], "max_children": 0}
    return [
        Outline(fault="outage", event=EVERY_MINUTE, still=True),
        Outline(fault="late", event=many, runs=40, still=True),
    ]


def named(name: str, policy: str = "reference") -> Outline:
    """The bounded world of that name. Raises `KeyError`."""
    worlds = [*outlines(policy), *varied(policy)]
    return {outline.name: outline for outline in worlds}[name]
