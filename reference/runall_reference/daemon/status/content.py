"""What the status page says: the records of a primary, with the reason of everything that waits."""

from collections.abc import Iterator
from datetime import UTC, datetime
from heapq import nlargest
from urllib.parse import quote
from xml.etree.ElementTree import Element

from runall_reference.brain.primary import Primary
from runall_reference.brain.records import Entry, Event, Finished, Job, Lease

from .markup import Node, element, table

# How many ends of jobs, and lines of the ledger, the page shows.
LAST = 20
JOB = ("job", "event", "attempt", "state", "server", "cause", "by", "since", "")
HELD = (*JOB[:3], "cause", "why", "")


class Content:
    """The changing part of the page, for one moment: `now` is seconds on the daemon's clock."""

    def __init__(self, brain: Primary, now: float) -> None:
        self.brain, self.state, self.now = brain, brain.state, now

    def main(self) -> Element:
        return element(
            "div",
            self.lead(),
            table("Jobs", JOB, self.running()),
            table("Held: reruns and retries that wait", HELD, self.waiting(queued=False)),
            table("Queue: runs by hand that wait", HELD, self.waiting(queued=True)),
            table("Minutes that are owed again", ("event", "minute", "why"), self.owed()),
            table("Servers", ("server", "state", "since", "remark"), self.servers()),
            table("Events", ("event", "when", "target", "Run All", "enabled", ""), self.events()),
            table("Ledger", ("time", "job", "what", "decision", "clause", "why"), self.ledger()),
            table("Jobs that have ended", (*JOB[:4], "server", "at", "remark"), self.ended()),
        )

    def lead(self) -> Element:
        lease = self.state.records.get(Lease, "primary")
        assert lease is not None, "who leads has a lease"
        who = f"{lease.holder} leads, with the policy {self.brain.policy.name}. It holds the lease"
        since = f" of epoch {lease.epoch} since "
        renewed = clock(lease.renewed_at)
        return element(
            "p", who, since, clock(lease.since), ", renewed at ", renewed, ".", id="lease"
        )

    def in_limbo(self) -> bool:
        return any(self.state.in_limbo(job) for job in self.state.live())

    def running(self) -> Iterator[list[Node]]:
        for job in self.state.live():
            if job.state != "waiting":
                since = clock(job.started_at or job.placed_at)
                row = [*named(job), self.state_of(job), job.node, job.cause, job.source, since]
                yield [*row, act("abort", job.id)]

    def state_of(self, job: Job) -> Node:
        if not self.state.in_limbo(job):
            return job.state
        link = self.state.links.get(job.node)
        left = self.brain.reachability.given_up_at(link) - self.now if link else 0.0
        words = f"in limbo: given up in {max(left, 0.0):.0f} s, unless {job.node} is back"
        return element("strong", words)

    def waiting(self, *, queued: bool) -> Iterator[list[Node]]:
        """What waits and why: the queue of runs by hand, or the reruns and retries."""
        for job in self.brain.waiting.jobs():
            if (job.cause == "manual") == queued:
                why = self.why(job.event, job.not_before)
                yield [*named(job), job.cause, why, act("abort", job.id)]

    def owed(self) -> Iterator[list[Node]]:
        for slot in sorted(self.state.owed(), key=lambda slot: (slot.event, slot.slot)):
            yield [slot.event, clock(slot.slot * 60), self.why(slot.event, slot.not_before)]

    def why(self, name: str, not_before: float) -> str:
        """Why something of that event does not start now, with the clause that holds it."""
        event, placement = self.state.event(name), self.brain.placement
        if event is None:
            return "its event was deleted (RA-6.3)"
        if not event.enabled:
            return "its event is disabled (RA-6.4)"
        if not_before > self.now:
            return f"it starts in {not_before - self.now:.0f} s at the earliest"
        if not placement.below_limit(event):
            return f"its event runs {event.max_children}, its limit (RA-6.1)"
        if not placement.eligible(event.target):
            return f"no server that {event.target!r} names takes work (RA-4.6)"
        return "it is about to start"

    def servers(self) -> Iterator[list[Node]]:
        for name, link in sorted(self.state.links.items()):
            remark = self.brain.placement.unsafe(link)
            if link.state == "suspect":
                left = self.brain.reachability.given_up_at(link) - self.now
                remark = f"its jobs are given up in {max(left, 0.0):.0f} s"
            yield [name, link.state, clock(link.since), remark]

    def events(self) -> Iterator[list[Node]]:
        for event in self.state.records.all(Event).values():
            change = act("disable" if event.enabled else "enable", event.id)
            buttons = element("span", act("run", event.id), change)
            row = [event.id, when(event), event.target, yes(event.catch_up), yes(event.enabled)]
            yield [*row, buttons]

    def ledger(self) -> Iterator[list[Node]]:
        entries = self.state.records.all(Entry).values()
        for entry in nlargest(LAST, entries, key=lambda entry: entry.number):
            row = (entry.job, entry.what, entry.decision, entry.clause, entry.detail)
            yield [clock(entry.at), *row]

    def ended(self) -> Iterator[list[Node]]:
        known = self.state.records.all(Finished).values()
        for done in nlargest(LAST, known, key=lambda done: done.job.finalized_at):
            job = done.job
            late = "" if done.late_code is None else f"a result came later: {done.late_code}"
            remark = "; ".join(filter(None, (job.description, late)))
            yield [*named(job), job.state, job.node, clock(job.finalized_at), remark]


def named(job: Job) -> list[Node]:
    return [job.id, job.event, str(job.attempt)]


def act(verb: str, name: str) -> Element:
    """A button that does that to the job or the event of that name."""
    button = element(
        "button",
        verb,
        name="do",
        value=verb,
        id=f"{verb}-{quote(name)}",
        aria_label=f"{verb} {name}",
    )
    hidden = element("input", type="hidden", name="name", value=name)
    return element("form", hidden, button, method="post", action="act")


def clock(at: float) -> Element:
    """An instant, in seconds since 1970, for people and programs."""
    moment = datetime.fromtimestamp(at, UTC)
    return element(
        "time", f"{moment:%Y-%m-%d %H:%M:%S} UTC", datetime=f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    )


def yes(value: bool) -> str:
    return "yes" if value else "no"


def when(event: Event) -> str:
    """When the clock runs an event, in a few words."""
    if event.timing is None:
        return "by hand only"
    lists = {name: getattr(event.timing, name) for name in event.timing.__struct_fields__}
    words = [f"{name} {', '.join(map(str, given))}" for name, given in lists.items() if given]
    return f"{'; '.join(words) or 'every minute'} ({event.timezone})"
