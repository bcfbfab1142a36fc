"""What ran, as the witness saw it, and what the scheduler showed of it meanwhile."""

from collections.abc import Collection, Iterator

from runall_harness.evidence.facts import Execution
from runall_harness.evidence.views import JobView

from .gathered import CANARY, HistoryParts
from .model import Bar, Shown


def bars_of(gathered: HistoryParts, guilty: Collection[int]) -> Iterator[Bar]:
    """The executions, in the order of their starts."""
    begun: set[str] = set()
    for run in sorted(gathered.executions.values(), key=lambda run: run.started_at):
        root = gathered.root_of(run)
        yield bar_of(gathered, run, again=root in begun, guilty=guilty)
        begun.add(root)


def bar_of(gathered: HistoryParts, run: Execution, *, again: bool, guilty: Collection[int]) -> Bar:
    until = gathered.end if run.ended_at is None else run.ended_at
    return Bar(
        id=run.id,
        node=run.node,
        job=run.job,
        root=gathered.root_of(run),
        since=round(run.started_at - gathered.zero, 6),
        until=round(max(until, run.started_at) - gathered.zero, 6),
        how=run.how,
        role=gathered.roles.get(run.id, ""),
        open=run.ended_at is None,
        again=again,
        guilty=not set(gathered.execution_lines[run.id]).isdisjoint(guilty),
    )


def shown_of(gathered: HistoryParts, guilty: Collection[int]) -> Iterator[Shown]:
    """Each job for as long as the scheduler shows it in one state. An end is an instant.

    Canaries are left out: they only show that a server works.
    """
    last: dict[str, tuple[int, float, JobView]] = {}
    for number, line in gathered.seen:
        if gathered.role_of(line.job) == CANARY:
            continue
        if before := last.get(line.job.id):
            if state_of(before[2]) == state_of(line.job):
                continue
            yield shown(gathered, before, line.at, guilty)
        last[line.job.id] = number, line.at, line.job
    for number, at, job in last.values():
        until = at if job.final else gathered.end
        yield shown(gathered, (number, at, job), until, guilty)


def shown(
    gathered: HistoryParts, first: tuple[int, float, JobView], until: float, guilty: Collection[int]
) -> Shown:
    number, at, job = first
    allowed = gathered.meta.timings.get("dead_job_timeout") if gathered.meta else None
    limbo = allowed is not None and job.limbo and not job.final
    return Shown(
        root=gathered.roots[job.id],
        job=job.id,
        state=state_of(job),
        since=round(at - gathered.zero, 6),
        until=round(until - gathered.zero, 6),
        role=gathered.role_of(job),
        words=job.description,
        latest=round(at + (allowed or 0.0) - gathered.zero, 6) if limbo else None,
        guilty=number in guilty,
    )


def state_of(job: JobView) -> str:
    return "limbo" if job.limbo and not job.final else job.state
