"""What must hold between the jobs of one event: how many at once, and who comes first.

A limit can be edited at any time, and an order to start a job is under way for a while. So an
execution counts as one too many only when no limit that may have been in force would allow it.

A start is judged when all that started before it is surely told. Then only what may still live is
kept, so a crowd is as large as the event's live jobs.
"""

from collections.abc import Callable
from math import inf
from typing import NamedTuple

import msgspec

from runall_harness.evidence.views import JobView

from .check import Breach, Finding
from .context import Context
from .records import BEAT, UNDER_WAY, Accepted, Attempt, Lineage, RunRecord, proof

# Two orders of one moment are in no order; seconds of the system's own clock.
INSTANT = 1e-3


class Limbo(msgspec.Struct):
    """A job was shown in limbo from `since` until it was shown otherwise, in seconds."""

    job: str
    line: int
    since: float
    until: float = inf


class ObservedStart:
    """An execution that began at a time, and its lineage, which says more of it later on."""

    __slots__ = ("at", "job", "lineage", "run")

    def __init__(self, run: RunRecord, lineage: Lineage) -> None:
        self.run, self.lineage = run, lineage
        self.at, self.job = run.started_at, run.job

    @property
    def attempt(self) -> Attempt | None:
        """Its job as the system shows it, if it does."""
        return self.lineage.attempts.get(self.job)

    @property
    def open(self) -> bool:
        """Whether its end may still be told."""
        attempt = self.attempt
        return self.run.execution.ended_at is None and not (attempt and attempt.ends)


class LimitedStart(NamedTuple):
    """Whether a start was one too many: it depends on how long `beside` lived."""

    start: ObservedStart
    most: float
    said: tuple[int, ...]
    beside: list[ObservedStart]


class Crowd:
    """The jobs of one event that may live, and those of it that came first in their queues."""

    def __init__(self) -> None:
        self.alive: list[ObservedStart] = []
        self.limbo: dict[str, Limbo] = {}
        self.lost: list[Limbo] = []
        self.slot: tuple[float, float, int] | None = None
        self.asked: tuple[Accepted, float, int] | None = None
        self.room = 8

    def join(self, start: ObservedStart) -> None:
        """Take in one more; now and then let go of those that were over before it."""
        if len(self.alive) >= self.room:
            self.forget(start.at)
        self.alive.append(start)

    def forget(self, at: float) -> None:
        """Let go of those that were over by then."""
        self.alive = [one for one in self.alive if one.run.seen > at + BEAT or one.open]
        self.lost = [limbo for limbo in self.lost if limbo.until > at]
        self.room = 8 + 2 * len(self.alive)

    def beside(self, start: ObservedStart, most: float) -> list[ObservedStart]:
        """Those that may live beside one that starts; none need be named while they are few."""
        if len(self.alive) >= most:
            self.forget(start.at)
        if len(self.alive) < most and not self.lost:
            return []
        return [one for one in self.alive if one.job != start.job]


Tell = Callable[[str, Finding], None]


