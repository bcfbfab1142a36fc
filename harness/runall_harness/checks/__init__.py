"""The guarantees, each a small function over a history.

They run after every scenario on every rig, over what the case left behind, whatever its steps
looked at. A history in which nothing ran proves nothing, and is inconclusive.
"""

from collections.abc import Iterable

from ..history import AnyLine
from ..verdicts import Inconclusive, Violation
from .findings import Broken, Findings, Verdict
from .guarantees import GUARANTEES
from .story import Story

__all__ = ["GUARANTEES", "Broken", "Findings", "Story", "examine", "judge"]


def examine(lines: Iterable[AnyLine]) -> Findings:
    """All that the checks say of a history."""
    story = Story.of(lines)
    broken: list[Broken] = []
    exercised: dict[str, int] = {}
    verdicts: dict[str, Verdict] = {}
    for guarantee in GUARANTEES:
        check = guarantee.check.__name__.replace("_", "-")
        exercised[check] = len(story.executions)
        verdicts[guarantee.clause] = "pass" if story.executions else "inconclusive"
        if not guarantee.needs <= story.capabilities:
            verdicts[guarantee.clause] = "unsupported"
            continue
        try:
            guarantee.check(story)
        except Violation as found:
            broken.append(
                Broken(check=check, clause=found.clause, expected=found.expected,
                       seen=found.seen, lines=())
            )  # fmt: skip
            verdicts[guarantee.clause] = "fail"
    return Findings(violations=tuple(broken), exercised=exercised, verdicts=verdicts)


def judge(lines: Iterable[AnyLine]) -> None:
    """Raise the first `Violation` that the history proves; `Inconclusive` if it proves nothing."""
    story = Story.of(lines)
    if not story.executions:
        raise Inconclusive("no job ran, so there is nothing to judge")
    for guarantee in GUARANTEES:
        if guarantee.needs <= story.capabilities:
            guarantee.check(story)
