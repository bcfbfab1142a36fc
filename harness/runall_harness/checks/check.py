"""What a check is: a guarantee by name and clause, and the function that judges it.

A judging function yields once for all that it looked at: None where the guarantee held, else
what it saw. So what was never looked at can't count as kept.
"""

from collections.abc import Callable, Iterator
from typing import Generic, NamedTuple, TypeVar

from .context import Context
from .findings import Broken, Judgement
from .records import Group, Lineage


class Breach(NamedTuple):
    """The guarantee was broken: what was owed, what was seen, and the lines that prove it.

    `clause` is given where one check speaks for several clauses.
    """

    expected: str
    seen: str
    lines: tuple[int, ...]
    clause: str = ""


class Kept(NamedTuple):
    """The guarantee held, for that one of several clauses."""

    clause: str


Finding = Breach | Kept | None
Of = TypeVar("Of", Lineage, Group)


class Check(NamedTuple, Generic[Of]):
    """A guarantee, the capabilities under which it is owed, and the function that judges it.

    `given` is what a lineage must have for it to have anything to judge: see `traits` in `group`.
    `clauses` are all that it may speak for, besides its own.
    """

    name: str
    clause: str
    judge: Callable[[Of, Context], Iterator[Finding]]
    needs: frozenset[str] = frozenset()
    given: str = ""
    clauses: tuple[str, ...] = ()

    def run(self, judged: Of, context: Context, judgement: Judgement) -> None:
        """Judge it. Most of what is looked at holds, so that is counted without a word."""
        kept, counted = (self.name, self.clause), judgement.counted
        for finding in self.judge(judged, context):
            if finding is None:
                counted[kept] = counted.get(kept, 0) + 1
            else:
                self.tell(finding, judgement)

    def tell(self, finding: Finding, judgement: Judgement) -> None:
        """Count what it found out, and keep what is broken."""
        clause = (finding.clause if finding else "") or self.clause
        broken = None
        if isinstance(finding, Breach):
            broken = Broken(
                check=self.name,
                clause=clause,
                expected=finding.expected,
                seen=finding.seen,
                lines=tuple(sorted(set(finding.lines))),
            )
        judgement.count(self.name, clause, broken)
