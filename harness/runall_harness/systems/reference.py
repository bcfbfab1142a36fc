"""The reference scheduler as a system under test, for every rig."""

import secrets
import sys
from collections.abc import Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec
from runall_reference.inputs import AbortJob, CreateEvent, DeleteEvent, Refused, RunEvent
from runall_reference.inputs import UpdateEvent as Update
from runall_reference.policies import POLICIES
from runall_reference.primary import Primary
from runall_reference.records import Event
from runall_reference.settings import Settings
from runall_reference.views import View, events, jobs, ledger, servers, status

from ..rigs.base import NodeSpec, Place, Site
from ..rigs.simulated import SimulatedSite
from ..simulation.node import Crashed, Shell
from .base import Client, EventView, JobView, LedgerView, NoPolicy, Rejected, Timings, Unreachable
from .schemas import Schema

CAPABILITIES = frozenset(
    {"prompt", "hold", "slots", "fencing", "failover", "once", "lineage", "bounds", "limbo"}
)
# What three releases never claimed; all else they share with the brain of the reference.
NEVER_CLAIMED = frozenset({"hold", "slots", "lineage", "bounds"})
# As short as a busy two-core machine allows; the same in virtual time, so that rigs compare. What
# bounds them: a worker that was missed for a moment, or for a takeover, must be back before its
# fence, however slow the machine is.
QUICK = Settings(
    heartbeat=0.2,
    silence=1.0,
    dead_job_timeout=4.5,
    fence=3.6,
    kill_grace=0.5,
    time_scale=240.0,
    lease=2.0,
    spread=0.2,
)
SLACK = {"simulated": 1.0, "processes": 10.0, "docker": 10.0}
LAG = {"simulated": 0.05, "processes": 1.0, "docker": 1.0}


