"""What the checks found in a history: what is broken, by which lines, and how much was judged."""

from typing import Literal

import msgspec

ClauseVerdict = Literal["pass", "fail", "inconclusive", "unsupported"]


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """A clause that the history proves to be broken.

    `lines` are the numbers, from 1, of all lines that together are the proof.
    """

    check: str
    clause: str
    expected: str
    seen: str
    lines: tuple[int, ...]


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """All that the checks say of one history.

    `exercised` counts, by the name of the check, what it had to judge, and `judged` the same by
    clause. `verdicts` are by clause: pass, fail, inconclusive (there was nothing to judge) or
    unsupported (not declared). `open` says why the history proves nothing, if it does not.
    """

    violations: tuple[Broken, ...]
    exercised: dict[str, int]
    judged: dict[str, int]
    verdicts: dict[str, ClauseVerdict]
    executions: int
    lines: int
    open: str = ""


class Judgement(msgspec.Struct):
    """What checks said of a part of a history, in a form that can be added up and taken back.

    `counted` is by check and clause.
    """

    counted: dict[tuple[str, str], int] = {}
    broken: list[Broken] = []

    def count(self, check: str, clause: str, broken: Broken | None) -> None:
        """One more thing was looked at."""
        self.counted[check, clause] = self.counted.get((check, clause), 0) + 1
        if broken is not None:
            self.broken.append(broken)

    def add_to(self, total: "Judgement") -> None:
        """Add this to the total."""
        for key, count in self.counted.items():
            total.counted[key] = total.counted.get(key, 0) + count
        total.broken += self.broken

    def take_from(self, total: "Judgement") -> None:
        """Take this out of the total again."""
        for key, count in self.counted.items():
            total.counted[key] -= count
        for broken in self.broken:
            total.broken.remove(broken)
