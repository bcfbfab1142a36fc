"""What all parts of one primary share: the records, the links to workers, the time of the input.

It decides nothing. The links are in no record: each primary learns them again from the workers.
"""

import msgspec

from ..clock import Clock
from ..inputs import Retire, Send
from ..machines import ACTIVE
from ..messages import Message
from ..record_set import RecordSet
from ..records import Counter, Entry, Event, Job, Reopened
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
    home: str = ""


class State:
    """One primary's records and links, the input's time, and the actions of the present step.

    `losses` counts the jobs that were lost in the present step.
    """

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

    def event(self, name: str) -> Event | None:
        return self.records.get(Event, name)

    def event_of(self, job: Job) -> Event | None:
        """The event that a job is one of; None if that was deleted, and perhaps made again."""
        return None if job.orphaned else self.event(job.event)

    def live(self) -> list[Job]:
        """All jobs that are not finalized, in the order of their creation."""
        return list(self.records.all(Job).values())

    def owed(self) -> list[Reopened]:
        """All interrupted slots that are owed again, in the order of the interruptions."""
        return list(self.records.all(Reopened).values())

    def active_on(self, node: str) -> list[Job]:
        """The unfinalized jobs of one node; no rule touches those of another (RA-2.10)."""
        return [job for job in self.live() if job.node == node and job.state in ACTIVE]

    def in_limbo(self, job: Job) -> bool:
        """Whether a placed job's server is out of reach: nobody knows its fate (RA-10.1)."""
        link = self.links.get(job.node)
        return job.state in ACTIVE and (link is None or link.state == "suspect")

    def alive_at(self, node: str) -> float:
        link = self.links.get(node)
        return link.alive if link else self.now

    def count(self, series: str) -> int:
        counter = self.records.get(Counter, series)
        number = counter.next if counter else 1
        self.records.put(Counter(name=series, next=number + 1))
        return number

    def send(self, node: str, message: Message, boot: str = "") -> None:
        """Send a message to a worker once this step is committed; by default to the present one."""
        link = self.links.get(node)
        self.actions.append(Send(node, message, boot or (link.boot if link else "")))

    def note(self, job: Job, what: str, decision: str, clause: str, detail: str) -> None:
        """Write a line of the ledger. Whoever decides on a rerun calls this (RA-8.3, RA-8.4)."""
        about = {"event": job.event, "job": job.id, "root": job.root}
        told = {"what": what, "decision": decision, "clause": clause, "detail": detail}
        self.records.put(Entry(number=self.count("ledger"), at=self.now, **about, **told))