class Reference:
    """The reference, with one of its policies; its own name is that of the default.

    `store` is the URL of a PostgreSQL server for the primaries of a cluster that has several;
    without it they share a file. Virtual time has a store of its own.
    """

    name = "reference"
    own_hosts = probe = False
    jobs: int | None = None
    merged = ""

    def __init__(
        self,
        policy: str = "",
        rig: str = "simulated",
        store: str | None = None,
        image: str = "",
    ) -> None:
        policy = policy or "reference"
        if policy not in POLICIES:
            raise NoPolicy(f"there is no policy {policy!r}", f"take one of {', '.join(POLICIES)}")
        self.image = image
        self.cannot: Mapping[str, str] = {}
        self.policy = policy
        self.settings = msgspec.structs.replace(QUICK, policy=policy)
        self.capabilities = CAPABILITIES - (NEVER_CLAIMED if policy != "reference" else set())
        # A container has the reference on its path; a process runs what the harness runs.
        self.python = "python3" if rig == "docker" else sys.executable
        self.token, self.secret = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self.rig = rig
        self.server = store if rig != "simulated" else None
        self.schema: Schema | None = None
        try:
            self.version = version("runall-kit")
        except PackageNotFoundError:
            self.version = "unknown"

    @property
    def in_force(self) -> Mapping[str, str]:
        """The settings of all of its nodes."""
        return {name: f"{value}" for name, value in msgspec.structs.asdict(self.settings).items()}

    @property
    def timings(self) -> Timings:
        """What the settings promise, in seconds."""
        s = self.settings
        return Timings(
            dead_job_timeout=s.dead_job_timeout,
            notice=s.silence + s.heartbeat,
            takeover=s.lease * 1.25 + s.heartbeat,
            prompt=2 * s.heartbeat,
            minute=60 / s.time_scale,
            stop=3 * s.kill_grace,
            grace=s.kill_grace,
            alone=s.fence,
            slack=SLACK[self.rig],
            lag=LAG[self.rig],
            spread=s.spread,
        )

    # ---------------------------------------------------------------- nodes
    def node(self, site: Site, name: str, role: str, primaries: tuple[str, ...]) -> NodeSpec:
        """A primary (with a worker of its own), or a worker that dials whoever leads."""
        place = site.place(name)
        command = (
            self.python,
            "-m",
            "runall_reference",
            role,
            "--name",
            name,
            "--data",
            place.data,
        )
        others = [site.dial(name, primary) for primary in primaries if primary != name]
        dials = tuple(w for host, port in others for w in ("--primary", f"{host}:{port}"))
        own: tuple[str, ...] = ()
        keys = {"RUNALL_SECRET": self.secret, "RUNALL_TOKEN": self.token}
        if role == "primary":
            own = self.primary_options(place)
            if len(primaries) > 1:
                own += ("--store", self.shared_store(site, name))
                keys |= self.schema.env if self.schema else {}
        return NodeSpec(
            name=name, role=role, command=command + own + dials + self.options(),
            serves=role == "primary", simulate=self.settings,
            env={**keys, "RUNALL_FAILPOINTS": "1"},
        )  # fmt: skip

    def shared_store(self, site: Site, name: str) -> str:
        """The URL at which that primary finds the store that it shares with the others."""
        if self.server is None:
            # The one folder that all nodes of a case have in common is that of the witness.
            return f"sqlite:///{site.place(name).witness}/primary.db"
        self.schema = self.schema or Schema(self.server)
        return self.schema.store(partial(site.route, name))

    def primary_options(self, place: Place) -> tuple[str, ...]:
        """What only a primary is told."""
        return (
            "--listen", f"0.0.0.0:{place.port}", "--policy", self.policy,
            "--time-scale", f"{self.settings.time_scale:g}", "--lease", f"{self.settings.lease:g}",
            "--spread", f"{self.settings.spread:g}",
        )  # fmt: skip

    def options(self) -> tuple[str, ...]:
        """The settings that primary and worker share, as command-line options."""
        shared = ("heartbeat", "silence", "dead_job_timeout", "fence", "kill_grace")
        pairs = ((f"--{n.replace('_', '-')}", f"{getattr(self.settings, n):g}") for n in shared)
        return tuple(word for pair in pairs for word in pair)

    def close(self) -> None:
        """Drop the schema of the cluster, if it had one. Raises `KitCannotRun`."""
        if self.schema is not None:
            self.schema.close()

    def unsafe(self, spec: NodeSpec) -> tuple[NodeSpec, str]:
        """The same node with a fence that is as long as the dead-job timeout."""
        settings = msgspec.structs.replace(self.settings, fence=self.settings.dead_job_timeout)
        command = (*spec.command, "--fence", f"{settings.fence:g}")
        unsafe = msgspec.structs.replace(spec, command=command, simulate=settings)
        return unsafe, "shorten the fence"

    def client(self, site: Site, primaries: tuple[str, ...]) -> Client:
        """A client for whoever leads: by call in virtual time, by HTTP elsewhere."""
        if isinstance(site, SimulatedSite):
            return SimulatedClient(site, primaries)
        from .reference_http import HttpClient

        return HttpClient(site.notify, [site.url(primary) for primary in primaries], self.token)


def job_of(view: View) -> JobView:
    """The harness's view of a job, from the reference's."""
    return msgspec.convert({k: view[k] for k in JobView.__struct_fields__}, JobView)


def event_of(view: View) -> EventView:
    """The harness's view of an event, from the reference's."""
    owed = tuple(owed["slot"] for owed in view["owed"])
    return EventView(id=view["id"], cursor=view["cursor"], owed=owed)


def entry_of(view: View) -> LedgerView:
    """The harness's view of a line of the ledger, from the reference's."""
    return msgspec.convert(view, LedgerView)


def still_owed(root: str, all_jobs: list[View], all_events: list[View]) -> bool:
    """Whether something is still to come for a lineage.

    An attempt of it, or a job for the same slot, is live; or its slot is open, or not served yet.
    """
    attempts = [view for view in all_jobs if view["root"] == root]
    slots = {(v["event"], v["slot"]) for v in attempts if v["slot"] is not None}
    same = [v for v in all_jobs if v["root"] == root or (v["event"], v["slot"]) in slots]
    cursors = {event["id"]: event["cursor"] for event in all_events}
    return (
        any(not job_of(view).final for view in same)
        or any(cursors.get(event, slot) < slot for event, slot in slots)
        or any(owed["root"] == root for event in all_events for owed in event["owed"])
    )


