"""What a check is: a name, a clause, and the function that judges a lineage by it.

A judging function yields one finding for each thing that it looked at: None where the clause was
kept, else what it saw. So a clause that was never looked at cannot count as kept.
"""

from collections.abc import Callable, Iterator
from typing import Generic, NamedTuple, TypeVar

import msgspec

from runall_harness.contract.clauses import clause_text
from runall_harness.contract.verdicts import BrokenClause

from .context import Context
from .records import Evidence, Group, Judgement, Lineage, proof


class Kept(NamedTuple):
    """The finding that a clause was kept, and what shows it.

    Without a clause it is the check's own; without evidence, all that was judged shows it.
    """

    clause: str = ""
    evidence: tuple[Evidence, ...] = ()


Finding = BrokenClause[int] | Kept | None
Of = TypeVar("Of", Lineage, Group)
# Characters of a value that a report shows.
LONGEST = 1000


def finding(
    holds: object, expected: str, seen: str, *evidence: Evidence, clause: str = ""
) -> Finding:
    """The finding about one thing: the clause is kept if it `holds`, else broken."""
    if holds:
        return Kept(clause, evidence)
    return broken(expected, seen, *evidence, clause=clause)


def broken(expected: str, seen: str, *evidence: Evidence, clause: str = "") -> BrokenClause[int]:
    """The finding that a clause is broken; empty for the check's own, which the check fills in."""
    lines = proof(*evidence)
    return BrokenClause(check="", clause=clause, text="", expected=expected, seen=seen, lines=lines)


class Check(NamedTuple, Generic[Of]):
    """A check, and the capabilities that a system must declare for it to apply.

    `given` is the trait that a lineage must have to be judged: see `Lineage.traits`.
    `clauses` are those that it may judge by besides its own.
    """

    name: str
    clause: str
    judge: Callable[[Of, Context], Iterator[Finding]]
    needs: frozenset[str] = frozenset()
    given: str = ""
    clauses: tuple[str, ...] = ()

    def run(self, judged: Of, context: Context, judgement: Judgement) -> None:
        """Judge a lineage or a group. The finding None says that the check's own clause is kept."""
        for found in self.judge(judged, context):
            self.record(found, judgement, context, judged)

    def record(
        self, found: Finding, judgement: Judgement, context: Context, judged: Of | None = None
    ) -> None:
        """Count a finding by check and clause, and store it if the clause is broken."""
        clause = (found.clause if found else "") or self.clause
        key = (self.name, clause)
        judgement.counted[key] = judgement.counted.get(key, 0) + 1
        if not isinstance(found, BrokenClause):
            context.samples.note(key, (found and found.evidence) or reports_of(judged))
        else:
            own = {"check": self.name, "clause": clause, "text": clause_text(clause)}
            judgement.broken.append(msgspec.structs.replace(found, **own))


def reports_of(judged: Lineage | Group | None) -> Iterator[Evidence]:
    """All that reports a lineage or a group: its executions, and its attempts."""
    for lineage in [judged] if isinstance(judged, Lineage) else judged or ():
        yield from lineage.runs.values()
        yield from lineage.attempts.values()


def pieces(one: str, other: str) -> tuple[str, str]:
    """Both texts; of those that are too long to read, the pieces in which they begin to differ."""
    if max(len(one), len(other)) <= LONGEST:
        return one, other
    pairs = enumerate(zip(one, other, strict=False))
    at = next((at for at, (mine, its) in pairs if mine != its), min(len(one), len(other)))
    first, last = max(at - LONGEST // 2, 0), at + LONGEST // 2
    shown = [f"{text[first:last]} (from {first} of {len(text)})" for text in (one, other)]
    return shown[0], shown[1]
