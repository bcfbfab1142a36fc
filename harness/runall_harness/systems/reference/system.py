"""The reference scheduler as a system under test, for every rig."""

import secrets
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar

import msgspec
from runall_reference.brain.settings import Settings
from runall_reference.daemon.releases import POLICIES

from runall_harness.rigs import other_releases
from runall_harness.rigs.base import STORE, NodeSpec, Site
from runall_harness.rigs.simulated.rig import SimulatedSite

from ..base import Client, NoPolicy, Timings
from ..postgres_database import CaseDatabase
from ..postgres_schemas import Schema
from ..stores import ServerStore, Store
from .postgres_node import url
from .simulated_client import SimulatedClient
from .simulated_store import SimulatedStore
from .views import CAPABILITIES, NEVER_CLAIMED, reference_version

# As short as a busy two-core machine allows; virtual time has the same, so rigs are comparable.
# They are bounded by this: a worker that was missed for a moment, or for a takeover, must be back
# before its fence, however slow the machine is.
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
OTHER_RELEASES = Path(other_releases.__file__)
SLACK = {"simulated": 1.0, "processes": 10.0, "docker": 10.0}
LAG = {"simulated": 0.05, "processes": 1.0, "docker": 1.0}


class Reference:
    """The reference, with one of its policies; the default one is named after it.

    `store` is the URL of a PostgreSQL server for the primaries of a cluster that has several;
    without it they share a file. Virtual time has a store of its own.
    """

    # What Python runs as a daemon.
    module: ClassVar[tuple[str, ...]] = ("-m", "runall_reference")
    name = "reference"
    own_hosts = probe = False
    jobs: int | None = None
    merged = ""

    def __init__(
        self, policy: str = "", rig: str = "simulated", store: str | None = None, image: str = ""
    ) -> None:
        policy = policy or "reference"
        if policy not in POLICIES:
            raise NoPolicy(f"there is no policy {policy!r}", f"take one of {', '.join(POLICIES)}")
        self.image = image
        self.cannot: Mapping[str, str] = {}
        self.policy = policy
        self.settings = msgspec.structs.replace(QUICK, policy=policy)
        self.capabilities = CAPABILITIES - (NEVER_CLAIMED if policy != "reference" else set())
        # A container has the reference on its PATH; a process takes that of the harness.
        python = "python3" if rig == "docker" else sys.executable
        self.program: tuple[str, ...] = (python, *self.module)
        self.token, self.secret = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self.rig = rig
        self.server = store or None if rig != "simulated" else None
        self.schema: Schema | None = None
        # That of the store's server, if that is of this cluster alone: for a case in which it dies.
        self.password = ""
        self.version = reference_version()

    @property
    def in_force(self) -> Mapping[str, str]:
        return {name: f"{value}" for name, value in msgspec.structs.asdict(self.settings).items()}

    @property
    def timings(self) -> Timings:
        s = self.settings
        return Timings(
            dead_job_timeout=s.dead_job_timeout,
            notice=s.silence + s.heartbeat,
            takeover=s.lease * 1.25 + s.heartbeat,
            # It has been renewed a third of its life before the death, or later.
            lease=round(s.lease * 2 / 3 - 0.005, 2),
            prompt=2 * s.heartbeat,
            minute=60 / s.time_scale,
            stop=3 * s.kill_grace,
            grace=s.kill_grace,
            alone=s.fence,
            slack=SLACK[self.rig],
            lag=LAG[self.rig],
            spread=s.spread,
            heartbeat=s.heartbeat,
        )

    def node(self, site: Site, name: str, role: str, primaries: tuple[str, ...]) -> NodeSpec:
        """A primary with a worker of its own, or a worker that dials the primary that leads."""
        place = site.place(name)
        others = [site.dial(name, primary) for primary in primaries if primary != name]
        words = [*self.program, role, *options(name=name, data=place.data)]
        keys = {"RUNALL_SECRET": self.secret, "RUNALL_TOKEN": self.token}
        if role == "primary":
            # A container is reached from outside of it; on processes other machines have no access.
            host = "0.0.0.0" if self.rig == "docker" else place.host  # noqa: S104 - in a container
            words += options(listen=f"{host}:{place.port}", policy=self.policy)
            words += options(**self.set_by("time_scale", "lease", "spread"))
            if len(primaries) > 1 or self.password or self.schema:
                words += options(store=self.shared_store(site, name))
                keys |= self.schema.env if self.schema else {}
                keys |= {"PGPASSWORD": self.password} if self.password else {}
        for host, port in others:
            words += options(primary=f"{host}:{port}")
        shared = self.set_by("heartbeat", "silence", "dead_job_timeout", "fence", "kill_grace")
        return NodeSpec(
            name=name,
            role=role,
            command=(*words, *options(**shared)),
            serves=role == "primary",
            simulate=self.settings,
            env={**keys, "RUNALL_FAILPOINTS": "1"},
        )

    def set_by(self, *names: str) -> dict[str, str]:
        return {name: f"{getattr(self.settings, name):g}" for name in names}

    def shared_store(self, site: Site, name: str) -> str:
        if self.password:
            return url(*site.dial(name, STORE))
        if self.server is None:
            # The folder of the witness is the only one that all nodes of a case share.
            return f"sqlite:///{site.place(name).witness}/primary.db"
        self.schema = self.schema or Schema(self.server)
        return self.schema.store(partial(site.route, name))

    def store(self, site: Site, fault: str) -> Store:
        """In virtual time a server that can be hurt in every way; elsewhere what there is."""
        if isinstance(site, SimulatedSite):
            server = NodeSpec(name=STORE, role=STORE, command=())
            return SimulatedStore(site, server, self.timings.stop)
        from runall_harness.rigs.real_site import RealSite

        from .real_stores import locked_file, own_server

        assert isinstance(site, RealSite), "there are two kinds of sites"
        if self.server is not None and fault in ("cut", "lock"):
            self.schema = database = CaseDatabase(self.server, site.now)
            return database
        if fault == "lock":
            return locked_file(site)
        server = own_server(site)
        self.password = server.env["PGPASSWORD"]
        return ServerStore(site, server, self.timings.stop + self.timings.slack)

    def close(self) -> None:
        if self.schema is not None:
            self.schema.close()

    def unsafe(self, spec: NodeSpec) -> tuple[NodeSpec, str]:
        """The same node with a fence that is as long as the dead-job timeout."""
        settings = msgspec.structs.replace(self.settings, fence=self.settings.dead_job_timeout)
        command = (*spec.command, "--fence", f"{settings.fence:g}")
        unsafe = msgspec.structs.replace(spec, command=command, simulate=settings)
        return unsafe, "shorten the fence"

    def namesake(
        self, site: Site, called: str, name: str, primaries: tuple[str, ...]
    ) -> tuple[NodeSpec, str]:
        """A worker with a data folder and an address of its own."""
        twin = self.node(site, name, "worker", primaries)
        command = (*twin.command, *options(name=called))
        return msgspec.structs.replace(twin, command=command, called=called), "refuses this worker"

    def other_release(self, spec: NodeSpec, data: str, release: str) -> tuple[NodeSpec, str]:
        """The daemon is run by a program in its data folder, in place of what Python runs else."""
        python, words = self.program[0], spec.command[len(self.program) :]
        command = (python, f"{data}/{OTHER_RELEASES.name}", release, *words)
        files = {**spec.files, OTHER_RELEASES.name: OTHER_RELEASES.read_text("utf-8")}
        other = msgspec.structs.replace(spec, command=command, files=files, release=release)
        return other, "no wire format in common"

    def client(self, site: Site, primaries: tuple[str, ...]) -> Client:
        if isinstance(site, SimulatedSite):
            return SimulatedClient(site, primaries)
        from .http_client import HttpClient

        return HttpClient(site.notify, [site.url(primary) for primary in primaries], self.token)


def options(**values: str) -> list[str]:
    return [word for n, value in values.items() for word in (f"--{n.replace('_', '-')}", value)]
