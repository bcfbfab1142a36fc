"""The desk that every part of the primary works at: the records, the clock, the outgoing orders.

It knows no rule of the promise. It holds what one step writes and says, numbers things, and
remembers the links to workers, which are learned again after every start.
"""

import msgspec
from msgspec.structs import replace

from ..clock import Clock
from ..inputs import Retire, Send
from ..machines import ACTIVE, LINK
from ..messages import Message
from ..record_set import RecordSet
from ..records import Counter, Entry, Event, Job, Lease, Server
from ..settings import Settings


class Link(msgspec.Struct, kw_only=True):
    """What the primary knows of a worker right now. All times are seconds.

    `since` is when it got into its state, `heard` when silence began to count, and `alive` when
    it was last known to live: after an outage of the primary, that is when the outage began.
    `outlives` is how long its jobs may go on after its last contact with a primary.
    """

    state: str
    boot: str = ""
    since: float = 0.0
    heard: float = 0.0
    alive: float = 0.0
    sent: float = 0.0
    outlives: float = 0.0


class Desk:
    """The shared state of one primary's brain, and the few verbs that all its parts use."""

    def __init__(self, node: str, settings: Settings, records: RecordSet) -> None:
        self.node, self.settings, self.records = node, settings.checked(), records
        self.role = "standby"
        self.boot = ""
        self.epoch = 0
        self.now = 0.0
        self.losses = 0
        self.links: dict[str, Link] = {}
        self.clock = Clock(scale=settings.time_scale)
        self.actions: list[Send | Retire] = []

    # ---------------------------------------------------------------- what the records say
    def lease(self) -> Lease | None:
        """The lease as this primary last saw it."""
        return self.records.get(Lease, "primary")

    def event(self, name: str) -> Event | None:
        """The event as it is now, or None when it was deleted."""
        return self.records.get(Event, name)

    def live(self) -> list[Job]:
        """All jobs that are not finalized, in the order of their creation."""
        return list(self.records.all(Job).values())

    def active_on(self, node: str) -> list[Job]:
        """The jobs that were placed on a node and are not finalized."""
        return [job for job in self.live() if job.node == node and job.state in ACTIVE]

    def in_limbo(self, job: Job) -> bool:
        """Whether a placed job's server is out of reach: its fate is unknown."""
        link = self.links.get(job.node)
        return job.state in ACTIVE and (link is None or link.state == "suspect")

    def alive_at(self, node: str) -> float:
        """When a node was last known to live, in seconds."""
        link = self.links.get(node)
        return link.alive if link else self.now

    # ---------------------------------------------------------------- what a step does
    def count(self, series: str) -> int:
        """The next number of a series, starting at 1."""
        counter = self.records.get(Counter, series)
        number = counter.next if counter else 1
        self.records.put(Counter(name=series, next=number + 1))
        return number

    def stagger(self) -> float:
        """The earliest start of the next rerun: those of one loss do not all start at once."""
        self.losses += 1
        return self.now + (self.losses - 1) * self.settings.spread

    def send(self, node: str, message: Message) -> None:
        """Say something to a worker once this step is committed."""
        self.actions.append(Send(node, message))

    def note(self, job: Job, what: str, decision: str, clause: str, detail: str) -> None:
        """Write a line of the operator's ledger."""
        self.records.put(
            Entry(
                number=self.count("ledger"),
                at=self.now,
                event=job.event,
                job=job.id,
                root=job.root,
                what=what,
                decision=decision,
                clause=clause,
                detail=detail,
            )
        )

    def join(self, node: str, boot: str) -> None:
        """Remember a start of a worker, so that the next primary knows whom to expect."""
        self.records.put(Server(name=node, boot=boot, joined_at=self.now))

    def remember(self, node: str, alive_at: float) -> None:
        """Write down when a worker that is out of reach was last alive; 0 while it is in reach."""
        server = self.records.get(Server, node)
        if server is not None and server.alive_at != alive_at:
            self.records.put(replace(server, alive_at=alive_at))

    def move_link(self, link: Link, trigger: str) -> None:
        """Take a link through its machine; `since` is when it got into its present state."""
        state = LINK.fire(link.state, trigger)
        if state != link.state:
            link.state, link.since = state, self.now
