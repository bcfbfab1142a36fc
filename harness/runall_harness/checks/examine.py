"""Examines a history: runs every check over its lines and sums up what they found."""

from collections.abc import Iterable
from math import inf
from typing import Literal

import msgspec

from runall_harness.contract.verdicts import BrokenClause, Inconclusive, Violation
from runall_harness.evidence.history import AnyLine

from .evaluation import SWEEP, Evaluation
from .registry import CHECKS

RANK = {check.name: rank for rank, check in enumerate(CHECKS)}
ClauseVerdict = Literal["pass", "fail", "inconclusive", "unsupported"]


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """The result of all checks over one history.

    `exercised` counts what each check had to judge, by the check's name; `judged` counts the same
    by clause. `verdicts` are by clause: pass, fail, inconclusive (there was nothing to judge) or
    unsupported (not declared). `open` says why the history proves nothing; it is empty otherwise.
    """

    violations: tuple[BrokenClause[int], ...]
    exercised: dict[str, int]
    judged: dict[str, int]
    verdicts: dict[str, ClauseVerdict]
    executions: int
    lines: int
    open: str = ""


def examine(lines: Iterable[AnyLine], sweep: int = SWEEP) -> Findings:
    """The findings of all checks over a history.

    What is over leaves memory about every `sweep` lines; the findings do not depend on that.
    Raises `BadHistory` where lines contradict each other.
    """
    evaluation = Evaluation(sweep)
    for line in lines:
        evaluation.take(line)
    evaluation.finish()
    return findings_of(evaluation)


def findings_of(evaluation: Evaluation) -> Findings:
    exercised = dict.fromkeys(RANK, 0)
    judged: dict[str, int] = {}
    for (check, clause), count in evaluation.total.counted.items():
        exercised[check] += count
        judged[clause] = judged.get(clause, 0) + count
    broken = sorted(set(evaluation.total.broken), key=lambda one: (RANK[one.check], one.lines))
    return Findings(
        violations=tuple(broken),
        exercised=exercised,
        judged=judged,
        verdicts=verdicts(evaluation.context.capabilities, judged, {one.clause for one in broken}),
        executions=evaluation.executions,
        lines=evaluation.number,
        open=unproven(evaluation),
    )


def verdicts(
    capabilities: frozenset[str], judged: dict[str, int], broken: set[str]
) -> dict[str, ClauseVerdict]:
    """The verdict on each clause by which a check may judge."""
    found: dict[str, ClauseVerdict] = {}
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


def unproven(evaluation: Evaluation) -> str:
    """The reason why a history proves nothing; empty if it proves something."""
    if not evaluation.executions:
        return "no job ran, so there is nothing to judge"
    if not evaluation.context.proven:
        return "a fault in it was not proven to have taken effect"
    if not (evaluation.context.faulty < inf or evaluation.interruptions):
        return "no server failed in it and no job was interrupted"
    return ""


def judge(lines: Iterable[AnyLine]) -> None:
    """Raise the first `Violation` that the history proves; `Inconclusive` if nothing ran in it."""
    found = examine(lines)
    if not found.executions:
        raise Inconclusive("no job ran, so there is nothing to judge")
    for broken in found.violations:
        raise Violation(broken.clause, broken.expected, broken.seen)
