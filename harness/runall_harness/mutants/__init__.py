"""Mutants: the reference with one real bug of the field each.

`mutant` says what a mutant is, `planting` plants and removes its bug; the others
define the mutants, by what breaks in them. docs/mutants.md says what they are for.
"""

import sys
from contextlib import AbstractContextManager
from difflib import get_close_matches

from runall_harness.contract.errors import KitCannotRun

from . import judgement, liveness, promise, recovery, second_faults, takeovers, waiting
from .mutant import Mutant, planted
from .releases import RELEASES

KIT = (sys.executable, "-P", "-m", "runall_harness.cli")
MODULES = (recovery, liveness, judgement, promise, takeovers, waiting, second_faults)
BUGS = tuple(bug for module in MODULES for bug in vars(module).values())
ALL: tuple[Mutant, ...] = (*(each for each in BUGS if isinstance(each, Mutant)), *RELEASES)


class NoSuchMutant(KitCannotRun):
    """There is no mutant of that name."""


def by_name(name: str) -> Mutant:
    """The mutant of that name. Raises `NoSuchMutant`, with the names that are near."""
    known = {mutant.name: mutant for mutant in ALL}
    if name in known:
        return known[name]
    near = get_close_matches(name, known, 3)
    hint = f"did you mean {' or '.join(near)}?" if near else "`runall mutants --list` shows all"
    raise NoSuchMutant(f"there is no mutant {name!r}", hint)


def with_bug(name: str) -> AbstractContextManager[object]:
    """Plant the bug of that name for a while, or none for no name. Raises `NoSuchMutant`."""
    return planted(by_name(name) if name else None)


def daemon(bug: str) -> tuple[str, ...]:
    """The words that go before the command of a daemon, to plant the bug of that name first."""
    return (*KIT, "mutants", "serve", bug)


__all__ = ["ALL", "Mutant", "NoSuchMutant", "by_name", "daemon", "planted", "with_bug"]