class Crowds:
    """The crowds of all events. What is found is told by the name of the check."""

    def __init__(self, context: Context, tell: Tell) -> None:
        self.context, self.tell = context, tell
        self.starts: list[ObservedStart] = []
        self.crowds: dict[str, Crowd] = {}
        self.questions: list[LimitedStart] = []

    def crowd(self, event: str) -> Crowd:
        """The crowd of an event."""
        if event not in self.crowds:
            self.crowds[event] = Crowd()
        return self.crowds[event]

    def show(self, job: JobView, at: float, line: int) -> None:
        """Remember from when to when a job was in limbo; its end, by the system's own word."""
        crowd = self.crowd(job.event)
        last = crowd.limbo.get(job.id)
        if last is not None and (job.final or not job.limbo):
            last.until = job.finalized_at if job.final else at
            del crowd.limbo[job.id]
        elif last is None and job.limbo and not job.final:
            crowd.limbo[job.id] = limbo = Limbo(job=job.id, line=line, since=at)
            crowd.lost.append(limbo)

    def sweep(self, until: float, *, last: bool = False) -> None:
        """Judge what began by then, in order. `last`: nothing more will be told."""
        due = [start for start in self.starts if start.at <= until]
        self.starts = [start for start in self.starts if start.at > until] if not last else []
        for start in sorted(due, key=lambda one: one.at):
            attempt = start.attempt
            event = start.run.execution.claims.get("JOB_EVENT") or (
                attempt.view.event if attempt else ""
            )
            if event:
                crowd = self.crowd(event)
                self.judge(event, crowd, start, last=last)
                crowd.join(start)
        questions, self.questions = self.questions, []
        for question in questions:
            self.answer(question, last=last)

    # ---------------------------------------------------------------- limits
    def judge(self, event: str, crowd: Crowd, start: ObservedStart, *, last: bool) -> None:
        """Everything that is to say about one start."""
        most, said = self.context.most(event, start.at)
        if most < inf:
            question = LimitedStart(start, most, said, crowd.beside(start, most))
            self.answer(question, last=last)
            if crowd.lost:
                self.judge_limbo(crowd, question)
        if (attempt := start.attempt) and attempt.view.attempt == 1:
            self.judge_slots(crowd, start, attempt)
            self.judge_queue(crowd, start, attempt)

    def lived(self, question: LimitedStart) -> dict[str, ObservedStart]:
        """Those beside which a job surely started, by their job."""
        start = question.start
        return {
            one.job: one
            for one in question.beside
            if one.run.seen > start.at + BEAT and not self.context.slept_into(one.run, start.run)
        }

    def answer(self, question: LimitedStart, *, last: bool) -> None:
        """No job of an event starts beside as many live ones as its limit allows.

        Where that depends on the end of one that still runs, the question waits for it.
        """
        if len(question.beside) < question.most:
            return self.tell("limits-are-kept", None)
        lived = self.lived(question)
        if len(lived) >= question.most:
            names, event = ", ".join(lived), question.start.lineage.event()
            runs = (one.run for one in lived.values())
            return self.tell(
                "limits-are-kept",
                Breach(
                    f"at most {question.most:g} job(s) of {event} at once",
                    f"{question.start.job} started beside {names}",
                    proof(question.start.run.first, *question.said, *runs),
                ),
            )
        unknown = {one.job for one in question.beside if one.open} - lived.keys()
        if last or len(lived) + len(unknown) < question.most:
            return self.tell("limits-are-kept", None)
        return self.questions.append(question)

    def judge_limbo(self, crowd: Crowd, question: LimitedStart) -> None:
        """No job of an event starts while those that live and those in limbo fill its limit."""
        start = question.start
        lost = {
            limbo.job: limbo
            for limbo in crowd.lost
            if limbo.job != start.job and limbo.since + UNDER_WAY <= start.at < limbo.until - BEAT
        }
        if not lost:
            return None
        lived = self.lived(question)
        if len(lost.keys() | lived.keys()) < question.most:
            return self.tell("limbo-counts", None)
        lines = [*question.said, start.run.first, *(limbo.line for limbo in lost.values())]
        return self.tell(
            "limbo-counts",
            Breach(
                f"{', '.join(lost)} counts while in limbo",
                f"{start.job} started, and the limit is {question.most:g}",
                proof(*lines, *(one.run for one in lived.values())),
            ),
        )

    # ---------------------------------------------------------------- order
    def judge_slots(self, crowd: Crowd, start: ObservedStart, attempt: Attempt) -> None:
        """The slots of an event are handed out oldest first."""
        view = attempt.view
        if view.cause != "schedule" or not 0 < view.placed_at <= self.context.trusted:
            return None
        if crowd.slot is None or view.now >= crowd.slot[0]:
            crowd.slot = (view.now, view.placed_at, start.run.first)
            return self.tell("slots-keep-order", None)
        now, placed_at, line = crowd.slot
        if view.placed_at <= placed_at + INSTANT:
            return self.tell("slots-keep-order", None)
        return self.tell(
            "slots-keep-order",
            Breach(
                f"the slot at {view.now:g} of {view.event} comes before that at {now:g}",
                f"{view.id} was placed {view.placed_at - placed_at:.2f} s after it",
                proof(line, attempt),
            ),
        )

    def judge_queue(self, crowd: Crowd, start: ObservedStart, attempt: Attempt) -> None:
        """Manual runs of an event are handed out in the order in which they were accepted."""
        accepted, placed_at = start.lineage.accepted.get(start.job), attempt.view.placed_at
        if accepted is None or not 0 < placed_at <= self.context.trusted:
            return None
        ahead = crowd.asked
        if ahead is None or accepted.lines > ahead[0].lines:
            crowd.asked = (accepted, placed_at, start.run.first)
        before = ahead is not None and accepted.lines[-1] < ahead[0].lines[0]
        if ahead and before and placed_at > ahead[1] + INSTANT:
            return self.tell(
                "queue-keeps-order",
                Breach(
                    f"{start.job} starts before what was accepted after it",
                    f"it was placed {placed_at - ahead[1]:.2f} s later",
                    proof(accepted, ahead[0], ahead[2], attempt),
                ),
            )
        return self.tell("queue-keeps-order", None)
