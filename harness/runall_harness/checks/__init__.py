"""The checks: what a history proves about each guarantee, and by which lines.

They run after every scenario on every rig, over what the case left behind, whatever its steps
looked at, and over the history of any scheduler that somebody exports (`runall check`). A history
in which nothing ran, or nothing was interrupted, proves nothing.
"""

from collections.abc import Iterable
from math import inf

from runall_harness.contract.verdicts import Inconclusive, Violation
from runall_harness.evidence.history import AnyLine

from .findings import Broken, Findings, Verdict
from .guarantees import CHECKS
from .story import SWEEP, Story

__all__ = ["CHECKS", "Broken", "Findings", "Verdict", "examine", "judge"]

RANK = {check.name: rank for rank, check in enumerate(CHECKS)}


def examine(lines: Iterable[AnyLine], sweep: int = SWEEP) -> Findings:
    """All that the checks say of a history.

    What is over leaves memory about every `sweep` lines; the findings do not depend on it.
    Raises `BadHistory` where lines contradict each other.
    """
    story = Story(sweep)
    for line in lines:
        story.take(line)
    story.finish()
    return findings(story)


def findings(story: Story) -> Findings:
    """What was found in a story that is told to its end."""
    exercised = dict.fromkeys(RANK, 0)
    judged: dict[str, int] = {}
    for (check, clause), count in story.total.counted.items():
        exercised[check] += count
        judged[clause] = judged.get(clause, 0) + count
    broken = sorted(set(story.total.broken), key=lambda one: (RANK[one.check], one.lines))
    return Findings(
        violations=tuple(broken),
        exercised=exercised,
        judged=judged,
        verdicts=verdicts(story.world.capabilities, judged, {one.clause for one in broken}),
        executions=story.executions,
        lines=story.number,
        open=unproven(story),
    )


def verdicts(
    capabilities: frozenset[str], judged: dict[str, int], broken: set[str]
) -> dict[str, Verdict]:
    """The verdict of each clause that a check may speak for."""
    found: dict[str, Verdict] = {}
    for check in CHECKS:
        for clause in (check.clause, *check.clauses):
            if check.needs <= capabilities:
                found[clause] = "inconclusive"
            else:
                found.setdefault(clause, "unsupported")
    for clause, count in judged.items():
        if count:
            found[clause] = "fail" if clause in broken else "pass"
    return found


def unproven(story: Story) -> str:
    """Why a history proves nothing; empty if it does prove something."""
    if not story.executions:
        return "no job ran, so there is nothing to judge"
    if not story.world.proven:
        return "a fault in it was not proven to have taken effect"
    if not (story.world.faulty < inf or story.interruptions):
        return "no server failed in it and no job was interrupted"
    return ""


def judge(lines: Iterable[AnyLine]) -> None:
    """Raise the first `Violation` that the history proves; `Inconclusive` if nothing ran in it."""
    found = examine(lines)
    if not found.executions:
        raise Inconclusive("no job ran, so there is nothing to judge")
    for broken in found.violations:
        raise Violation(broken.clause, broken.expected, broken.seen)
