"""A time line in words, for those who can't see it."""

from collections.abc import Iterator, Sequence

from runall_harness.contract.words import say, translated

from .gathered import CANARY
from .model import Bar, HistoryTimeline

# So many executions are told one by one; of more, the rest is counted.
TOLD = 6
RUNS = "{job} runs on {node} from {since} and {ended}."
AGAIN = "{job} runs again on {node} from {since} and {ended}."
ENDED = {
    "completed": "completed at {}",
    "failed": "failed at {}",
    "terminated": "was ended by order at {}",
    "killed": "was killed at {}",
    "running": "still runs at the end",
}


def seconds(value: float) -> str:
    """A time in words: in milliseconds below a tenth of a second."""
    if value == 0:
        return say("{} s", "0")
    if abs(value) < 0.1:
        return say("{} ms", f"{value * 1000:.3g}".replace("-", "−"))
    digits = 2 if abs(value) < 100 else 0
    return say("{} s", f"{value:.{digits}f}".replace("-", "−"))


def sentence_of(timeline: HistoryTimeline) -> str:
    told = [*faults(timeline), *runs(timeline.bars), *recovery(timeline)]
    return translated(" ").join(told) or say("Nothing ran and nothing failed.")


def faults(timeline: HistoryTimeline) -> Iterator[str]:
    told = timeline.faults[:TOLD]
    for fault in told:
        words = "{kind} of {node} at {at}."
        if not fault.proven:
            words = "{kind} of {node} at {at}, which is not proven."
        kind = translated(fault.kind).capitalize()
        yield say(words, kind=kind, node=fault.node, at=seconds(fault.at))
    if more := len(timeline.faults) - len(told):
        yield say("{} more faults.", more)


def runs(bars: Sequence[Bar]) -> Iterator[str]:
    chosen = [bar for bar in bars if bar.role != CANARY]
    for bar in chosen[:TOLD]:
        ended = say(ENDED["running" if bar.open else bar.how], seconds(bar.until))
        words = AGAIN if bar.again else RUNS
        yield say(words, job=bar.job, node=bar.node, since=seconds(bar.since), ended=ended)
    if more := len(chosen) - TOLD:
        yield from [say("{} more executions.", more)] if more > 0 else []


def recovery(timeline: HistoryTimeline) -> Iterator[str]:
    if (found := timeline.recovery) is None:
        return
    limit = "" if found.until is None else seconds(found.until - found.since)
    if found.at is None:
        words = "No rerun came; it was due within {}." if limit else "No rerun came."
        yield say(words, limit)
    else:
        words = "The rerun came after {} of {}." if limit else "The rerun came after {}."
        yield say(words, seconds(found.at - found.since), limit)
