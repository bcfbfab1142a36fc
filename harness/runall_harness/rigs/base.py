"""What a rig is: a place where nodes live, a clock, a witness, and the faults of a node.

The cluster (`runall_harness.scenario.cluster`) is written against these protocols only, so the same
scenario runs in virtual time, on OS processes and on containers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

import msgspec

from runall_harness.evidence.facts import Execution, Proof

T = TypeVar("T")
# The name, and the role, of the node that keeps the records of the primaries, where one does.
STORE = "store"
Scope = Literal["node", "daemon", "job"]
# The receivers of the signal of a clean stop: the main process, as `kill PID` does it, or every
# process of the node at one instant, as systemd does.
StopTo = Literal["daemon", "group"]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where one node will live, decided before it starts, in the node's own view.

    `host` and `port` are what the *other nodes* dial. `data` is a folder that survives a kill;
    `witness` is the folder, shared by all nodes, into which jobs write what they did.
    """

    host: str
    port: int
    data: str
    witness: str


class Readiness(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a node has to show before it is asked whether it takes work.

    http: a path that it serves, answered without an error and with `holds` in the body; or
    log: a regular expression that a line which this start printed must match.
    """

    http: str = ""
    holds: str = ""
    log: str = ""


class NodeSpec(msgspec.Struct, frozen=True, kw_only=True):
    """How to run one node: the same for every rig that can run it.

    `command` is an argument vector as the node sees it; `env` is added to a clean environment.
    `serves` says that the node answers HTTP on its port, so that the rig makes it reachable.
    `files` are texts by their path in the node's data folder, written at each start.
    `simulate` is what the simulated rig runs in place of the command (the reference's settings),
    and `called` the name under which it then joins, if not its own; `release` is the release that
    it then is, if not today's (see `other_releases`).
    `stop_signal` is the name of the signal of a clean stop, and `stop_to` is who gets it; `ready`
    says what must be seen of it. For containers: `image`, if not the rig's; `keep`, folders inside
    by their name in the data folder; `shared`, folders inside that nodes of one site have in
    common, by a name; `lent`, folders of this machine that a container may read, by their path
    inside.
    """

    name: str
    role: str
    command: tuple[str, ...]
    env: Mapping[str, str] = {}
    files: Mapping[str, str] = {}
    serves: bool = False
    simulate: Any = None
    called: str = ""
    release: str = ""
    stop_signal: str = "SIGTERM"
    stop_to: StopTo = "daemon"
    ready: Readiness | None = None
    image: str = ""
    keep: Mapping[str, str] = {}
    shared: Mapping[str, str] = {}
    lent: Mapping[str, str] = {}


class CrashPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A point inside the work of a daemon at which it is to crash by itself.

    A daemon works in steps: a step commits its change, then carries out its actions.
    where: before a step's commit, within it, after `act` of its rows, after it, or between its
    actions, after `act` of them.
    count: the point is the `count`-th of its kind, counted from when the crash was asked for.
    first: the counting begins with the step that first writes to that table; empty: at once.
    """

    where: Literal["before", "within", "after", "between"]
    count: int = 1
    act: int = 1
    first: str = ""


class Site(Protocol):
    """The nodes of one case. Made by a rig, used by one cluster, closed once.

    All methods are synchronous. A fault method returns when the fault has taken effect, or when
    that can't be proven; it never sleeps for a fixed time.
    """

    def place(self, node: str) -> Place:
        """Where that node lives; stable for the life of the site."""
        ...

    def dial(self, frm: str, to: str) -> tuple[str, int]:
        """The host and port at which node `frm` reaches node `to`."""
        ...

    def route(self, frm: str, host: str, port: int) -> tuple[str, int]:
        """The host and port at which node `frm` reaches a server that is no node."""
        ...

    def url(self, node: str) -> str:
        """The http:// address at which *the harness* reaches a node that serves."""
        ...

    def start(self, *specs: NodeSpec) -> None:
        """Start nodes, or start them again; returns once their processes exist."""
        ...

    def kill(self, node: str, scope: Scope = "node") -> Proof:
        """SIGKILL the whole node, its jobs included, atomically; or a narrower scope of it.

        `daemon` is the daemon's main process only: its jobs live on as orphans. `job` is the
        processes of its jobs only. All of them are frozen first, so that none sees another die.
        Raises `NotImplementedError` for a scope that the rig or this site can't do.
        """
        ...

    def stop(self, node: str, grace: float, to: StopTo | None = None) -> Proof:
        """Stop the node's daemon cleanly, and wait for its exit, `grace` seconds at most.

        The signal is that of the node's spec, and so is who gets it, unless `to` says otherwise.
        `group` is every process of the node, its jobs included, at one instant.
        """
        ...

    def begin_stop(self, node: str) -> Proof:
        """Send the signal of a clean stop, as `stop` does, and do not wait for what follows."""
        ...

    def pause(self, node: str) -> Proof:
        """Freeze every process of the node."""
        ...

    def unpause(self, node: str) -> Proof:
        """Let a frozen node go on."""
        ...

    def cut(self, node: str) -> Proof:
        """Cut the node off from the network without closing any connection."""
        ...

    def join(self, node: str) -> Proof:
        """Let the node reach the others again; return the proof that it does."""
        ...

    def set_clock(self, node: str, ahead: float) -> Proof:
        """Set the node's wall clock that many seconds ahead of what it says; back if negative.

        A node that is down, or was never started, starts with that clock. The proof is of a node
        that runs; for any other it says so, and 0 seconds prove the clock once the node runs.
        Raises `NotImplementedError` where the nodes have no clocks of their own.
        """
        ...

    def arm(self, node: str, point: CrashPoint) -> None:
        """Ask the node's daemon, or its next start, to crash at that point, once.

        Real rigs write the point as `failpoint.json` into the node's data folder. A daemon that
        has such points renames the file to `failpoint.fired` and kills itself.
        """
        ...

    def disarm(self, node: str) -> bool:
        """Withdraw the order to crash. False: there is none, or its crash is under way or over."""
        ...

    def crashed(self, node: str, within: float) -> Proof:
        """Wait for the crash that was ordered, and then end what is left of the node."""
        ...

    def alive(self, node: str) -> bool:
        """Whether the daemon of the node runs; a frozen daemon counts as running."""
        ...

    def logs(self, node: str) -> str:
        """All that the node's starts have printed so far."""
        ...

    def now(self) -> float:
        """The time in seconds since 1970 on the clock that stamps the witness and the faults."""
        ...

    def wait(self, condition: Callable[[], T | None], within: float) -> T | None:
        """The condition's first true value, or None after `within` seconds.

        The condition is tried at once, and then whenever something happened: a witness wrote, a
        node died, `notify` was called. A slow poll catches what no event reports.
        """
        ...

    def notify(self) -> None:
        """Wake the threads in `wait`: something may have changed, such as the API."""
        ...

    def executions(self) -> Sequence[Execution]:
        """All executions so far, oldest first."""
        ...

    def word(self, event: str) -> str:
        """What a job of that event has to show to the witness; empty where no job has to."""
        ...

    def strangers(self) -> Sequence[str]:
        """The executions that did not show the word of their event: not the harness's job."""
        ...

    def release(self, tag: str) -> None:
        """Let all present and future jobs of that tag end."""
        ...

    def close(self) -> None:
        """Remove every trace of the site: nodes, jobs, networks. Safe to call twice."""
        ...


@runtime_checkable
class Rig(Protocol):
    """A kind of place. `abilities` names the faults that it can inject."""

    name: str
    abilities: frozenset[str]

    def site(
        self, case: str, *, cuttable: bool = False, orphans: bool = False, clocks: bool = False
    ) -> Site:
        """A fresh site for one case. `cuttable` asks for nodes that can be cut off.

        `orphans` asks for nodes whose daemon can be killed apart from its jobs, and `clocks` for
        nodes that have wall clocks of their own.
        """
        ...

    def prepare(self, case: str, *, cuttable: bool = False) -> None:
        """Begin to make the next site in the background, where that saves time."""
        ...

    def close(self) -> None:
        """Remove everything that this run made. Safe to call twice."""
        ...
