"""What the checks found in a history: which clauses are broken, by which lines, what was judged."""

from typing import Literal

import msgspec

from runall_harness.contract.verdicts import BrokenClause

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


class Judgement(msgspec.Struct):
    """Findings about a part of a history, which can be added to a total and taken out again.

    `counted` is by check and clause.
    """

    counted: dict[tuple[str, str], int] = {}
    broken: list[BrokenClause[int]] = []

    def add_to(self, total: "Judgement") -> None:
        for key, count in self.counted.items():
            total.counted[key] = total.counted.get(key, 0) + count
        total.broken += self.broken

    def take_from(self, total: "Judgement") -> None:
        """Take this part out of the total, because it will be judged again."""
        for key, count in self.counted.items():
            total.counted[key] -= count
        for broken in self.broken:
            total.broken.remove(broken)
