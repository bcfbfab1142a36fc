"""The guarantees, each a small function over a history.

They run after every scenario on every rig, over what the case left behind, whatever its steps
looked at. A history in which nothing ran proves nothing, and is inconclusive.
"""

from collections.abc import Iterable

from ..history import AnyLine
from ..verdicts import Inconclusive
from .guarantees import GUARANTEES
from .story import Story

__all__ = ["GUARANTEES", "Story", "judge"]


def judge(lines: Iterable[AnyLine]) -> None:
    """Raise the first `Violation` that the history proves; `Inconclusive` if it proves nothing."""
    story = Story.of(lines)
    if not story.executions:
        raise Inconclusive("no job ran, so there is nothing to judge")
    for guarantee in GUARANTEES:
        if guarantee.needs <= story.capabilities:
            guarantee.check(story)
