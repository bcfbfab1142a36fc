"""Makes the time line of a history."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from runall_harness.contract.words import say_step, translated
from runall_harness.evidence.history import AnyLine, Owed

from .axis import axis_of
from .gathered import CANARY, HistoryParts
from .jobs import bars_of, shown_of
from .model import Bar, Due, HistoryTimeline, Measured, Recovery, StepSpan
from .nodes import NodeStates, incidents, lanes_of
from .words import sentence_of

# A recovery that is measured from a fault differs from that of the history by no more (seconds).
SAME = 0.05


def timeline_of(
    lines: Iterable[AnyLine], guilty: Collection[int] = (), measured: Measured | None = None
) -> HistoryTimeline:
    """The time line of a history; `guilty` are the numbers, from 1, of the lines to light.

    `measured` is what a report says of the recovery; without it the history's own `owed` lines do.
    """
    gathered = HistoryParts(lines)
    bars = tuple(bars_of(gathered, guilty))
    recovery = recovery_of(gathered, bars, measured or Measured())
    timeline = HistoryTimeline(
        zero=gathered.zero,
        until=round(gathered.end - gathered.zero, 6),
        sentence="",
        lanes=lanes_of(gathered),
        bars=bars,
        spans=tuple(NodeStates(gathered, guilty).spans),
        shown=tuple(shown_of(gathered, guilty)),
        faults=tuple(incidents(gathered, guilty)),
        steps=tuple(steps_of(gathered)),
        due=tuple(due_of(gathered, guilty)),
        recovery=recovery,
    )
    return finished(timeline)


def finished(timeline: HistoryTimeline) -> HistoryTimeline:
    """The time line with its axis and its sentence, which need all the rest of it."""
    from msgspec.structs import replace

    return replace(timeline, axis=axis_of(times_of(timeline)), sentence=sentence_of(timeline))


def times_of(timeline: HistoryTimeline) -> Iterator[float]:
    """The instants that the axis gives room to. Canaries get none of their own."""
    bars = (bar for bar in timeline.bars if bar.role != CANARY)
    for each in (*bars, *timeline.spans, *timeline.steps, *timeline.shown):
        yield from (each.since, each.until)
    yield from (fault.at for fault in timeline.faults)
    if found := timeline.recovery:
        yield from (at for at in (found.since, found.at, found.until) if at is not None)
    yield timeline.until


def steps_of(gathered: HistoryParts) -> Iterator[StepSpan]:
    """The steps; each ends as the next one begins, and the last one with the verdict."""
    judged = gathered.judged
    last = judged.at if judged else gathered.end
    starts = [step.at for _, step in gathered.steps[1:]]
    for (_, step), until in zip(gathered.steps, [*starts, last], strict=False):
        keyword, _, text = step.text.partition(" ")
        decided = judged is not None and step.number == judged.step
        yield StepSpan(
            number=step.number,
            text=" ".join((translated(keyword), say_step(text))),
            since=round(step.at - gathered.zero, 6),
            until=round(max(until, step.at) - gathered.zero, 6),
            verdict=judged.verdict.value if judged and decided else "",
            guilty=decided,
        )


def due_of(gathered: HistoryParts, guilty: Collection[int]) -> Iterator[Due]:
    for number, owed in gathered.owed:
        yield Due(
            what=owed.what,
            job=owed.job or owed.event,
            since=round((owed.at if owed.since is None else owed.since) - gathered.zero, 6),
            until=round(promised(owed) - gathered.zero, 6),
            clause=owed.clause,
            guilty=number in guilty,
        )


def promised(owed: Owed) -> float:
    return owed.until if owed.due is None else owed.due


def recovery_of(gathered: HistoryParts, bars: Sequence[Bar], measured: Measured) -> Recovery | None:
    """From the fault to the rerun, by the report's measure if it has one."""
    again = [bar for bar in bars if bar.again and bar.role != CANARY]
    if measured.recovery_s is not None:
        since, at = begin_of(gathered, again, measured.recovery_s)
        until = None if measured.deadline_s is None else since + measured.deadline_s
        return rounded(since, at, until)
    owed = [one for _, one in gathered.owed if one.what == "rerun"]
    cut = next((bar for bar in bars if bar.how in ("killed", "terminated") and not bar.again), None)
    if not owed or cut is None:
        return None
    at = next((bar.since for bar in again if bar.since >= cut.until - SAME), None)
    until = promised(owed[0]) - gathered.zero
    if measured.deadline_s is not None:
        until = cut.until + measured.deadline_s
    return rounded(cut.until, at, until)


def begin_of(gathered: HistoryParts, again: Sequence[Bar], took: float) -> tuple[float, float]:
    """The fault and the rerun between which so many seconds lie; else, seconds after zero."""
    for bar in again:
        for _, fault in gathered.faults:
            since = fault.at - gathered.zero
            if abs(bar.since - took - since) < SAME:
                return since, bar.since
    if again:
        return again[0].since - took, again[0].since
    return 0.0, took


def rounded(since: float, at: float | None, until: float | None) -> Recovery:
    def short(value: float | None) -> float | None:
        return None if value is None else round(value, 6)

    return Recovery(since=round(since, 6), at=short(at), until=short(until))
