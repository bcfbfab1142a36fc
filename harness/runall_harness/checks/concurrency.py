"""What must hold between the jobs of one event: how many at once, and which starts first.

A limit can be edited at any time, and an order to start a job is under way for a while. So an
execution counts as one too many only when no limit that may have been in force would allow it.

A start is judged when every start before it has surely been reported. Then only the jobs that may
still live are kept, so an event's record is as large as its live jobs.
"""

from collections import defaultdict
from collections.abc import Callable
from math import inf
from typing import NamedTuple

import msgspec

from runall_harness.evidence.views import JobView

from .check import Finding, finding
from .context import Context
from .records import BEAT, UNDER_WAY, Accepted, Attempt, Lineage, RunRecord, minute_words

# Two orders less than this apart have no order; in seconds of the system's own clock.
INSTANT = 1e-3
# With how many reruns before it a rerun is compared.
RECENT = 64


class Limbo(msgspec.Struct):
    """A job was shown in limbo from `since` until it was shown otherwise, in seconds."""

    job: str
    line: int
    since: float
    until: float = inf


class ObservedStart:
    """The start of an execution, and its lineage, in which its end will be found."""

    __slots__ = ("at", "job", "lineage", "run")

    def __init__(self, run: RunRecord, lineage: Lineage) -> None:
        self.run, self.lineage = run, lineage
        self.at, self.job = run.started_at, run.job

    @property
    def attempt(self) -> Attempt | None:
        """Its job as the system shows it; None if it does not."""
        return self.lineage.attempts.get(self.job)

    @property
    def open(self) -> bool:
        """Whether its end may still be reported."""
        attempt = self.attempt
        return self.run.execution.ended_at is None and not (attempt and attempt.ends)

    @property
    def event(self) -> str:
        """The event of its job; empty if neither the system nor the job names it."""
        claimed = self.run.execution.claims.get("JOB_EVENT")
        return claimed or (self.attempt.view.event if self.attempt else "")


class LimitedStart(NamedTuple):
    """A start under a limit of `most` jobs, given by `lines`, with the jobs that may live then."""

    start: ObservedStart
    most: float
    lines: tuple[int, ...]
    others: list[ObservedStart]


class Rerun(NamedTuple):
    """A job that was lost, finalized at `over` (seconds), and the attempt that replaces it."""

    lost: Attempt
    again: Attempt
    over: float

    @property
    def at(self) -> float:
        return self.again.view.placed_at

    @property
    def name(self) -> str:
        return self.again.view.id

    def with_(self, other: "Rerun") -> bool:
        """Whether both were lost at once, on one server, as jobs of one kind with a known order."""
        one, two = self.lost.view, other.lost.view
        at_once = abs(self.over - other.over) < INSTANT and one.node == two.node
        alike = (one.cause == "schedule") == (two.cause == "schedule")
        gap = two.placed_at - one.placed_at
        ordered = abs(gap) > INSTANT and (gap > 0) == (other.lost.first > self.lost.first)
        return at_once and alike and ordered and min(one.placed_at, two.placed_at) > 0


class EventJobs:
    """The jobs of one event that may live, and those that were placed last."""

    def __init__(self) -> None:
        self.alive: list[ObservedStart] = []
        self.limbo: dict[str, Limbo] = {}
        self.lost: list[Limbo] = []
        self.slot: tuple[float, float, int] | None = None
        self.asked: tuple[Accepted, float, int] | None = None
        self.reruns: list[Rerun] = []
        self.capacity = 8

    def add(self, start: ObservedStart) -> None:
        """Add a start; now and then drop the jobs that were over before it."""
        if len(self.alive) >= self.capacity:
            self.drop_over(start.at)
        self.alive.append(start)

    def drop_over(self, at: float) -> None:
        self.alive = [one for one in self.alive if one.run.seen > at + BEAT or one.open]
        self.lost = [limbo for limbo in self.lost if limbo.until > at]
        self.capacity = 8 + 2 * len(self.alive)

    def others(self, start: ObservedStart, most: float) -> list[ObservedStart]:
        """The jobs that may live at a start; empty while they are too few to reach the limit."""
        if len(self.alive) >= most:
            self.drop_over(start.at)
        if len(self.alive) < most and not self.lost:
            return []
        return [one for one in self.alive if one.job != start.job]


