"""A time line in words, for those who can't see it."""

from collections.abc import Iterator, Sequence

from .gathered import CANARY
from .model import Bar, HistoryTimeline

# So many executions are told one by one; of more, the rest is counted.
TOLD = 6
ENDED = {
    "completed": "completed",
    "failed": "failed",
    "terminated": "was ended by order",
    "killed": "was killed",
    "running": "still runs at the end",
}


def seconds(value: float) -> str:
    """A time in words: in milliseconds below a tenth of a second."""
    if value == 0:
        return "0 s"
    if abs(value) < 0.1:
        return f"{value * 1000:.3g} ms".replace("-", "−")
    return (f"{value:.2f} s" if abs(value) < 100 else f"{value:.0f} s").replace("-", "−")


def sentence_of(timeline: HistoryTimeline) -> str:
    told = [*faults(timeline), *runs(timeline.bars), *recovery(timeline)]
    return " ".join(told) or "Nothing ran and nothing failed."


def faults(timeline: HistoryTimeline) -> Iterator[str]:
    told = timeline.faults[:TOLD]
    for fault in told:
        doubt = "" if fault.proven else ", which is not proven"
        yield f"{fault.kind.capitalize()} of {fault.node} at {seconds(fault.at)}{doubt}."
    if more := len(timeline.faults) - len(told):
        yield f"{more} more faults."


def runs(bars: Sequence[Bar]) -> Iterator[str]:
    chosen = [bar for bar in bars if bar.role != CANARY]
    for bar in chosen[:TOLD]:
        yield (
            f"{bar.job} {'runs again' if bar.again else 'runs'} on {bar.node} from "
            f"{seconds(bar.since)} and {ENDED.get(bar.how, bar.how)}"
            f"{'' if bar.open else f' at {seconds(bar.until)}'}."
        )
    if more := len(chosen) - TOLD:
        yield from [f"{more} more executions."] if more > 0 else []


def recovery(timeline: HistoryTimeline) -> Iterator[str]:
    if (found := timeline.recovery) is None:
        return
    limit = "" if found.until is None else f" of {seconds(found.until - found.since)}"
    if found.at is None:
        yield f"No rerun came{limit.replace(' of', '; it was due within')}."
    else:
        yield f"The rerun came after {seconds(found.at - found.since)}{limit}."
