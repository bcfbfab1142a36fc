"""Which lines of a history a verdict accuses, so that a picture can light them.

A check names the lines that prove what it found. A step names none but its own: it says what it
has seen, and the jobs, executions and servers that its words name are those it accuses.
"""

import re
from collections.abc import Iterable, Sequence

from runall_harness.checks.case_verdict import STEPS
from runall_harness.contract.verdicts import BrokenClause
from runall_harness.evidence.history import AnyLine, Seen, Witnessed

NAME = re.compile(r"[\w.:/#-]*\w")


def accused(lines: Sequence[AnyLine], broken: Iterable[BrokenClause[int]]) -> frozenset[int]:
    """The numbers of these lines, from 1."""
    found: set[int] = set()
    for one in broken:
        found.update(one.lines)
        if one.check == STEPS:
            found.update(named_in(one.seen, lines) or of_the_subject(lines))
    return frozenset(found)


def named_in(words: str, lines: Sequence[AnyLine]) -> set[int]:
    names = set(NAME.findall(words))
    return {n for n, line in enumerate(lines, start=1) if not names.isdisjoint(names_of(line))}


def names_of(line: AnyLine) -> set[str]:
    """The jobs and executions that a line is about."""
    if isinstance(line, Seen):
        return {line.job.id}
    if isinstance(line, Witnessed):
        return {line.execution.id, line.execution.job}
    return set()


def of_the_subject(lines: Sequence[AnyLine]) -> set[int]:
    """What ran of the job that the case is about: that was not run again, or was run too often."""
    return {
        number
        for number, line in enumerate(lines, start=1)
        if isinstance(line, Witnessed) and line.role == "subject"
    }
