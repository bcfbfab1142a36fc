"""The eight verdicts, what leads to each, and the exit code of a run.

A verdict is about one case. The worst of a run decides its exit code, and a run without a case
is never a success.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

from .clauses import clause_text

Line = TypeVar("Line")


class Verdict(StrEnum):
    """The result of one case."""

    PASS = "pass"
    KNOWN_FAILURE = "known-failure"
    UNSUPPORTED = "unsupported"
    INCONCLUSIVE = "inconclusive"
    SKIPPED = "skipped"
    FAIL = "fail"
    UNEXPECTED_PASS = "unexpected-pass"
    ERROR = "error"


CONFORMANT, NOT_CONFORMANT, INCONCLUSIVE, CANNOT_RUN, USAGE = 0, 1, 2, 3, 64

# The exit code that each verdict gives the whole run; the worst one wins (see `worst`).
EXIT_CODES = {
    Verdict.PASS: CONFORMANT,
    Verdict.KNOWN_FAILURE: CONFORMANT,
    Verdict.UNSUPPORTED: CONFORMANT,
    Verdict.SKIPPED: INCONCLUSIVE,
    Verdict.INCONCLUSIVE: INCONCLUSIVE,
    Verdict.FAIL: NOT_CONFORMANT,
    Verdict.UNEXPECTED_PASS: NOT_CONFORMANT,
    Verdict.ERROR: CANNOT_RUN,
}
# The exit codes in words, from the best to the worst.
WORDS = {
    CONFORMANT: "conformant",
    INCONCLUSIVE: "inconclusive",
    NOT_CONFORMANT: "not conformant",
    CANNOT_RUN: "error",
}


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """The exit code of a run: the worst of its cases; 3 when there was none, or none was judged.

    Cases that are all unsupported prove nothing, so such a run is inconclusive, never green.
    """
    seen = list(verdicts)
    if not seen:
        return CANNOT_RUN
    code = worst(EXIT_CODES[verdict] for verdict in seen)
    judged = any(verdict in (Verdict.PASS, Verdict.KNOWN_FAILURE) for verdict in seen)
    return INCONCLUSIVE if code == CONFORMANT and not judged else code


def strict_code(*, declared: bool) -> int:
    """The exit code of an unsupported case in a run that requires the extended clauses.

    A system that does not declare a capability does not keep its clauses. If it declares the
    capability, the rig could not show the case, so nothing is known.
    """
    return INCONCLUSIVE if declared else NOT_CONFORMANT


def worst(codes: Iterable[int]) -> int:
    return max(codes, key=[*WORDS].index)


class BrokenClause(msgspec.Struct, Generic[Line], frozen=True, kw_only=True):
    """A broken clause: its own sentence (`text`), what was expected, and what was seen instead.

    `check` names the check that found it in a history, and `lines` are all lines that prove it:
    their numbers, from 1, or the lines themselves, quoted. Both are empty where a step found it.
    """

    check: str
    clause: str
    text: str
    expected: str
    seen: str
    lines: tuple[Line, ...]

    def __str__(self) -> str:
        return f"{self.clause}: {self.text}\n  expected: {self.expected}\n  seen: {self.seen}"


class Violation(AssertionError):
    """A clause was broken: verdict `fail`. The message begins with the clause's own sentence."""

    def __init__(self, clause: str, expected: str, seen: str) -> None:
        super().__init__(clause, expected, seen)  # by which it is pickled
        text, lines = clause_text(clause), tuple[int, ...]()
        self.broken = BrokenClause(
            check="", clause=clause, text=text, expected=expected, seen=seen, lines=lines
        )

    def __str__(self) -> str:
        return str(self.broken)


class Inconclusive(Exception):
    """The case proves nothing: a fault was not proven, or evidence did not come in time."""


class Unsupported(Exception):
    """The system does not declare the capability, or the rig can't show the fault."""


def verdict_of(error: BaseException | None) -> Verdict:
    """The verdict that an exception (or its absence) at the end of a case stands for."""
    if error is None:
        return Verdict.PASS
    for kind, verdict in (
        (Violation, Verdict.FAIL),
        (Inconclusive, Verdict.INCONCLUSIVE),
        (Unsupported, Verdict.UNSUPPORTED),
    ):
        if isinstance(error, kind):
            return verdict
    return Verdict.ERROR
