"""What it costs to judge a long history, beside what it costs to read it."""

from collections.abc import Iterator

from figures import Rows, compare, each
from msgspec.json import encode
from msgspec.structs import replace
from runall_harness.checks import examine
from runall_harness.checks.files import without_collector
from runall_harness.evidence.facts import Execution, Proof
from runall_harness.evidence.history import (
    AnyLine,
    Call,
    Fault,
    Ledger,
    Meta,
    Seen,
    Start,
    Witnessed,
    read,
)
from runall_harness.evidence.views import JobView, LedgerView

LINES = 50_000
# One job in so many is cut short by the death of its server, and run again.
UNLUCKY = 10
CAPABILITIES = ("bounds", "fencing", "hold", "limbo", "lineage", "once", "prompt", "slots")


def checking(rounds: int) -> Rows:
    """A history of some thousand jobs, in text as it lies in a file."""
    raws = [encode(line) + b"\n" for line in history(LINES)]

    def parse() -> None:
        for _ in read(raws):
            pass

    def check() -> None:
        with without_collector():
            found = examine(read(raws))
        if found.violations or found.open:
            raise RuntimeError(f"the history of the bench is not clean: {found}")

    yield compare(
        f"check {len(raws):,} lines",
        ("parsing them", each(parse)),
        each(check),
        rounds=rounds,
        aim="2",
    )


def history(lines: int) -> Iterator[AnyLine]:
    """A history of at least so many lines: a job a second, each of about ten seconds."""
    event = {"id": "e", "catch_up": True, "max_children": 20}
    yield Meta(at=0, system="bench", capabilities=CAPABILITIES, grace=1.0)
    yield Call(at=0, number=1, verb="create_event", args={"event": event})
    count, number, later = 2, 0, list[tuple[float, int, AnyLine]]()
    while count < lines:
        number += 1
        later += [(line.at, number, line) for line in life(number, float(number))]
        later.sort(key=lambda one: one[:2])
        while later[0][0] <= number:
            count += 1
            yield later.pop(0)[2]
    yield from (line for *_, line in later)


def life(number: int, at: float) -> Iterator[AnyLine]:
    """All lines about one job; those that are cut short are run again."""
    node, name = f"w{number % 20}", f"j{number}"
    job = JobView(
        id=name,
        event="e",
        root=name,
        attempt=1,
        cause="manual",
        source="bench",
        state="running",
        node=node,
        params={"tag": "t"},
    )
    if number % UNLUCKY:
        yield from attempt(job, at, "succeeded")
        return
    yield from attempt(job, at, "interrupted")
    kill = Proof(kind="kill", node=node, at=at + 9.9, proven=True, evidence="it is gone")
    yield Fault(at=kill.at, proof=kill)
    yield Start(at=at + 10, node=node)
    entry = LedgerView(
        number=number,
        at=at + 10,
        event="e",
        job=name,
        root=name,
        what="restart",
        decision="rerun",
        clause="RA-4.1",
    )
    yield Ledger(at=at + 10, entries=(entry,))
    again = replace(job, id=f"{name}.2", attempt=2, cause="interrupted", predecessor=name)
    yield from attempt(again, at + 10.1, "succeeded")


def attempt(job: JobView, at: float, state: str) -> Iterator[AnyLine]:
    """An attempt of ten seconds, as the system shows it and as the job reports it."""
    how = "completed" if state == "succeeded" else "killed"
    claims = {"JOB_ID": job.id, "JOB_EVENT": job.event, "JOB_ROOT": job.root, "JOB_SOURCE": "bench"}
    run = Execution(
        id=f"{job.node}-{job.id}",
        tag="t",
        node=job.node,
        job=job.id,
        now="0",
        params={"TAG": "t"},
        claims=claims,
        started_at=at,
        beat_at=at,
    )
    yield Seen(at=at, job=replace(job, state="starting"))
    yield Witnessed(at=at, execution=run)
    yield Seen(at=at, job=job)
    end = at + 9.95
    yield Witnessed(at=end, execution=replace(run, beat_at=end, ended_at=end, how=how))
    yield Seen(at=end, job=replace(job, state=state, finalized_at=end))
