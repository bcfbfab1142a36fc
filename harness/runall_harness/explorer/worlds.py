"""The bounded worlds: a primary, two workers, perhaps a backup, one job, and one of five failures.

Each is small enough to be searched to its end, and has what shows bugs: the job outlives the fence
and the dead-job timeout together, its event has a schedule and a limit of one job, and a later slot
falls into the outage.
"""

from collections.abc import Iterable
from fnmatch import fnmatch
from typing import Any

import msgspec
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
FAILS, AT_ONCE, LATE = 3.0, 1.0, 24.0
RELEASED = 45.0
# For how long a message is held up, in seconds: longer than the fence.
HELD = 11.0
# Nodes come back at multiples of the heartbeat, in seconds of virtual time: so two plays in which a
# node died a moment apart are soon the same.
GRID = SETTINGS.heartbeat
# At that second a play ends, also where something is still to come.
HORIZON = 150.0

PRIMARY, BACKUP, WORKERS = "primary", "backup", ("worker-1", "worker-2")
# Each failure: what is done to the server of the job, and after how many seconds that is back.
FAILURES: dict[str, tuple[str, float | None]] = {
    "lost": ("kill", None),
    "back": ("kill", AT_ONCE),
    "crash": ("kill", AT_ONCE),
    "restart": ("stop", AT_ONCE),
    "worker-restart": ("stop", AT_ONCE),
}
FAULTS = tuple(FAILURES)
# One more, for events that may run on one server only: it is back after the dead-job timeout.
FAILURES["late"] = ("kill", LATE)
TRIGGERS = ("manual", "scheduled")
BY_HAND = TRIGGERS[:1]
# Settings of events that only some bugs need, with the failures and triggers that they go with.
VARIANTS: tuple[tuple[dict[str, Any], tuple[str, ...], tuple[str, ...]], ...] = (
    # A rerun has to wait for the one server on which it may run, perhaps until it is too old.
    ({"target": WORKERS[0]}, ("", "back", "late", "worker-restart"), TRIGGERS),
    ({"target": WORKERS[0], "rerun_age": 20.0}, ("", "late"), TRIGGERS),
    # Two jobs of that server are lost at once, and a slot is due before both are run again.
    ({"target": WORKERS[0], "max_children": 2}, ("late",), BY_HAND),
    # The job is over its time, or was taken down too often.
    ({"timeout": 20.0}, ("", "lost", "back"), TRIGGERS),
    ({"max_reruns": 1}, ("back", "crash"), TRIGGERS),
    # A job that is slow to end keeps its primary waiting, and could be run again elsewhere.
    ({"target": "*", "params": {"on_term": "ignore"}}, ("restart", "crash"), TRIGGERS),
    # Slots that end at once are served beside a manual job that goes on.
    ({"max_children": 2, "params": {"hold": 0}}, ("", "lost", "crash"), BY_HAND),
    # A rerun of an event that is disabled waits, and others run meanwhile.
    ({"enabled": False}, ("lost", "crash"), BY_HAND),
    # Other jobs of the event wait too: a queue, and the retry of a job that failed.
    ({"queue_max": 1}, ("", "lost"), BY_HAND),
    ({"retries": 1, "retry_delay": 5.0, "params": {"ends": 3}}, ("", "back"), TRIGGERS),
)


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """One bounded world. `fault` is one of `FAILURES`, or empty: nothing fails.

    lost, back, worker-restart: the job runs on a worker, which dies and stays away, dies and comes
    back, or is restarted cleanly. crash, restart: it runs on the primary, which dies and comes
    back, or is restarted cleanly.
    """

    fault: str = ""
    trigger: str = "manual"
    backup: bool = False
    policy: str = "reference"
    event: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """Its name on the command line: `back/manual+backup`, or `lost/scheduled+timeout`."""
        more = (*(("backup",) if self.backup else ()), *self.event)
        return "+".join((f"{self.fault or 'quiet'}/{self.trigger}", *more))

    @property
    def primaries(self) -> tuple[str, ...]:
        return (PRIMARY, BACKUP) if self.backup else (PRIMARY,)

    @property
    def target(self) -> str:
        """The servers on which the job may run: a backup takes a local job over."""
        if "target" in self.event:
            return str(self.event["target"])
        if self.fault not in ("crash", "restart"):
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
        return msgspec.structs.replace(SETTINGS, policy=self.policy)


def outlines(policy: str = "reference") -> list[Outline]:
    """The plain worlds: five failures and none, both triggers, without and with a backup."""
    return [
        Outline(fault=fault, trigger=trigger, backup=backup, policy=policy)
        for backup in (False, True)
        for fault in (*FAULTS, "")
        for trigger in TRIGGERS
    ]


def varied(policy: str = "reference") -> list[Outline]:
    return [
        Outline(fault=fault, trigger=trigger, policy=policy, event=event)
        for event, faults, triggers in VARIANTS
        for fault in faults
        for trigger in triggers
    ]


def named(name: str, policy: str = "reference") -> Outline:
    """The bounded world of that name. Raises `KeyError`."""
    worlds = [*outlines(policy), *varied(policy)]
    return {outline.name: outline for outline in worlds}[name]
