"""The axis in pieces: quiet stretches are drawn short, busy ones wide enough to be seen.

In linear time a job that runs for two milliseconds of a story of six seconds is nothing. Here each
stretch between two instants is as wide as the square root of its length, and never less than a
share of the whole. So the axis is not to scale, and the picture says so.
"""

from collections.abc import Iterable
from itertools import pairwise
from math import sqrt

from .model import Knot

# Instants that are nearer to each other are one: less than what any rig measures.
NEAR = 1e-5
# All least widths together take this part of the axis.
LEAST = 0.45
# A stretch is marked where it is drawn at less than this part of its share of the time.
SHORTENED = 0.6


def axis_of(times: Iterable[float]) -> tuple[Knot, ...]:
    """The knots of an axis that shows these instants. There are at least two."""
    instants = distinct(sorted(times) or [0.0])
    if len(instants) == 1:
        instants.append(instants[0] + 1.0)
    lengths = [b - a for a, b in pairwise(instants)]
    widths = widths_of(lengths)
    whole, knots, place = instants[-1] - instants[0], list[Knot](), 0.0
    for at, length, width in zip(instants, lengths, widths, strict=False):
        cut = len(lengths) > 1 and width < SHORTENED * length / whole
        knots.append(Knot(at, round(place, 5), cut))
        place += width
    return (*knots, Knot(instants[-1], 1.0))


def widths_of(lengths: list[float]) -> list[float]:
    """The width of each stretch; all of them together are 1."""
    roots = [sqrt(length) for length in lengths]
    whole, least = sum(roots), LEAST / len(lengths)
    return [least + (1 - LEAST) * root / whole for root in roots]


def distinct(times: list[float]) -> list[float]:
    """Sorted times without those that follow another one at once."""
    kept = times[:1]
    for time in times[1:]:
        if time - kept[-1] > NEAR:
            kept.append(time)
    return kept
