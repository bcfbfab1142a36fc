"""What a mutant is: the reference with one real bug of the field, and the clause that it breaks."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from inspect import cleandoc

import msgspec

from .planting import Lie, Plant


class Mutant(msgspec.Struct, frozen=True, kw_only=True):
    """The reference with one lie.

    `name` is that of the bug, `story` says in a sentence what goes wrong, `source` where it was
    seen. `clause` is the one that it breaks, `also` those that say the same of it in other words:
    only a failure of one of these counts as its death. `policy` is the recovery policy that it
    runs with, for a release of history.
    """

    name: str
    story: str
    source: str
    clause: str
    also: tuple[str, ...] = ()
    lie: Lie
    policy: str = "reference"

    @property
    def clauses(self) -> frozenset[str]:
        """Every clause that this bug breaks by itself."""
        return frozenset((self.clause, *self.also))


def mutant(*, source: str, clause: str, also: tuple[str, ...] = ()) -> Callable[[Lie], Mutant]:
    """Make a mutant of a function that plants a lie: its name and its docstring tell the rest."""

    def make(lie: Lie) -> Mutant:
        name, story = lie.__name__, " ".join(cleandoc(lie.__doc__ or "").split())
        return Mutant(name=name, story=story, source=source, clause=clause, also=also, lie=lie)

    return make


@contextmanager
def planted(mutant: Mutant) -> Generator[Mutant]:
    """Let every brain of this process have that bug for a while; then all is as it was before."""
    with Plant() as plant:
        mutant.lie(plant)
        yield mutant


def lying(mutant: Mutant | None) -> AbstractContextManager[Mutant | None]:
    """The same, or the honest reference for None."""
    return planted(mutant) if mutant else nullcontext()
