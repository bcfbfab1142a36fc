"""The protocols of a scheduler under test and of a client for its API.

A system describes its nodes and makes a client. All cases are written against the client, so the
scheduler's own terms stay in one file.
"""

import math
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from runall_harness.contract.errors import KitCannotRun
from runall_harness.evidence.views import EventView, JobView, LedgerView
from runall_harness.rigs.base import NodeSpec, Site

from .stores import Store


class Timings(msgspec.Struct, frozen=True, kw_only=True):
    """The timings that a system declares, in seconds: all deadlines are derived from them.

    dead_job_timeout: from the detected loss of a server until its jobs are given up.
    notice: how long a silent loss can go unnoticed.
    takeover: from the death of a primary to the lead of a backup.
    prompt: how soon a server that is back is acted upon.
    minute: how long a minute of the schedule lasts.
    stop: how long a clean stop may take; grace: how long it leaves a job after SIGTERM.
    spread: how far apart the reruns of one lost server start.
    forgives: how long a server may be away until its jobs are given up for good, at the earliest.
    alone: how long a worker lets its jobs go on without a primary.
    lease: for how long nobody takes over from a primary that has died, at least; 0: not stated.
    start: from the start of a node until it takes work.
    heartbeat: how often a server reports that it lives, at least.
    slack: what a busy machine may add to any of these; lag: to a signal, until it is heard.
    """

    dead_job_timeout: float
    notice: float
    takeover: float
    prompt: float
    minute: float
    stop: float
    grace: float
    slack: float
    lag: float = 1.0
    spread: float = 0.0
    forgives: float = math.inf
    alone: float = math.inf
    lease: float = 0.0
    start: float = 30.0
    heartbeat: float = math.inf

    def stated(self) -> dict[str, float]:
        """Those that have a limit, by their names in a system file; seconds."""
        timings: dict[str, float] = msgspec.structs.asdict(self)
        return {name: round(s, 3) for name, s in timings.items() if math.isfinite(s)}


class NoPolicy(KitCannotRun):
    """The system has no policy of that name."""


class Client(Protocol):
    """The verbs in which every case is written. They raise `Rejected` and `Unreachable`."""

    def ignores(self) -> frozenset[str]:
        """The settings of an event that the system can't honour, by its own word."""
        ...

    def present_slot(self) -> int:
        """The minute of the schedule that is running, in minutes since the epoch."""
        ...

    def create_event(self, event: Mapping[str, Any]) -> None:
        """Create an event; the fields are those of the reference's Event."""
        ...

    def update_event(self, event: str, fields: Mapping[str, Any]) -> None:
        """Change these fields of an event."""
        ...

    def delete_event(self, event: str) -> None:
        """Delete an event: nothing of it starts any more."""
        ...

    def event(self, event: str) -> EventView:
        """How far its schedule has been served."""
        ...

    def run(self, event: str, params: Mapping[str, Any], source: str) -> str:
        """Start an event by hand; the new job's id."""
        ...

    def abort(self, job: str) -> None:
        """End a job for good: nothing may follow it."""
        ...

    def jobs(self) -> list[JobView]:
        """All jobs that the system shows, live and finished."""
        ...

    def leader(self) -> str:
        """The name of the server that says that it leads."""
        ...

    def online(self) -> set[str]:
        """The servers that take work now."""
        ...

    def owes(self, root: str) -> bool | None:
        """Whether the system still means to run something for that lineage; None: can't say."""
        ...

    def ledger(self) -> list[LedgerView]:
        """The operator's ledger, oldest line first; empty where a system keeps none."""
        ...

    def reasons(self, root: str) -> str:
        """The system's own reasons for its decisions about that lineage; may be empty."""
        ...

    def close(self) -> None:
        """Close the client's connections."""
        ...


class System(Protocol):
    """A scheduler under test.

    image: in which the docker rig runs its nodes; empty for the kit's own. own_hosts: each node
    needs a host name and an address of its own. probe: a node is ready only after a job has run on
    it. jobs: how many cases run at once by default; None for what suits the machine. cannot: the
    faults under which it can't be tested, with the reasons. merged: which of the kit's roles it
    merges, for readers.
    """

    name: str
    version: str
    policy: str
    capabilities: frozenset[str]
    image: str
    own_hosts: bool
    probe: bool
    jobs: int | None
    cannot: Mapping[str, str]
    merged: str

    @property
    def in_force(self) -> Mapping[str, str]:
        """The settings that a user may change, with their values as text; for reports."""
        ...

    @property
    def timings(self) -> Timings:
        """The timings that it declares; they are known before any node is described."""
        ...

    def node(self, site: Site, name: str, role: str, primaries: tuple[str, ...]) -> NodeSpec:
        """How to run a node of that name and role (`primary` or `worker`) on that site.

        `primaries` are all nodes of the cluster that may lead; the first one should lead.
        """
        ...

    def unsafe(self, spec: NodeSpec) -> tuple[NodeSpec, str]:
        """The same node with unsafe settings, under which a rerun could start beside a live job.

        The second value is a word that must be in the node's refusal to start.
        """
        ...

    def namesake(
        self, site: Site, called: str, name: str, primaries: tuple[str, ...]
    ) -> tuple[NodeSpec, str]:
        """A worker at the place of that name that joins as `called`, the name of another one.

        The second value is a word that must be in the refusal which it prints.
        """
        ...

    def other_release(self, spec: NodeSpec, data: str, release: str) -> tuple[NodeSpec, str]:
        """The same node as another release; `data` is its data folder, as it sees it.

        release: the `last` that was released, the `next` one, or a `distant` one, which has no
        format of the wire in common with the others. The second value is a word that must be in
        the reason for which servers of two such releases do not work together.
        """
        ...

    def client(self, site: Site, primaries: tuple[str, ...]) -> Client:
        """A client for the API of whichever primary leads."""
        ...

    def store(self, site: Site, fault: str) -> Store:
        """The store of a cluster that is to get that fault (see `stores`); asked before any node.

        Raises `Unsupported`, with the reason, where it can't be shown.
        """
        ...

    def close(self) -> None:
        """Remove what the nodes of one cluster had outside the site. Safe to call twice."""
        ...
