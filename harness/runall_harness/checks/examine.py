"""Examines a history: runs every check over its lines and sums up what they found."""

from collections.abc import Iterable, Sequence
from math import inf
from typing import Literal

import msgspec

from runall_harness.contract.verdicts import BrokenClause, Inconclusive, Violation
from runall_harness.evidence.history import AnyLine

from .case_verdict import STEPS
from .evaluation import SWEEP, Evaluation
from .registry import CHECKS

# What the steps of a case found comes first.
RANK = {name: rank for rank, name in enumerate((STEPS, *(check.name for check in CHECKS)))}
ClauseVerdict = Literal["pass", "fail", "inconclusive", "unsupported"]


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """The result of all checks over one history.

    `exercised` counts what each check had to judge, by the check's name; `judged` counts the same
    by clause. `verdicts` are by clause: pass, fail, inconclusive (there was nothing to judge) or
    unsupported (not declared). `open` says why the history proves nothing; it is empty otherwise.
    `questions` are what it leaves undecided, in the words of a clause that would be broken if
    nothing more came. `void` says why not even what was found counts: a fault was not proven, or
    the harness broke (`broke`).
    """

    violations: tuple[BrokenClause[int], ...]
    questions: tuple[BrokenClause[int], ...] = ()
    void: str = ""
    broke: bool = False
    case: str = ""
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
    exercised = {check.name: 0 for check in CHECKS}
    judged = dict.fromkeys(evaluation.case.kept, 1)
    for (check, clause), count in evaluation.total.counted.items():
        exercised[check] += count
        judged[clause] = judged.get(clause, 0) + count
    all_found = {*evaluation.total.broken, *evaluation.case.broken()}
    broken = sorted(all_found, key=lambda one: (RANK[one.check], one.lines))
    judged = dict.fromkeys((one.clause for one in broken), 1) | judged
    void = void_for(evaluation)
    found = Findings(
        violations=tuple(broken),
        questions=questions_of(evaluation, {one.clause for one in broken}),
        exercised=exercised,
        judged=judged,
        verdicts={},
        executions=evaluation.executions,
        lines=evaluation.number,
        void=void,
        broke=evaluation.case.harness_broke,
        case=evaluation.case.word,
        open=void or unproven(evaluation),
    )
    return msgspec.structs.replace(found, verdicts=verdicts(evaluation.context.capabilities, found))


def questions_of(evaluation: Evaluation, broken: set[str]) -> tuple[BrokenClause[int], ...]:
    """What is open, without what is broken already."""
    questions = (one for one in evaluation.open if one.clause not in broken)
    return tuple(sorted(questions, key=lambda one: one.lines))


def verdicts(capabilities: frozenset[str], findings: Findings) -> dict[str, ClauseVerdict]:
    """The verdict on each clause by which a check may judge, or a step has judged."""
    found: dict[str, ClauseVerdict] = {}
    for check in CHECKS:
        for clause in (check.clause, *check.clauses):
            if check.needs <= capabilities:
                found[clause] = "inconclusive"
            else:
                found.setdefault(clause, "unsupported")
    found |= {clause: "pass" for clause, count in findings.judged.items() if count}
    found |= {one.clause: "inconclusive" for one in findings.questions}
    found |= {one.clause: "fail" for one in findings.violations}
    return found


def void_for(evaluation: Evaluation) -> str:
    """The reason why nothing that was found in a history counts; empty if it does."""
    if evaluation.case.harness_broke:
        return evaluation.case.trouble
    if not evaluation.context.proven:
        return "a fault in it was not proven to have taken effect"
    return "; ".join(evaluation.context.escaped.values())


def unproven(evaluation: Evaluation) -> str:
    """The reason why a history proves nothing; empty if it proves something."""
    if evaluation.case.trouble:
        return evaluation.case.trouble
    if not evaluation.executions:
        return "no job ran, so there is nothing to judge"
    if evaluation.open:
        return open_words(evaluation.open)
    hurt = evaluation.context.faulty < inf or evaluation.interruptions
    if not (hurt or evaluation.case.kept):
        return "no server failed in it and no job was interrupted"
    return ""


def open_words(questions: Sequence[BrokenClause[int]]) -> str:
    """What a history leaves undecided, in one sentence."""
    first = questions[0]
    more = f" (and {len(questions) - 1} more)" if len(questions) > 1 else ""
    return (
        f"open: the history ends before it shows whether {first.expected}; until then "
        f"{first.seen}{more}"
    )


def judge(lines: Iterable[AnyLine]) -> None:
    """Raise the first `Violation` that the history proves.

    Raises `Inconclusive` if it proves nothing, or leaves open what became of a job.
    """
    found = examine(lines)
    if found.void:
        raise Inconclusive(found.void)
    for broken in found.violations:
        raise Violation(broken.clause, broken.expected, broken.seen)
    if found.questions or not found.executions:
        raise Inconclusive(found.open)