class ConcurrencyChecks:
    """Judges the starts of all events. `report` takes a finding by the name of its check."""

    def __init__(self, context: Context, report: Callable[[str, Finding], None]) -> None:
        self.context, self.report = context, report
        self.starts: list[ObservedStart] = []
        self.events: defaultdict[str, EventJobs] = defaultdict(EventJobs)
        self.undecided: list[LimitedStart] = []

    def show(self, job: JobView, at: float, line: int) -> None:
        """Record from when to when a job was in limbo, as the system shows it."""
        jobs = self.events[job.event]
        last = jobs.limbo.get(job.id)
        if last is not None and (job.final or not job.limbo):
            last.until = job.finalized_at if job.final else at
            del jobs.limbo[job.id]
        elif last is None and job.limbo and not job.final:
            jobs.limbo[job.id] = limbo = Limbo(job=job.id, line=line, since=at)
            jobs.lost.append(limbo)

    def judge_until(self, until: float, *, last: bool = False) -> None:
        """Judge the starts up to that time, in order. `last`: no more lines will come."""
        due = [start for start in self.starts if start.at <= until]
        self.starts = [start for start in self.starts if start.at > until] if not last else []
        for start in sorted(due, key=lambda one: one.at):
            if event := start.event:
                jobs = self.events[event]
                self.judge(event, jobs, start, last=last)
                jobs.add(start)
        undecided, self.undecided = self.undecided, []
        for limited in undecided:
            self.judge_limit(limited, last=last)

    def judge(self, event: str, jobs: EventJobs, start: ObservedStart, *, last: bool) -> None:
        most, lines = self.context.most(event, start.at)
        if most < inf:
            limited = LimitedStart(start, most, lines, jobs.others(start, most))
            self.judge_limit(limited, last=last)
            if jobs.lost:
                self.judge_limbo(jobs, limited)
        if (attempt := start.attempt) is None:
            return
        if attempt.view.attempt == 1:
            self.judge_slots(jobs, start, attempt)
            self.judge_queue(jobs, start, attempt)
        elif attempt.view.cause == "retry":
            self.judge_retry(jobs, start, attempt)
        elif attempt.view.cause == "interrupted":
            self.judge_reruns(jobs, start, attempt)

    def lived(self, limited: LimitedStart) -> dict[str, ObservedStart]:
        """The jobs that surely lived at the start, by their ids."""
        start = limited.start
        return {
            one.job: one
            for one in limited.others
            if one.run.seen > start.at + BEAT and not self.context.slept_into(one.run, start.run)
        }

    def judge_limit(self, limited: LimitedStart, *, last: bool) -> None:
        """No job of an event starts beside as many live ones as its limit allows.

        A start stays undecided while that depends on the end of a job that still runs.
        """
        start, most = limited.start, limited.most
        lived = self.lived(limited) if len(limited.others) >= most else {}
        kept = len(lived) < most
        unknown = {one.job for one in limited.others if one.open} - lived.keys()
        if kept and not last and len(lived) + len(unknown) >= most:
            return self.undecided.append(limited)
        expected = f"at most {most:g} job(s) of {start.lineage.event()} at once"
        seen = f"{start.job} started beside {', '.join(lived)}"
        evidence = (start.run.first, *limited.lines, *(one.run for one in lived.values()))
        return self.report("limits-are-kept", finding(kept, expected, seen, *evidence))

    def judge_limbo(self, jobs: EventJobs, limited: LimitedStart) -> None:
        """No job of an event starts while those that live and those in limbo fill its limit."""
        start = limited.start
        lost = {
            limbo.job: limbo
            for limbo in jobs.lost
            if limbo.job != start.job and limbo.since + UNDER_WAY <= start.at < limbo.until - BEAT
        }
        if not lost:
            return
        lived = self.lived(limited)
        kept = len(lost.keys() | lived.keys()) < limited.most
        expected = f"{', '.join(lost)} counts while in limbo"
        seen = f"{start.job} started, and the limit is {limited.most:g}"
        lines = [*limited.lines, start.run.first, *(limbo.line for limbo in lost.values())]
        runs = (one.run for one in lived.values())
        self.report("limbo-counts", finding(kept, expected, seen, *lines, *runs))

    def judge_slots(self, jobs: EventJobs, start: ObservedStart, attempt: Attempt) -> None:
        """The slots of an event are placed oldest first."""
        view = attempt.view
        if view.cause != "schedule" or not 0 < view.placed_at <= self.context.trusted:
            return
        if jobs.slot is None or view.now >= jobs.slot[0]:
            jobs.slot = (view.now, view.placed_at, start.run.first)
        now, placed_at, line = jobs.slot
        kept = view.placed_at <= placed_at + INSTANT
        order = f"{minute_words(view.now)} comes before {minute_words(now)}"
        expected = f"of the slots of {view.event} {order}"
        seen = f"{view.id} was placed {view.placed_at - placed_at:.2f} s after it"
        self.report("slots-keep-order", finding(kept, expected, seen, line, attempt))

    def judge_queue(self, jobs: EventJobs, start: ObservedStart, attempt: Attempt) -> None:
        """Manual runs of an event are placed in the order in which they were accepted."""
        accepted, placed_at = start.lineage.accepted.get(start.job), attempt.view.placed_at
        if accepted is None or not 0 < placed_at <= self.context.trusted:
            return
        latest, latest_at, line = jobs.asked or (accepted, placed_at, start.run.first)
        if jobs.asked is None or accepted.lines > latest.lines:
            jobs.asked = (accepted, placed_at, start.run.first)
        kept = accepted.lines[-1] >= latest.lines[0] or placed_at <= latest_at + INSTANT
        expected = f"{start.job} starts before what was accepted after it"
        seen = f"it was placed {placed_at - latest_at:.2f} s later"
        found = finding(kept, expected, seen, accepted, latest, line, attempt)
        self.report("queue-keeps-order", found)

    def judge_retry(self, jobs: EventJobs, start: ObservedStart, attempt: Attempt) -> None:
        """A retry that nothing keeps from starting starts when its delay has passed."""
        context, view = self.context, attempt.view
        before = start.lineage.attempts.get(view.predecessor)
        over, prompt = context.finalized(before), context.timings.get("prompt")
        if before is None or over is None or prompt is None or not view.placed_at > 0:
            return
        others = [one for one in jobs.alive if one.job != view.predecessor and one.run.seen > over]
        delays, _ = context.values(view.event, "retry_delay", over)
        edited = any(edit.called_at >= over - UNDER_WAY for edit in context.edits[view.event])
        quiet = context.calm(over - context.timings.get("dead_job_timeout", over), view.placed_at)
        if others or edited or not delays or not quiet or view.placed_at > context.trusted:
            return
        latest = max(delays) + prompt + context.timings.get("slack", UNDER_WAY)
        expected = f"{view.id} starts {max(delays):g} s after the failure, and not much later"
        seen = f"it was placed {view.placed_at - over:.2f} s after it"
        found = finding(view.placed_at - over <= latest, expected, seen, before, attempt)
        self.report("retries-come", found)

    def judge_reruns(self, jobs: EventJobs, start: ObservedStart, attempt: Attempt) -> None:
        """The reruns of jobs that one server lost at one time are placed in the jobs' order."""
        lost = start.lineage.attempts.get(attempt.view.predecessor)
        over, at = self.context.finalized(lost), attempt.view.placed_at
        if lost is None or over is None or not 0 < at <= self.context.trusted:
            return
        rerun = Rerun(lost, attempt, over)
        for other in jobs.reruns:
            if other.with_(rerun):
                first, second = sorted((other, rerun), key=lambda one: one.lost.first)
                kept = first.at <= second.at + INSTANT
                expected = f"{first.name} starts before {second.name}, as the jobs did"
                seen = f"it was placed {first.at - second.at:.2f} s after it"
                proof = (first.lost.first, second.lost.first, first.again, second.again)
                self.report("reruns-keep-order", finding(kept, expected, seen, *proof))
        jobs.reruns = [*jobs.reruns[-RECENT:], rerun]
