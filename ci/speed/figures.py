"""A figure and its floor: both are taken in turns, so that a busy moment hits both alike.

The least of several rounds is compared. It is nearest to what the code costs; the rest is what
the machine was doing meanwhile, and the medians show how much that was.
"""

import statistics
from collections.abc import Callable, Iterator
from time import perf_counter

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """How long something takes beside its floor. Times are seconds, each a least and a median.

    `ratio` is the quotient of the least times. `aim` is what the design asks of it, in words.
    """

    name: str
    against: str
    floor_s: tuple[float, float]
    measured_s: tuple[float, float]
    ratio: float
    rounds: int
    aim: str = ""


Rows = Iterator[Figure]


def compare(
    name: str,
    floor: tuple[str, Callable[[], float]],
    measured: Callable[[], float],
    *,
    rounds: int,
    aim: str = "",
) -> Figure:
    """Take both figures that many times in turns. Each callable gives its own seconds."""
    against, least = floor
    pairs = [(least(), measured()) for _ in range(rounds)]
    floors, figures = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return Figure(
        name=name,
        against=against,
        floor_s=(min(floors), statistics.median(floors)),
        measured_s=(min(figures), statistics.median(figures)),
        ratio=min(figures) / min(floors),
        rounds=rounds,
        aim=aim,
    )


def each(action: Callable[[], object], times: int = 1) -> Callable[[], float]:
    """A callable that does this so many times, and gives the seconds that one took."""

    def take() -> float:
        began = perf_counter()
        for _ in range(times):
            action()
        return (perf_counter() - began) / times

    return take
