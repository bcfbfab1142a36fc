"""What a mutant is: the reference with one real bug of the field, and the clause that it breaks."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from inspect import cleandoc
from typing import TypeVar

import msgspec
from runall_reference.brain.machines import JOB, LINK, ROLE

from .planting import Bug, Plant

# The source of a bug that no scheduler is known to have had.
FROM_THE_RULE = "made from the rule"


class Mutant(msgspec.Struct, frozen=True, kw_only=True):
    """The reference with one bug.

    `name` is that of the bug, `story` says in a sentence what goes wrong, `source` where it was
    seen. `clause` is the one that it breaks, `also` those that say the same of it in other words:
    only a failure by one of these counts as a kill. `policy` is the recovery policy that it
    runs with, for a release of history. A bug in what surrounds the brains has `cases`, the ids
    (a glob) that show it: virtual time has none of that, so these are run on real daemons.
    """

    name: str
    story: str
    source: str
    clause: str
    also: tuple[str, ...] = ()
    bug: Bug
    policy: str = "reference"
    cases: str = ""

    @property
    def real(self) -> bool:
        """Whether the bug is in what surrounds the brains."""
        return bool(self.cases)

    @property
    def clauses(self) -> frozenset[str]:
        """Every clause that this bug breaks by itself."""
        return frozenset((self.clause, *self.also))


M = TypeVar("M", bound=Mutant | None)


def mutant(
    *, source: str, clause: str, also: tuple[str, ...] = (), cases: str = ""
) -> Callable[[Bug], Mutant]:
    """Make a mutant of a function that plants a bug; its name and docstring are the mutant's."""

    def make(bug: Bug) -> Mutant:
        name, story = bug.__name__, " ".join(cleandoc(bug.__doc__ or "").split())
        return Mutant(
            name=name, story=story, source=source, clause=clause, also=also, bug=bug, cases=cases
        )

    return make


@contextmanager
def planted(mutant: M) -> Generator[M]:
    """Plant the bug in every brain of this process, and remove it at the end; None has no bug.

    A bug of real daemons is left alone: `mutants serve` plants it where such a daemon starts.
    """
    forget_moves()
    try:
        with Plant() as plant:
            if mutant is not None and not mutant.real:
                mutant.bug(plant)
            yield mutant
    finally:
        forget_moves()


def forget_moves() -> None:
    """Clear the cache of the state machines, which may hold moves made under a bug."""
    for life in (JOB, ROLE, LINK):
        if clear := getattr(life.fire, "cache_clear", None):
            clear()
