"""What the steps of a case came to, as its history says.

A step sees what no check can: an answer that was wrong, a promise that only this case makes. So
what a step found counts beside what the checks find, and a case that the harness could not play to
its end proves nothing, whatever the checks make of its beginning.
"""

from runall_harness.contract.clauses import clause_text
from runall_harness.contract.verdicts import BrokenClause, Verdict
from runall_harness.evidence.history import Judged, Step

# The name under which the steps stand among the checks.
STEPS = "the case's steps"


class CaseVerdict:
    """The steps of one case by their lines, and the line that says what they came to."""

    def __init__(self) -> None:
        self.steps: dict[int, int] = {}
        self.judged: Judged | None = None
        self.line = 0

    def begin(self, step: Step, line: int) -> None:
        self.steps[step.number] = line

    def end(self, judged: Judged, line: int) -> None:
        self.judged, self.line = judged, line

    @property
    def lines(self) -> tuple[int, ...]:
        """The lines of the step that decided, and of what it came to."""
        step = self.steps.get(self.judged.step, 0) if self.judged else 0
        return (step, self.line) if step else (self.line,)

    @property
    def kept(self) -> tuple[str, ...]:
        """The clauses that the steps found kept."""
        passed = self.judged is not None and self.judged.verdict == Verdict.PASS
        return self.judged.clauses if self.judged and passed else ()

    def broken(self) -> list[BrokenClause[int]]:
        """The failure that a step found; at most one, for a case ends with it."""
        if (judged := self.judged) is None or judged.verdict != Verdict.FAIL:
            return []
        found = BrokenClause(
            check=STEPS,
            clause=judged.clause,
            text=clause_text(judged.clause),
            expected=judged.expected,
            seen=judged.seen,
            lines=self.lines,
        )
        return [found]

    @property
    def trouble(self) -> str:
        """Why the steps decided nothing; empty if they did, or if there are none."""
        if (judged := self.judged) is None or judged.verdict in (Verdict.PASS, Verdict.FAIL):
            return ""
        return f"the case was {judged.verdict}: {judged.reason}"

    @property
    def word(self) -> str:
        """What the steps came to; empty where there are none."""
        return self.judged.verdict.value if self.judged else ""

    @property
    def harness_broke(self) -> bool:
        return self.judged is not None and self.judged.verdict == Verdict.ERROR
