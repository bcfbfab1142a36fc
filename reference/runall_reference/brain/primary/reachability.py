"""What a worker's silence means: suspect at once, and lost after the dead-job timeout."""

from collections.abc import Iterator

from msgspec.structs import replace

from ..machines import LINK
from ..records import Server
from .finalization import Finalization
from .state import Link, State

IN_REACH = ("online", "draining")


class Reachability:
    """Takes each link through its states: online or draining, suspect, lost."""

    def __init__(self, state: State, finalization: Finalization) -> None:
        self.state, self.finalization = state, finalization

    def expect_known(self, alive_at: float) -> None:
        """Suspect all workers until they report: what still runs is not rerun (RA-2.11, RA-9.4).

        `alive_at` is when the last primary was last known to live, in seconds.
        """
        now = self.state.now
        for server in list(self.state.records.all(Server).values()):
            alive, since = server.alive_at or alive_at, now - self.missed_for(server, alive_at)
            self.remember(server.name, alive_at=alive, missed_at=since)
            link = Link(state="suspect", boot=server.boot, home=server.home, alive=alive)
            link.since, link.heard = since, now
            self.state.links[server.name] = link

    def missed_for(self, server: Server, alive_at: float) -> float:
        """How long earlier primaries have missed a worker: the count goes on from there (RA-2.14).

        Only what the last primary lived to see counts, so a living worker has had the chance to
        report; both times are of its clock.
        """
        return max(0.0, alive_at - server.missed_at) if server.missed_at else 0.0

    def forgive(self, deaf: float) -> None:
        """Do not count the seconds in which this primary itself heard nobody (RA-2.11)."""
        for node, link in self.state.links.items():
            if link.state == "suspect":
                link.since += deaf
                self.remember(node, alive_at=link.alive, missed_at=link.since)

    def returned(self, node: str, link: Link, *, draining: bool) -> None:
        self.move(link, "last_beats" if draining else "beat")
        self.remember(node, alive_at=0.0, missed_at=0.0)

    def disconnected(self, node: str, boot: str) -> None:
        link = self.state.links.get(node)
        if link and link.boot == boot and link.state in IN_REACH:
            self.miss(node, link)

    def suspect_silent(self) -> None:
        """Suspect a worker that reports no more: a cut network closes no connection (RA-2.12)."""
        for node, link in self.state.links.items():
            if link.state in IN_REACH and self.silent_at(link) <= self.state.now:
                self.miss(node, link)

    def miss(self, node: str, link: Link) -> None:
        """A worker is out of reach; the record of when it was last alive outlives this primary."""
        self.move(link, "miss")
        self.remember(node, alive_at=link.alive, missed_at=link.since)

    def silent_at(self, link: Link) -> float:
        return link.heard + self.state.settings.silence

    def give_up_lost(self) -> None:
        """Finalize the jobs of workers that were suspect for the dead-job timeout (RA-2.1)."""
        for node, link in self.state.links.items():
            if link.state == "suspect" and self.given_up_at(link) <= self.state.now:
                self.move(link, "give_up")
                for job in self.state.active_on(node):
                    self.finalization.lose(job, "dead-job timeout")

    def given_up_at(self, link: Link) -> float:
        return link.since + self.state.settings.dead_job_timeout

    def remember(self, node: str, **what: float | str) -> None:
        """Write down what the next primary must know of a worker; times are 0 while in reach."""
        server = self.state.records.get(Server, node)
        if server is not None and (known := replace(server, **what)) != server:
            self.state.records.put(known)

    def move(self, link: Link, trigger: str) -> None:
        """Take a link through its machine; `since` is when it got into its present state."""
        state = LINK.fire(link.state, trigger)
        if state != link.state:
            link.state, link.since = state, self.state.now

    def wakes(self) -> Iterator[float]:
        for link in self.state.links.values():
            if link.state in IN_REACH:
                yield self.silent_at(link)
            elif link.state == "suspect":
                yield self.given_up_at(link)