def told_reasons(root: str, entries: list[View]) -> str:
    """The ledger's lines about a lineage."""
    lines = [e for e in entries if e["root"] == root]
    return "; ".join(f"{e['what']}: {e['decision']} ({e['clause']}) {e['detail']}" for e in lines)


class SimulatedClient:
    """The reference's API in virtual time: the same orders and views, without the wire."""

    def __init__(self, site: SimulatedSite, primaries: tuple[str, ...]) -> None:
        self.site, self.primaries = site, primaries

    def shell(self) -> Shell:
        """Who leads and can be reached. Raises `Unreachable` while nobody does."""
        world = self.site.world.nodes
        nodes = [world[name] for name in self.primaries if name in world]
        there = [n.primary for n in nodes if n.up and not n.frozen and not n.cut and n.primary]
        shells = [shell for shell in there if self.leads(shell).may_answer(self.site.now())]
        if not shells:
            raise Unreachable(f"none of {', '.join(self.primaries)} answers")
        return max(shells, key=lambda shell: self.leads(shell).epoch)

    def leads(self, shell: Shell) -> Primary:
        """The brain in a primary's shell."""
        assert isinstance(shell.brain, Primary)
        return shell.brain

    def brain(self) -> Primary:
        """The brain of whoever leads."""
        return self.leads(self.shell())

    def order(self, order: Any) -> Any:
        """Give an order, as the API would."""
        try:
            reply = self.shell().tell(order)
        except Crashed:
            raise Unreachable("it died before it answered") from None
        if isinstance(reply, Refused):
            raise Rejected(reply.code, reply.message)
        return reply

    def present_slot(self) -> int:
        """The running minute of the schedule."""
        brain = self.brain()
        return brain.clock.slot(self.site.now())

    def create_event(self, event: Mapping[str, Any]) -> None:
        """Schedule something."""
        self.order(CreateEvent(msgspec.convert(dict(event), Event)))

    def update_event(self, event: str, fields: Mapping[str, Any]) -> None:
        """Edit an event."""
        self.order(Update(event, dict(fields)))

    def delete_event(self, event: str) -> None:
        """Delete an event."""
        self.order(DeleteEvent(event))

    def event(self, event: str) -> EventView:
        """How far an event has been served."""
        return next(event_of(view) for view in events(self.brain()) if view["id"] == event)

    def run(self, event: str, params: Mapping[str, Any], source: str) -> str:
        """Start an event by hand."""
        return self.order(RunEvent(event, dict(params), source)).id

    def abort(self, job: str) -> None:
        """End a job for ever."""
        self.order(AbortJob(job, "harness"))

    def jobs(self) -> list[JobView]:
        """All jobs."""
        return [job_of(view) for view in jobs(self.brain())]

    def leader(self) -> str:
        """Who leads."""
        return self.brain().node

    def online(self) -> set[str]:
        """The servers that take work now."""
        return {s["name"] for s in servers(self.brain()) if s["state"] == "online"}

    def owes(self, root: str) -> bool:
        """Whether something is still to come for that lineage."""
        return still_owed(root, jobs(self.brain()), events(self.brain()))

    def ledger(self) -> list[LedgerView]:
        """The operator's ledger."""
        return [entry_of(view) for view in ledger(self.brain())]

    def reasons(self, root: str) -> str:
        """What the ledger says."""
        return told_reasons(root, ledger(self.brain()))

    def status(self) -> View:
        """Who the primary is."""
        return status(self.brain(), self.site.now())

    def close(self) -> None:
        """Nothing to close."""


__all__ = ["Reference", "SimulatedClient", "job_of", "still_owed", "told_reasons"]
